/**
 * Ranges of time as text: what people type into the range box, and the two forms that stand in a URL
 * (`now-1h` and `2026-11-20T10:00:00Z`). Pure; the clock and the zone are arguments.
 */
import { DAY, HOUR, MINUTE, SECOND } from '../../model/time.ts';
import { formatRange, formatSpan, type Zone } from '../format.ts';

/** Either end as it stands in the URL. */
export interface RangeText {
  from: string;
  to: string;
}

export interface RangeMs {
  fromMs: number;
  toMs: number;
}

/** Nothing shorter can show more than a few buckets; nothing longer is kept. */
export const RANGE_MIN_MS = MINUTE;
export const RANGE_MAX_MS = 400 * DAY;
/** Lines may be ahead of us by a little, and the server takes ranges up to a day ahead (api/params.ts). */
const AHEAD_MAX_MS = DAY;

export const PRESETS: { label: string; span: string }[] = [
  { label: 'Last 15 minutes', span: '15m' },
  { label: 'Last hour', span: '1h' },
  { label: 'Last 3 hours', span: '3h' },
  { label: 'Last 12 hours', span: '12h' },
  { label: 'Last 24 hours', span: '24h' },
  { label: 'Last 3 days', span: '3d' },
  { label: 'Last 7 days', span: '7d' },
  { label: 'Last 30 days', span: '30d' },
];

export const DEFAULT_RANGE: RangeText = { from: 'now-1h', to: 'now' };

const UNIT_MS: Record<string, number> = { s: SECOND, m: MINUTE, min: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };
const SPAN = /^(\d{1,6})\s*(s|min|m|h|d|w)$/i;

/** `90m` → 5,400,000; null when it is no span. */
export function parseSpan(text: string): number | null {
  const match = SPAN.exec(text.trim());
  if (!match) return null;
  const unitMs = UNIT_MS[(match[2] ?? '').toLowerCase()] ?? 0;
  const ms = Number(match[1]) * unitMs;
  return ms > 0 && ms <= RANGE_MAX_MS ? ms : null;
}

const WALL =
  /^(?:(\d{4})-(\d{1,2})-(\d{1,2}))?[ T]*(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(z|utc)?$/i;

/** Wall-clock text (`2026-11-20 10:00`, `10:42`, `2026-11-20`) in a zone; a trailing Z or UTC overrides the zone. */
function parseWall(text: string, nowMs: number, zone: Zone): number | null {
  const match = WALL.exec(text);
  if (!match || (match[1] === undefined && match[4] === undefined)) return null;
  const utc = zone === 'utc' || match[7] !== undefined;
  const [hour, minute, second] = [match[4], match[5], match[6]].map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const now = new Date(nowMs);
  let year = utc ? now.getUTCFullYear() : now.getFullYear();
  let month = utc ? now.getUTCMonth() : now.getMonth();
  let day = utc ? now.getUTCDate() : now.getDate();
  if (match[1] !== undefined) {
    year = Number(match[1]);
    month = Number(match[2]) - 1;
    day = Number(match[3]);
    const check = new Date(Date.UTC(year, month, day));
    if (check.getUTCMonth() !== month || check.getUTCDate() !== day) return null;
  }
  const at = (d: number) =>
    utc
      ? Date.UTC(year, month, d, hour, minute, second)
      : new Date(year, month, d, hour, minute, second).getTime();
  const ms = at(day);
  // A bare clock time means the last time it was that late: at 00:10, `23:50` is yesterday's.
  return match[1] === undefined && ms > nowMs ? at(day - 1) : ms;
}

/** One end of a range: `now`, `now-2h`, an ISO instant, or wall-clock text. Epoch ms, or null. */
export function parseInstant(text: string, nowMs: number, zone: Zone): number | null {
  const trimmed = text.trim();
  const relative = /^now(?:\s*-\s*(.+))?$/i.exec(trimmed);
  if (relative) {
    if (relative[1] === undefined) return nowMs;
    const span = parseSpan(relative[1]);
    return span === null ? null : nowMs - span;
  }
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?([+-]\d{2}:\d{2})$/.test(trimmed)) {
    const ms = Date.parse(trimmed);
    return Number.isNaN(ms) ? null : ms;
  }
  return parseWall(trimmed, nowMs, zone);
}

/** An instant as it stands in a shared link: UTC, whole seconds. */
export function instantText(ms: number): string {
  return `${new Date(Math.round(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

const AROUND = /^(?:around\s+)?(.+?)(?:\s*(?:±|\+\/?-)\s*(\S+))?$/i;
const BETWEEN = /^(.+?)\s*(?:\bto\b|\.\.|–|—|\s-\s)\s*(.+)$/i;

/**
 * What was typed, as the two texts of a URL. A sentence about what is wrong when it is not understood.
 * Understood: `90m`, `now-2h`, `2026-11-20 10:00` (from then until now), `2026-11-20` (that day),
 * `10:00 to 10:30`, `around 10:42 ± 15m`.
 */
export function parseRange(
  text: string,
  nowMs: number,
  zone: Zone,
): { ok: true; range: RangeText } | { ok: false; why: string } {
  const trimmed = text.trim();
  if (!trimmed) return { ok: false, why: 'Type a span such as 90m, or a time such as 10:42.' };
  const span = parseSpan(trimmed);
  if (span !== null) return { ok: true, range: { from: `now-${trimmed.replace(/\s/g, '')}`, to: 'now' } };
  if (/^now\s*-\s*\S+$/i.test(trimmed) && parseInstant(trimmed, nowMs, zone) !== null) {
    return { ok: true, range: { from: trimmed.replace(/\s/g, '').toLowerCase(), to: 'now' } };
  }
  return (
    parseAround(trimmed, nowMs, zone) ??
    parseBetween(trimmed, nowMs, zone) ??
    parseSince(trimmed, nowMs, zone)
  );
}

type Parsed = ReturnType<typeof parseRange>;

function parseAround(text: string, nowMs: number, zone: Zone): Parsed | null {
  const match = AROUND.exec(text);
  if (!match || (!/^around\s/i.test(text) && match[2] === undefined)) return null;
  const middle = parseInstant(match[1] ?? '', nowMs, zone);
  const half = match[2] === undefined ? 15 * MINUTE : parseSpan(match[2]);
  if (middle === null)
    return { ok: false, why: `“${match[1]}” is not a time I know. Try around 10:42 ± 15m.` };
  if (half === null) return { ok: false, why: `“${match[2]}” is not a span. Try 15m or 1h.` };
  return bounded(middle - half, Math.min(middle + half, nowMs));
}

function parseBetween(text: string, nowMs: number, zone: Zone): Parsed | null {
  const match = BETWEEN.exec(text);
  if (!match) return null;
  const [first, second] = [match[1] ?? '', match[2] ?? ''];
  const from = parseInstant(first, nowMs, zone);
  const to = parseInstant(second, nowMs, zone);
  if (from === null || to === null) return null;
  const relative = (part: string) => /^now/i.test(part.trim());
  const checked = bounded(from, Math.min(to, nowMs));
  if (!checked.ok) return checked;
  return {
    ok: true,
    range: {
      from: relative(first) ? first.replace(/\s/g, '').toLowerCase() : checked.range.from,
      to: relative(second) ? second.replace(/\s/g, '').toLowerCase() : checked.range.to,
    },
  };
}

function parseSince(text: string, nowMs: number, zone: Zone): Parsed {
  const from = parseInstant(text, nowMs, zone);
  if (from === null) {
    return {
      ok: false,
      why: 'Not understood. Try 90m, now-2h, 2026-11-20 10:00, 10:00 to 10:30, or around 10:42 ± 15m.',
    };
  }
  if (/^\d{4}-\d{1,2}-\d{1,2}\s*(z|utc)?$/i.test(text)) return bounded(from, Math.min(from + DAY, nowMs));
  if (from >= nowMs) return { ok: false, why: 'That is in the future.' };
  return { ok: true, range: { from: instantText(from), to: 'now' } };
}

function bounded(fromMs: number, toMs: number): Parsed {
  if (fromMs >= toMs) return { ok: false, why: 'That range is empty, or in the future.' };
  if (toMs - fromMs > RANGE_MAX_MS)
    return { ok: false, why: 'That is longer than anything kept (400 days).' };
  const from = toMs - fromMs < RANGE_MIN_MS ? toMs - RANGE_MIN_MS : fromMs;
  return { ok: true, range: { from: instantText(from), to: instantText(toMs) } };
}

/** The instants of a range's texts at a moment; what is no range falls back to the last hour. */
export function resolveRange(range: RangeText, nowMs: number): RangeMs {
  return understandRange(range, nowMs).range;
}

const LAST_HOUR_SHOWN = 'Shown is the last hour.';

/**
 * The instants of a range's texts at a moment, and where they are not what the texts ask for, a sentence that says so;
 * '' where they are.
 */
export function understandRange(range: RangeText, nowMs: number): { range: RangeMs; note: string } {
  const from = parseInstant(range.from, nowMs, 'utc');
  const to = parseInstant(range.to, nowMs, 'utc');
  const lastHour = (why: string) => ({
    range: { fromMs: nowMs - HOUR, toMs: nowMs },
    note: `${why} ${LAST_HOUR_SHOWN}`,
  });
  if (from === null || to === null) {
    const bad = [from === null ? range.from : '', to === null ? range.to : ''].filter(Boolean);
    const quoted = bad.map((text) => `“${text.slice(0, 40)}”`).join(' and ');
    return lastHour(
      `The address asks for ${quoted}, which ${bad.length > 1 ? 'are no times' : 'is no time'} that can be read.`,
    );
  }
  if (from >= to) return lastHour('The range in the address ends before it begins.');
  if (from >= nowMs + AHEAD_MAX_MS) return lastHour('The range in the address lies in the future.');
  const end = to > nowMs + AHEAD_MAX_MS ? nowMs : to;
  if (end - from > RANGE_MAX_MS)
    return {
      range: { fromMs: Math.max(end - RANGE_MAX_MS, 0), toMs: end },
      note: 'The range in the address is longer than anything kept. Shown are its last 400 days.',
    };
  if (end < to)
    return {
      range: { fromMs: from, toMs: end },
      note: 'The range in the address goes on into the future. Shown is what there is until now.',
    };
  if (to - from < RANGE_MIN_MS)
    return {
      range: { fromMs: from, toMs: from + RANGE_MIN_MS },
      note: 'The range in the address is shorter than a minute. Shown is the minute from its start.',
    };
  return { range: { fromMs: from, toMs: to }, note: '' };
}

/**
 * Both ends as the server is asked for them: `now-1h` and `now` stay words, each by itself, so that the server's clock
 * decides what now is, and the same range is the same question a second later; everything else is epoch ms.
 */
export function queryRange(range: RangeText, nowMs: number): { from: string | number; to: string | number } {
  const word = (text: string) =>
    /^now(-\d{1,5}[smhdw])?$/.test(text) ? text : /^now-\d{1,5}min$/.test(text) ? text.slice(0, -2) : null;
  const [from, to] = [word(range.from), word(range.to)];
  const { range: meant, note } = understandRange(range, nowMs);
  const { fromMs, toMs } = meant;
  // What is shown instead of what the address asks for has no words of its own.
  if (note !== '') return { from: Math.round(fromMs), to: Math.round(toMs) };
  return { from: from ?? Math.round(fromMs), to: to ?? Math.round(toMs) };
}

/** How a range is named on its button: `Last hour`, `Last 90 min`, `20 Nov 10:00–11:00`. */
export function rangeLabel(range: RangeText, nowMs: number, zone: Zone): string {
  const { range: meant, note } = understandRange(range, nowMs);
  const { fromMs, toMs } = meant;
  if (note.endsWith(LAST_HOUR_SHOWN)) return 'Last hour';
  if (range.to === 'now' && /^now-/.test(range.from)) {
    const preset = PRESETS.find((p) => `now-${p.span}` === range.from);
    return preset?.label ?? `Last ${formatSpan(toMs - fromMs)}`;
  }
  if (range.to === 'now') return `Since ${formatRange(fromMs, fromMs, zone, nowMs).replace(/[–].*$/, '')}`;
  return formatRange(fromMs, toMs, zone, nowMs);
}
