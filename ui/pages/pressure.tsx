/** What gave way so that frames could be taken in, how requests to the drain ended, and which apps were too much. */
import type { IngestHealth, Overflow, ShedPart } from '../../model/ingest-health.ts';
import { showHidden } from '../clean.ts';
import { formatCount, plural } from '../format.ts';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { FATES, PARTS } from './ingestWords.ts';

const SHED_ORDER = Object.keys(PARTS) as ShedPart[];

/** Sums over processes that take frames in; counts are since each of them began. */
export function Pressure({ all }: { all: IngestHealth[] }) {
  if (all.length === 0) return null;
  return (
    <>
      <GaveWay all={all} />
      <Apps all={all} />
      <Fates all={all} />
    </>
  );
}

function GaveWay({ all }: { all: IngestHealth[] }) {
  const times = (part: ShedPart) => all.reduce((sum, one) => sum + (one.shed[part] ?? 0), 0);
  const isNow = (part: ShedPart) => all.some((one) => one.shedding.includes(part));
  const parts = SHED_ORDER.filter((part) => times(part) > 0 || isNow(part));
  const more = [
    [sumOf(all, 'refusedConnections'), 'connection'],
    [sumOf(all, 'refusedStreams'), 'live stream'],
  ] as const;
  return (
    <section class="group" aria-labelledby="gave-way">
      <h2 id="gave-way">What gave way</h2>
      {parts.length === 0 ? (
        <p class="chart-empty calm">
          Nothing has had to give way to taking frames in since the processes began.
        </p>
      ) : (
        <table class="data stack gave-way">
          <caption class="sr">Parts that gave way to taking frames in, first to last</caption>
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col">Now</th>
              <th scope="col" class="num">
                Times
              </th>
              <th scope="col">What it means</th>
            </tr>
          </thead>
          <tbody>
            {parts.map((part) => (
              <tr key={part}>
                <th scope="row" data-label="Part">
                  {PARTS[part].name}
                </th>
                <td data-label="Now">
                  {isNow(part) ? (
                    <StateWord level={part === 'ingest' ? 'critical' : 'warning'} word="gives way" />
                  ) : (
                    <span class="muted">back to normal</span>
                  )}
                </td>
                <td class="num" data-label="Times">
                  {formatCount(times(part))}
                </td>
                <td class="wrap says-cell">{PARTS[part].says}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {more.map(
        ([count, noun]) =>
          count > 0 && (
            <p key={noun} class="says">
              {plural(count, noun)} refused, to stay within the bound.
            </p>
          ),
      )}
    </section>
  );
}

function sumOf(all: IngestHealth[], name: 'refusedConnections' | 'refusedStreams'): number {
  return all.reduce((sum, one) => sum + (one[name] ?? 0), 0);
}

function Fates({ all }: { all: IngestHealth[] }) {
  const fates = [...sumByName(all.map((one) => one.fates))].filter(([, count]) => count > 0);
  const total = fates.reduce((sum, [, count]) => sum + count, 0);
  return (
    <section class="group" aria-labelledby="fates">
      <h2 id="fates">Requests to the drain, by how they ended</h2>
      {fates.length === 0 ? (
        <p class="chart-empty calm">None since the processes began.</p>
      ) : (
        <ul class="bars fates" aria-label="Requests by how they ended">
          {fates
            .sort((a, b) => b[1] - a[1])
            .map(([fate, count]) => (
              <li key={fate}>
                <span>{FATES[fate]?.name ?? showHidden(fate)}</span>
                <span class={`bar${FATES[fate]?.isLoss ? ' bar-warning' : ''}`} aria-hidden="true">
                  <span style={{ width: `${Math.max((count / total) * 100, 0.5)}%` }} />
                </span>
                <span class="num">{formatCount(count)}</span>
              </li>
            ))}
        </ul>
      )}
    </section>
  );
}

/** Apps that were turned away, have too many names, or send us our own lines. */
function Apps({ all }: { all: IngestHealth[] }) {
  const { router } = useApp();
  const shed = sumByName(all.map((one) => one.shedApps ?? {}));
  const loops = sumByName(all.map((one) => one.loops ?? {}));
  const joined = overflowByApp(all);
  const names = [...new Set([...shed.keys(), ...joined.keys(), ...loops.keys()])].sort();
  if (names.length === 0) return null;
  return (
    <section class="group" aria-labelledby="too-much">
      <h2 id="too-much">Apps beyond a bound</h2>
      <table class="data stack">
        <caption class="sr">Apps beyond a bound</caption>
        <thead>
          <tr>
            <th scope="col">App</th>
            <th scope="col" class="num">
              Frames put off
            </th>
            <th scope="col">What happened</th>
          </tr>
        </thead>
        <tbody>
          {names.map((app) => (
            <tr key={app}>
              <th scope="row" data-label="App">
                <a href={router.link(`/a/${encodeURIComponent(app)}/health`)}>{showHidden(app)}</a>
              </th>
              <td class={`num${shed.has(app) ? ' warn' : ''}`} data-label="Frames put off">
                {formatCount(shed.get(app) ?? 0)}
              </td>
              <td class="wrap says-cell">{beyondText(shed.get(app), joined.get(app), loops.get(app))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** What is the matter with one app, a sentence for each. */
export function beyondText(
  shedFrames: number | undefined,
  overflow: Overflow | undefined,
  ownLines: number | undefined,
): string {
  const sentences: string[] = [];
  if (shedFrames)
    sentences.push('It sends far more than its share, so that its frames gave way to those of others.');
  if (overflow?.paths)
    sentences.push(
      `It has more different paths than are kept apart: ${plural(overflow.paths, 'time')} counted as “other”.`,
    );
  if (overflow?.series)
    sentences.push(
      `It has more names (dynos, hosts, metrics) than are kept apart: ${plural(overflow.series, 'time')} counted together.`,
    );
  if (overflow?.drains)
    sentences.push('It sends ever new drain tokens; these senders are counted as one drain.');
  if (ownLines)
    sentences.push(`It sends us our own lines back (${plural(ownLines, 'line')}): take that drain away.`);
  return sentences.join(' ');
}

function overflowByApp(all: IngestHealth[]): Map<string, Overflow> {
  const found = new Map<string, Overflow>();
  for (const one of all) {
    for (const [app, { paths, series, drains }] of Object.entries(one.overflow ?? {})) {
      const sum = found.get(app) ?? { paths: 0, series: 0, drains: 0 };
      found.set(app, { paths: sum.paths + paths, series: sum.series + series, drains: sum.drains + drains });
    }
  }
  return found;
}

function sumByName(all: Record<string, number>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const one of all)
    for (const [name, count] of Object.entries(one)) sums.set(name, (sums.get(name) ?? 0) + count);
  return sums;
}
