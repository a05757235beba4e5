/** One error code on one app: what it means, what to check, when it happened, and the requests that were kept. */
import { useState } from 'preact/hooks';
import type { CodeInfo, CodesAnswer, CodeTableAnswer, RequestsAnswer } from '../../api/contract/codes.ts';
import { TimeChart } from '../charts/timeChart.tsx';
import { showHidden } from '../clean.ts';
import {
  formatBytes,
  formatCount,
  formatInstant,
  formatMs,
  formatRatio,
  NOTHING,
  plural,
  zoneName,
} from '../format.ts';
import { CopyId } from '../parts/copy.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

const REQUESTS_MAX = 100;
/** Rows shown before one asks for all: a phone shows each as a card. */
const REQUESTS_FIRST = 25;

export function CodePage({ app, code }: { app: string; code: string }) {
  const base = `/apps/${encodeURIComponent(app)}`;
  const codes = useAnswer<CodesAnswer>(`${base}/codes`, { ranged: 'points', everyMs: 15_000 });
  const table = useAnswer<CodeTableAnswer>('/codes');
  const isRequest = code.startsWith('H');
  return (
    <Fresh of={codes} what={`${code} on ${app}`}>
      {(answer) => {
        const seen = answer.codes.find((one) => one.code === code);
        const info = seen ?? table.data.value?.codes.find((one) => one.code === code) ?? null;
        return (
          <>
            <Top app={app} code={code} info={info} />
            <Evidence answer={answer} code={code} />
            {isRequest ? <Requests app={app} code={code} /> : <NotARequest app={app} code={code} />}
          </>
        );
      }}
    </Fresh>
  );
}

const OWNERS: Record<string, string> = {
  app: 'the app',
  client: 'the client',
  operator: 'whoever runs the app',
  platform: 'the platform',
  pipeline: 'the log pipeline',
  unknown: 'unknown',
};

function Top({ app, code, info }: { app: string; code: string; info: CodeInfo | null }) {
  const { router } = useApp();
  return (
    <section class="code-top">
      <p class="crumb">
        <a href={router.link(`/a/${encodeURIComponent(app)}`)}>{showHidden(app)}</a>
      </p>
      <h1 tabIndex={-1}>
        <span class="mono">{showHidden(code)}</span> {info?.title ?? 'Unknown code'}
      </h1>
      {info ? (
        <>
          <p class="lead">{info.meaning}</p>
          <p>{info.reason}</p>
          <dl class="facts">
            <div>
              <dt>Check first</dt>
              <dd>{info.firstCheck}</dd>
            </div>
            <div>
              <dt>Who usually acts</dt>
              <dd>{OWNERS[info.cause] ?? info.cause}</dd>
            </div>
            <div>
              <dt>Counts against availability</dt>
              <dd>{info.countsAgainstAvailability ? 'Yes, by default' : 'No, by default'}</dd>
            </div>
            <div>
              <dt>Severity</dt>
              <dd>
                {info.severity}
                {info.lifecycle !== 'current' && ` · ${info.lifecycle}`}
              </dd>
            </div>
          </dl>
        </>
      ) : (
        <p class="lead">
          Heroku has not documented this code, or it is newer than this version of Drainboard. It is counted
          under its own name; as a request it counts as failed when the line says <code>at=error</code> or its
          status is 500 or more.
        </p>
      )}
    </section>
  );
}

function Evidence({ answer, code }: { answer: CodesAnswer; code: string }) {
  const { range } = useApp();
  const zone = range.zone.value;
  const seen = answer.codes.find((one) => one.code === code);
  const series = answer.counts.series
    .filter((one) => one.id === code)
    .map((one) => ({ ...one, label: code }));
  const when = (ms: number | null) =>
    ms === null ? NOTHING : `${formatInstant(ms, zone)} ${zoneName(ms, zone)}`;
  return (
    <>
      <dl class="totals totals-wide">
        <div>
          <dt>In this range</dt>
          <dd>{formatCount(seen?.count ?? 0)}</dd>
        </div>
        <div>
          <dt>Share of requests</dt>
          <dd>{formatRatio(seen?.shareOfRequests ?? null)}</dd>
        </div>
        <div>
          <dt>First seen</dt>
          <dd>{when(seen?.firstSeenMs ?? null)}</dd>
        </div>
        <div>
          <dt>Last seen</dt>
          <dd>{when(seen?.lastSeenMs ?? null)}</dd>
        </div>
      </dl>
      <TimeChart
        id="code"
        title={`${code} over time`}
        explain={<>Lines with this code per bucket of {answer.range.step} s.</>}
        columns={{ t: answer.counts.t, series }}
        styles={series.map(() => ({
          color: code.startsWith('H') ? '--class-platform' : '--class-5xx',
          hatch: 'cross' as const,
        }))}
        unit="count"
        range={answer.range}
        gaps={[]}
        marks={[]}
        stacked
        // Points without the code are empty here whether lines arrived or not; the app's page tells silence.
        emptySpans={[]}
        heightPx={150}
        summary="sum"
        empty={
          <p>
            <strong>None in this range.</strong> {code} did not occur.
          </p>
        }
      />
    </>
  );
}

const WHY: Record<string, string> = { bad: 'failed', slow: 'slow', sample: 'sample', log: 'from the log' };

function Requests({ app, code }: { app: string; code: string }) {
  const { range } = useApp();
  const kept = useAnswer<RequestsAnswer>(`/apps/${encodeURIComponent(app)}/requests`, {
    ranged: 'span',
    query: { code, limit: REQUESTS_MAX },
    everyMs: 15_000,
  });
  const zone = range.zone.value;
  const [all, setAll] = useState(false);
  return (
    <section class="group" aria-labelledby="kept">
      <h2 id="kept">Kept requests</h2>
      <Fresh of={kept} what="kept requests">
        {(answer) =>
          answer.requests.length === 0 ? (
            <p class="chart-empty calm">No requests with {code} were kept in this range.</p>
          ) : (
            <>
              <p class="muted">
                {answer.requests.length >= REQUESTS_MAX
                  ? `The newest ${REQUESTS_MAX}`
                  : plural(answer.requests.length, 'request')}
                , newest first. Client addresses are shortened and secrets in paths replaced before anything
                is stored.
              </p>
              <table class="data stack requests">
                <caption class="sr">Kept requests, newest first</caption>
                <thead>
                  <tr>
                    <th scope="col">Time ({zoneName(Date.now(), zone)})</th>
                    <th scope="col" class="num">
                      Status
                    </th>
                    <th scope="col">Request</th>
                    <th scope="col">Dyno</th>
                    <th scope="col" class="num">
                      Connect
                    </th>
                    <th scope="col" class="num">
                      Service
                    </th>
                    <th scope="col" class="num">
                      Bytes
                    </th>
                    <th scope="col">Release</th>
                    <th scope="col">Request id</th>
                  </tr>
                </thead>
                <tbody>
                  {(all ? answer.requests : answer.requests.slice(0, REQUESTS_FIRST)).map(
                    (request, index) => (
                      <tr key={`${request.atMs}${request.requestId ?? index}`}>
                        <td data-label="Time">{formatInstant(request.atMs, zone)}</td>
                        <td class="num" data-label="Status">
                          {request.status ?? NOTHING}
                        </td>
                        <td class="mono wrap" data-label="Request">
                          {request.method} {showHidden(request.path ?? '')}
                          {request.why !== 'bad' && <span class="muted"> {WHY[request.why]}</span>}
                        </td>
                        <td class="mono" data-label="Dyno">
                          {request.dyno ?? NOTHING}
                        </td>
                        <td class="num" data-label="Connect">
                          {formatMs(request.connectMs)}
                        </td>
                        <td class="num" data-label="Service">
                          {formatMs(request.serviceMs)}
                        </td>
                        <td class="num" data-label="Bytes">
                          {formatBytes(request.bytes)}
                        </td>
                        <td class="mono" data-label="Release">
                          {request.release === null ? NOTHING : `v${request.release}`}
                        </td>
                        <td class="cell-id" data-label="Request id">
                          {request.requestId ? (
                            <CopyId text={showHidden(request.requestId)} what="request id" />
                          ) : (
                            NOTHING
                          )}
                        </td>
                      </tr>
                    ),
                  )}
                </tbody>
              </table>
              {!all && answer.requests.length > REQUESTS_FIRST && (
                <button type="button" class="more" onClick={() => setAll(true)}>
                  Show all {answer.requests.length}
                </button>
              )}
            </>
          )
        }
      </Fresh>
    </section>
  );
}

function NotARequest({ app, code }: { app: string; code: string }) {
  const { router } = useApp();
  const base = `/a/${encodeURIComponent(app)}`;
  const memory = code === 'R14' || code === 'R15';
  return (
    <p class="muted">
      {code.startsWith('L') ? (
        <>
          L codes say that log lines were lost on the way here.{' '}
          <a href={router.link(`${base}/health`)}>Drain health</a> lists every known gap.
        </>
      ) : (
        <>
          R codes come from dynos and belong to no single request.{' '}
          <a href={router.link(base)}>
            {memory ? 'The memory chart shows which dynos' : 'The event lane shows which dynos'}
          </a>
          .
        </>
      )}
    </p>
  );
}
