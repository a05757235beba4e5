/** One line where the address asks for a range that could not be shown as it stands. */
import { showHidden } from '../clean.ts';
import { formatRange, zoneName } from '../format.ts';
import { useApp } from '../state/context.ts';

export function RangeNote() {
  const { range, clock } = useApp();
  const note = range.note.value;
  if (!note) return null;
  const { fromMs, toMs } = range.resolve();
  const zone = range.zone.value;
  return (
    <div class="banner banner-warning" role="status">
      <span>
        {showHidden(note)}{' '}
        <span class="muted">
          ({formatRange(fromMs, toMs, zone, clock.now())} {zoneName(toMs, zone)})
        </span>
      </span>
      <button type="button" onClick={() => range.set({ from: 'now-1h', to: 'now' })}>
        Use the last hour
      </button>
    </div>
  );
}
