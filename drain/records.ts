/** Platform events, losses and unreadable bytes to records of a section. */
import type { EventRecord, LossRecord } from '../model/deltas.ts';
import type { ApiEvent, DynoEvent, Loss } from '../model/observation.ts';
import { redactText } from '../model/redact.ts';
import { MINUTE } from '../model/time.ts';
import { makeTerm } from './intern.ts';
import { NOTE_BAD_NUMBER } from './notes.ts';
import { note, type Target } from './target.ts';
import { cleanText } from './terms.ts';

const QUARANTINE_PER_FRAME = 5;
const QUARANTINE_BYTES = 1024;
/** A notice's gap begins at the line before it, but no longer than this before the time it states. */
const GAP_SLACK_MS = 5 * MINUTE;
const TEXT_MAX = 300;
/** A release number beyond this is damage, and would not fit its column. */
const VERSION_MAX = 0x7fffffff;

function addLoss(to: Target, timeMs: number, body: LossRecord): void {
  to.section.records.push({ frame: to.frame, timeMs, body });
}

/** Losses that a shuttle tells in headers of its request. */
export function addHeaderLosses(to: Target): void {
  const { body } = to;
  const counts = [
    ['dropCount', body.dropCount],
    ['lostCount', body.lostCount],
  ] as const;
  for (const [cause, messages] of counts) {
    if (messages <= 0) continue;
    const fromMs = to.previousLineMs > 0 ? to.previousLineMs : body.receivedAtMs;
    addLoss(to, body.receivedAtMs, {
      type: 'loss',
      cause,
      fromMs: Math.max(Math.min(fromMs, body.receivedAtMs), body.receivedAtMs - GAP_SLACK_MS),
      toMs: body.receivedAtMs,
      messages,
      dedupeKey: `${cause}:${body.frameKey}`,
    });
  }
}

function addEvent(to: Target, timeMs: number, body: EventRecord): void {
  to.section.records.push({ frame: to.frame, timeMs, body });
}

/** A platform line about a dyno. */
export function addDynoEvent(to: Target, event: DynoEvent | null, timeMs: number): void {
  // `Process running mem=` comes with every R14 and says what the samples say.
  if (event === null || event.event === 'memory') return;
  const { dyno, code, event: kind, ...detail } = event;
  addEvent(to, timeMs, {
    type: 'event',
    kind,
    dyno: cleanText(dyno, 64),
    ...(code !== undefined && { code }),
    ...(Object.keys(detail).length > 0 && { detail: cleanDetail(detail) }),
  });
}

/** An API line. A release stamps the requests after it; who did it is kept as a hash. */
export function addApiEvent(
  to: Target,
  event: ApiEvent | null,
  timeMs: number,
  hashUser: (user: string) => string,
): void {
  if (event === null) return;
  const { event: kind, version: stated, user, text, ...detail } = event;
  const { app } = to;
  const version = stated !== undefined && stated <= VERSION_MAX ? stated : undefined;
  if (version !== stated) note(to.entry, NOTE_BAD_NUMBER);
  if (kind === 'release' && version !== undefined && timeMs >= app.releaseAtMs) {
    app.release = makeTerm(String(version));
    app.releaseAtMs = timeMs;
  }
  addEvent(to, timeMs, {
    type: 'event',
    kind: kind === 'other' ? 'apiOther' : kind,
    ...(version !== undefined && { version }),
    detail: cleanDetail({
      ...detail,
      ...(text !== undefined && { text: redactText(text, TEXT_MAX).text }),
      ...(user !== undefined && { userHash: hashUser(user) }),
    }),
  });
}

/** An L code: losses become gaps, the others events. */
export function addLossNotice(to: Target, loss: Loss | null, timeMs: number): void {
  if (loss === null) return;
  const { code, dropped, sinceMs } = loss;
  if (code !== 'L10' && code !== 'L12' && code !== 'L13') {
    addEvent(to, timeMs, { type: 'event', kind: 'code', code });
    return;
  }
  const statedMs = Math.min(sinceMs ?? timeMs, timeMs);
  const beforeMs = to.previousLineMs > 0 ? Math.min(statedMs, to.previousLineMs) : statedMs;
  addLoss(to, timeMs, {
    type: 'loss',
    cause: code,
    code,
    fromMs: Math.max(beforeMs, statedMs - GAP_SLACK_MS),
    toMs: timeMs,
    ...(dropped !== undefined && { messages: dropped }),
    dedupeKey: `${code}:${sinceMs ?? timeMs}`,
  });
}

/** Bytes [start, end) of the body that could not be read, redacted and bounded. */
export function quarantine(to: Target, reason: string, start: number, end: number): void {
  if (to.quarantined >= QUARANTINE_PER_FRAME || end <= start) return;
  to.quarantined++;
  const { buf } = to.body;
  const shown = Buffer.from(buf.buffer, buf.byteOffset + start, Math.min(end - start, QUARANTINE_BYTES));
  const { text, redactions } = redactText(
    cleanText(shown.toString('utf8'), QUARANTINE_BYTES),
    QUARANTINE_BYTES,
  );
  to.entry.redactions += redactions;
  to.section.records.push({
    frame: to.frame,
    timeMs: to.body.receivedAtMs,
    body: {
      type: 'quarantine',
      reason,
      sizeBytes: end - start,
      base64: Buffer.from(text, 'utf8').toString('base64'),
    },
  });
}

/** Texts of an event's detail as they may be stored. */
function cleanDetail(detail: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(detail), (_key, value: unknown) =>
    typeof value === 'string' ? cleanText(value, TEXT_MAX) : value,
  ) as Record<string, unknown>;
}
