/** What time alone brings to incidents: reminders, ends of snoozes, of silences, of flapping. */
import { gateOf } from '../model/gate.ts';
import { tellDue } from '../model/incident-due.ts';
import { DAY } from '../model/time.ts';
import { readTellingRules, writeTellings } from '../store/incident-telling.ts';
import { deleteOldIncidents, lockDueIncidents } from '../store/incident-writes.ts';
import { type Pool, withTransaction } from '../store/pool.ts';

/** Incidents a transaction: it holds their rows. */
const BATCH = 200;

/** One round; any number of workers may do it at once. Gives how many incidents it looked at: ask again while full. */
export async function remindDue(pool: Pool, nowMs: number): Promise<{ seen: number; isDone: boolean }> {
  return withTransaction(pool, async (client) => {
    const due = await lockDueIncidents(client, nowMs, BATCH);
    if (due.length === 0) return { seen: 0, isDone: true };
    const rules = await readTellingRules(client, nowMs);
    const tellings = due.map((incident) => tellDue(incident, gateOf(rules, incident, nowMs), nowMs));
    await writeTellings(client, tellings, rules, nowMs);
    return { seen: due.length, isDone: due.length < BATCH };
  });
}

/** Incidents that are over are kept as long as what people did, a year. */
const KEPT_MS = 366 * DAY;
/** With their timelines a few thousand rows a statement. */
const FORGET_BATCH = 500;

/** Deletes a batch of what is over for longer; gives how many incidents. */
export function forgetIncidents(pool: Pool, nowMs: number): Promise<number> {
  return deleteOldIncidents(pool, nowMs - KEPT_MS, FORGET_BATCH);
}
