/** A tiny line for a table row: one SVG path, no axes. Its numbers stand beside it as text. */
import { maxOf } from './align.ts';

const WIDTH = 120;
const HEIGHT = 22;

export function Sparkline({ values, label }: { values: (number | null)[]; label: string }) {
  const max = maxOf(values);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {max !== null && <path d={sparkPath(values, max)} vector-effect="non-scaling-stroke" />}
    </svg>
  );
}

/** A path that breaks where there is no data; a lone value becomes a short dash. */
export function sparkPath(values: (number | null)[], max: number): string {
  const step = WIDTH / Math.max(1, values.length - 1);
  let path = '';
  let open = false;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      open = false;
      continue;
    }
    const x = (index * step).toFixed(1);
    const y = (HEIGHT - 1.5 - (max > 0 ? value / max : 0) * (HEIGHT - 3)).toFixed(1);
    path += open ? `L${x} ${y}` : `M${x} ${y}`;
    if (!open && (values[index + 1] ?? null) === null) path += 'h1.5';
    open = true;
  }
  return path;
}
