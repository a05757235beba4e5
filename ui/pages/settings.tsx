/** Apps and their drain URLs, people, sessions, API tokens, one's own password, and this instance. */
import { useEffect, useState } from 'preact/hooks';
import type { AppCreatedAnswer } from '../../api/contract/apps.ts';
import type { InstanceHealthAnswer } from '../../api/contract/health.ts';
import type {
  PersonAnswer,
  Role,
  SessionsAnswer,
  TokenCreatedAnswer,
  TokensAnswer,
} from '../../api/contract/session.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatAgo, formatDate } from '../format.ts';
import { CopyBlock } from '../parts/copy.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Field, Form } from '../parts/field.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { Instance } from './instance.tsx';

const SECTIONS = [
  { id: 'apps', label: 'Apps' },
  { id: 'tokens', label: 'API tokens', admin: true },
  { id: 'people', label: 'People', admin: true },
  { id: 'account', label: 'Your account' },
  { id: 'instance', label: 'This instance' },
];

export function SettingsPage() {
  const { session } = useApp();
  const admin = session.isAdmin.value;
  const sections = SECTIONS.filter((section) => admin || !section.admin);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Settings</h1>
        <nav class="jump" aria-label="Sections">
          {sections.map((section) => (
            <a key={section.id} href={`#${section.id}`}>
              {section.label}
            </a>
          ))}
        </nav>
      </div>
      <Apps />
      {admin && <Tokens />}
      {admin && <People />}
      <Account />
      <InstanceSection />
    </>
  );
}

function InstanceSection() {
  const health = useAnswer<InstanceHealthAnswer>('/health', { everyMs: 15_000 });
  return (
    <Fresh of={health} what="the health of this instance">
      {(answer) => <Instance answer={answer} />}
    </Fresh>
  );
}

function Apps() {
  const { fleet, router, session, client, toast, freshCommands } = useApp();
  const [asked, setAsked] = useState<{ app: string; what: 'rotate' | 'remove' } | null>(null);
  const [made, setMade] = useState<AppCreatedAnswer | null>(null);
  useEffect(() => void fleet.load(), []);
  const edit = session.canEdit.value;
  const admin = session.isAdmin.value;
  async function rotate(app: string) {
    const answer = await client.send<AppCreatedAnswer>('POST', `/apps/${encodeURIComponent(app)}/rotate`);
    freshCommands.value = answer;
    setMade(answer);
  }
  async function remove(app: string) {
    await client.send('DELETE', `/apps/${encodeURIComponent(app)}`);
    toast.value = `${app} removed`;
    await fleet.load();
  }
  return (
    <section class="group" aria-labelledby="apps">
      <div class="row">
        <h2 id="apps">Apps</h2>
        <span class="grow" />
        {edit && (
          <a class="button" href={router.link('/setup')}>
            Add app
          </a>
        )}
      </div>
      {made && (
        <div class="once">
          <p>
            New drain URL for <strong class="mono">{showHidden(made.app)}</strong>, shown this once. The old
            one keeps working for a while, so that no line is lost.
          </p>
          {made.commands.map((command) => (
            <CopyBlock key={command} text={command} label="command" />
          ))}
          <button type="button" onClick={() => setMade(null)}>
            I have it
          </button>
        </div>
      )}
      <Fresh of={fleet} what="the apps">
        {(answer) =>
          answer.apps.length === 0 ? (
            <p class="chart-empty calm">No app is registered yet.</p>
          ) : (
            <table class="data stack">
              <caption class="sr">Registered apps</caption>
              <thead>
                <tr>
                  <th scope="col">App</th>
                  <th scope="col">Stream</th>
                  <th scope="col">Added</th>
                  {edit && <th scope="col">Change</th>}
                </tr>
              </thead>
              <tbody>
                {answer.apps.map((row) => (
                  <tr key={row.app} data-row>
                    <th scope="row" data-label="App">
                      <a href={router.link(`/a/${encodeURIComponent(row.app)}`)}>{showHidden(row.app)}</a>
                    </th>
                    <td data-label="Stream">
                      <a class="plain" href={router.link(`/a/${encodeURIComponent(row.app)}/health`)}>
                        {row.health.state}
                      </a>
                    </td>
                    <td data-label="Added">{formatDate(row.createdAtMs, 'local')}</td>
                    {edit && (
                      <td class="actions">
                        <button type="button" onClick={() => setAsked({ app: row.app, what: 'rotate' })}>
                          New drain URL<span class="sr"> for {row.app}</span>
                        </button>
                        {admin && (
                          <button
                            type="button"
                            class="danger"
                            onClick={() => setAsked({ app: row.app, what: 'remove' })}
                          >
                            Remove<span class="sr"> {row.app}</span>
                          </button>
                        )}
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Fresh>
      {asked?.what === 'rotate' && (
        <Confirm
          title={`New drain URL for ${asked.app}?`}
          submit="Make a new URL"
          onClose={() => setAsked(null)}
          onYes={() => rotate(asked.app)}
        >
          You get a new secret to paste. The old one keeps working for a while; then lines sent with it are
          refused and counted.
        </Confirm>
      )}
      {asked?.what === 'remove' && (
        <Confirm
          title={`Remove ${asked.app}?`}
          submit="Remove"
          danger
          typed={asked.app}
          onClose={() => setAsked(null)}
          onYes={() => remove(asked.app)}
        >
          Its lines are refused from now on and everything kept about it is deleted. This cannot be undone.
        </Confirm>
      )}
    </section>
  );
}

interface ConfirmProps {
  title: string;
  submit: string;
  danger?: boolean;
  /** What has to be typed before it can be done. */
  typed?: string;
  onClose(): void;
  onYes(): Promise<void>;
  children: string;
}

function Confirm({ title, submit, danger, typed, onClose, onYes, children }: ConfirmProps) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  async function go(event: SubmitEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      await onYes();
      onClose();
    } catch (thrown) {
      setError(errorText(thrown));
      setBusy(false);
    }
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" onSubmit={(event) => void go(event)}>
        <p>{children}</p>
        {typed && (
          <div class="field">
            <label for="confirm-text">
              Type <strong class="mono">{typed}</strong>
            </label>
            <input
              id="confirm-text"
              class="mono"
              autocomplete="off"
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </div>
        )}
        {error && (
          <p class="fault" role="alert">
            {error}
          </p>
        )}
        <div class="row">
          <button
            type="submit"
            class={danger ? 'primary danger' : 'primary'}
            disabled={busy || (typed !== undefined && text !== typed)}
          >
            {submit}
          </button>
          <button type="button" onClick={onClose}>
            Keep it
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const ROLES: { id: Role; says: string }[] = [
  { id: 'viewer', says: 'reads' },
  { id: 'editor', says: 'reads, adds and changes apps' },
  { id: 'admin', says: 'everything, people and tokens too' },
];

function Tokens() {
  const { client, clock, toast } = useApp();
  const tokens = useAnswer<TokensAnswer>('/tokens');
  const [made, setMade] = useState<TokenCreatedAnswer | null>(null);
  async function revoke(id: string) {
    try {
      await client.send('DELETE', `/tokens/${encodeURIComponent(id)}`);
      toast.value = 'Token revoked';
    } catch (error) {
      toast.value = errorText(error);
    }
    await tokens.load();
  }
  return (
    <section class="group" aria-labelledby="tokens">
      <h2 id="tokens">API tokens</h2>
      <p class="muted">
        For scripts and other programs: everything under <code>/api/v1</code>, as the role says. Tokens end
        after 90 days.
      </p>
      {made && (
        <div class="once">
          <p>The token is shown this once.</p>
          <CopyBlock text={made.token} label="token" />
          <button type="button" onClick={() => setMade(null)}>
            I have it
          </button>
        </div>
      )}
      <Fresh of={tokens} what="the tokens">
        {(answer) =>
          answer.tokens.length === 0 ? (
            <p class="chart-empty calm">No tokens.</p>
          ) : (
            <table class="data stack">
              <caption class="sr">API tokens</caption>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Role</th>
                  <th scope="col">Made</th>
                  <th scope="col">Ends</th>
                  <th scope="col">Last used</th>
                  <th scope="col">Change</th>
                </tr>
              </thead>
              <tbody>
                {answer.tokens.map((token) => (
                  <tr key={token.id}>
                    <th scope="row" data-label="Name">
                      {showHidden(token.name)}
                    </th>
                    <td data-label="Role">{token.role}</td>
                    <td data-label="Made">{formatDate(token.createdAtMs, 'local')}</td>
                    <td data-label="Ends">
                      {token.expiresAtMs < clock.now() ? (
                        <span class="warn">ended</span>
                      ) : (
                        formatDate(token.expiresAtMs, 'local')
                      )}
                    </td>
                    <td data-label="Last used">
                      {token.lastUsedMs === null ? 'never' : formatAgo(token.lastUsedMs, clock.nowMs.value)}
                    </td>
                    <td class="actions">
                      <button type="button" class="danger" onClick={() => void revoke(token.id)}>
                        Revoke<span class="sr"> {token.name}</span>
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Fresh>
      <Form
        inline
        submit="Make a token"
        onSend={async ({ name = '', role = 'viewer' }) => {
          setMade(await client.send<TokenCreatedAnswer>('POST', '/tokens', { name, role }));
          await tokens.load();
        }}
      >
        {(faultOf) => (
          <>
            <Field name="name" label="Name" fault={faultOf('name')} />
            <div class="field">
              <label for="role">Role</label>
              <select id="role" name="role">
                {ROLES.map((role) => (
                  <option key={role.id} value={role.id}>
                    {role.id}: {role.says}
                  </option>
                ))}
              </select>
            </div>
          </>
        )}
      </Form>
    </section>
  );
}

type PersonRow = PersonAnswer & { disabled?: boolean };

function People() {
  const people = useAnswer<{ people: PersonRow[] }>('/people');
  const { client, session, toast } = useApp();
  async function change(person: PersonRow, what: { role?: Role; disabled?: boolean }, done: string) {
    try {
      await client.send('PATCH', `/people/${encodeURIComponent(person.id)}`, what);
      toast.value = done;
    } catch (error) {
      toast.value = errorText(error);
    }
    await people.load();
  }
  return (
    <section class="group" aria-labelledby="people">
      <h2 id="people">People</h2>
      <Fresh of={people} what="the people">
        {(answer) => (
          <table class="data stack">
            <caption class="sr">People</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">E-mail</th>
                <th scope="col">Role</th>
                <th scope="col">Change</th>
              </tr>
            </thead>
            <tbody>
              {answer.people.map((person) => (
                <tr key={person.id} class={person.disabled ? 'muted' : ''}>
                  <th scope="row" data-label="Name">
                    {showHidden(person.displayName || person.email)}
                    {person.id === session.person.value?.id && <span class="muted"> (you)</span>}
                    {person.disabled && <span class="muted"> (disabled)</span>}
                  </th>
                  <td class="wrap" data-label="E-mail">
                    {showHidden(person.email)}
                  </td>
                  <td data-label="Role">
                    {person.id === session.person.value?.id ? (
                      person.role
                    ) : (
                      <select
                        aria-label={`Role of ${person.email}`}
                        value={person.role}
                        onChange={(event) =>
                          void change(person, { role: event.currentTarget.value as Role }, 'Role changed')
                        }
                      >
                        {ROLES.map((role) => (
                          <option key={role.id} value={role.id}>
                            {role.id}
                          </option>
                        ))}
                      </select>
                    )}
                  </td>
                  <td class="actions">
                    {person.id !== session.person.value?.id && (
                      <button
                        type="button"
                        class={person.disabled ? '' : 'danger'}
                        onClick={() =>
                          void change(
                            person,
                            { disabled: !person.disabled },
                            person.disabled ? 'Can sign in again' : 'Disabled: every session has ended',
                          )
                        }
                      >
                        {person.disabled ? 'Enable' : 'Disable'}
                        <span class="sr"> {person.email}</span>
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Fresh>
      <Form
        inline
        submit="Add a person"
        onSend={async ({ personEmail = '', personPassword = '', personRole = 'viewer' }) => {
          await client.send('POST', '/people', {
            email: personEmail,
            password: personPassword,
            role: personRole,
          });
          toast.value = `${personEmail} can sign in now`;
          await people.load();
        }}
      >
        {() => (
          <>
            <Field name="personEmail" label="E-mail" type="email" />
            <Field
              name="personPassword"
              label="First password"
              type="password"
              autocomplete="new-password"
              minLength={12}
            />
            <div class="field">
              <label for="personRole">Role</label>
              <select id="personRole" name="personRole">
                {ROLES.map((role) => (
                  <option key={role.id} value={role.id}>
                    {role.id}: {role.says}
                  </option>
                ))}
              </select>
            </div>
          </>
        )}
      </Form>
    </section>
  );
}

function Account() {
  const { client, session, prefs, toast, clock } = useApp();
  const sessions = useAnswer<SessionsAnswer>('/sessions');
  async function end(id: string) {
    try {
      await client.send('DELETE', `/sessions/${encodeURIComponent(id)}`);
      toast.value = 'Session ended';
    } catch (error) {
      toast.value = errorText(error);
    }
    await sessions.load();
  }
  return (
    <section class="group" aria-labelledby="account">
      <h2 id="account">Your account</h2>
      <p>
        {showHidden(session.person.value?.email ?? '')}{' '}
        <span class="muted">{session.person.value?.role}</span>
      </p>
      <label class="check">
        <input
          type="checkbox"
          checked={prefs.singleKeys.value}
          onChange={(event) => (prefs.singleKeys.value = event.currentTarget.checked)}
        />
        Single-letter keys are on (Ctrl-K works either way)
      </label>
      <h3>Password</h3>
      <Form
        inline
        submit="Change password"
        onSend={async ({ currentPassword = '', newPassword = '' }) => {
          await client.send('POST', '/password', { currentPassword, newPassword });
          toast.value = 'Password changed. Your other sessions have ended.';
          await sessions.load();
        }}
      >
        {(faultOf) => (
          <>
            <Field
              name="currentPassword"
              label="Current password"
              type="password"
              autocomplete="current-password"
              fault={faultOf('currentPassword')}
            />
            <Field
              name="newPassword"
              label="New password"
              type="password"
              autocomplete="new-password"
              minLength={12}
              fault={faultOf('newPassword')}
            />
          </>
        )}
      </Form>
      <h3>Sessions</h3>
      <Fresh of={sessions} what="your sessions">
        {(answer) => (
          <table class="data stack">
            <caption class="sr">Your sessions</caption>
            <thead>
              <tr>
                <th scope="col">Browser</th>
                <th scope="col">Address</th>
                <th scope="col">Signed in</th>
                <th scope="col">Last seen</th>
                <th scope="col">Change</th>
              </tr>
            </thead>
            <tbody>
              {answer.sessions.map((one) => (
                <tr key={one.id}>
                  <th scope="row" data-label="Browser" class="wrap">
                    {showHidden(browserName(one.userAgent))}
                    {one.current && <span class="muted"> (this one)</span>}
                  </th>
                  <td class="mono" data-label="Address">
                    {showHidden(one.address)}
                  </td>
                  <td data-label="Signed in">{formatDate(one.createdAtMs, 'local')}</td>
                  <td data-label="Last seen">{formatAgo(one.lastSeenMs, clock.nowMs.value)}</td>
                  <td class="actions">
                    {!one.current && (
                      <button type="button" onClick={() => void end(one.id)}>
                        End<span class="sr"> this session</span>
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Fresh>
    </section>
  );
}

/** `Firefox on Linux` out of a user agent; the text itself when it is no browser we know. */
export function browserName(userAgent: string): string {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(userAgent)?.[1];
  if (!browser) return userAgent.slice(0, 60) || 'unknown';
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|CrOS|Linux)/.exec(userAgent)?.[1];
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', 'Mac OS X': 'macOS', CrOS: 'ChromeOS' };
  return `${names[browser] ?? browser}${system ? ` on ${names[system] ?? system}` : ''}`;
}
