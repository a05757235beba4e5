/** Why a range differs from a baseline: attributes ranked by how much their share of the bad and slow requests grew. */
import type { ExplainAnswer, ExplainBase, ExplainWindow } from '../../api/contract/explain.ts';
import { showHidden } from '../clean.ts';
import { formatCount, formatMs, formatRange, formatRatio, formatSpan, zoneName } from '../format.ts';
import { Clauses } from '../parts/clauses.tsx';
import { Explain } from '../parts/explain.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { instantText } from '../state/rangeText.ts';
import { describeExplain, ratioOf } from '../verdict/explain.ts';
import { ExplainTable } from './explainTable.tsx';
import '../styles/explain.css';

const BASES: { id: ExplainBase; label: string }[] = [
  { id: 'before', label: 'Four times as long before' },
  { id: 'week', label: 'A week ago' },
];

export function ExplainPage({ app }: { app: string }) {
  const { router } = useApp();
  const base: ExplainBase = router.params.value.get('base') === 'week' ? 'week' : 'before';
  const found = useAnswer<ExplainAnswer>(`/apps/${encodeURIComponent(app)}/explain`, {
    ranged: 'span',
    query: { base },
    everyMs: 60_000,
  });
  return (
    <Fresh of={found} what={`what differs on ${app}`}>
      {(answer) => <Explained answer={answer} base={base} />}
    </Fresh>
  );
}

function Explained({ answer, base }: { answer: ExplainAnswer; base: ExplainBase }) {
  const { router, range } = useApp();
  const zone = range.zone.value;
  const verdict = describeExplain(answer, zone);
  const span = { from: instantText(answer.range.from * 1000), to: instantText(answer.range.to * 1000) };
  return (
    <>
      <section class={`verdict verdict-${verdict.level}`} aria-label="Summary">
        <p class="crumb">
          <a href={router.link(`/a/${encodeURIComponent(answer.app)}`)}>{showHidden(answer.app)}</a>
        </p>
        <div class="verdict-head">
          <h1 tabIndex={-1}>What differs</h1>
          <StateWord level={verdict.level} word={verdict.word} />
          <span class="muted verdict-range">
            {formatRange(answer.range.from * 1000, answer.range.to * 1000, zone)}{' '}
            {zoneName(answer.range.to * 1000, zone)}
          </span>
        </div>
        <Clauses clauses={verdict.clauses} />
      </section>
      <fieldset class="filters">
        <legend class="sr">Baseline</legend>
        <label>
          Against
          <select
            value={base}
            onChange={(event) =>
              router.setParams({ base: event.currentTarget.value === 'week' ? 'week' : null }, 'push')
            }
          >
            {BASES.map(({ id, label }) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <a href={router.link(logsPath(answer.app, span))}>Logs of this range</a>
        <a href={router.link(`/a/${encodeURIComponent(answer.app)}/dynos`, span)}>Dynos</a>
      </fieldset>
      <Windows answer={answer} />
      <ExplainTable
        id="explain-bad"
        lens="bad"
        title="Bad requests"
        app={answer.app}
        rows={answer.bad}
        span={span}
        none={noneText(answer.range.bad, 'failed')}
        about="Requests that count as failed by the rules for availability. Each row is a value whose share of them grew; its rank is how much it grew at least (95 % sure), so that a handful of requests never ranks. A value that only takes more of all requests is left out."
      />
      <ExplainTable
        id="explain-slow"
        lens="slow"
        title={
          answer.slowFromMs === null
            ? 'Slow requests'
            : `Slow requests, ${formatMs(answer.slowFromMs)} and more`
        }
        app={answer.app}
        rows={answer.slow}
        span={span}
        none={noneText(answer.range.slow, 'were slow')}
        about="Requests that took longer than 95 of 100 did in the baseline, from histograms that are exact to 2.5 %. Codes and statuses of them are estimated from requests that were kept, and marked so."
      />
      <p class="small muted counted">
        Counted from {formatCount(answer.range.requests + answer.baseline.requests)} requests in{' '}
        {formatSpan(answer.tookMs)}. Router lines show neither time in the router’s queue nor what visitors
        never sent.
      </p>
    </>
  );
}

function noneText(hits: number, verb: string): string {
  if (hits < 5)
    return `${hits === 0 ? 'No' : `Only ${formatCount(hits)}`} requests ${verb}: nothing to explain.`;
  return `${formatCount(hits)} requests ${verb}, spread over dynos, paths, hosts and releases as they were before: nothing stands out.`;
}

/** Both windows side by side. */
function Windows({ answer }: { answer: ExplainAnswer }) {
  const { range } = useApp();
  const zone = range.zone.value;
  const row = (label: string, of: (window: ExplainWindow) => string) => (
    <tr>
      <th scope="row">{label}</th>
      <td class="num">{of(answer.baseline)}</td>
      <td class="num strong">{of(answer.range)}</td>
    </tr>
  );
  const when = ({ from, to }: ExplainWindow) => formatRange(from * 1000, to * 1000, zone);
  const perMinute = (window: ExplainWindow) =>
    formatCount((window.requests * 60) / Math.max(60, window.to - window.from));
  return (
    <section class="group" aria-labelledby="explain-windows">
      <h2 id="explain-windows">
        Both windows
        <Explain about="both windows">
          The bucket that still fills is left out. Known losses are named; shares are of what arrived.
        </Explain>
      </h2>
      <div class="scroll-x">
        <table class="data windows">
          <caption class="sr">The range against its baseline</caption>
          <thead>
            <tr>
              <td />
              <th scope="col" class="num">
                Baseline<span class="under muted">{when(answer.baseline)}</span>
              </th>
              <th scope="col" class="num">
                Range<span class="under muted">{when(answer.range)}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {row('Requests', (window) => formatCount(window.requests))}
            {row('A minute', perMinute)}
            {row('Failed', (window) => `${formatRatio(ratioOf(window))} (${formatCount(window.bad)})`)}
            {row('Slow', (window) =>
              window.timed === 0
                ? '–'
                : `${formatRatio(window.slow / window.timed)} (${formatCount(window.slow)})`,
            )}
            {row('p50', (window) => formatMs(window.p50Ms))}
            {row('p95', (window) => formatMs(window.p95Ms))}
            {row('p99', (window) => formatMs(window.p99Ms))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
