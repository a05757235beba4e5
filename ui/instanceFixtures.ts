/** Canned good and bad days of the instance itself: what its processes, its stream and its banner say. */
import type { NoticeAnswer, ProcessAnswer } from '../api/contract/health.ts';
import type { HealthMessage } from '../api/contract/stream.ts';
import { type IngestHealth, idleIngest, type SpoolHealth } from '../model/ingest-health.ts';

const MB = 1024 * 1024;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** What the instance is going through. */
export const TROUBLES = [
  'none',
  'away',
  'readOnly',
  'spooling',
  'moving',
  'spoolFull',
  'spoolRefused',
  'spoolAway',
  'shedding',
  'shedApps',
  'overflow',
  'loop',
  'noSpool',
] as const;
export type Trouble = (typeof TROUBLES)[number];

/** Since when the trouble of the fixtures lasts. */
export const TROUBLE_MS = 38_000;
const HOLDER = 'web.1/34';

function spool(more: Partial<SpoolHealth> = {}): SpoolHealth {
  return { ...idleIngest().spool, state: 'ready', bytesMax: 80 * MB, ...more };
}

function busy(messages: number): IngestHealth {
  return {
    ...idleIngest(),
    heldBytes: 0.4 * MB,
    heldBytesMax: 64 * MB,
    heldFrames: 3,
    messages,
    connections: 84,
    connectionsMax: 1000,
    spool: spool(),
    rssBytes: 188 * MB,
    rssBytesMax: 400 * MB,
    fates: { counted: 214_031, duplicate: 312, refused: 234, left: 3 },
    streams: 6,
    streamsMax: 500,
  };
}

const TROUBLED: Record<Trouble, (usual: IngestHealth, nowMs: number) => IngestHealth> = {
  none: (usual) => usual,
  away: (usual) => ({
    ...usual,
    spool: spool({ state: 'off', bytesMax: 0 }),
    failingForMs: TROUBLE_MS,
    failure: 'away',
    heldBytes: 51 * MB,
    heldFrames: 431,
    connections: 431,
    fates: { ...usual.fates, held: 1204 },
  }),
  readOnly: (usual) => ({ ...usual, failingForMs: TROUBLE_MS, failure: 'readOnly', heldBytes: 22 * MB }),
  spooling: (usual, nowMs) => ({
    ...usual,
    failingForMs: TROUBLE_MS,
    failure: 'away',
    fates: { ...usual.fates, spooled: 4108 },
    spool: spool({
      state: 'spooling',
      entries: 214,
      bytes: 9.4 * MB,
      oldestAtMs: nowMs - TROUBLE_MS,
      minutesLeft: 41,
    }),
  }),
  moving: (usual, nowMs) => ({
    ...usual,
    fates: { ...usual.fates, spooled: 4108 },
    spool: spool({
      state: 'moving',
      entries: 1208,
      bytes: 31 * MB,
      oldestAtMs: nowMs - 7 * MINUTE,
      minutesLeft: 190,
    }),
  }),
  spoolFull: (usual, nowMs) => ({
    ...usual,
    failingForMs: 52 * MINUTE,
    failure: 'away',
    heldBytes: 63 * MB,
    heldFrames: 517,
    fates: { ...usual.fates, spooled: 61_322, held: 2210 },
    spool: spool({
      state: 'full',
      entries: 61_322,
      bytes: 80 * MB,
      oldestAtMs: nowMs - 52 * MINUTE,
      minutesLeft: 0,
    }),
  }),
  spoolRefused: (usual) => ({
    ...usual,
    spool: spool({
      state: 'refused',
      bytesMax: 0,
      reason:
        'its policy is allkeys-lru, under which it throws frames away when it is short of room. Set it with heroku redis:maxmemory --policy noeviction',
    }),
  }),
  spoolAway: (usual) => ({
    ...usual,
    spool: spool({ state: 'away', bytesMax: 0, reason: 'no answer within 2 s' }),
  }),
  shedding: (usual) => ({
    ...usual,
    rssBytes: 361 * MB,
    heldBytes: 40 * MB,
    shedding: ['liveTail', 'exports', 'dashboards'],
    shed: { ...usual.shed, liveTail: 4, exports: 2, dashboards: 311 },
    refusedStreams: 19,
  }),
  shedApps: (usual) => ({
    ...usual,
    shed: { ...usual.shed, ingest: 1 },
    shedding: ['ingest'],
    shedApps: { feed: 8120 },
    fates: { ...usual.fates, shed: 8120 },
  }),
  overflow: (usual) => ({
    ...usual,
    overflow: {
      search: { paths: 0, series: 41_207, drains: 0 },
      'media-proxy': { paths: 1290, series: 0, drains: 0 },
    },
  }),
  loop: (usual) => ({ ...usual, loops: { sandbox: 5120 } }),
  noSpool: (usual) => ({ ...usual, spool: idleIngest().spool }),
};

const SAYS: Partial<Record<Trouble, NoticeAnswer[]>> = {
  away: [
    {
      level: 'critical',
      code: 'databaseAway',
      text: 'The database does not answer (for 38 s). 431 frames are held, 51 MB of 64 MB; what was acknowledged is safe. Logplex keeps 1,024 messages a drain for some 12 s; what it drops later becomes a gap.',
    },
  ],
  readOnly: [
    {
      level: 'critical',
      code: 'readOnly',
      text: 'The database takes no writes: it is read-only, as during a failover or maintenance (for 38 s). Frames are kept in Redis meanwhile: 214 entries, 9.4 MB of 80 MB. Nothing is lost.',
    },
  ],
  spooling: [
    {
      level: 'critical',
      code: 'databaseAway',
      text: 'The database does not answer (for 38 s). Frames are kept in Redis meanwhile: 214 entries, 9.4 MB of 80 MB. At this rate it is full in 41 min. Nothing is lost.',
    },
  ],
  moving: [
    {
      level: 'info',
      code: 'spool',
      text: 'Frames kept in Redis are on their way into the database: 1,208 entries left. Charts fill in.',
    },
  ],
  spoolFull: [
    {
      level: 'critical',
      code: 'databaseAway',
      text: 'The database does not answer (for 52 min). 517 frames are held, 63 MB of 64 MB; what was acknowledged is safe. Logplex keeps 1,024 messages a drain for some 12 s; what it drops later becomes a gap.',
    },
    {
      level: 'critical',
      code: 'spool',
      text: 'Redis holds all the frames it may: 61,322 entries, 80 MB of 80 MB. New ones are held, then refused.',
    },
  ],
  spoolRefused: [
    {
      level: 'warning',
      code: 'spool',
      text: 'Redis is not used to keep frames: its policy is allkeys-lru, under which it throws frames away when it is short of room. Set it with heroku redis:maxmemory --policy noeviction.',
    },
  ],
  spoolAway: [
    {
      level: 'warning',
      code: 'spool',
      text: 'Redis does not answer: without it an outage of Postgres loses frames: no answer within 2 s.',
    },
  ],
  shedding: [
    {
      level: 'warning',
      code: 'shedding',
      text: 'Under pressure (361 MB of 400 MB of memory in use): live updates, exports, dashboards wait, so that frames are taken in.',
    },
  ],
  shedApps: [
    {
      level: 'warning',
      code: 'shedApps',
      text: 'feed sends far more than its share: 8,120 frames were put off so that other apps are not late. What Logplex then drops becomes a gap.',
    },
  ],
  overflow: [
    {
      level: 'warning',
      code: 'overflow',
      text: 'search has more than 2,000 series: new ones are counted together as “overflow”.',
    },
    {
      level: 'info',
      code: 'overflow',
      text: 'media-proxy has more than 500 path shapes: new ones are counted together as “other”.',
    },
  ],
  loop: [
    {
      level: 'warning',
      code: 'loop',
      text: 'sandbox sends Drainboard its own log lines, and each delivery makes new ones. It is slowed down to one delivery in 4 s; remove the drain from that app.',
    },
  ],
};

/** true when the trouble is that nothing can be read: calls for data are refused then. */
export function isDatabaseAway(trouble: Trouble): boolean {
  return trouble === 'away' || trouble === 'spooling' || trouble === 'spoolFull';
}

export function noticesOf(trouble: Trouble): NoticeAnswer[] {
  return SAYS[trouble] ?? [];
}

/** How this process is doing at an instant: its count of messages goes on. */
function ingestOf(trouble: Trouble, nowMs: number): IngestHealth {
  return TROUBLED[trouble](busy(4_812_344 + Math.round((nowMs % DAY) * 0.412)), nowMs);
}

export function healthMessage(trouble: Trouble, nowMs: number): HealthMessage {
  return {
    atMs: nowMs,
    holder: HOLDER,
    database: isDatabaseAway(trouble) ? 'away' : 'ok',
    ingest: ingestOf(trouble, nowMs),
    notices: noticesOf(trouble),
  };
}

export function processes(trouble: Trouble, nowMs: number): ProcessAnswer[] {
  const other = busy(3_902_117 + Math.round((nowMs % DAY) * 0.398));
  const started = nowMs - 9 * 60 * MINUTE;
  return [
    {
      holder: HOLDER,
      dyno: 'web.1',
      version: '0.1.0',
      roles: 'all',
      startedMs: started,
      seenMs: nowMs,
      isThis: true,
      ingest: ingestOf(trouble, nowMs),
    },
    {
      holder: 'web.2/34',
      dyno: 'web.2',
      version: '0.1.0',
      roles: 'all',
      startedMs: started + 4000,
      seenMs: nowMs - (isDatabaseAway(trouble) ? TROUBLE_MS : 2100),
      isThis: false,
      ingest: {
        ...other,
        spool: ingestOf(trouble, nowMs).spool,
        rssBytes: 204 * MB,
        connections: 91,
      },
    },
    {
      holder: 'web.3/34',
      dyno: 'web.3',
      version: '0.0.9',
      roles: 'api',
      startedMs: nowMs - 2 * DAY,
      seenMs: nowMs - 4 * MINUTE,
      isThis: false,
      ingest: null,
    },
  ];
}
