/** What stands around an answer: skeleton, trouble, age. The last good data stays in sight throughout. */
import type { ComponentChildren } from 'preact';
import { formatSpan } from '../format.ts';
import { useApp } from '../state/context.ts';
import type { Resource } from '../state/resource.ts';

interface Props<T> {
  of: Resource<T>;
  /** Instead of the data itself when something held is shown. */
  shown?: T | null;
  /** What is being loaded: `the fleet`. */
  what: string;
  children: (data: T) => ComponentChildren;
}

export function Fresh<T>({ of, shown, what, children }: Props<T>) {
  const { clock } = useApp();
  const data = shown ?? of.data.value;
  const error = of.error.value;
  if (data === null) {
    if (error !== null)
      return (
        <Trouble what={what} error={error} status={of.errorStatus.value} onRetry={() => void of.load()} />
      );
    return of.slow.value ? <Skeleton what={what} /> : <div class="unloaded" />;
  }
  const ageMs = clock.nowMs.value - clock.now() + Date.now() - (of.loadedMs.value ?? Date.now());
  return (
    <>
      {error !== null && (
        <div class="banner banner-warning" role="status">
          <span>
            Showing what was loaded {formatSpan(ageMs)} ago. {error}
          </span>
          <button type="button" onClick={() => void of.load()}>
            Try again
          </button>
        </div>
      )}
      <div class={error !== null ? 'stale' : ''}>{children(data)}</div>
    </>
  );
}

function Trouble({
  what,
  error,
  status,
  onRetry,
}: {
  what: string;
  error: string;
  status: number | null;
  onRetry(): void;
}) {
  return (
    <div class="trouble" role="alert">
      <h2>{status === 403 ? 'Not allowed' : status === 404 ? 'Not found' : `Could not load ${what}`}</h2>
      <p>{error}</p>
      {status !== 403 && status !== 404 && (
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
