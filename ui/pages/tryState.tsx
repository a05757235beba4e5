/** How a back-test that runs by itself stands: running, as of what is written, or why it cannot be run. */
import { showHidden } from '../clean.ts';
import type { Backtest } from '../state/backtest.ts';

interface Props {
  of: Backtest<unknown>;
  /** What would be asked now. */
  now: string;
}

export function TryState({ of, now }: Props) {
  if (of.faults.length > 0 && !of.busy)
    return <span class="warn small">Cannot be tried as it stands. {showHidden(of.faults.join(' '))}</span>;
  const text = of.busy || of.of !== now ? 'Trying…' : 'As written above.';
  return <span class="muted small">{text}</span>;
}
