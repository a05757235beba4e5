/** Of the settings: one's own password, keys and sessions. */
import type { SessionsAnswer } from '../../api/contract/session.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatAgo, formatDate } from '../format.ts';
import { Field, Form } from '../parts/field.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { Choice } from '../parts/inputs.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import type { Theme } from '../state/prefs.ts';

const THEMES: { value: Theme; label: string }[] = [
  { value: 'auto', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

export function Account() {
  const { client, session, prefs, overlay, toast, clock } = useApp();
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
      <h3>This browser</h3>
      <p class="muted">Kept in this browser alone, and never sent anywhere.</p>
      <Choice
        name="theme-choice"
        label="Theme"
        value={prefs.theme.value}
        options={THEMES}
        onChange={(theme) => (prefs.theme.value = theme)}
      />
      <Check
        label="Hatches on the bad classes of charts, for whom colours are not enough"
        isOn={prefs.patterns.value}
        onChange={(isOn) => (prefs.patterns.value = isOn)}
      />
      <Check
        label="Single-letter keys are on (Ctrl-K works either way)"
        isOn={prefs.singleKeys.value}
        onChange={(isOn) => (prefs.singleKeys.value = isOn)}
      />
      <p>
        <button type="button" onClick={() => (overlay.value = 'help')}>
          Keys and what they do
        </button>
      </p>
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

function Check(props: { label: string; isOn: boolean; onChange(isOn: boolean): void }) {
  return (
    <p>
      <label class="check">
        <input
          type="checkbox"
          checked={props.isOn}
          onChange={(event) => props.onChange(event.currentTarget.checked)}
        />
        {props.label}
      </label>
    </p>
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
