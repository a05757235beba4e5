/** What hangs on the wall: the sentence, the clock, how old the data is, and the apps, those that burn on every page. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { FleetAnswer } from '../../api/contract/apps.ts';
import { Sparkline } from '../charts/sparkline.tsx';
import { showHidden } from '../clean.ts';
import { buildItems, burnOf, type FleetDoubt, type FleetItem } from '../fleetItems.ts';
import { sortItems } from '../fleetOrder.ts';
import { formatClock, formatCount, formatDay, formatSpan, NOTHING, plural, zoneName } from '../format.ts';
import { BudgetBar } from '../parts/budgetBar.tsx';
import { StateGlyph, StateWord } from '../parts/state.tsx';
import { burnLevel, formatBurn, isDoubtful } from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { keepFleetFresh } from '../state/fleet.ts';
import { fleetVerdict } from '../verdict/fleet.ts';
import { WALL_STALE_MS, wallPageAt, wallPages } from '../wallPages.ts';
import { useFleetObjectives } from './fleetObjectives.ts';
import { Age, failedCell, latencyCell, noObjective, shortBurn } from './fleetRow.tsx';

const LOAD_EVERY_MS = 15_000;
const TURN_MS = 12_000;
/** Height of a row, in em of the wall (wall.css). */
const ROW_EM = 2.4;
/** Height of the heading, in rows. */
const HEADING_ROWS = 0.7;

export function WallBoard({ name }: { name: string }) {
  const state = useApp();
  const { fleet, live, version } = state;
  useEffect(() => {
    live.open('');
    const stop = keepFleetFresh(state);
    // Whatever became of the stream.
    const timer = setInterval(() => fleet.refresh(), LOAD_EVERY_MS);
    return () => {
      clearInterval(timer);
      stop();
      live.close();
    };
  }, []);
  useEffect(keepAwake, []);
  // Nobody is there to press a button.
  if (version.isOld.value) location.reload();
  const answer = fleet.data.value;
  return (
    <main class="wall wide-page">
      {answer ? <Board answer={answer} name={name} /> : <h1>{fleet.error.value ?? 'Loading the fleet…'}</h1>}
    </main>
  );
}

/** Most screens go dark without it; where the browser has no such thing, the system's settings must do. */
function keepAwake(): () => void {
  let lock: { release(): Promise<void> } | undefined;
  const ask = () => {
    if (document.hidden) return;
    navigator.wakeLock?.request('screen').then(
      (given) => {
        lock = given;
      },
      () => {},
    );
  };
  ask();
  document.addEventListener('visibilitychange', ask);
  return () => {
    document.removeEventListener('visibilitychange', ask);
    void lock?.release();
  };
}

function Board({ answer, name }: { answer: FleetAnswer; name: string }) {
  const { range, instance } = useApp();
  const { rows: slos, doubt: objectives } = useFleetObjectives();
  const isAway = instance.awaySinceMs.value !== null;
  const isMoving = instance.isMoving.value;
  const items = useMemo(
    () => sortItems(buildItems(answer.apps, slos, { isAway, isMoving }), { key: 'state', reversed: false }),
    [answer, slos, isAway, isMoving],
  );
  const doubt = useMemo(() => ({ isAway, isMoving, objectives }), [isAway, isMoving, objectives]);
  const verdict = fleetVerdict(items, answer.nowMs, range.zone.value, doubt);
  const [lead, ...others] = verdict.lines;
  const say = (line: { text: string }[] | undefined) =>
    showHidden(line?.map(({ text }) => text).join(' ') ?? '');
  return (
    <>
      <header class="wall-head">
        <div class="wall-say">
          <h1>
            <StateWord level={verdict.level} word={verdict.word} />
            <span class="muted wall-name">{showHidden(name)}</span>
          </h1>
          <p class="wall-lead">{say(lead)}</p>
          {others.slice(0, 2).map((line) => (
            <p key={line[0]?.text} class="muted">
              {say(line)}
            </p>
          ))}
        </div>
        <WallClock />
      </header>
      <Stale />
      <Rows items={items} doubt={doubt} />
    </>
  );
}

/** A clock that stands is a wall that stands. */
function WallClock() {
  const { clock, range, fleet, live } = useApp();
  const nowMs = clock.nowMs.value;
  const zone = range.zone.value;
  const through = Math.max(0, ...(fleet.data.value?.apps.map((row) => row.health.dataThroughMs ?? 0) ?? []));
  return (
    <div class="wall-clock">
      <p class="wall-time">
        {formatClock(nowMs, zone)} <span class="muted">{zoneName(nowMs, zone)}</span>
      </p>
      <p class="muted">
        {formatDay(nowMs, zone)} ·{' '}
        {through > 0 ? `data ${formatSpan(Math.max(0, nowMs - through))} old` : 'no data yet'}
        {live.away.value && ' · reconnecting'}
      </p>
    </div>
  );
}

function Stale() {
  const { clock, fleet, instance } = useApp();
  const loadedMs = fleet.loadedMs.value ?? 0;
  // Counts every second; both are of the clock of this machine.
  const ageMs = clock.nowMs.value - clock.now() + Date.now() - loadedMs;
  const isAway = instance.awaySinceMs.value !== null;
  if (ageMs < WALL_STALE_MS && !isAway) return null;
  return (
    <p class="wall-stale" role="status">
      <StateGlyph level="critical" />
      {isAway
        ? 'The database does not answer: what is below was so.'
        : `What is below is ${formatSpan(ageMs)} old. Trying to reach Drainboard.`}
    </p>
  );
}

function Rows({ items, doubt }: { items: FleetItem[]; doubt: FleetDoubt }) {
  const { clock, router } = useApp();
  const box = useRef<HTMLDivElement>(null);
  const capacity = useCapacity(box);
  const [begunMs] = useState(() => clock.now());
  const asked = Number(router.params.value.get('every') ?? Number.NaN);
  const everyMs = Number.isFinite(asked) ? asked * 1000 : TURN_MS;
  const worst = items.filter((item) => item.rank < 4).length;
  const pages = useMemo(() => wallPages(items, worst, capacity), [items, worst, capacity]);
  const at = wallPageAt(pages.length, clock.nowMs.value - begunMs, everyMs);
  const table = useMemo(() => <WallTable items={pages[at] ?? []} doubt={doubt} />, [pages, at, doubt]);
  return (
    <>
      <div class="wall-rows" ref={box}>
        {table}
      </div>
      <p class="wall-foot muted">
        {plural(items.length, 'app')}
        {pages.length > 1 && ` · page ${at + 1} of ${pages.length}, what burns stays`}
      </p>
    </>
  );
}

/** How many rows fit under the heading. */
function useCapacity(box: { current: HTMLDivElement | null }): number {
  const [capacity, setCapacity] = useState(12);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      const rowPx = Number.parseFloat(getComputedStyle(element).fontSize) * ROW_EM;
      setCapacity(Math.max(2, Math.floor(element.clientHeight / rowPx - HEADING_ROWS)));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return capacity;
}

function WallTable({ items, doubt }: { items: FleetItem[]; doubt: FleetDoubt }) {
  return (
    <table class="wall-table">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">App</th>
          <th scope="col">Budget left</th>
          <th scope="col" class="num">
            Burn 1 h
          </th>
          <th scope="col">Requests, 60 min</th>
          <th scope="col" class="num">
            Failed
          </th>
          <th scope="col" class="num">
            p95
          </th>
          <th scope="col">Top code</th>
          <th scope="col" class="num">
            Data age
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <WallRow key={item.row.app} item={item} doubt={doubt} />
        ))}
      </tbody>
    </table>
  );
}

function WallRow({ item, doubt }: { item: FleetItem; doubt: FleetDoubt }) {
  const { clock } = useApp();
  const { row, slo, fastest } = item;
  const burn = fastest?.burn[0];
  const { objectives = null } = doubt;
  const isOld = doubt.isAway || objectives !== null;
  const isBad = (row.failedRatioNow ?? row.failedRatio ?? 0) >= 0.01 && !row.lowTraffic;
  return (
    <tr class={`row-${item.level}`}>
      <td>
        <StateWord level={item.level} word={item.word} />
        {row.incidents?.unacknowledged === 0 && <span class="muted small"> acked</span>}
      </td>
      <th scope="row">
        {showHidden(row.app)}
        {row.labels.stage && <span class="muted small"> {showHidden(row.labels.stage)}</span>}
      </th>
      <td class="wall-budget">
        {slo ? (
          <BudgetBar remaining={slo.budget.remaining} isDoubtful={isDoubtful(slo, isOld)} isOld={isOld} />
        ) : (
          noObjective(objectives)
        )}
      </td>
      <td class={`num${burn ? ` burn-${burnLevel(burn)}` : ''}`}>
        {isOld && burn?.burn != null && <span class="muted">was </span>}
        {burn?.burn == null ? NOTHING : formatBurn(shortBurn(burnOf(fastest, 0)))}
      </td>
      <td>
        <Sparkline values={row.sparkline} label={plural(row.requests, 'request')} />
      </td>
      <td class={`num${isBad ? ' bad' : ''}`}>{failedCell(row)}</td>
      <td class="num">{latencyCell(row)}</td>
      <td>
        {row.topCode ? (
          <span class={row.topCode.blames ? '' : 'muted'}>
            <span class="mono">{row.topCode.code}</span> ×{formatCount(row.topCode.count)}
          </span>
        ) : (
          <span class="muted">{NOTHING}</span>
        )}
      </td>
      <td class={`num${row.health.state === 'silent' ? ' bad' : ''}`}>
        <Age throughMs={row.health.dataThroughMs} clock={clock} />
      </td>
    </tr>
  );
}
