/** Links for screens on a wall: made, seen and revoked by admins. */
import { useState } from 'preact/hooks';
import type { WallCreatedAnswer, WallsAnswer } from '../../api/contract/wall.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatAgo, formatDate } from '../format.ts';
import { LastWrite } from '../parts/asCall.tsx';
import { CopyBlock } from '../parts/copy.tsx';
import { Field, Form } from '../parts/field.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

export function WallLinksPage() {
  const { client, session } = useApp();
  const walls = useAnswer<WallsAnswer>('/walls');
  const [made, setMade] = useState<WallCreatedAnswer | null>(null);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Wallboards</h1>
        <span class="grow" />
        <a class="button" href="/?wall=1">
          Look at it here
        </a>
      </div>
      <p class="muted wall-says">
        A link shows the fleet on a screen and can do nothing else: it reads apps, objectives and the table of
        codes, not logs, people or settings. It lasts while it is in use, and ends when it is revoked, after
        90 days without use, or when whoever made it leaves. With more apps than fit, what burns stays and the
        others take turns: <code>&amp;every=30</code> for turns of 30 s, <code>&amp;every=0</code> for none,{' '}
        <code>&amp;tz=utc</code> for UTC.
      </p>
      {made && (
        <div class="once">
          <p>Open this on {showHidden(made.name)}. It is shown this once.</p>
          <CopyBlock text={made.url} label="link" />
          <button type="button" onClick={() => setMade(null)}>
            I have it
          </button>
        </div>
      )}
      <Fresh of={walls} what="the links">
        {(answer) => <Links answer={answer} onChange={() => walls.load()} />}
      </Fresh>
      {session.isAdmin.value && (
        <Form
          inline
          submit="Make a link"
          onSend={async ({ name = '' }) => {
            setMade(await client.send<WallCreatedAnswer>('POST', '/walls', { name }));
            await walls.load();
          }}
        >
          {(faultOf) => (
            <Field name="name" label="Where it hangs" hint="Team room, lobby" fault={faultOf('name')} />
          )}
        </Form>
      )}
      <LastWrite />
    </>
  );
}

function Links({ answer, onChange }: { answer: WallsAnswer; onChange(): Promise<void> }) {
  const { client, clock, toast } = useApp();
  if (answer.walls.length === 0) return <p class="chart-empty calm">No links.</p>;
  async function revoke(id: string) {
    try {
      await client.send('DELETE', `/walls/${encodeURIComponent(id)}`);
      toast.value = 'Link revoked: the screen goes dark';
    } catch (error) {
      toast.value = errorText(error);
    }
    await onChange();
  }
  return (
    <table class="data stack">
      <caption class="sr">Links of screens</caption>
      <thead>
        <tr>
          <th scope="col">Where</th>
          <th scope="col">Made</th>
          <th scope="col">Last seen</th>
          <th scope="col">From</th>
          <th scope="col">Change</th>
        </tr>
      </thead>
      <tbody>
        {answer.walls.map((wall) => (
          <tr key={wall.id} data-row>
            <th scope="row" data-label="Where">
              {showHidden(wall.name)}
            </th>
            <td data-label="Made">{formatDate(wall.createdAtMs, 'local')}</td>
            <td data-label="Last seen">
              {wall.lastSeenMs === null ? 'never' : formatAgo(wall.lastSeenMs, clock.nowMs.value)}
            </td>
            <td class="mono" data-label="From">
              {showHidden(wall.lastAddress) || '–'}
            </td>
            <td class="actions">
              <button type="button" class="danger" onClick={() => void revoke(wall.id)}>
                Revoke<span class="sr"> {showHidden(wall.name)}</span>
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
