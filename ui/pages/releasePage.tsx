/** A release against the same length of time before it. */
import type { ReleaseAnswer, ReleaseWindow } from '../../api/contract/releases.ts';
import { formatDelta } from '../charts/compare.ts';
import { showHidden } from '../clean.ts';
import {
  formatBytes,
  formatCount,
  formatInstant,
  formatMs,
  formatRange,
  formatRatio,
  NOTHING,
  zoneName,
} from '../format.ts';
import { Clauses } from '../parts/clauses.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { codePath, explainPath, logsPath, releasePath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { instantText } from '../state/rangeText.ts';
import { describeRelease, ratioOf } from '../verdict/explain.ts';
import { ExplainTable } from './explainTable.tsx';
import '../styles/explain.css';

const SPANS: { ms: number; label: string }[] = [
  { ms: 900_000, label: '15 minutes' },
  { ms: 3_600_000, label: 'An hour' },
  { ms: 21_600_000, label: '6 hours' },
  { ms: 86_400_000, label: 'A day' },
];

export function ReleasePage({ app, version }: { app: string; version: string }) {
  const { router } = useApp();
  const spanMs = SPANS.find(({ ms }) => String(ms) === router.params.value.get('span'))?.ms ?? 3_600_000;
  const found = useAnswer<ReleaseAnswer>(
    `/apps/${encodeURIComponent(app)}/releases/${encodeURIComponent(version)}`,
    { query: { spanMs }, everyMs: 30_000 },
  );
  return (
    <Fresh of={found} what={`${version} of ${app}`}>
      {(answer) => <Compared answer={answer} spanMs={spanMs} />}
    </Fresh>
  );
}

function Compared({ answer, spanMs }: { answer: ReleaseAnswer; spanMs: number }) {
  const { router, range } = useApp();
  const zone = range.zone.value;
  const verdict = describeRelease(answer, zone);
  const span = { from: instantText(answer.after.from * 1000), to: instantText(answer.after.to * 1000) };
  const both = { from: instantText(answer.before.from * 1000), to: span.to };
  const base = `/a/${encodeURIComponent(answer.app)}`;
  return (
    <>
      <section class={`verdict verdict-${verdict.level}`} aria-label="Summary">
        <p class="crumb">
          <a href={router.link(base)}>{showHidden(answer.app)}</a>
        </p>
        <div class="verdict-head">
          <h1 tabIndex={-1}>v{answer.version}</h1>
          <StateWord level={verdict.level} word={verdict.word} />
          <span class="muted verdict-range">
            {formatInstant(answer.atMs, zone, false)} {zoneName(answer.atMs, zone)}
            {answer.isRunning && ', running'}
          </span>
        </div>
        <Clauses clauses={verdict.clauses} />
        <nav class="row-links" aria-label="Around this release">
          {answer.previous && (
            <a href={router.link(releasePath(answer.app, answer.previous.version))}>
              ← v{answer.previous.version}
            </a>
          )}
          {answer.next && (
            <a href={router.link(releasePath(answer.app, answer.next.version))}>v{answer.next.version} →</a>
          )}
          <a href={router.link(base, both)}>Charts of both windows</a>
          <a href={router.link(explainPath(answer.app), span)}>Explain</a>
          <a href={router.link(logsPath(answer.app, span))}>Logs since then</a>
        </nav>
      </section>
      <fieldset class="filters">
        <legend class="sr">Length of both windows</legend>
        <label>
          Compare at most
          <select
            value={String(spanMs)}
            onChange={(event) => router.setParams({ span: event.currentTarget.value }, 'replace')}
          >
            {SPANS.map(({ ms, label }) => (
              <option key={ms} value={String(ms)}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <span class="muted">Both windows are of one length, up to the next release and to now.</span>
      </fieldset>
      <BeforeAndAfter answer={answer} />
      <ExplainTable
        id="release-bad"
        lens="bad"
        title="What carries the bad requests"
        app={answer.app}
        rows={answer.bad}
        span={span}
        none={
          answer.after.bad < 5
            ? 'Too few requests failed to tell.'
            : 'Spread over codes, dynos and paths as before: nothing stands out.'
        }
        about="Values whose share of the failed requests grew since the release, most grown first; small numbers do not rank."
      />
      <ExplainTable
        id="release-slow"
        lens="slow"
        title={
          answer.slowFromMs === null
            ? 'What carries the slow requests'
            : `What carries the slow requests, ${formatMs(answer.slowFromMs)} and more`
        }
        app={answer.app}
        rows={answer.slow}
        span={span}
        none="Nothing stands out."
        about="Requests that took longer than 95 of 100 did before the release."
      />
      <Events answer={answer} />
    </>
  );
}

function BeforeAndAfter({ answer }: { answer: ReleaseAnswer }) {
  const { range, router } = useApp();
  const zone = range.zone.value;
  const { before, after } = answer;
  const row = (
    label: string,
    of: (window: ReleaseWindow) => number | null,
    show: (value: number | null) => string,
    id?: string,
  ) => (
    <tr id={id}>
      <th scope="row">{label}</th>
      <td class="num">{show(of(before))}</td>
      <td class="num strong">{show(of(after))}</td>
      <td class="num delta">{formatDelta(of(after), of(before))}</td>
    </tr>
  );
  const perMinute = (window: ReleaseWindow) => (window.requests * 60) / (window.to - window.from);
  const codes = [...new Set([...after.codes, ...before.codes].map(({ code }) => code))];
  const countOf = (window: ReleaseWindow, code: string) =>
    window.codes.find((one) => one.code === code)?.count ?? 0;
  const when = ({ from, to }: ReleaseWindow) => formatRange(from * 1000, to * 1000, zone);
  return (
    <section class="group" aria-labelledby="release-windows">
      <h2 id="release-windows">Before and after</h2>
      <div class="scroll-x">
        <table class="data windows">
          <caption class="sr">The same length of time before and after v{answer.version}</caption>
          <thead>
            <tr>
              <td />
              <th scope="col" class="num">
                Before<span class="under muted">{when(before)}</span>
              </th>
              <th scope="col" class="num">
                After<span class="under muted">{when(after)}</span>
              </th>
              <th scope="col" class="num">
                Change
              </th>
            </tr>
          </thead>
          <tbody>
            {row('Requests', ({ requests }) => requests, formatCount)}
            {row('A minute', perMinute, formatCount)}
            {row('Failed', ratioOf, formatRatio)}
            {row('p50', ({ p50Ms }) => p50Ms, formatMs)}
            {row('p95', ({ p95Ms }) => p95Ms, formatMs)}
            {row('p99', ({ p99Ms }) => p99Ms, formatMs)}
            {row('Memory a dyno', ({ memoryMeanBytes }) => memoryMeanBytes, formatBytes, 'release-memory')}
            <tr>
              <th scope="row">Most memory</th>
              {[before, after].map(({ from, memoryWorst }) => (
                <td key={from} class="num">
                  {memoryWorst ? (
                    <>
                      {showHidden(memoryWorst.dyno)}
                      <span class="under muted">{formatBytes(memoryWorst.bytes)}</span>
                    </>
                  ) : (
                    NOTHING
                  )}
                </td>
              ))}
              <td />
            </tr>
            {codes.slice(0, 12).map((code) => (
              <tr key={code}>
                <th scope="row">
                  <a class="mono" href={router.link(codePath(answer.app, code))}>
                    {code}
                  </a>
                </th>
                <td class="num">{formatCount(countOf(before, code))}</td>
                <td class="num strong">{formatCount(countOf(after, code))}</td>
                <td class="num delta">{formatDelta(countOf(after, code), countOf(before, code))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Events({ answer }: { answer: ReleaseAnswer }) {
  const { range } = useApp();
  if (answer.events.length === 0) return null;
  return (
    <section class="group" aria-labelledby="release-events">
      <h2 id="release-events">Around it</h2>
      <ul class="plain">
        {answer.events.map((event) => (
          <li key={event.id}>
            <span class="muted">{formatInstant(event.atMs, range.zone.value)}</span> {showHidden(event.title)}
          </li>
        ))}
      </ul>
    </section>
  );
}
