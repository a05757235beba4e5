/** Of the settings: the registered apps, their drain URLs, and taking one away. */
import { useEffect, useState } from 'preact/hooks';
import type { AppCreatedAnswer } from '../../api/contract/apps.ts';
import { showHidden } from '../clean.ts';
import { formatDate } from '../format.ts';
import { Confirm } from '../parts/confirm.tsx';
import { CopyBlock } from '../parts/copy.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { useApp } from '../state/context.ts';

export function Apps() {
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
          title={`Remove ${showHidden(asked.app)}?`}
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
