/** Single requests with a code, newest first; each leads to its lines across app and router. */
import { useState } from 'preact/hooks';
import type { CodeAnswer, KeptRequestAnswer } from '../../api/contract/codes.ts';
import { showHidden } from '../clean.ts';
import { formatInstant, formatMs, NOTHING, plural, zoneName } from '../format.ts';
import { CopyId } from '../parts/copy.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { dynoPath } from '../verdict/dynos.ts';
import { appPath } from '../verdict/stream.ts';

/** Rows shown before one asks for all: a phone shows each as a card. */
const FIRST = 15;
const WHY: Record<string, string> = { slow: 'slow', sample: 'sample', log: 'from the log' };
/** Lines of a request are looked for around it. */
const AROUND_MS = 5 * 60_000;

export function Samples({ answer }: { answer: CodeAnswer }) {
  const { range } = useApp();
  const zone = range.zone.value;
  const [all, setAll] = useState(false);
  const { samples, info } = answer;
  return (
    <section class="group" aria-labelledby="kept">
      <h2 id="kept">Single requests</h2>
      {samples.length === 0 ? (
        <p class="chart-empty calm">No requests with {showHidden(info.code)} were kept in this range.</p>
      ) : (
        <>
          <p class="muted">
            {answer.kept && answer.kept.rows > samples.length
              ? `The newest ${samples.length} of ${plural(answer.kept.rows, 'kept request')}`
              : plural(samples.length, 'kept request')}
            , newest first. Secrets in paths are replaced before anything is stored.
          </p>
          <table class="data stack requests">
            <caption class="sr">Kept requests, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Time ({zoneName(answer.nowMs, zone)})</th>
                <th scope="col">Request</th>
                <th scope="col" class="num">
                  Status
                </th>
                <th scope="col">Dyno</th>
                <th scope="col" class="num">
                  Connect
                </th>
                <th scope="col" class="num">
                  Service
                </th>
                <th scope="col">Release</th>
                <th scope="col">Request id</th>
              </tr>
            </thead>
            <tbody>
              {(all ? samples : samples.slice(0, FIRST)).map((request, index) => (
                <Row
                  key={`${request.atMs}${request.requestId ?? index}`}
                  app={answer.app}
                  request={request}
                />
              ))}
            </tbody>
          </table>
          {!all && samples.length > FIRST && (
            <button type="button" class="more" onClick={() => setAll(true)}>
              Show all {samples.length}
            </button>
          )}
        </>
      )}
    </section>
  );
}

function Row({ app, request }: { app: string; request: KeptRequestAnswer }) {
  const { router, range } = useApp();
  const { atMs, requestId, dyno, release } = request;
  const context =
    requestId && logsPath(app, { from: atMs - AROUND_MS, to: atMs + AROUND_MS, rid: requestId });
  return (
    <tr data-row>
      <td data-label="Time">{formatInstant(atMs, range.zone.value)}</td>
      <td class="mono wrap" data-label="Request">
        {request.method} {showHidden(request.path ?? '')}
        {request.why !== 'bad' && <span class="muted"> {WHY[request.why]}</span>}
      </td>
      <td class="num" data-label="Status">
        {request.status ?? NOTHING}
      </td>
      <td class="mono" data-label="Dyno">
        {dyno ? <a href={router.link(dynoPath(app, dyno))}>{showHidden(dyno)}</a> : NOTHING}
      </td>
      <td class="num" data-label="Connect">
        {formatMs(request.connectMs)}
      </td>
      <td class="num" data-label="Service">
        {formatMs(request.serviceMs)}
      </td>
      <td class="mono" data-label="Release">
        {release === null ? (
          NOTHING
        ) : (
          <a href={router.link(`${appPath(app)}/releases/${release}`)}>v{release}</a>
        )}
      </td>
      <td class="cell-id" data-label="Request id">
        {requestId && context ? (
          <span class="id-cell">
            <a data-opens href={router.link(context)}>
              Lines<span class="sr"> of request {showHidden(requestId)}</span>
            </a>
            <CopyId text={showHidden(requestId)} what="request id" />
          </span>
        ) : (
          NOTHING
        )}
      </td>
    </tr>
  );
}
