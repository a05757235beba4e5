/** Instants in the browser's own field for date and time, in the zone that the page shows. */
import type { Zone } from './format.ts';

const two = (value: number) => String(value).padStart(2, '0');

/** `2026-11-20T10:42` for an instant; '' for none. */
export function fieldOfMs(ms: number | null, zone: Zone): string {
  if (ms === null || !Number.isFinite(ms)) return '';
  if (zone === 'utc') return new Date(ms).toISOString().slice(0, 16);
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Epoch ms of such a text; null when it is none. A clock time that a zone skips is taken as the browser takes it. */
export function msOfField(text: string, zone: Zone): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text)) return null;
  const ms = Date.parse(zone === 'utc' ? `${text}Z` : text);
  return Number.isNaN(ms) ? null : ms;
}

/** Name of the zone that the browser is set to: `Europe/Berlin`. */
export function browserZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** `45 min`, `8 h`, `3 d`: a length as people set it, exact. */
export function minutesText(minutes: number): string {
  if (minutes % 1440 === 0 && minutes > 0) return `${minutes / 1440}\u00a0d`;
  if (minutes % 60 === 0 && minutes > 0) return `${minutes / 60}\u00a0h`;
  return `${minutes}\u00a0min`;
}

/** Minutes of `5m`, `6h`, `3d`, `90`; null for anything else. */
export function parseMinutes(text: string): number | null {
  const match = /^(\d{1,6})\s*(m|min|h|d)?$/.exec(text.trim());
  if (!match) return null;
  const factor = match[2] === 'h' ? 60 : match[2] === 'd' ? 1440 : 1;
  return Number(match[1]) * factor;
}
