/** Instead of everything while it is not known who is there: what happened, what is safe, and that it tries by itself. */
import { useEffect, useState } from 'preact/hooks';
import { formatClock, formatSpan, zoneSuffix } from '../format.ts';
import { useApp } from '../state/context.ts';
import { StateGlyph } from './state.tsx';

const RETRY_MS = 3000;
/** An answer that takes longer than this is worth a word. */
const WAIT_MS = 800;

export function Unreachable() {
  const { session, clock, range } = useApp();
  const [sinceMs] = useState(() => Date.now());
  const error = session.error.value;
  useEffect(() => {
    const timer = setInterval(() => {
      if (session.error.peek() !== null) void session.load();
    }, RETRY_MS);
    return () => clearInterval(timer);
  }, []);
  // The machine's own clock: nothing of the server's is known yet.
  const waitedMs = clock.nowMs.value - clock.now() + Date.now() - sinceMs;
  if (error === null) return waitedMs < WAIT_MS ? null : <Asking />;
  const away = session.errorCode.value === 'databaseAway';
  const zone = range.zone.value;
  return (
    <main class="door unreachable">
      <Brand />
      <h1>
        <StateGlyph level="critical" />
        {away ? 'The database does not answer' : 'Drainboard does not answer'}
      </h1>
      <p role="alert">
        {away ? 'Until it does, no chart and no setting can be read. This page goes on by itself.' : error}
      </p>
      <h2>What is safe</h2>
      <ul class="plain-list">
        <li>Every line that was acknowledged to Heroku is stored and will be in the charts.</li>
        {away ? (
          <li>Lines go on arriving: they are held and tried again, or kept in Redis where there is one.</li>
        ) : (
          <li>Heroku keeps the newest 1,000 messages of each drain and sends them when it is back.</li>
        )}
        <li>What cannot be kept is counted, and drawn as a gap rather than as nothing.</li>
      </ul>
      <p class="muted retry">
        <span>
          Trying again every {RETRY_MS / 1000} s, since {formatClock(sinceMs, zone)}
          {zoneSuffix(sinceMs, zone)}
          {waitedMs >= 1000 && <span aria-hidden="true"> ({formatSpan(waitedMs)})</span>}.
        </span>
        <button type="button" onClick={() => void session.load()}>
          Try now
        </button>
      </p>
      {away && (
        <p class="muted small">
          On Heroku: <code>heroku pg:info</code> says how the database is doing,{' '}
          <code>heroku pg:maintenance</code> whether it was announced.
        </p>
      )}
    </main>
  );
}

function Asking() {
  return (
    <main class="door unreachable">
      <Brand />
      <p class="muted" role="status">
        Asking the server…
      </p>
    </main>
  );
}

function Brand() {
  return (
    <p class="brand">
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <path
          d="M1.5 3.5h13M1.5 8h8.5M1.5 12.5h4"
          fill="none"
          stroke="currentColor"
          stroke-width="2"
          stroke-linecap="round"
        />
      </svg>
      Drainboard
    </p>
  );
}
