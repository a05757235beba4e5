/** What open pages are told of incidents: how many are open, and that something changed. */
import type { OpenIncidents } from '../store/reads/open-incidents.ts';
import type { AlertsMessage } from './contract/alerting.ts';

/** The tables are asked this often while somebody listens, ms. */
export const ALERTS_EVERY_MS = 5_000;

export interface AlertsTeller {
  /** Asks the tables, at most each ALERTS_EVERY_MS; when they do not answer, what is known stays. */
  look(): Promise<void>;
  /** The message for these apps (null: all) as JSON, and what of it is news; null before anything is known. */
  message(apps: ReadonlySet<string> | null): { json: string; matter: string } | null;
}

export function buildAlertsTeller(read: () => Promise<OpenIncidents>, nowMs: () => number): AlertsTeller {
  let known: OpenIncidents | null = null;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  return {
    look: async () => {
      const now = nowMs();
      if (now - askedAtMs < ALERTS_EVERY_MS && now >= askedAtMs) return;
      askedAtMs = now;
      known = await read().catch(() => known);
    },
    message: (apps) => {
      if (known === null) return null;
      const told = countFor(known, apps);
      const message: AlertsMessage = { atMs: nowMs(), ...told };
      return { json: JSON.stringify(message), matter: JSON.stringify(told) };
    },
  };
}

function countFor(known: OpenIncidents, apps: ReadonlySet<string> | null): Omit<AlertsMessage, 'atMs'> {
  const told = { open: { page: 0, ticket: 0, info: 0 }, unacknowledged: 0, changedAtMs: known.changedAtMs };
  for (const { app, severity, open, unacknowledged } of known.apps) {
    if (apps !== null && !apps.has(app)) continue;
    told.open[severity] += open;
    told.unacknowledged += unacknowledged;
  }
  return told;
}
