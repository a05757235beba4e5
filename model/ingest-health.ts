/**
 * How one process that takes frames in is doing: what it holds, whether it can commit, what it turned away. Each
 * process reports its own to the table `processes` and to the live stream of the pages it serves.
 */

/** Why commits fail. `away`: no connection or no answer; `other`: any other passing failure. */
export type CommitFailure =
  | 'away'
  | 'readOnly'
  | 'planFull'
  | 'diskFull'
  | 'noConnections'
  | 'locked'
  | 'other';

/**
 * `off`: no Redis is configured. `ready`: would take frames. `spooling`: takes frames now. `moving`: the database is
 * back and what was spooled is on its way into it. `full`: at its planned size, frames are held. `away`: Redis does
 * not answer. `refused`: Redis is there and must not be used, see `reason`.
 */
export type SpoolState = 'off' | 'ready' | 'spooling' | 'moving' | 'full' | 'away' | 'refused';

export interface SpoolHealth {
  state: SpoolState;
  /** For `refused` and `away`: a sentence that says what is wrong and what to do; '' otherwise. */
  reason: string;
  /** Entries and messages that wait in the spool, of all processes; 0 when not known. */
  entries: number;
  bytes: number;
  /** Frames are held from here on, bytes; 0 when not known. */
  bytesMax: number;
  /** When the oldest waiting entry was appended, epoch ms; null without one. */
  oldestAtMs: number | null;
  /**
   * Minutes for which frames can be taken at the rate of the last minutes: until it is full, or senders' secrets are
   * not believed any more without the database; null when nothing arrives or it is not usable.
   */
  minutesLeft: number | null;
  /** When this process found nothing left to move, epoch ms; null when it moved nothing in the last 5 min. */
  caughtUpAtMs: number | null;
  /** Messages that this process had moved by then; 0 without. */
  movedMessages: number;
}

export const SPOOL_OFF: SpoolHealth = {
  state: 'off',
  reason: '',
  entries: 0,
  bytes: 0,
  bytesMax: 0,
  oldestAtMs: null,
  minutesLeft: null,
  caughtUpAtMs: null,
  movedMessages: 0,
};

/** Parts that give way under pressure, first to last. Ingest gives way last, app by app. */
export const SHED_ORDER = ['liveTail', 'exports', 'dashboards', 'rollUps', 'evaluation', 'ingest'] as const;
export type ShedPart = (typeof SHED_ORDER)[number];

export interface IngestHealth {
  /** Bodies being read or waiting for their commit. */
  heldBytes: number;
  heldBytesMax: number;
  heldFrames: number;
  /** Messages committed by this process since it began. */
  messages: number;
  connections: number;
  connectionsMax: number;
  /** ms since commits began to fail; null while they work. */
  failingForMs: number | null;
  failure: CommitFailure | null;
  spool: SpoolHealth;
  rssBytes: number;
  /** The bound; parts give way from some 85 % of it on (model/shedding.ts). */
  rssBytesMax: number;
  /** Parts that give way at this moment. */
  shedding: ShedPart[];
  /** How often each part gave way since the process began. */
  shed: Record<ShedPart, number>;
  /** Requests to the drain by how they ended, since the process began (drain/http.ts, Fate). */
  fates: Record<string, number>;
  /**
   * Apps of the last 10 minutes whose frames were turned away for sending far more than their share: name → frames,
   * since the process began.
   */
  shedApps: Record<string, number>;
  /** Connections refused or ended to stay within the bounds, since the process began. */
  refusedConnections: number;
  /** Live streams that are open, and how many were refused for being too many (C-07). */
  streams: number;
  streamsMax: number;
  refusedStreams: number;
  /** Apps of the last 10 minutes with more names than are kept apart: name → what was joined, and how often. */
  overflow: Record<string, Overflow>;
  /** Apps of the last 10 minutes that send us our own lines: name → lines, since the process began (S-21). */
  loops: Record<string, number>;
}

/** Names beyond a bound are counted together (C-02, C-05): how often that happened since the process began. */
export interface Overflow {
  /** Path shapes counted under `other`. */
  paths: number;
  /** Other names (dynos, hosts, metrics …) counted under `overflow`. */
  series: number;
  /** Senders with ever new drain tokens, counted as one drain. */
  drains: number;
}

/** Of a process that has done nothing yet; also what fills the fields that another release does not report. */
export function idleIngest(): IngestHealth {
  return {
    heldBytes: 0,
    heldBytesMax: 0,
    heldFrames: 0,
    messages: 0,
    connections: 0,
    connectionsMax: 0,
    failingForMs: null,
    failure: null,
    spool: SPOOL_OFF,
    rssBytes: 0,
    rssBytesMax: 0,
    shedding: [],
    shed: { liveTail: 0, exports: 0, dashboards: 0, rollUps: 0, evaluation: 0, ingest: 0 },
    fates: {},
    shedApps: {},
    refusedConnections: 0,
    streams: 0,
    streamsMax: 0,
    refusedStreams: 0,
    overflow: {},
    loops: {},
  };
}
