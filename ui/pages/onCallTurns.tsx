/** Turns of a schedule. */
import type { OnCallAnswer } from '../../api/contract/schedules.ts';
import { showHidden } from '../clean.ts';
import { formatRange, formatSpan, zoneName } from '../format.ts';
import { useApp } from '../state/context.ts';

/** Two weeks as a strip: each turn as wide as it lasts, with its name where there is room; a list says the same. */
export function Turns({ turns, gaps }: { turns: OnCallAnswer[]; gaps: { fromMs: number; toMs: number }[] }) {
  const { range, clock } = useApp();
  const zone = range.zone.value;
  if (turns.length === 0) return null;
  const fromMs = Math.min(...turns.map((turn) => turn.fromMs), ...gaps.map((gap) => gap.fromMs));
  const toMs = Math.max(...turns.map((turn) => turn.toMs), ...gaps.map((gap) => gap.toMs));
  const people = [...new Set(turns.map((turn) => turn.personId))];
  const place = (span: { fromMs: number; toMs: number }) => ({
    left: `${((span.fromMs - fromMs) / (toMs - fromMs)) * 100}%`,
    width: `${((span.toMs - span.fromMs) / (toMs - fromMs)) * 100}%`,
  });
  return (
    <>
      <div class="turns" aria-hidden="true">
        {turns.map((turn) => (
          <span
            key={`${turn.fromMs} ${turn.personId}`}
            class={`turn turn-${people.indexOf(turn.personId) % 6} turn-${turn.via}`}
            style={place(turn)}
            title={`${turn.name}, ${formatRange(turn.fromMs, turn.toMs, zone, clock.now())}`}
          >
            {showHidden(turn.name)}
          </span>
        ))}
        {gaps.map((gap) => (
          <span key={gap.fromMs} class="turn turn-gap" style={place(gap)} title="nobody" />
        ))}
      </div>
      <details class="fold">
        <summary>The next {formatSpan(toMs - fromMs)} as a list</summary>
        <ol class="plain-list">
          {turns.map((turn) => (
            <li key={`${turn.fromMs} ${turn.personId}`}>
              {formatRange(turn.fromMs, turn.toMs, zone, clock.now())} {zoneName(turn.fromMs, zone)}:{' '}
              <strong>{showHidden(turn.name)}</strong>
              {turn.via === 'override' && ' (override)'}
            </li>
          ))}
        </ol>
      </details>
    </>
  );
}
