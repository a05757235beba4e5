/** Events in words, in lanes, and which of them are ordinary life. Pure. */
import type { EventRow } from '../store/reads/events.ts';
import type { EventAnswer, EventLane } from './contract/events.ts';

const LANES: Record<string, EventLane> = {
  release: 'release',
  deploy: 'release',
  rollback: 'release',
  releasePhase: 'release',
  scale: 'config',
  config: 'config',
  build: 'config',
  addon: 'config',
  apiOther: 'config',
};

/** Restarts at a release and the daily cycling are no incidents (FORMATS 7.2). */
const ROUTINE_KINDS = ['restarting', 'cycling', 'start', 'idling', 'unidling', 'oneOff'];
const ROUTINE_STATES = ['starting', 'up', 'down', 'stopping', 'complete', 'provisioning', 'created', 'idle'];
/** Ended as asked: 0, or by the signal of a restart (128 + 15). */
const ROUTINE_EXITS = [0, 143];

export function describeEvent(event: EventRow): EventAnswer {
  return {
    id: String(event.id),
    atMs: event.atMs,
    untilMs: event.untilMs,
    kind: event.kind,
    lane: laneOf(event),
    dyno: event.dyno,
    code: event.code,
    version: event.version,
    count: event.count,
    title: titleOf(event),
    routine: isRoutine(event),
    detail: event.detail,
  };
}

function laneOf(event: EventRow): EventLane {
  if (event.kind === 'code') return event.code?.startsWith('R') ? 'dyno' : 'platform';
  return LANES[event.kind] ?? 'dyno';
}

function isRoutine(event: EventRow): boolean {
  if (ROUTINE_KINDS.includes(event.kind)) return true;
  if (event.kind === 'state') return ROUTINE_STATES.includes(textOf(event.detail.to));
  if (event.kind === 'exit') return ROUTINE_EXITS.includes(Number(event.detail.exitStatus));
  return event.kind === 'stop' && event.detail.signal === 'SIGTERM';
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 200) : '';
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.slice(0, 50).map(textOf) : [];
}

const API_TITLES: Record<string, (event: EventRow) => string> = {
  release: (event) => (event.version === null ? 'First release' : `Release v${event.version}`),
  deploy: (event) => `Deploy ${textOf(event.detail.commit).slice(0, 8)}`.trim(),
  rollback: (event) => `Rollback to v${event.version ?? '?'}`,
  releasePhase: (event) => `Release phase of v${event.version ?? '?'} runs`,
  scale: (event) => `Scaled to ${formationOf(event.detail.formation)}`,
  config: (event) => `Config vars set: ${shorten(listOf(event.detail.names))}`,
  build: (event) => `Build ${textOf(event.detail.result)}`.trim(),
  addon: (event) => `Add-on ${listOf(event.detail.names)[0] ?? ''} ${textOf(event.detail.result)}`.trim(),
  apiOther: (event) => textOf(event.detail.text) || 'Something was done to the app',
};

const DYNO_TITLES: Record<string, (event: EventRow) => string> = {
  start: () => 'starts its process',
  exit: (event) =>
    event.detail.exitStatus === undefined
      ? 'exited'
      : `exited with status ${textOf(event.detail.exitStatus)}`,
  stop: (event) => `is stopped with ${textOf(event.detail.signal) || 'a signal'}`,
  restarting: () => 'restarts',
  cycling: () => 'is cycled, as once a day',
  idling: () => 'idles',
  unidling: () => 'wakes up',
  oneOff: () => 'one-off session',
};

function titleOf(event: EventRow): string {
  const api = API_TITLES[event.kind];
  if (api) return api(event);
  const dyno = event.dyno ?? 'A dyno';
  if (event.kind === 'code') {
    const times = event.count > 1 ? ` ×${event.count}` : '';
    return event.dyno === null ? `${event.code}${times}` : `${dyno}: ${event.code}${times}`;
  }
  if (event.kind === 'state') {
    const to = textOf(event.detail.to);
    return to === 'crashed' ? `${dyno} crashed` : `${dyno} is ${to || 'changing'}`;
  }
  return `${dyno} ${DYNO_TITLES[event.kind]?.(event) ?? event.kind}`;
}

function shorten(names: string[]): string {
  return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}

function formationOf(value: unknown): string {
  const parts = Array.isArray(value) ? (value as unknown[]).slice(0, 50) : [];
  const texts = parts.map((part) => {
    const { type, quantity, size } = (part ?? {}) as Record<string, unknown>;
    const suffix = size === undefined ? '' : `:${textOf(size)}`;
    return `${textOf(type)}@${textOf(quantity)}${suffix}`;
  });
  return shorten(texts) || 'a new formation';
}
