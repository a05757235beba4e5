/**
 * The watchman: looks at alerting itself and tells its owners what is wrong, once, and when it is over. Every
 * process runs it, web processes too: what one finds the others know, and what is dead is not needed to tell it.
 */
import type { NewNotification } from '../model/delivery.ts';
import type { Log } from '../model/log.ts';
import { enqueueNotifications } from '../store/notifications.ts';
import { type Client, type Pool, withTransaction } from '../store/pool.ts';
import { listOwnersReceivers } from '../store/receivers.ts';
import {
  clearWatchAlert,
  listWatchAlerts,
  raiseWatchAlert,
  readWatchFacts,
  type WatchAlert,
  type WatchFacts,
} from '../store/watch.ts';
import { type Finding, judge, type Watcher } from './watch-judge.ts';

export interface WatchResult {
  facts: WatchFacts;
  findings: Finding[];
}

/** One look. Rejects when the database does not answer: then the outside heartbeat is what stops. */
export async function watch({ pool, log }: { pool: Pool; log: Log }, watcher: Watcher): Promise<WatchResult> {
  const facts = await readWatchFacts(pool);
  const findings = judge(facts, watcher);
  const known = await listWatchAlerts(pool);
  const over = known.filter(({ name }) => !findings.some((finding) => finding.name === name));
  for (const finding of findings) {
    await withTransaction(pool, (tx) => raise(tx, finding, facts.nowMs, log));
  }
  for (const { name } of over) {
    // A process that has only begun knows too little to say that anything is over.
    if (isSure(watcher)) await withTransaction(pool, (tx) => clear(tx, name, facts.nowMs, log));
  }
  return { facts, findings };
}

const SURE_MS = 120_000;

function isSure({ upMs }: Watcher): boolean {
  return upMs >= SURE_MS;
}

async function raise(tx: Client, finding: Finding, nowMs: number, log: Log): Promise<void> {
  const alert = await raiseWatchAlert(tx, finding.name, finding.text, nowMs);
  if (alert === null) return;
  log.error('watch.trouble', { name: finding.name, text: finding.text });
  if (finding.isTold) await tell(tx, { ...alert, isFiring: true }, nowMs);
}

/** What was shown only is over without a word. */
const SHOWN_ONLY = new Set(['receivers', 'deadPages', 'untoldTickets', 'upkeep']);

async function clear(tx: Client, name: string, nowMs: number, log: Log): Promise<void> {
  const alert = await clearWatchAlert(tx, name, nowMs);
  if (alert === null) return;
  log.info('watch.over', { name });
  if (!SHOWN_ONLY.has(name))
    await tell(tx, { ...alert, isFiring: false, text: `Over: ${alert.text}` }, nowMs);
}

async function tell(tx: Client, alert: WatchAlert, nowMs: number): Promise<void> {
  const owners = await listOwnersReceivers(tx, null);
  const rows = owners.map(
    ({ id }): NewNotification => ({
      dedupeKey: `watch/${alert.name}/${alert.episode}/${id}`,
      incidentId: null,
      sequence: 0,
      receiverId: id,
      kind: 'watch',
      severity: 'page',
      dueAtMs: nowMs,
      details: { ...alert },
    }),
  );
  await enqueueNotifications(tx, rows, nowMs);
}
