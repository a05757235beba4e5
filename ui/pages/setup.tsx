/** From an unclaimed instance to the first app: claim it, name apps; what comes then is in attach.tsx. */
import '../styles/settings.css';
import { useState } from 'preact/hooks';
import type { AppCreatedAnswer } from '../../api/contract/apps.ts';
import type { SetupRequest } from '../../api/contract/session.ts';
import { readAppNames } from '../appNames.ts';
import { showHidden } from '../clean.ts';
import { ClientError, errorText } from '../client.ts';
import { plural } from '../format.ts';
import { AsCall } from '../parts/asCall.tsx';
import { CopyBlock } from '../parts/copy.tsx';
import { Field, Form } from '../parts/field.tsx';
import { useApp } from '../state/context.ts';
import { Attach } from './attach.tsx';

/** NIST SP 800-63B: length counts, composition rules do not. */
const PASSWORD_MIN = 12;

/** Before anyone has claimed the instance. */
export function ClaimPage() {
  const { client, session, router } = useApp();
  return (
    <main class="door">
      <h1 tabIndex={-1}>Set up Drainboard</h1>
      <p class="lead">
        This instance belongs to nobody yet. The set-up token proves that you started it; it works once.
      </p>
      <Form
        submit="Claim this instance"
        busyWord="Claiming…"
        onSend={async (values) => {
          const request: SetupRequest = {
            token: (values.token ?? '').trim(),
            email: values.email ?? '',
            password: values.password ?? '',
            displayName: values.displayName || undefined,
            baseUrl: values.baseUrl || undefined,
          };
          await client.send('POST', '/setup', request);
          await session.load();
          router.push('/setup');
        }}
      >
        {(faultOf) => (
          <>
            <Field
              name="token"
              label="Set-up token"
              type="password"
              mono
              fault={faultOf('token')}
              hint={
                <>
                  Printed by <code>npm start</code>, or on Heroku:{' '}
                  <code>heroku config:get DRAINBOARD_SETUP_TOKEN</code>
                </>
              }
            />
            <Field
              name="email"
              label="Your e-mail"
              type="email"
              autocomplete="username"
              fault={faultOf('email')}
            />
            <Field
              name="displayName"
              label="Your name (optional)"
              required={false}
              autocomplete="name"
              fault={faultOf('displayName')}
            />
            <Field
              name="password"
              label="Password"
              type="password"
              autocomplete="new-password"
              minLength={PASSWORD_MIN}
              hint={`At least ${PASSWORD_MIN} characters; a few words are best.`}
              fault={faultOf('password')}
            />
            <Field
              name="baseUrl"
              label="Address of this instance"
              type="url"
              mono
              value={session.answer.value?.baseUrl || location.origin}
              hint="Heroku sends the log lines here, so it must be reachable from outside over https."
              fault={faultOf('baseUrl')}
            />
          </>
        )}
      </Form>
    </main>
  );
}

/** Adding apps, for anyone who may. `?app=shop,blog`: those that are being attached. */
export function AddAppPage() {
  const { session, router } = useApp();
  const asked = router.params.value.get('app');
  const { names } = readAppNames(asked ?? '');
  if (names.length > 0) return <Attach key={names.join()} apps={names} />;
  if (!session.canEdit.value) {
    return (
      <section class="narrow">
        <h1 tabIndex={-1}>Add an app</h1>
        <p>Your role is viewer. Someone with the role editor or admin can add apps.</p>
      </section>
    );
  }
  return (
    <section class="narrow">
      <h1 tabIndex={-1}>Add an app, or several</h1>
      <p class="lead">
        Type or paste the names they have on Heroku. You get two commands for each; nothing is installed in an
        app.
      </p>
      <Names />
    </section>
  );
}

interface Refused {
  name: string;
  why: string;
}

function Names() {
  const { client, router, freshCommands, fleet } = useApp();
  const [text, setText] = useState('');
  const [refused, setRefused] = useState<Refused[]>([]);
  const [busy, setBusy] = useState(false);
  const { names, rejected } = readAppNames(text);
  async function add(event: SubmitEvent) {
    event.preventDefault();
    setBusy(true);
    const made: AppCreatedAnswer[] = [];
    const failed: Refused[] = [];
    // One after the other: each has a secret of its own, and one that is refused keeps no other from its turn.
    for (const name of names) {
      try {
        made.push(await client.send<AppCreatedAnswer>('POST', '/apps', { name }));
      } catch (error) {
        const own = error instanceof ClientError ? error.faults.map(({ message }) => message).join(' ') : '';
        failed.push({ name, why: own || errorText(error) });
      }
    }
    freshCommands.value = [...freshCommands.value, ...made];
    setRefused(failed);
    setBusy(false);
    void fleet.load();
    if (made.length === 0) return;
    if (failed.length === 0) router.push(router.link('/setup', { app: made.map(({ app }) => app).join() }));
    // Those that were made are on their way; the others stay to be mended.
    else setText(failed.map(({ name }) => name).join('\n'));
  }
  const notMade = refused.length > 0;
  const waiting = freshCommands.value.map(({ app }) => app);
  return (
    <form class="form" onSubmit={(event) => void add(event)}>
      <div class="field field-wide">
        <label for="names">Heroku apps</label>
        <textarea
          id="names"
          name="names"
          class="mono textarea-names"
          rows={4}
          required
          spellcheck={false}
          autocapitalize="none"
          aria-describedby="names-hint names-read"
          aria-invalid={notMade || rejected.length > 0 ? true : undefined}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <p class="muted hint" id="names-hint">
          One or many, by spaces, commas or lines; what <code>heroku apps</code> prints can be pasted as it
          is.
        </p>
        <p class={rejected.length > 0 ? 'fault' : 'muted hint'} id="names-read" aria-live="polite">
          {text.trim() !== '' && plural(names.length, 'app')}
          {names.length > 1 && `: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ' …' : ''}`}
          {rejected.length > 0 &&
            `. Left out, for these are no names of apps: ${showHidden(rejected.slice(0, 5).join(' '))}`}
        </p>
      </div>
      {refused.map(({ name, why }) => (
        <p class="fault" role="alert" key={name}>
          {showHidden(name)}: {why}
        </p>
      ))}
      {notMade && waiting.length > 0 && (
        <p>
          <a href={router.link('/setup', { app: waiting.join() })}>
            Go on with {plural(waiting.length, 'app')}
          </a>{' '}
          that could be added.
        </p>
      )}
      <button type="submit" class="primary" disabled={busy || names.length === 0}>
        {busy ? 'Adding…' : names.length > 1 ? `Add apps (${names.length})` : 'Add app'}
      </button>
      <details class="as-call">
        <summary>All apps of a team</summary>
        <CopyBlock text="heroku apps --team YOUR_TEAM --json" label="command" />
        <p class="muted">Paste what it prints above; without a team leave --team out.</p>
      </details>
      <AsCall write={{ method: 'POST', path: '/apps', body: { name: names[0] ?? 'shop' } }} />
    </form>
  );
}
