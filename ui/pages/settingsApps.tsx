/** Of the settings: apps with their drains and tokens, new drain URLs, strict tokens, taking an app away. */
import { useState } from 'preact/hooks';
import type { AppCreatedAnswer } from '../../api/contract/apps.ts';
import type { DrainAnswer, DrainsAnswer, InstanceHealthAnswer } from '../../api/contract/health.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatAgo, formatCount, formatSpan, NOTHING } from '../format.ts';
import { Clauses } from '../parts/clauses.tsx';
import { Confirm } from '../parts/confirm.tsx';
import { CopyBlock, CopyButton, CopyId } from '../parts/copy.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { healthLevel, StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { drainsVerdict } from '../verdict/settings.ts';
import { Instance } from './instance.tsx';
import { Uninstall } from './settingsUninstall.tsx';

type AppRow = DrainsAnswer['apps'][number];
type Asked = { app: AppRow; what: 'rotate' | 'remove' };

export function Apps() {
  const { fleet, router, session, client, toast, freshCommands } = useApp();
  const drains = useAnswer<DrainsAnswer>('/drains', { everyMs: 15_000 });
  const health = useAnswer<InstanceHealthAnswer>('/health', { everyMs: 30_000 });
  const [asked, setAsked] = useState<Asked | null>(null);
  const [made, setMade] = useState<AppCreatedAnswer | null>(null);
  const edit = session.canEdit.value;
  async function rotate(app: string) {
    const answer = await client.send<AppCreatedAnswer>('POST', `/apps/${encodeURIComponent(app)}/rotate`);
    freshCommands.value = [...freshCommands.value.filter((one) => one.app !== app), answer];
    setMade(answer);
  }
  async function remove(app: string) {
    await client.send('DELETE', `/apps/${encodeURIComponent(app)}`);
    toast.value = `${app} removed`;
    await Promise.all([drains.load(), fleet.load()]);
  }
  return (
    <>
      <section class="group" aria-labelledby="apps">
        <div class="row">
          <h2 id="apps">Apps and drains</h2>
          <span class="grow" />
          {edit && (
            <a class="button primary" href={router.link('/setup')}>
              Add apps
            </a>
          )}
        </div>
        {made && <Made made={made} onDone={() => setMade(null)} />}
        <Fresh of={drains} what="the apps">
          {(answer) => (
            <>
              <Clauses clauses={drainsVerdict(answer)} />
              {answer.apps.length > 0 && (
                <Table answer={answer} onAsk={setAsked} onChange={() => void drains.load()} />
              )}
              <Unknown answer={answer} onChange={() => void drains.load()} />
              <Strangers answer={answer} />
              {answer.apps.length > 0 && edit && <Uninstall apps={answer.apps.map(({ app }) => app)} />}
            </>
          )}
        </Fresh>
      </section>
      <Fresh of={health} what="the health of this instance">
        {(answer) => <Instance answer={answer} isBrief />}
      </Fresh>
      {asked?.what === 'rotate' && (
        <Confirm
          title={`New drain URL for ${asked.app.app}?`}
          submit="Make a new URL"
          onClose={() => setAsked(null)}
          onYes={() => rotate(asked.app.app)}
        >
          You get a new secret to paste. The old one keeps working for a day; then lines sent with it are
          refused and counted.
        </Confirm>
      )}
      {asked?.what === 'remove' && (
        <Confirm
          title={`Remove ${showHidden(asked.app.app)}?`}
          submit="Remove"
          danger
          typed={asked.app.app}
          onClose={() => setAsked(null)}
          onYes={() => remove(asked.app.app)}
        >
          Its lines are refused from now on and everything kept about it is deleted within a day. This cannot
          be undone. Take its drain away in Heroku, too: the commands are below, under “Take Drainboard away”.
        </Confirm>
      )}
    </>
  );
}

function Made({ made, onDone }: { made: AppCreatedAnswer; onDone(): void }) {
  return (
    <div class="once">
      <p>
        New drain URL for <strong class="mono">{showHidden(made.app)}</strong>, shown this once. The old one
        keeps working for a day, so that no line is lost.
      </p>
      {made.commands.map((command) => (
        <CopyBlock key={command} text={command} label="command" />
      ))}
      <div class="row">
        <CopyButton text={made.commands.join('\n')}>Copy all</CopyButton>
        <button type="button" onClick={onDone}>
          I have it
        </button>
      </div>
    </div>
  );
}

interface TableProps {
  answer: DrainsAnswer;
  onAsk(asked: Asked): void;
  onChange(): void;
}

function Table({ answer, onAsk, onChange }: TableProps) {
  const { session } = useApp();
  return (
    <table class="data stack drains">
      <caption class="sr">Apps and their drains; counts are of the last hour</caption>
      <thead>
        <tr>
          <th scope="col">App</th>
          <th scope="col">Stream</th>
          <th scope="col">Drain tokens</th>
          <th scope="col">First line</th>
          <th scope="col">Last line</th>
          <th scope="col" class="num">
            Lag
          </th>
          <th scope="col" class="num">
            Lost
          </th>
          <th scope="col" class="num">
            Doubled
          </th>
          <th scope="col" class="num">
            Refused
          </th>
          {session.canEdit.value && <th scope="col">Change</th>}
        </tr>
      </thead>
      <tbody>
        {answer.apps.map((row) => (
          <Row key={row.app} row={row} onAsk={onAsk} onChange={onChange} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row, onAsk, onChange }: { row: AppRow; onAsk(asked: Asked): void; onChange(): void }) {
  const { router, session, clock } = useApp();
  const { app, health, drains } = row;
  const nowMs = clock.nowMs.value;
  const path = `/a/${encodeURIComponent(app)}`;
  const first = drains.reduce(
    (least, drain) => Math.min(least, drain.firstReceivedMs),
    Number.POSITIVE_INFINITY,
  );
  return (
    <tr data-row>
      <th scope="row" data-label="App">
        <a href={router.link(path)}>{showHidden(app)}</a>
      </th>
      <td data-label="Stream">
        <a
          class="plain"
          href={router.link(
            health.state === 'waiting' ? '/setup' : `${path}/health`,
            health.state === 'waiting' ? { app } : undefined,
          )}
        >
          <StateWord level={healthLevel(health)} word={health.state} />
        </a>
      </td>
      <td data-label="Drain tokens">
        <DrainStates drains={drains} />
        {row.strictTokens && <span class="under muted">new ones are refused</span>}
      </td>
      <td data-label="First line">{Number.isFinite(first) ? formatAgo(first, nowMs) : NOTHING}</td>
      <td data-label="Last line">
        {health.dataThroughMs === null ? NOTHING : formatAgo(health.dataThroughMs, nowMs)}
      </td>
      <td class="num" data-label="Lag">
        {formatSpan(health.lagMs)}
      </td>
      <td class={`num${health.lostMessages > 0 ? ' warn' : ''}`} data-label="Lost">
        {formatCount(health.lostMessages)}
      </td>
      <td class="num" data-label="Doubled">
        {formatCount(row.framesDuplicate)}
      </td>
      <td class={`num${row.refused > 0 ? ' warn' : ''}`} data-label="Refused">
        {formatCount(row.refused)}
      </td>
      {session.canEdit.value && (
        <td class="actions">
          <Strict row={row} onChange={onChange} />
          <button type="button" onClick={() => onAsk({ app: row, what: 'rotate' })}>
            New drain URL<span class="sr"> for {showHidden(app)}</span>
          </button>
          {session.isAdmin.value && (
            <button type="button" class="danger" onClick={() => onAsk({ app: row, what: 'remove' })}>
              Remove<span class="sr"> {showHidden(app)}</span>
            </button>
          )}
        </td>
      )}
    </tr>
  );
}

/** How many of each state, in words: the tokens themselves are on the page of the app's drain health. */
function DrainStates({ drains }: { drains: DrainAnswer[] }) {
  if (drains.length === 0) return <>{NOTHING}</>;
  const count = (state: DrainAnswer['state']) => drains.filter((drain) => drain.state === state).length;
  const [adopted, fresh, banned] = [count('adopted'), count('new'), count('banned')];
  return (
    <>
      {adopted > 0 && <span>{adopted} adopted </span>}
      {fresh > 0 && <StateWord level="warning" word={`${fresh} new`} />}
      {banned > 0 && <span class="muted"> {banned} banned</span>}
    </>
  );
}

/** What becomes of lines that carry the right secret and a token nobody has adopted. */
function Strict({ row, onChange }: { row: AppRow; onChange(): void }) {
  const { client, toast } = useApp();
  const { app, strictTokens } = row;
  async function change() {
    try {
      await client.send('PATCH', `/apps/${encodeURIComponent(app)}`, { strictTokens: !strictTokens });
      toast.value = strictTokens
        ? `${app}: lines of new tokens are counted and flagged`
        : `${app}: lines of tokens nobody adopted are refused`;
    } catch (error) {
      toast.value = errorText(error);
    }
    onChange();
  }
  return (
    <button type="button" onClick={() => void change()}>
      {strictTokens ? 'Count new tokens' : 'Refuse new tokens'}
      <span class="sr"> of {showHidden(app)}</span>
    </button>
  );
}

function Unknown({ answer, onChange }: { answer: DrainsAnswer; onChange(): void }) {
  const { session, clock } = useApp();
  const unknown = answer.apps.flatMap(({ app, drains }) =>
    drains.filter(({ state }) => state === 'new').map((drain) => ({ app, drain })),
  );
  if (unknown.length === 0) return null;
  return (
    <>
      <h3 id="unknown">Drain tokens nobody has looked at</h3>
      <p class="says">
        They carry the right secret, so their lines are counted.{' '}
        {session.canEdit.value
          ? 'Adopt what is yours; ban what is not, and make a new drain URL then: somebody has the secret.'
          : 'Whoever may edit says which of them are yours.'}
      </p>
      <table class="data stack">
        <caption class="sr">Unknown drain tokens</caption>
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col">App</th>
            <th scope="col">First seen</th>
            <th scope="col">Last frame</th>
            {session.canEdit.value && <th scope="col">Change</th>}
          </tr>
        </thead>
        <tbody>
          {unknown.map(({ app, drain }) => (
            <tr key={drain.id}>
              <td data-label="Token">
                {drain.token === '' ? '(no token)' : <CopyId text={drain.token} what="drain token" />}
              </td>
              <td data-label="App">{showHidden(app)}</td>
              <td data-label="First seen">{formatAgo(drain.firstReceivedMs, clock.nowMs.value)}</td>
              <td data-label="Last frame">{formatAgo(drain.lastReceivedMs, clock.nowMs.value)}</td>
              {session.canEdit.value && <Judge app={app} drain={drain} onChange={onChange} />}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Judge({ app, drain, onChange }: { app: string; drain: DrainAnswer; onChange(): void }) {
  const { client, toast } = useApp();
  const [busy, setBusy] = useState(false);
  async function change(state: 'adopted' | 'banned') {
    setBusy(true);
    try {
      await client.send('PATCH', `/apps/${encodeURIComponent(app)}/drains/${drain.id}`, { state });
      toast.value =
        state === 'adopted' ? 'Drain adopted' : 'Drain banned: what it sends is refused from now on';
    } catch (error) {
      toast.value = errorText(error);
    }
    setBusy(false);
    onChange();
  }
  return (
    <td class="actions">
      <button type="button" disabled={busy} onClick={() => void change('adopted')}>
        Adopt<span class="sr"> {drain.token}</span>
      </button>
      <button type="button" class="danger" disabled={busy} onClick={() => void change('banned')}>
        Ban<span class="sr"> {drain.token}</span>
      </button>
    </td>
  );
}

const REASONS: Record<string, string> = {
  unknownUser: 'no app has this name',
  wrongSecret: 'wrong secret',
  unknownToken: 'a token nobody adopted',
  noCredentials: 'no name and secret in the URL',
  badCredentials: 'unreadable credentials',
};

function Strangers({ answer }: { answer: DrainsAnswer }) {
  const { clock } = useApp();
  if (answer.strangers.length === 0) return null;
  return (
    <>
      <h3 id="refused">Refused under names that are no app’s</h3>
      <table class="data stack">
        <caption class="sr">Refused senders of the last hour</caption>
        <thead>
          <tr>
            <th scope="col">Name given</th>
            <th scope="col" class="num">
              Attempts
            </th>
            <th scope="col">Why</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {answer.strangers.map((one) => (
            <tr key={one.userName + one.reason}>
              <td class="mono wrap" data-label="Name given">
                {showHidden(one.userName || '(none)')}
              </td>
              <td class="num" data-label="Attempts">
                {formatCount(one.attempts)}
              </td>
              <td data-label="Why">{REASONS[one.reason] ?? showHidden(one.reason)}</td>
              <td data-label="Last">{formatAgo(one.lastMs, clock.nowMs.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
