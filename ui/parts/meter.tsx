/** How much of a bound is used: a bar, and both figures in words. */
import type { Level } from './state.tsx';

interface Props {
  value: number;
  /** 0 when the bound is not known; then there is no bar. */
  max: number;
  format: (value: number) => string;
  /** From this share on the bar has the colour of a warning, and from the second on that of what is critical. */
  warnAt?: [number, number];
}

const WARN_AT: [number, number] = [0.75, 0.95];

export function Meter({ value, max, format, warnAt = WARN_AT }: Props) {
  const share = max > 0 ? value / max : 0;
  const level: Level = share >= warnAt[1] ? 'critical' : share >= warnAt[0] ? 'warning' : 'ok';
  return (
    <span class="meter">
      <span class="meter-text">
        {format(value)}
        {max > 0 && <span class="muted"> of {format(max)}</span>}
      </span>
      {max > 0 && (
        <span class={`bar bar-${level}`} aria-hidden="true">
          <span style={{ width: `${Math.min(100, Math.max(share * 100, value > 0 ? 1 : 0))}%` }} />
        </span>
      )}
    </span>
  );
}
