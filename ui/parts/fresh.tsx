/** What stands around an answer: skeleton, trouble, age. The last good data stays in sight throughout. */
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { formatSpan } from '../format.ts';
import { useApp } from '../state/context.ts';
import type { Resource } from '../state/resource.ts';

interface Props<T> {
  of: Resource<T>;
  /** Instead of the data itself when something held is shown. */
  shown?: T | null;
  /** What is being loaded: `the fleet`. */
  what: string;
  /** Leaves out the line about the age: another part of the page tells it. */
  ageless?: boolean;
  children: (data: T) => ComponentChildren;
}

/** What is fetched anew by itself is old when it is older than this, and than a few of its periods. */
const OLD_MS = 90_000;
const OLD_PERIODS = 2.5;

/**
 * Data of a page that should have been fetched anew and was not: the server is slow, or this machine slept. Its age is
 * told a second later, so that no line comes and goes where a tab is looked at again and fetches at once.
 */
function useOldness(ageMs: number, everyMs: number | null): { isOld: boolean; isTold: boolean } {
  const sinceMs = useRef<number | null>(null);
  const isOld = everyMs !== null && ageMs > Math.max(OLD_MS, OLD_PERIODS * everyMs);
  if (!isOld) sinceMs.current = null;
  else sinceMs.current ??= Date.now();
  return { isOld, isTold: sinceMs.current !== null && Date.now() - sinceMs.current >= 900 };
}

export function Fresh<T>({ of, shown, what, ageless, children }: Props<T>) {
  const { clock, instance } = useApp();
  const data = shown ?? of.data.value;
  const error = of.error.value;
  const isAway = instance.awaySinceMs.value !== null;
  // Counts every second; both are of the clock of this machine.
  const ageMs = clock.nowMs.value - clock.now() + Date.now() - (of.loadedMs.value ?? Date.now());
  const { isOld, isTold } = useOldness(ageMs, of.everyMs());
  if (data === null) {
    if (error !== null)
      return (
        <Trouble what={what} error={error} status={of.errorStatus.value} onRetry={() => void of.load()} />
      );
    return of.slow.value ? <Skeleton what={what} /> : <div class="unloaded" />;
  }
  const isStale = isAway || isOld || error !== null;
  return (
    <>
      {(isAway || isTold || error !== null) && !(isAway && ageless) && (
        <Age
          ageMs={ageMs}
          error={isAway ? null : error}
          onRetry={() => void of.load()}
          busy={of.busy.value}
        />
      )}
      <div class={isStale ? 'stale' : ''}>{children(data)}</div>
    </>
  );
}

/** How old what is shown is. Where the bar on top tells why, it is not told again. */
function Age(props: { ageMs: number; error: string | null; onRetry(): void; busy: boolean }) {
  const { ageMs, error, onRetry, busy } = props;
  const isOld = ageMs >= 1000;
  return (
    <div
      class={error === null ? 'age' : 'banner banner-warning'}
      role={error === null ? undefined : 'status'}
    >
      <span>
        {isOld ? `Showing what was loaded ${formatSpan(ageMs)} ago.` : 'Showing what was loaded last.'}{' '}
        {error}
      </span>
      <button type="button" class={error === null ? 'quiet' : ''} disabled={busy} onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

interface TroubleProps {
  what: string;
  error: string;
  status: number | null;
  onRetry(): void;
}

function Trouble({ what, error, status, onRetry }: TroubleProps) {
  const { instance } = useApp();
  const isAway = instance.awaySinceMs.value !== null;
  const isFinal = status === 403 || status === 404;
  return (
    <div class="trouble" role="alert">
      <h2>{status === 403 ? 'Not allowed' : status === 404 ? 'Not found' : `Could not load ${what}`}</h2>
      <p>
        {error}
        {isAway && !isFinal && ' This page loads by itself when the database is back.'}
      </p>
      {!isFinal && (
        <button type="button" class="primary" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

function Skeleton({ what }: { what: string }) {
  return (
    <div class="skeleton" role="status">
      <span class="sr">Loading {what}</span>
      <div />
      <div />
      <div />
    </div>
  );
}
