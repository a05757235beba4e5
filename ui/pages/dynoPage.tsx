/** One dyno: its memory, load, share of requests, p95 and failures, each beside those of its process type. */
import { useMemo } from 'preact/hooks';
import type { DynoComparison, DynoDetailAnswer } from '../../api/contract/dynos.ts';
import type { EventAnswer } from '../../api/contract/events.ts';
import type { SeriesStyle } from '../charts/colors.ts';
import { TimeChart } from '../charts/timeChart.tsx';
import { showHidden } from '../clean.ts';
import {
  formatBytes,
  formatInstant,
  formatMs,
  formatRatio,
  formatUnit,
  NOTHING,
  zoneName,
} from '../format.ts';
import { Fresh } from '../parts/fresh.tsx';
import { StateGlyph } from '../parts/state.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import '../styles/dynos.css';
import { buildDynoVerdict, dynoPath, leakReading, unlike } from '../verdict/dynos.ts';
import { appPath } from '../verdict/stream.ts';
import { Life } from './dynoTable.tsx';
import { EnableMetrics } from './enableMetrics.tsx';
import { VerdictTop } from './verdictTop.tsx';

const REFRESH_MS = 15_000;

export function DynoPage({ app, dyno }: { app: string; dyno: string }) {
  const path = `/apps/${encodeURIComponent(app)}/dynos/${encodeURIComponent(dyno)}`;
  const detail = useAnswer<DynoDetailAnswer>(path, { ranged: 'points', everyMs: REFRESH_MS });
  return (
    <Fresh of={detail} what={dyno}>
      {(answer) => <Detail answer={answer} name={dyno} />}
    </Fresh>
  );
}

function Detail({ answer, name }: { answer: DynoDetailAnswer; name: string }) {
  const { router, range } = useApp();
  const { app, siblings } = answer;
  const verdict = buildDynoVerdict(answer, name, range.zone.value);
  const marks = answer.events.filter((event) => event.kind === 'release').map((event) => event.atMs / 1000);
  return (
    <>
      <VerdictTop
        answer={answer}
        above={[{ name: 'Dynos', path: `${appPath(app)}/dynos` }]}
        title={<span class="mono">{showHidden(name)}</span>}
        verdict={verdict}
      >
        {answer.dyno && <Totals answer={answer} />}
        <p class="jump">
          <a href={router.link(logsPath(app, { dyno: name }))}>Logs of {showHidden(name)}</a>
          {siblings.slice(0, 12).map((sibling) => (
            <a key={sibling} class="mono" href={router.link(dynoPath(app, sibling))}>
              {showHidden(sibling)}
            </a>
          ))}
          {siblings.length > 12 && (
            <a href={router.link(`${appPath(app)}/dynos`)}>and {siblings.length - 12} others</a>
          )}
        </p>
      </VerdictTop>
      {!answer.hasRuntimeMetrics && answer.health.state !== 'waiting' && <EnableMetrics app={app} />}
      {answer.comparisons.map((comparison) => (
        <Compared key={comparison.of} answer={answer} comparison={comparison} marks={marks} name={name} />
      ))}
      <Happened answer={answer} name={name} />
    </>
  );
}

function Totals({ answer }: { answer: DynoDetailAnswer }) {
  const { dyno, type, app } = answer;
  if (dyno === null) return null;
  const leak = leakReading(dyno);
  return (
    <dl class="totals">
      <div>
        <dt>State</dt>
        <dd>{dyno.state ?? NOTHING}</dd>
      </div>
      <div>
        <dt>Memory</dt>
        <dd>
          {formatBytes(dyno.memoryBytes)}{' '}
          {dyno.memoryQuotaBytes !== null && (
            <span class="muted">
              {formatRatio(dyno.memoryRatio)} of {formatBytes(dyno.memoryQuotaBytes)}
            </span>
          )}
        </dd>
      </div>
      {leak && (
        <div>
          <dt>Growth</dt>
          <dd class="totals-text">
            {leak.level === 'warning' && <StateGlyph level="warning" />} {leak.text}
          </dd>
        </div>
      )}
      <div>
        <dt>Size</dt>
        <dd class="totals-text">
          {type?.size ?? 'not known'}
          <span class="muted"> {type?.cores ? `${type.cores} cores` : 'cores not known'}</span>
        </dd>
      </div>
      <div>
        <dt>Boot</dt>
        <dd>
          {formatMs(dyno.life.bootMs)}
          {dyno.life.firstRequestMs !== null && (
            <span class="muted"> first request {formatMs(dyno.life.firstRequestMs)}</span>
          )}
        </dd>
      </div>
      <div>
        <dt>In this range</dt>
        <dd class="totals-text">
          <Life app={app} dyno={dyno} />
        </dd>
      </div>
    </dl>
  );
}

const TITLES: Record<DynoComparison['of'], { title: string; explain: string }> = {
  memory: {
    title: 'Memory',
    explain: 'sample#memory_total of the dyno’s own lines. The dashed line is its quota.',
  },
  load: { title: 'Load', explain: 'sample#load_avg_1m: runnable tasks of the whole dyno over one minute.' },
  share: {
    title: 'Share of requests',
    explain: 'Router lines that name this dyno, of all that name one of its process type.',
  },
  p95: {
    title: 'p95',
    explain:
      'connect plus service of router lines that name this dyno; from merged histograms, at most 2.5 % off.',
  },
  failed: { title: 'Failed', explain: 'Of the requests that count, by the same rules as everywhere.' },
};

const STYLES: Record<string, SeriesStyle> = {
  own: { color: '--q50', widthPx: 2 },
  median: { color: '--q95', dash: [9, 4] },
  low: { color: '--id-other', widthPx: 1 },
  high: { color: '--id-other', widthPx: 1 },
};

interface ComparedProps {
  answer: DynoDetailAnswer;
  comparison: DynoComparison;
  marks: number[];
  name: string;
}

function Compared({ answer, comparison, marks, name }: ComparedProps) {
  const { of, columns, unit } = comparison;
  const { title, explain } = TITLES[of];
  const styles = columns.series.map((series) => STYLES[series.id] ?? { color: '--id-other' });
  const band = useMemo(() => {
    const at = (id: string) => columns.series.findIndex((series) => series.id === id);
    return at('low') >= 0 && at('high') >= 0 ? ([at('high'), at('low')] as [number, number]) : undefined;
  }, [columns]);
  const isMetric = of === 'memory' || of === 'load';
  if (isMetric && !answer.hasRuntimeMetrics) return null;
  const quota = of === 'memory' ? (answer.dyno?.memoryQuotaBytes ?? null) : null;
  return (
    <section class="group compared" id={`compare-${of}`}>
      <TimeChart
        id={of}
        title={title}
        per={besideText(comparison)}
        explain={`${explain} ${
          of === 'p95'
            ? 'The dashed line is that of all requests of its siblings together.'
            : 'The band is from the least to the most of its siblings, the dashed line their median.'
        }`}
        columns={columns}
        styles={styles}
        unit={unit}
        range={answer.range}
        gaps={answer.gaps}
        marks={marks}
        band={band}
        thresholds={
          quota === null
            ? []
            : [{ value: quota, label: `quota ${formatBytes(quota)}`, color: '--state-critical' }]
        }
        heightPx={140}
        summary="max"
        empty={
          <p>
            <strong>{isMetric ? 'No data.' : 'No traffic.'}</strong>{' '}
            {isMetric
              ? `Neither ${name} nor a sibling wrote a sample in this range.`
              : `Neither ${name} nor a sibling was sent a request in this range.`}
          </p>
        }
      />
    </section>
  );
}

/** `925 ms, far above its siblings: 341 ms, 340 to 380 ms`. */
function besideText(comparison: DynoComparison): string {
  const { own, median, low, high, unit } = comparison;
  const which = unlike(comparison);
  const far =
    which === null ? '' : which === 'higher' ? ', far above its siblings' : ', far below its siblings';
  const value = own === null ? 'not known' : formatUnit(own, unit);
  if (median === null) return `${value}, no siblings to compare with`;
  const spread = low === high ? '' : ` (${formatUnit(low, unit)} to ${formatUnit(high, unit)})`;
  return `${value}${far || ', siblings'}${far ? ':' : ''} ${formatUnit(median, unit)}${spread}`;
}

/** What happened to it, newest first; each leads to its lines. */
function Happened({ answer, name }: { answer: DynoDetailAnswer; name: string }) {
  const { router, range } = useApp();
  const zone = range.zone.value;
  const own = answer.events.filter((event) => event.dyno === name);
  return (
    <section class="group" aria-labelledby="happened">
      <h2 id="happened">What happened to it</h2>
      {own.length === 0 ? (
        <p class="chart-empty calm">Nothing in this range: no start, no stop, no code.</p>
      ) : (
        <EventList app={answer.app} events={own} zoneText={zoneName(Date.now(), zone)} link={router.link} />
      )}
    </section>
  );
}

interface EventListProps {
  app: string;
  events: EventAnswer[];
  zoneText: string;
  link(path: string): string;
}

/** Events of dynos as rows, each with a link to the lines around it. */
export function EventList({ app, events, zoneText, link }: EventListProps) {
  const { range } = useApp();
  const zone = range.zone.value;
  return (
    <table class="data stack event-rows">
      <caption class="sr">Events of dynos</caption>
      <thead>
        <tr>
          <th scope="col">Time ({zoneText})</th>
          <th scope="col">What</th>
          <th scope="col">
            <span class="sr">Lines</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.id} class={event.routine ? 'muted' : ''}>
            <td data-label="Time">{formatInstant(event.atMs, zone)}</td>
            <td data-label="What">{showHidden(event.title)}</td>
            <td>
              <a
                href={link(
                  logsPath(app, {
                    from: event.atMs - 60_000,
                    to: event.untilMs + 60_000,
                    ...(event.dyno !== null && { dyno: event.dyno }),
                  }),
                )}
              >
                Lines<span class="sr"> around {showHidden(event.title)}</span>
              </a>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
