/** Under the lines: whether they are live or wait, how many wait and why, and what to do with a selected text. */
import { formatCount, plural } from '../format.ts';
import { useApp } from '../state/context.ts';
import type { Logs, PauseReason } from '../state/logs.ts';
import type { Term } from '../state/logsFilter.ts';
import { mayPass } from '../state/resource.ts';

interface Props {
  logs: Logs;
  /** What is selected in the box, '' for nothing. */
  selected: string;
  onTerm(term: Term): void;
  onResume(): void;
}

const WHY: Record<PauseReason, string> = {
  scroll: 'you scrolled up',
  selection: 'text is selected',
  line: 'a line is open',
  focus: 'you are reading a line',
  hand: 'by you',
};
const SELECTED_MAX = 200;

export function LogsBar({ logs, selected, onTerm, onResume }: Props) {
  const { range } = useApp();
  void logs.version.value;
  const live = range.live.value;
  const paused = logs.paused.value;
  const text = selected.trim();
  const canFilter = text !== '' && text.length <= SELECTED_MAX && !/[\n\r]/.test(text);
  const away = logs.tail.away.value;
  const ended = logs.tail.ended.value;
  const error = logs.error.value;
  // A stream that was lost this moment counts as standing: it is back before anybody reads that it was not.
  const stands = ['open', 'reconnecting'].includes(logs.tail.state.value);
  return (
    <>
      <span class="sr" role="status">
        {!live || (paused === null && !stands)
          ? ''
          : paused === null
            ? 'Following live lines'
            : 'Paused. New lines wait.'}
      </span>
      <div class={`log-bar${live && paused !== null ? ' log-bar-paused' : ''}`}>
        {live && away ? (
          <span class="warn">
            {ended === 'shed' || ended === 'stopping'
              ? 'Live lines are paused by the server. Trying again; nothing is lost meanwhile.'
              : 'Reconnecting. Lines missed meanwhile are fetched when the connection is back.'}
          </span>
        ) : live && ended === 'off' ? (
          <span class="warn">Lines of this app are not kept any more.</span>
        ) : live && error !== null && !stands ? (
          <span class="warn">
            Not live: the newest lines could not be fetched.
            {mayPass(error.status) &&
              (paused === null ? ' They are asked for again every 10 s.' : ' Resume asks for them again.')}
          </span>
        ) : live ? (
          <State logs={logs} paused={paused} stands={stands} />
        ) : (
          <span class="muted">{plural(logs.buffer.lines, 'line')} loaded; the range has ended</span>
        )}
        <span class="grow" />
        {canFilter && (
          <>
            <button
              type="button"
              onClick={() => onTerm({ field: 'text', value: text, isNot: false })}
              title={`Only lines with “${text}”`}
            >
              Only <span class="log-selected cut">“{text}”</span>
            </button>
            <button type="button" onClick={() => onTerm({ field: 'text', value: text, isNot: true })}>
              Leave out
            </button>
          </>
        )}
        {live && paused === null && (
          <button type="button" class="quiet" onClick={() => logs.pause('hand')}>
            Pause
          </button>
        )}
        {live && paused !== null && (
          <button type="button" class="primary log-resume" onClick={onResume}>
            Resume <kbd>End</kbd>
          </button>
        )}
        {!live && (
          <button type="button" class="quiet" onClick={() => range.toggleLive()}>
            Resume live
          </button>
        )}
      </div>
    </>
  );
}

function State({ logs, paused, stands }: { logs: Logs; paused: PauseReason | null; stands: boolean }) {
  void logs.version.value;
  const count = logs.pending.value;
  const sampled = logs.sampled.value;
  return (
    <span class="log-state">
      {paused === null ? (
        <>
          {stands ? (
            <>
              <span class="live-dot log-dot" aria-hidden="true" /> Live
            </>
          ) : (
            'Connecting'
          )}
          <span class="muted log-why">
            {' · '}
            {logs.buffer.lines === 0
              ? 'lines that fit appear here'
              : `${plural(logs.buffer.lines, 'line')} loaded`}
          </span>
        </>
      ) : (
        <>
          <strong>Paused</strong>
          <span class="muted log-why">, {WHY[paused]}</span> · <strong>{formatCount(count)} new</strong>
        </>
      )}
      {sampled && (
        <span
          class="muted"
          title={`${formatCount(sampled.leftOut)} left out, ${formatCount(sampled.shown)} shown since this began`}
        >
          {' '}
          · showing 1 in {formatCount(Math.max(sampled.oneIn, sampled.atIntake?.oneIn ?? 1))}; every error and
          code
        </span>
      )}
    </span>
  );
}
