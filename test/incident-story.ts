/** The life of one incident without a database: changes and passing time in, messages out. For tests. */
import type { AlertChange } from '../model/alert-change.ts';
import type { Incident, IncidentEvent } from '../model/incident.ts';
import type { ActionResult } from '../model/incident-actions.ts';
import { tellDue } from '../model/incident-due.ts';
import { step } from '../model/incident-step.ts';
import { tellOf } from '../model/incident-telling.ts';
import type { Gate, Tell, Telling } from '../model/tell.ts';

export const OPEN_GATE: Gate = { silencedBy: null, isRouted: true };

export interface ToldAt extends Tell {
  atMs: number;
  incidentId: string;
}

/** Keeps the newest incident of one subject, and everything that was written and told of all. */
export class IncidentStory {
  incident: Incident | null = null;
  gate: Gate = OPEN_GATE;
  events: IncidentEvent[] = [];
  told: ToldAt[] = [];
  #made = 0;

  /** Hands changes over as one call of an evaluator's. nowMs: when; else the instant of the last change. */
  change(changes: AlertChange[] | AlertChange, nowMs?: number): void {
    const all = Array.isArray(changes) ? changes : [changes];
    const atMs = nowMs ?? all.at(-1)?.atMs ?? 0;
    const events: IncidentEvent[] = [];
    const before = this.incident;
    for (const change of all) {
      this.#made++;
      const stepped = step(this.incident, change, { nowMs: atMs, newId: `incident ${this.#made}` });
      this.incident = stepped.incident;
      events.push(...stepped.events);
    }
    this.events.push(...events);
    if (this.incident === null || this.incident === before) return;
    this.#take(
      tellOf(
        this.incident,
        events.map(({ kind }) => kind),
        this.gate,
        atMs,
      ),
      atMs,
    );
  }

  /** Lets time pass: looked at as the workers do, at the instants that the incident asks for. */
  until(atMs: number): void {
    for (let rounds = 0; this.incident?.nextAtMs != null && this.incident.nextAtMs <= atMs; rounds++) {
      if (rounds > 10_000) throw new Error('an incident asks to be looked at again and again');
      const dueMs = this.incident.nextAtMs;
      this.#take(tellDue(this.incident, this.gate, dueMs), dueMs);
    }
  }

  act(work: (incident: Incident) => ActionResult, atMs: number): void {
    if (this.incident === null) throw new Error('there is no incident');
    const result = work(this.incident);
    if (!result.ok) throw new Error(result.error.message);
    this.#take(result.value, atMs);
  }

  #take({ incident, events, tell }: Telling, atMs: number): void {
    this.incident = incident;
    this.events.push(...events);
    if (tell !== null) this.told.push({ ...tell, atMs, incidentId: incident.id });
  }

  /** `kind why` of everything told so far. */
  get said(): string[] {
    return this.told.map(({ kind, why }) => `${kind} ${why}`);
  }

  get wrote(): string[] {
    return this.events.map(({ kind }) => kind);
  }
}
