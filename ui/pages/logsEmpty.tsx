/** Why there are no lines, and the way on: kinds of empty are never mixed up. */
import type { ComponentChildren } from 'preact';
import type { LogsAnswer } from '../../api/contract/logs.ts';
import { showHidden } from '../clean.ts';
import { formatInstant, formatSpan, zoneName } from '../format.ts';
import { useApp } from '../state/context.ts';
import type { Logs } from '../state/logs.ts';
import { termText, withoutTerm } from '../state/logsFilter.ts';
import { instantText } from '../state/rangeText.ts';

const HOUR = 3_600_000;

export function LogsEmpty({ answer, logs }: { answer: LogsAnswer; logs: Logs }) {
  const { router, session } = useApp();
  const base = `/a/${encodeURIComponent(answer.app)}`;
  switch (answer.empty) {
    case 'off':
      return (
        <Empty title="Lines of this app are not kept">
          <p>
            Counts, charts, objectives and alerts go on without them; there is nothing to read here and
            nothing to follow.
          </p>
          <p>
            <a class="button primary" href={router.link('/settings/retention')}>
              Switch them on
            </a>
          </p>
          {session.person.value?.role !== 'admin' && <p class="muted">An admin of this instance can.</p>}
        </Empty>
      );
    case 'notSetUp':
      return (
        <Empty title="No line has arrived yet">
          <p>The checklist shows how far lines of this app get, and what usually holds them up.</p>
          <p>
            <a class="button primary" href={router.link('/setup', { app: answer.app })}>
              See what is missing
            </a>
          </p>
        </Empty>
      );
    case 'tooOld':
      return <TooOld answer={answer} />;
    case 'silent':
      return <Silent answer={answer} base={base} />;
    case 'none':
      return <NothingFits answer={answer} logs={logs} />;
    case 'unfinished':
      return (
        <Empty title="Nothing so far">
          <p>The search has not come to the start of the range yet.</p>
        </Empty>
      );
    default:
      return null;
  }
}

function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="log-empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

function useWhen() {
  const { range } = useApp();
  const zone = range.zone.value;
  return (ms: number) => `${formatInstant(ms, zone, false)} ${zoneName(ms, zone)}`;
}

function TooOld({ answer }: { answer: LogsAnswer }) {
  const { range } = useApp();
  const when = useWhen();
  const { hours, keptFromMs } = answer.retention;
  return (
    <Empty title="Older than what is kept">
      <p>
        Lines of this app are kept for {formatSpan(hours * HOUR)}
        {keptFromMs !== null && `; the oldest is of ${when(keptFromMs)}`}. Charts of this range are still
        there.
      </p>
      <div class="row">
        {keptFromMs !== null && (
          <button type="button" class="primary" onClick={() => range.setMs(keptFromMs, keptFromMs + HOUR)}>
            The oldest hour that is kept
          </button>
        )}
        <button type="button" onClick={() => range.set({ from: 'now-1h', to: 'now' })}>
          Last hour
        </button>
      </div>
    </Empty>
  );
}

function Silent({ answer, base }: { answer: LogsAnswer; base: string }) {
  const { router, range } = useApp();
  const when = useWhen();
  const { dataThroughMs } = answer;
  return (
    <Empty title="The stream was silent">
      <p>
        No line of any kind arrived in this range
        {dataThroughMs !== null && `; the newest came ${when(dataThroughMs)}`}. That is not the same as an app
        without requests: even then its dynos and the platform speak now and then.
      </p>
      <div class="row">
        <a class="button primary" href={router.link(`${base}/health`)}>
          Drain health
        </a>
        {dataThroughMs !== null && (
          <button
            type="button"
            onClick={() =>
              range.set({ from: instantText(dataThroughMs - HOUR), to: instantText(dataThroughMs + 1000) })
            }
          >
            The hour before the silence
          </button>
        )}
      </div>
    </Empty>
  );
}

/** Each filter that could be dropped, and a wider range. */
function NothingFits({ answer, logs }: { answer: LogsAnswer; logs: Logs }) {
  const { range, router } = useApp();
  const filter = logs.filter.value;
  const spanMs = answer.toMs - answer.fromMs;
  return (
    <Empty title={filter.length > 0 ? 'Nothing matches' : 'No lines in this range'}>
      <p>
        Lines arrived in this range
        {filter.length > 0 ? ', and none has all of this.' : ', but none of them is kept.'}
      </p>
      {filter.length > 0 && (
        <ul class="log-drop">
          {filter.map((term) => (
            <li key={termText(term)}>
              <button type="button" onClick={() => logs.setFilter(withoutTerm(filter, term))}>
                Without “{showHidden(termText(term))}”
              </button>
            </li>
          ))}
          {filter.length > 1 && (
            <li>
              <button type="button" onClick={() => logs.setFilter([])}>
                Without any filter
              </button>
            </li>
          )}
        </ul>
      )}
      <div class="row">
        <button type="button" class="quiet" onClick={() => range.zoom(2)}>
          Look at twice the range ({formatSpan(spanMs * 2)})
        </button>
        <a class="button quiet" href={router.link(`/a/${encodeURIComponent(answer.app)}`)}>
          Charts of the app
        </a>
      </div>
    </Empty>
  );
}
