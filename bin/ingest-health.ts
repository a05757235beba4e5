/** The figures of the parts of a web process, as it reports them. */

import type { StreamGauge } from '../api/live.ts';
import { STREAMS_MAX } from '../api/streams.ts';
import type { Drain } from '../drain/drain.ts';
import type { AppDeltas } from '../model/deltas.ts';
import type { IngestHealth } from '../model/ingest-health.ts';
import { SERIES_MESSAGE } from '../model/series.ts';
import type { Peers } from './peers.ts';
import type { Shedder } from './shedder.ts';

export interface Parts {
  config: { heldBytes: number };
  drain: Drain;
  peers: Peers;
  shedder: Shedder;
  streamGauge: StreamGauge;
  /** Rolled up so far. */
  messages: number;
}

export function ingestHealth({ config, drain, peers, shedder, streamGauge, messages }: Parts): IngestHealth {
  const status = drain.status();
  const fates = Object.fromEntries(status.fates);
  return {
    heldBytes: status.heldBytes,
    heldBytesMax: config.heldBytes,
    heldFrames: status.heldFrames,
    messages,
    connections: peers.open,
    connectionsMax: peers.max,
    failingForMs: status.failingForMs === null ? null : Math.round(status.failingForMs),
    failure: status.failure,
    spool: status.spool,
    rssBytes: process.memoryUsage.rss(),
    rssBytesMax: shedder.limitBytes,
    shedding: shedder.parts,
    shed: { ...shedder.counts, ingest: fates.shed ?? 0 },
    fates,
    shedApps: status.shedApps,
    refusedConnections: peers.refused,
    streams: streamGauge.open,
    streamsMax: STREAMS_MAX,
    refusedStreams: streamGauge.refused,
    overflow: status.overflow,
    loops: status.loops,
  };
}

/**
 * Share of the room for held bodies that is taken, 0–1. None while commits fail: then pages get nothing from the
 * database anyway, and open ones must hear of it.
 */
export function heldShareOf(drain: Drain | undefined, heldBytesMax: number): number {
  if (drain === undefined) return 0;
  const { heldBytes, failingForMs } = drain.status();
  return failingForMs === null ? heldBytes / heldBytesMax : 0;
}

export function countMessages(apps: readonly AppDeltas[]): number {
  let messages = 0;
  for (const { counts } of apps) {
    for (const { kind, bucket } of counts) if (kind === SERIES_MESSAGE) messages += bucket.count;
  }
  return messages;
}
