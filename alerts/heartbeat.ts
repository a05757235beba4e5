/**
 * The dead man's switch: an outside watchdog is told each minute that alerting works, only after a whole round and with
 * an outbox that moves. Never queued: a late heartbeat is a lie.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../model/log.ts';
import { MINUTE, SECOND } from '../model/time.ts';
import type { Pool } from '../store/pool.ts';
import { claimSign, listWatchAlerts, readWatchFacts, writeSign } from '../store/watch.ts';
import type { Outbound } from './outbound.ts';

export interface HeartbeatDeps {
  pool: Pool;
  log: Log;
  /** May call whatever address the operator set. */
  outbound: Outbound;
  /** HEARTBEAT_URL; absent: nobody is told. */
  url?: string | undefined;
  /** Between two tries, ms. */
  pauseMs?: number | undefined;
}

export type BeatOutcome =
  | 'sent'
  /** Another process, or this one, did within the minute; or there is no address. */
  | 'notDue'
  /** The round was not whole, or something that matters stands still. */
  | 'withheld'
  | 'failed';

const TIMEOUT_MS = 5 * SECOND;
const TRIES = 3;
const PAUSE_MS = 500;
/** A little under a minute, so that rounds that come a little early do not skip one. */
const EVERY_MS = MINUTE - 5 * SECOND;
/** A message that is due and untried for so long says that delivery is stuck. */
const OUTBOX_STUCK_MS = MINUTE;
/** Troubles in which alerting does not do what it is for. */
const WITHHOLD = new Set(['workers', 'evaluation', 'evaluationBehind', 'delivery', 'outbox', 'probe']);

/**
 * To be called at the end of each round: gives the sign that a whole round ended, and tells the outside.
 *
 * @param at the round; `failed`: steps that did not get through
 */
export async function beat(
  deps: HeartbeatDeps,
  at: { nowMs: number; failed: readonly string[] },
): Promise<BeatOutcome> {
  const { pool, url } = deps;
  if (at.failed.length > 0) return 'withheld';
  await writeSign(pool, 'evaluation', at.nowMs);
  if (url === undefined) return 'notDue';
  if (await isStuck(pool)) return 'withheld';
  if (!(await claimSign(pool, 'heartbeat', at.nowMs, EVERY_MS))) return 'notDue';
  const reason = await send(deps, url);
  await writeSign(pool, 'heartbeat', at.nowMs, { reason });
  return reason === '' ? 'sent' : 'failed';
}

async function isStuck(pool: Pool): Promise<boolean> {
  const facts = await readWatchFacts(pool);
  const waitsMs = facts.outboxSinceMs === null ? 0 : facts.nowMs - facts.outboxSinceMs;
  if (waitsMs > OUTBOX_STUCK_MS) return true;
  const alerts = await listWatchAlerts(pool);
  return alerts.some(({ name }) => WITHHOLD.has(name));
}

/** '' when it arrived, else why not. */
async function send({ outbound, log, pauseMs = PAUSE_MS }: HeartbeatDeps, url: string): Promise<string> {
  let reason = '';
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    if (attempt > 1) await sleep(pauseMs);
    const result = await outbound.request({ method: 'GET', url, timeoutMs: TIMEOUT_MS });
    if (result.kind === 'answer' && result.status >= 200 && result.status < 300) return '';
    reason = result.kind === 'answer' ? `it answered ${result.status}` : result.reason;
  }
  log.warn('heartbeat.failed', { reason });
  return reason;
}
