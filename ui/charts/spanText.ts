/** Ends of a stretch as they stand in a field. */
import type { Zone } from '../format.ts';

/**
 * `10:42:30` of today in a zone, else `2026-11-20 10:42:30`: as parseInstant reads it, which takes a bare clock for the
 * last time it was that late.
 */
export function boxText(atS: number, zone: Zone, nowMs: number): string {
  const text = wallText(Math.round(atS) * 1000, zone);
  const isToday = text.slice(0, 10) === wallText(nowMs, zone).slice(0, 10) && atS * 1000 <= nowMs;
  return isToday ? text.slice(11) : text;
}

function wallText(ms: number, zone: Zone): string {
  const at = new Date(ms);
  if (zone === 'utc') return at.toISOString().slice(0, 19).replace('T', ' ');
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
