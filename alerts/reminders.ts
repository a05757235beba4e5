/** What time alone brings to incidents: reminders, ends of snoozes, of silences, of flapping. */
import { gateOf } from '../model/gate.ts';
import { tellDue } from '../model/incident-telling.ts';
import { readTellingRules, writeTellings } from '../store/incident-telling.ts';
import { lockDueIncidents } from '../store/incidents.ts';
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
