/** Instants inside sentences: the clock, the zone once, the day where it is not today's only one. */
import { formatClock, formatDay, type Zone, zoneSuffix } from './format.ts';

/** `09:19 UTC`; epoch s. */
export function timeText(atS: number, zone: Zone): string {
  return `${formatClock(atS * 1000, zone, false)}${zoneSuffix(atS * 1000, zone)}`;
}

/** `from 09:19 to 09:24 UTC`, `at 09:19 UTC` when both are the same minute; days are named when they differ. */
export function spanText(fromS: number, toS: number, zone: Zone): string {
  const clock = (atS: number) => formatClock(atS * 1000, zone, false);
  const day = (atS: number) => formatDay(atS * 1000, zone);
  if (day(fromS) !== day(toS))
    return `from ${day(fromS)} ${clock(fromS)} to ${day(toS)} ${timeText(toS, zone)}`;
  if (clock(fromS) === clock(toS)) return `at ${timeText(toS, zone)}`;
  return `from ${clock(fromS)} to ${timeText(toS, zone)}`;
}
