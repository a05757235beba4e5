/** What settings open with: what needs a hand first, and that nothing does. Pure. */
import type { DatabaseHealthAnswer, DrainsAnswer } from '../../api/contract/health.ts';
import type { RetentionAnswer } from '../../api/contract/retention.ts';
import { formatBytes, formatRatio, formatSpan, plural } from '../format.ts';
import type { Clause } from '../verdict.ts';

const healthPath = (app: string) => `/a/${encodeURIComponent(app)}/health`;

/** One app by its name, several by their number. */
function named(
  apps: readonly string[],
  one: (app: string) => string,
  many: (count: number) => string,
): string {
  const [first = ''] = apps;
  return apps.length === 1 ? one(first) : many(apps.length);
}

/** Of apps and drains: unknown tokens, refused senders, silence and loss, in the order of what a hand can mend. */
export function drainsVerdict(answer: DrainsAnswer): Clause[] {
  const { apps, strangers } = answer;
  if (apps.length === 0) return [{ text: 'No app is attached yet.', href: '/setup' }];
  const clauses: Clause[] = [];
  const unknown = apps.flatMap((one) => one.drains.filter(({ state }) => state === 'new'));
  if (unknown.length > 0) {
    clauses.push({
      text: `${plural(unknown.length, 'drain token')} ${unknown.length === 1 ? 'waits' : 'wait'} to be adopted or banned.`,
      href: '#unknown',
    });
  }
  const of = (fits: (one: DrainsAnswer['apps'][number]) => boolean) =>
    apps.filter(fits).map(({ app }) => app);
  const refused = of((one) => one.refused > 0);
  if (refused.length > 0) {
    const text = named(
      refused,
      (app) => `Lines for ${app} come with a wrong secret and are refused.`,
      (count) => `Lines for ${count} apps come with a wrong secret and are refused.`,
    );
    clauses.push({ text, href: refused.length === 1 ? healthPath(refused[0] ?? '') : '#refused' });
  }
  if (strangers.length > 0) {
    clauses.push({ text: `${plural(strangers.length, 'unknown name')} tried to send.`, href: '#refused' });
  }
  const silent = of(({ health }) => health.state === 'silent');
  if (silent.length > 0) {
    const text = named(
      silent,
      (app) => `${app} is silent.`,
      (count) => `${count} apps are silent.`,
    );
    clauses.push({ text, href: silent.length === 1 ? healthPath(silent[0] ?? '') : '/health' });
  }
  const losing = of(({ health }) => health.lostMessages > 0);
  if (losing.length > 0) {
    const text = named(
      losing,
      (app) => `${app} lost lines in the last hour.`,
      (count) => `${count} apps lost lines in the last hour.`,
    );
    clauses.push({ text, href: losing.length === 1 ? healthPath(losing[0] ?? '') : '/health' });
  }
  const waiting = of(({ health }) => health.state === 'waiting');
  if (waiting.length > 0) {
    const text = named(
      waiting,
      (app) => `${app} has not sent a line yet.`,
      (count) => `${count} apps have not sent a line yet.`,
    );
    clauses.push({ text, href: '/setup', ...(waiting.length === 1 && { query: { app: waiting[0] ?? '' } }) });
  }
  if (clauses.length > 0) return clauses;
  return [
    {
      text: `${plural(apps.length, 'app')} attached; every drain is known, and nothing was lost in the last hour.`,
    },
  ];
}

/** How large it all is, what it will be, and whether somebody has chosen less. */
export function retentionVerdict({
  tiers,
  apps,
  totalBytes,
  projectedBytes,
  logs,
}: RetentionAnswer): Clause[] {
  const stored = totalBytes + (logs?.bytes ?? 0);
  if (stored === 0 || tiers.every(({ oldestMs }) => oldestMs === null)) {
    return [{ text: 'Nothing is stored yet: sizes show as soon as lines arrive.' }];
  }
  const clauses: Clause[] = [{ text: `${formatBytes(stored)} are stored.` }];
  if (projectedBytes === null) {
    clauses.push({ text: 'It is too early to say what it will be: half an hour of lines is needed.' });
  } else {
    const logsBytes = logs === null ? 0 : (fullLogsBytes(logs) ?? 0);
    clauses.push({
      text: `At the rate of now it levels off at about ${formatBytes(projectedBytes + logsBytes)}.`,
    });
  }
  const chosen = tiers.filter((tier) => tier.chosen !== null).length;
  const own = apps.filter(
    (app) => app.tiers.some((tier) => tier.chosen !== null) || app.keepLogsHours !== null,
  ).length;
  if (chosen > 0)
    clauses.push({
      text: `${plural(chosen, 'tier')} kept for less than the environment allows.`,
      href: '#tiers',
    });
  if (own > 0) clauses.push({ text: `${plural(own, 'app')} with a choice of its own.`, href: '#apps' });
  return clauses;
}

/** What lines of logs will take at the rate of now; null: too early to say. */
export function fullLogsBytes(logs: NonNullable<RetentionAnswer['logs']>): number | null {
  if (logs.bytesPerDay === null) return null;
  return Math.min((logs.bytesPerDay * logs.keepHours) / 24, logs.bytesMax ?? Number.POSITIVE_INFINITY);
}

/** Connections are what runs out first on small plans. */
const CROWDED = 0.8;

export function databaseVerdict({
  bytes,
  connections,
  maxConnections,
  longestMs,
  slow,
}: DatabaseHealthAnswer): Clause[] {
  const clauses: Clause[] = [];
  if (connections >= maxConnections * CROWDED) {
    clauses.push({
      text: `${connections} of ${maxConnections} connections are in use: new ones may soon be refused.`,
      href: '#connections',
    });
  }
  if (longestMs > 5_000) clauses.push({ text: `A statement has been running for ${formatSpan(longestMs)}.` });
  const [worst] = slow ?? [];
  if (worst !== undefined && worst.share > 0.5) {
    clauses.push({
      text: `One statement takes ${formatRatio(worst.share)} of the database’s time.`,
      href: '#statements',
    });
  }
  clauses.push({ text: `The database holds ${formatBytes(bytes)}.` });
  return clauses;
}
