/** Spans of time as people type them: `48h`, `30m`, `7d`. */
import { DAY, HOUR, MINUTE, SECOND } from '../../model/time.ts';

const UNIT_MS: Record<string, number> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** Milliseconds of `<whole number><s|m|h|d>`, or null. */
export function parseDurationMs(text: string): number | null {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  return match && unitMs !== undefined ? Number(match[1]) * unitMs : null;
}
