/** Sentences about how processes that take frames in are doing, from what they report themselves. Pure. */
import type { CommitFailure, IngestHealth, Overflow, ShedPart, SpoolHealth } from '../model/ingest-health.ts';
import { MINUTE, SECOND } from '../model/time.ts';
import type { NoticeAnswer } from './contract/health.ts';

/** Names of apps in one sentence. */
const NAMES_MAX = 3;

/** @param ingests of the processes that are alive; this one alone where the others are not known */
export function processNotices(ingests: readonly IngestHealth[]): NoticeAnswer[] {
  return [
    ...failureNotices(ingests),
    ...spoolNotices(ingests),
    ...loopNotices(ingests),
    ...sheddingNotices(ingests),
    ...overflowNotices(ingests),
    ...connectionNotices(ingests),
  ];
}

const CAUSES: Record<CommitFailure, string> = {
  away: 'The database does not answer',
  readOnly: 'The database takes no writes: it is read-only, as during a failover or maintenance',
  planFull:
    'The database takes no writes: it is over the size of its plan. Upgrade it, or keep data for less long',
  diskFull: 'The database takes no writes: its disk is full',
  noConnections: 'The database has no connection left for us',
  locked: 'Writes to the database wait for a lock that somebody holds',
  other: 'Writes to the database fail',
};

function failureNotices(ingests: readonly IngestHealth[]): NoticeAnswer[] {
  const failing = ingests.filter((ingest) => ingest.failingForMs !== null);
  const worst = failing.reduce<IngestHealth | null>(
    (longest, ingest) => ((ingest.failingForMs ?? 0) > (longest?.failingForMs ?? -1) ? ingest : longest),
    null,
  );
  if (worst === null) return [];
  const cause = worst.failure ?? 'other';
  const since = `${CAUSES[cause]} (for ${duration(worst.failingForMs ?? 0)}).`;
  const level = 'critical';
  const code = cause === 'away' ? 'databaseAway' : cause === 'readOnly' ? 'readOnly' : 'commitsFailing';
  const spool = worst.spool;
  if (spool.state === 'spooling' || spool.state === 'ready') {
    const room =
      spool.minutesLeft === null
        ? ''
        : ` At this rate there is room for ${duration(spool.minutesLeft * MINUTE)}.`;
    return [
      {
        level,
        code,
        text: `${since} Frames are kept in Redis meanwhile: ${fill(spool)}.${room} Nothing is lost.`,
      },
    ];
  }
  const frames = sum(failing, (ingest) => ingest.heldFrames);
  const bytes = sum(failing, (ingest) => ingest.heldBytes);
  const max = sum(failing, (ingest) => ingest.heldBytesMax);
  return [
    {
      level,
      code,
      text:
        `${since} ${plural(frames, 'frame is', 'frames are')} held, ${size(bytes)} of ${size(max)}; what was ` +
        'acknowledged is safe. Logplex keeps 1,024 messages a drain for some 12 s; what it drops later becomes a gap.',
    },
  ];
}

function spoolNotices(ingests: readonly IngestHealth[]): NoticeAnswer[] {
  const found = (state: SpoolHealth['state']) =>
    ingests.find((ingest) => ingest.spool.state === state)?.spool;
  const notice = (level: NoticeAnswer['level'], text: string): NoticeAnswer => ({
    level,
    code: 'spool',
    text,
  });
  const notices: NoticeAnswer[] = [];
  const full = found('full');
  if (full) {
    notices.push(
      notice(
        'critical',
        `Redis holds all the frames it may: ${fill(full)}. New ones are held, then refused.`,
      ),
    );
  }
  const refused = found('refused');
  if (refused) notices.push(notice('warning', sentence('Redis is not used to keep frames', refused.reason)));
  const away = found('away');
  if (away) {
    notices.push(
      notice(
        'warning',
        sentence('Redis does not answer: without it an outage of Postgres loses frames', away.reason),
      ),
    );
  }
  const moving = found('moving');
  if (moving) {
    const entries = moving.entries.toLocaleString('en');
    notices.push(
      notice(
        'info',
        `Frames kept in Redis are on their way into the database: ${entries} entries left. Charts fill in.`,
      ),
    );
  }
  if (!moving) notices.push(...caughtUpNotices(ingests));
  return notices;
}

function caughtUpNotices(ingests: readonly IngestHealth[]): NoticeAnswer[] {
  const done = ingests.filter((ingest) => ingest.spool.caughtUpAtMs !== null);
  if (done.length === 0 || ingests.some((ingest) => ingest.failingForMs !== null)) return [];
  const messages = plural(
    sum(done, (ingest) => ingest.spool.movedMessages),
    'message',
    'messages',
  );
  return [{ level: 'info', code: 'spool', text: `Caught up: ${messages} moved from Redis.` }];
}

function sentence(claim: string, reason: string): string {
  return reason === '' ? `${claim}.` : `${claim}: ${reason.replace(/[.\s]+$/, '')}.`;
}

function loopNotices(ingests: readonly IngestHealth[]): NoticeAnswer[] {
  const apps = names(ingests.flatMap((ingest) => Object.keys(ingest.loops)));
  if (apps === '') return [];
  return [
    {
      level: 'warning',
      code: 'loop',
      text: `${apps} sends Drainboard its own log lines, and each delivery makes new ones. It is slowed down to one delivery in 4 s; remove the drain from that app.`,
    },
  ];
}

const PARTS: Record<ShedPart, string> = {
  liveTail: 'live updates',
  exports: 'exports',
  dashboards: 'dashboards',
  rollUps: 'quick charts',
  evaluation: 'evaluation of alerts',
  ingest: 'apps over their share',
};

function sheddingNotices(ingests: readonly IngestHealth[]): NoticeAnswer[] {
  const notices: NoticeAnswer[] = [];
  const worst = ingests.reduce<IngestHealth | null>(
    (most, ingest) => (ingest.shedding.length > (most?.shedding.length ?? 0) ? ingest : most),
    null,
  );
  if (worst !== null) {
    const parts = worst.shedding.map((part) => PARTS[part]).join(', ');
    const memory = `${size(worst.rssBytes)} of ${size(worst.rssBytesMax)} of memory in use`;
    notices.push({
      level: worst.shedding.includes('evaluation') ? 'critical' : 'warning',
      code: 'shedding',
      text: `Under pressure (${memory}): ${parts} wait, so that frames are taken in.`,
    });
  }
  const apps = names(ingests.flatMap((ingest) => Object.keys(ingest.shedApps)));
  if (apps !== '') {
    const frames = sum(ingests, (ingest) => sumOf(ingest.shedApps));
    notices.push({
      level: 'warning',
      code: 'shedApps',
      text: `${apps} sends far more than its share: ${plural(frames, 'frame was', 'frames were')} put off so that other apps are not late. What Logplex then drops becomes a gap.`,
    });
  }
  return notices;
}

function overflowNotices(ingests: readonly IngestHealth[]): NoticeAnswer[] {
  const apps = new Map<string, Overflow>();
  for (const [app, overflow] of ingests.flatMap((ingest) => Object.entries(ingest.overflow))) {
    const known = apps.get(app) ?? { paths: 0, series: 0, drains: 0 };
    apps.set(app, {
      paths: known.paths + overflow.paths,
      series: known.series + overflow.series,
      drains: known.drains + overflow.drains,
    });
  }
  const having = (field: keyof Overflow) =>
    names([...apps].filter(([, overflow]) => overflow[field] > 0).map(([app]) => app));
  const notice = (level: NoticeAnswer['level'], text: string): NoticeAnswer => ({
    level,
    code: 'overflow',
    text,
  });
  const [series, drains, paths] = [having('series'), having('drains'), having('paths')];
  return [
    ...(series === ''
      ? []
      : [
          notice(
            'warning',
            `${series} has more than 2,000 series: new ones are counted together as “overflow”.`,
          ),
        ]),
    ...(drains === ''
      ? []
      : [
          notice(
            'warning',
            `${drains} is sent to under ever new drain tokens: new ones are counted as one drain, “(others)”.`,
          ),
        ]),
    ...(paths === ''
      ? []
      : [
          notice('info', `${paths} has more than 500 path shapes: new ones are counted together as “other”.`),
        ]),
  ];
}

function connectionNotices(ingests: readonly IngestHealth[]): NoticeAnswer[] {
  const full = ingests.find(
    (ingest) => ingest.connectionsMax > 0 && ingest.connections > ingest.connectionsMax * 0.9,
  );
  if (!full) return [];
  return [
    {
      level: 'warning',
      code: 'connections',
      text: `${full.connections} of ${full.connectionsMax} connections are in use; ${full.refusedConnections} were refused or ended. Idle ones are ended first.`,
    },
  ];
}

function sum(ingests: readonly IngestHealth[], of: (ingest: IngestHealth) => number): number {
  return ingests.reduce((total, ingest) => total + of(ingest), 0);
}

function sumOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Some names, and how many more; '' for none. */
function names(all: readonly string[]): string {
  const unique = [...new Set(all)].sort();
  const shown = unique.slice(0, NAMES_MAX).join(', ');
  return unique.length > NAMES_MAX ? `${shown} and ${unique.length - NAMES_MAX} more` : shown;
}

function plural(count: number, one: string, many: string): string {
  return count === 1 ? `1 ${one}` : `${count.toLocaleString('en')} ${many}`;
}

function fill(spool: SpoolHealth): string {
  const of = spool.bytesMax > 0 ? ` of ${size(spool.bytesMax)}` : '';
  return `${plural(spool.entries, 'entry', 'entries')}, ${size(spool.bytes)}${of}`;
}

function size(bytes: number): string {
  const mebibytes = bytes / (1024 * 1024);
  return `${mebibytes >= 10 || mebibytes === 0 ? Math.round(mebibytes) : mebibytes.toFixed(1)} MB`;
}

/** Whole seconds below two minutes, whole minutes below two hours, hours above. */
export function duration(ms: number): string {
  if (ms < 2 * MINUTE) return `${Math.max(0, Math.round(ms / SECOND))} s`;
  const minutes = Math.round(ms / MINUTE);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
