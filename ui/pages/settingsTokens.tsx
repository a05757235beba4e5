/** Of the settings: tokens for scripts and other programs. */
import { useState } from 'preact/hooks';
import type { Role, TokenCreatedAnswer, TokensAnswer } from '../../api/contract/session.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatAgo, formatDate } from '../format.ts';
import { CopyBlock } from '../parts/copy.tsx';
import { Field, Form } from '../parts/field.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { ROLES } from '../parts/roles.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

/** No token sees people, tokens or sessions, whatever its role (SEC-28). */
function scopeOf(role: Role): string {
  if (role === 'admin') return 'everything but people and tokens';
  return ROLES.find(({ id }) => id === role)?.says ?? '';
}

export function Tokens() {
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
        For scripts and other programs: everything under <code>/api/v1</code>, as the role says, but for
        people, tokens and sessions, which no token sees. Tokens end after 90 days.
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
                  <th scope="col">May</th>
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
                    <td data-label="May">
                      {token.role}
                      <span class="under muted">{scopeOf(token.role)}</span>
                    </td>
                    <td data-label="Made">
                      {formatDate(token.createdAtMs, 'local')}
                      <span class="under muted">
                        {token.createdBy === '' ? 'at the command line' : `by ${showHidden(token.createdBy)}`}
                      </span>
                    </td>
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
                        Revoke<span class="sr"> {showHidden(token.name)}</span>
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
                    {role.id}: {scopeOf(role.id)}
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
