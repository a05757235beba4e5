/** Ends of a stretch as they stand in a field. */
import type { Zone } from '../format.ts';

/** `2026-11-20 10:42:30` in a zone, as parseInstant reads it. */
export function boxText(atS: number, zone: Zone): string {
  const at = new Date(Math.round(atS) * 1000);
  if (zone === 'utc') return at.toISOString().slice(0, 19).replace('T', ' ');
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
