/** What a change of retention does, in plain words. Pure. */
import { sayValue } from '../model/notice-numbers.ts';
import { type RetentionTierSpec, sayKept } from '../model/retention.ts';
import { DAY, HOUR } from '../model/time.ts';

export interface RetentionChange {
  spec: RetentionTierSpec;
  /** '' for the whole instance. */
  app: string;
  beforeMs: number;
  afterMs: number;
  nowMs: number;
  bytes: number;
  bytesPerDay: number | null;
  oldestMs: number | null;
}

/** Shorter: what goes, when, and what is lost with it. Longer: that nothing comes back. */
export function sayRetention(change: RetentionChange): { says: string; deletesBytes: number | null } {
  const { spec, app, beforeMs, afterMs } = change;
  const whose = app === '' ? '' : ` of ${app}`;
  if (afterMs === beforeMs) {
    return { says: `Nothing changes: ${sayKept(afterMs)} as before.`, deletesBytes: null };
  }
  if (afterMs > beforeMs) {
    const says = `From now on ${lower(spec.title)}${whose} stay for ${sayKept(afterMs)} instead of ${sayKept(beforeMs)}. Nothing is deleted; what is gone already does not come back.`;
    return { says, deletesBytes: null };
  }
  const deletesBytes = goneBytes(change);
  const size = deletesBytes === null ? '' : ` (about ${sayValue(deletesBytes, 'bytes')})`;
  const says = [
    `${spec.title}${whose} from before ${sayInstant(change.nowMs - afterMs)}${size} are deleted with the next round, within ten minutes.`,
    `From then on ${spec.lost}.`,
    waitsFor(spec, app),
    'This cannot be undone.',
  ];
  return { says: says.filter((part) => part !== '').join(' '), deletesBytes };
}

function waitsFor({ tier, wholeMs }: RetentionTierSpec, app: string): string {
  if (app !== '' && tier === 'requests') {
    return 'Others’ requests lie beside them: the disk has its room back when the whole hour goes.';
  }
  if (app !== '' || wholeMs === 0) return '';
  return `Rows go together, ${wholeMs % DAY === 0 ? `${wholeMs / DAY} d` : `${wholeMs / HOUR} h`} at a time: some stay that much longer.`;
}

/** What lies between the new edge and the old one, at the rate of now; never more than there is. */
function goneBytes({
  beforeMs,
  afterMs,
  nowMs,
  bytes,
  bytesPerDay,
  oldestMs,
}: RetentionChange): number | null {
  if (bytesPerDay === null) return null;
  const reachMs = oldestMs === null ? beforeMs : Math.min(beforeMs, nowMs - oldestMs);
  return Math.min(bytes, (Math.max(0, reachMs - afterMs) / DAY) * bytesPerDay);
}

function sayInstant(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
