/** Where a code comes from: releases, parts beside their share of all requests, durations beside those of all. */
import type { CodeAnswer, CodeBreakdown } from '../../api/contract/codes.ts';
import { showHidden } from '../clean.ts';
import { formatCount, formatInstant, formatMs, formatRatio, NOTHING, plural, zoneName } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { dynoPath } from '../verdict/dynos.ts';
import { appPath } from '../verdict/stream.ts';

export function Releases({ answer }: { answer: CodeAnswer }) {
  const { router, range } = useApp();
  const { releases, app, info } = answer;
  const zone = range.zone.value;
  const isRequest = info.code.startsWith('H');
  // Without a release in the range there is nothing to hold side by side.
  if (releases.length < 2 || answer.count === 0) return null;
  const shares = releases.map((one) => (one.requests > 0 ? one.count / one.requests : 0));
  const most = Math.max(...shares, 1e-9);
  return (
    <section class="group" aria-labelledby="by-release">
      <h2 id="by-release">
        Before and after releases{' '}
        <Explain about="Before and after releases">
          The range cut at its releases. A point belongs to the release that was current when it began.
        </Explain>
      </h2>
      <table class="data stack by-release">
        <caption class="sr">The code by release, oldest first</caption>
        <thead>
          <tr>
            <th scope="col">Release</th>
            <th scope="col">From ({zoneName(answer.nowMs, zone)})</th>
            <th scope="col" class="num">
              {showHidden(info.code)}
            </th>
            {isRequest && (
              <>
                <th scope="col" class="num">
                  Requests
                </th>
                <th scope="col">Share of requests</th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {releases.map((one, at) => (
            <tr key={one.fromMs}>
              <th scope="row" class="mono">
                {one.version === null ? (
                  one.isSeveral ? (
                    'earlier releases'
                  ) : (
                    'before'
                  )
                ) : (
                  <a href={router.link(`${appPath(app)}/releases/${one.version}`)}>v{one.version}</a>
                )}
              </th>
              <td data-label="From">{formatInstant(one.fromMs, zone, false)}</td>
              <td class="num" data-label={info.code}>
                {formatCount(one.count)}
              </td>
              {isRequest && (
                <>
                  <td class="num" data-label="Requests">
                    {formatCount(one.requests)}
                  </td>
                  <td data-label="Share of requests">
                    <span class="share-cell">
                      <span class="share-bar" aria-hidden="true">
                        <span style={{ width: `${((shares[at] ?? 0) / most) * 100}%` }} />
                      </span>
                      {one.requests > 0 ? formatRatio(shares[at] ?? 0) : NOTHING}
                    </span>
                  </td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const TITLES: Record<CodeBreakdown['by'], string> = {
  path: 'Method and path',
  dyno: 'Dyno',
  host: 'Host',
  network: 'Network of the client',
  status: 'Status',
};

export function Breakdowns({ answer }: { answer: CodeAnswer }) {
  const { breakdowns, kept, info, count } = answer;
  if (breakdowns.length === 0) return null;
  const isPart = kept !== null && kept.read < count;
  return (
    <section class="group" aria-labelledby="where">
      <h2 id="where">
        Where it comes from{' '}
        <Explain about="Where it comes from">
          The bar is a part’s share of {showHidden(info.code)}, the upright tick its share of all requests in
          the range: a bar far beyond its tick is where the trouble is, one that ends at it is hit like any
          other.{' '}
          {kept !== null &&
            'Shares come from requests that were kept, each weighed by how many it stands for; the ticks are exact.'}
        </Explain>
      </h2>
      {isPart && (
        <p class="muted">
          Told from {plural(kept.read, 'request')} of {formatCount(count)}:{' '}
          {kept.rows > kept.read ? 'a uniform choice of those that were kept' : 'those that were kept'}.
        </p>
      )}
      <div class="breakdowns">
        {breakdowns.map((breakdown) => (
          <Breakdown key={breakdown.by} answer={answer} breakdown={breakdown} />
        ))}
      </div>
    </section>
  );
}

function Breakdown({ answer, breakdown }: { answer: CodeAnswer; breakdown: CodeBreakdown }) {
  const { router } = useApp();
  const { by, rows, others } = breakdown;
  const hasTicks = rows.some((row) => row.baseline !== null);
  return (
    <div class="breakdown">
      <h3 id={`by-${by}`}>{TITLES[by]}</h3>
      <ul class="tick-bars" aria-labelledby={`by-${by}`}>
        {rows.map((row) => {
          const href = hrefOf(answer, by, row.key);
          const dense = row.baseline !== null && row.share >= 0.1 && row.share >= 1.5 * row.baseline;
          const name = nameOf(by, row.key);
          return (
            <li key={row.key} class={dense ? 'dense' : ''}>
              <span class="tick-name mono">
                {href ? <a href={router.link(href)}>{showHidden(name)}</a> : showHidden(name)}
              </span>
              <span class="tick-bar" aria-hidden="true">
                <span class="tick-fill" style={{ width: `${row.share * 100}%` }} />
                {row.baseline !== null && (
                  <span class="tick-base" style={{ left: `${Math.min(row.baseline, 1) * 100}%` }} />
                )}
              </span>
              <span class="tick-says">
                {formatRatio(row.share)}
                {row.baseline !== null && (
                  <span class="muted">
                    {' '}
                    <span class="sr">of the code, and </span>
                    {formatRatio(row.baseline)}
                    <span class="sr"> of all requests</span>
                  </span>
                )}
              </span>
            </li>
          );
        })}
      </ul>
      {others.keys > 0 && (
        <p class="muted">
          and {plural(others.keys, 'other')}, {formatRatio(others.share)}
        </p>
      )}
      {!hasTicks && by === 'network' && (
        <p class="muted">All requests are not counted by network: no ticks.</p>
      )}
    </div>
  );
}

function nameOf(by: CodeBreakdown['by'], key: string): string {
  if (key !== '') return key;
  return by === 'dyno' ? 'no dyno reached' : by === 'status' ? 'no status' : '(none)';
}

/** Where a part can be looked at: its page, else lines of the code that contain it. */
function hrefOf({ app, info }: CodeAnswer, by: CodeBreakdown['by'], key: string): string | null {
  if (key === '') return null;
  const { code } = info;
  if (by === 'dyno') return dynoPath(app, key);
  if (by === 'host') return logsPath(app, { code, q: key });
  if (by === 'status') return logsPath(app, { code, status: key });
  if (by === 'network') return null;
  // A shape is no text of a line from its first placeholder on.
  const path = key.slice(key.indexOf(' ') + 1).split('{')[0] ?? '';
  return logsPath(app, { code, ...(path.length > 1 && { q: path }) });
}

export function Durations({ answer }: { answer: CodeAnswer }) {
  const rows = answer.durations.filter((one) => one.p50Ms !== null);
  if (rows.length === 0) return null;
  return (
    <section class="group" aria-labelledby="durations">
      <h2 id="durations">
        How long they took{' '}
        <Explain about="How long they took">
          <code>connect</code> is until a dyno had taken the connection, <code>service</code> until the last
          byte. Of the code from requests that were kept; of all requests from merged histograms, at most 2.5
          % off.
        </Explain>
      </h2>
      <table class="data stack durations">
        <caption class="sr">Durations of the code beside those of all requests</caption>
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col" class="num">
              p50
            </th>
            <th scope="col" class="num">
              p95
            </th>
            <th scope="col" class="num">
              Longest
            </th>
            <th scope="col" class="num">
              p50 of all
            </th>
            <th scope="col" class="num">
              p95 of all
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.of}>
              <th scope="row" class="mono">
                {row.of}
              </th>
              <td class="num" data-label="p50">
                {formatMs(row.p50Ms)}
              </td>
              <td class="num" data-label="p95">
                {formatMs(row.p95Ms)}
              </td>
              <td class="num" data-label="Longest">
                {formatMs(row.maxMs)}
              </td>
              <td class="num muted" data-label="p50 of all">
                {formatMs(row.allP50Ms)}
              </td>
              <td class="num muted" data-label="p95 of all">
                {formatMs(row.allP95Ms)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
