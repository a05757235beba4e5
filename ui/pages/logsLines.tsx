/** The lines of a range: the box that follows until somebody reads, what it says of itself, the line that is open. */
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatClock, formatInstant, formatSpan, plural, zoneName } from '../format.ts';
import { useApp } from '../state/context.ts';
import type { Logs } from '../state/logs.ts';
import type { Line } from '../state/logsBuffer.ts';
import { type Term, withTerm } from '../state/logsFilter.ts';
import { logsPrefs } from '../state/logsPrefs.ts';
import { instantText } from '../state/rangeText.ts';
import { LogsBar } from './logsBar.tsx';
import { LogsEmpty } from './logsEmpty.tsx';
import { LogsFoot } from './logsFoot.tsx';
import { useLogsKeys } from './logsKeys.ts';
import { LogLine } from './logsLine.tsx';
import { type ListControl, LogList, type Token } from './logsList.tsx';
import { usePrintedLines } from './logsPrint.ts';
import type { RowLook } from './logsRow.tsx';
import { TokenMenu } from './logsToken.tsx';

/** Below this width the fields of a line cover the lower half (styles/logs.css). */
const LIFT_BELOW_PX = 1024;

interface Props {
  app: string;
  logs: Logs;
  look: RowLook;
  field: RefObject<HTMLInputElement | null>;
}

export function LogsLines({ app, logs, look, field }: Props) {
  const { range } = useApp();
  const control = useRef<ListControl>(null);
  const [openId, setOpenId] = useState<string | null>(null);
  const [token, setToken] = useState<Token | null>(null);
  const [selected, setSelected] = useState('');
  const answer = logs.answer.value;
  const error = logs.error.value;
  const version = logs.version.value;
  const { items } = logs.buffer;
  const open = items.find((item): item is Line => item.kind === 'line' && item.id === openId) ?? null;
  usePrintedLines(logs.buffer);
  useSummaries(logs);

  function openLine(id: string) {
    logs.pause('line');
    setOpenId(id);
    // The fields of the line come up from below: it moves to where it stays in sight.
    if (innerWidth < LIFT_BELOW_PX) control.current?.lift(id);
  }
  function resume() {
    setOpenId(null);
    setToken(null);
    getSelection()?.removeAllRanges();
    logs.resume();
    control.current?.toEnd();
  }
  function apply(term: Term) {
    setToken(null);
    setOpenId(null);
    logs.setFilter(withTerm(logs.filter.peek(), term));
  }
  useLogsKeys({ control, field, openId, onOpen: openLine, onClose: () => setOpenId(null), onEnd: resume });

  if (!answer) return <Waiting logs={logs} />;
  const isEmpty = items.length === 0;
  return (
    <>
      {error && (
        <div class="banner banner-warning" role="status">
          <span>Showing what was loaded last. {error.text}</span>
          <button type="button" onClick={() => logs.load()}>
            Try again
          </button>
        </div>
      )}
      <div
        class={`log-frame${open ? ' log-frame-open' : ''}${logs.busy.value ? ' log-busy' : ''}`}
        aria-busy={logs.busy.value}
      >
        <div class="log-main">
          {isEmpty ? (
            <>
              <LogsEmpty answer={answer} logs={logs} />
              {answer.empty === 'unfinished' && <Older logs={logs} />}
            </>
          ) : (
            <LogList
              items={items}
              version={version}
              epoch={answer}
              label="Lines, newest at the bottom"
              look={look}
              follows={range.live.value && logs.paused.value === null}
              openId={openId}
              control={control}
              onOpen={(id) => (id === openId ? setOpenId(null) : openLine(id))}
              onToken={setToken}
              onHold={logs.pause}
              onEnd={() => {
                if (logs.paused.peek() === 'scroll') logs.resume();
              }}
              onTop={() => {
                if (logs.older.peek().stopped === 'limit') void logs.loadOlder();
              }}
              onSelect={setSelected}
              onFill={(hole) => void logs.fillHole(hole)}
              head={<Older logs={logs} />}
            />
          )}
          {!(isEmpty && (answer.empty === 'off' || answer.empty === 'notSetUp')) && (
            <LogsBar logs={logs} selected={selected} onTerm={apply} onResume={resume} />
          )}
        </div>
        {open && (
          <LogLine
            app={app}
            line={open}
            look={look}
            onTerm={apply}
            onStep={(step) => {
              const next = control.current?.move(step) ?? null;
              if (next !== null) setOpenId(next);
            }}
            onClose={() => {
              setOpenId(null);
              control.current?.focusRow(open.id);
            }}
          />
        )}
      </div>
      {token && <TokenMenu app={app} token={token} onTerm={apply} onClose={() => setToken(null)} />}
      <LogsFoot logs={logs} />
    </>
  );
}

/** Before the first answer: nothing for a moment, then a skeleton; or why there is none. */
function Waiting({ logs }: { logs: Logs }) {
  const [slow, setSlow] = useState(false);
  const { instance } = useApp();
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 300);
    return () => clearTimeout(timer);
  }, []);
  const error = logs.error.value;
  if (error) {
    const isFinal = error.status === 403 || error.status === 404;
    return (
      <div class="trouble" role="alert">
        <h2>
          {error.status === 403
            ? 'Not allowed'
            : error.status === 404
              ? 'Not found'
              : 'Could not load the lines'}
        </h2>
        <p>
          {error.text}
          {instance.awaySinceMs.value !== null &&
            !isFinal &&
            ' This page loads by itself when the database is back.'}
        </p>
        {!isFinal && (
          <button type="button" class="primary" onClick={() => logs.load()}>
            Try again
          </button>
        )}
      </div>
    );
  }
  if (!slow) return <div class="unloaded" />;
  return (
    <div class="skeleton" role="status">
      <span class="sr">Loading lines</span>
      <div />
      <div />
      <div />
    </div>
  );
}

const FURTHER_MS = 3_600_000;

/** Above the oldest line: how far back the lines go, and how to go on. */
function Older({ logs }: { logs: Logs }) {
  const { range } = useApp();
  const zone = range.zone.value;
  const { cursor, stopped, reachedMs, busy, error } = logs.older.value;
  const answer = logs.answer.value;
  if (!answer) return null;
  const when = (ms: number) => `${formatClock(ms, zone, false)} ${zoneName(ms, zone)}`;
  if (error)
    return (
      <p class="log-top">
        <span class="warn">{error}</span>
        <button type="button" class="quiet" onClick={() => void logs.loadOlder()}>
          Try again
        </button>
      </p>
    );
  if (busy)
    return (
      <p class="log-top muted">
        {stopped === 'time' || stopped === 'bytes'
          ? `Searched back to ${when(reachedMs)}, looking further…`
          : 'Looking further back…'}
      </p>
    );
  if (cursor !== null)
    return (
      <p class="log-top">
        <span class="muted">
          {stopped === 'time' || stopped === 'bytes'
            ? `Searched back to ${when(reachedMs)}, as far as one go allows`
            : 'There are older lines'}
        </span>
        <button type="button" class="quiet" onClick={() => void logs.loadOlder()}>
          {stopped === 'limit' ? 'Load them' : 'Go on'}
        </button>
      </p>
    );
  const { keptFromMs, hours } = answer.retention;
  if (keptFromMs !== null && keptFromMs > answer.fromMs)
    return (
      <p class="log-top muted">
        What is older than {formatInstant(keptFromMs, zone, false)} {zoneName(keptFromMs, zone)} is not kept (
        {formatSpan(hours * FURTHER_MS)}).
      </p>
    );
  return (
    <p class="log-top">
      <span class="muted">Start of the range, {when(answer.fromMs)}</span>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          const { to } = range.text.peek();
          range.set({ from: instantText(answer.fromMs - FURTHER_MS), to });
        }}
      >
        An hour further back
      </button>
    </p>
  );
}

const SUMMARY_MS = 10_000;

/** Every 10 s what came, for those who listen; only where it is switched on. */
function useSummaries(logs: Logs) {
  const { announce, range, clock } = useApp();
  const speak = logsPrefs.speak.value;
  // At once: what comes from the moment it is switched on is counted.
  useLayoutEffect(() => {
    if (!speak) return;
    let before = { ...logs.heard };
    const timer = setInterval(() => {
      const lines = logs.heard.lines - before.lines;
      const errors = logs.heard.errors - before.errors;
      before = { ...logs.heard };
      if (!range.live.peek() || clock.hidden.peek()) return;
      announce.value =
        lines === 0
          ? 'No new lines in the last 10 seconds'
          : `${plural(lines, 'new line')}, ${errors === 0 ? 'no errors' : plural(errors, 'error')} in the last 10 seconds`;
    }, SUMMARY_MS);
    return () => clearInterval(timer);
  }, [speak, logs]);
}
