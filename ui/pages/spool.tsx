/** The spool: what waits in Redis while the database is away, and for how long there is room. */
import type { SpoolHealth } from '../../model/ingest-health.ts';
import { formatAgo, formatBytes, formatCount, formatSpan, NOTHING } from '../format.ts';
import { Meter } from '../parts/meter.tsx';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { SPOOL_STATES } from './ingestWords.ts';

/** The spool is held back at 80 % of its plan; the bound that is told is that one. */
const WARN_AT: [number, number] = [0.6, 0.9];

export function Spool({ spool }: { spool: SpoolHealth }) {
  const { clock, instance } = useApp();
  const { level, word, says } = SPOOL_STATES[spool.state];
  const isUsable = !['off', 'away', 'refused'].includes(spool.state);
  // A spool that would be there is no reason to be green while the database is not.
  const shown = level === 'ok' && instance.awaySinceMs.value !== null ? 'unknown' : level;
  return (
    <section class="group" aria-labelledby="spool">
      <h2 id="spool">
        Spool <StateWord level={shown} word={word} />
      </h2>
      <p class="says">{spool.reason || says}</p>
      {isUsable && (
        <dl class="totals spool">
          <div>
            <dt>Waiting</dt>
            <dd>{formatCount(spool.entries)}</dd>
          </div>
          <div class="spool-size">
            <dt>Size</dt>
            <dd>
              <Meter value={spool.bytes} max={spool.bytesMax} format={formatBytes} warnAt={WARN_AT} />
            </dd>
          </div>
          <div>
            <dt>Room for</dt>
            <dd>{roomText(spool.minutesLeft)}</dd>
          </div>
          <div>
            <dt>Oldest</dt>
            <dd>{spool.oldestAtMs === null ? NOTHING : formatAgo(spool.oldestAtMs, clock.nowMs.value)}</dd>
          </div>
        </dl>
      )}
    </section>
  );
}

function roomText(minutesLeft: number | null): string {
  if (minutesLeft === null) return NOTHING;
  return minutesLeft < 1 ? 'less than a minute' : `about ${formatSpan(minutesLeft * 60_000)}`;
}
