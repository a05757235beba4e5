/** Sentences for a banner, from facts about the instance. Pure. */
import { idleIngest } from '../model/ingest-health.ts';
import { GONE_AFTER_MS, type OwnProcess } from '../model/process.ts';
import { HOUR, MINUTE } from '../model/time.ts';
import type { RefusedSender } from '../store/reads/drains.ts';
import type { WriterInfo } from '../store/reads/instance.ts';
import type { WatchAlert } from '../store/watch.ts';
import type { NoticeAnswer, NoticeCode, ProcessAnswer } from './contract/health.ts';
import { duration, processNotices } from './process-notices.ts';

export interface InstanceFacts {
  nowMs: number;
  server: { nowMs: number; readOnly: boolean; maxConnections: number; connections: number };
  writers: readonly WriterInfo[];
  compactionsDue: number;
  /** For how long from now there are partitions for what arrives, ms. */
  partitionLeadMs: number;
  refusedSenders: readonly RefusedSender[];
  unknownTokens: number;
  silentApps: readonly string[];
  /** As they reported themselves within the last hour. */
  processes: readonly ProcessAnswer[];
  /** Troubles of alerting itself that the watchman sees now. */
  alerting: readonly WatchAlert[];
}

/** These do not keep anything from being told. */
const LESSER_TROUBLES = new Set(['receivers', 'deadPages', 'untoldTickets', 'upkeep', 'evaluationBehind']);

/** Chunks are rolled up every few seconds; so many waiting mean about a minute behind. */
const CHUNKS_BEHIND = 1000;
/** A worker that is there works them off within minutes. */
const COMPACTIONS_BEHIND = 500;
const CLOCK_SKEW_MS = 5_000;

const ORDER: NoticeAnswer['level'][] = ['critical', 'warning', 'info'];
/** Told that long after its last report; then a process is part of the past, as after every deploy that was cut short. */
const GONE_TOLD_MS = 10 * MINUTE;

/** Worst first; none when all is well. */
export function noticesOf(facts: InstanceFacts): NoticeAnswer[] {
  const alive = facts.processes.filter((process) => facts.nowMs - process.seenMs <= GONE_AFTER_MS);
  const notices = processNotices(alive.flatMap(({ ingest }) => (ingest === null ? [] : [ingest])));
  const say = (level: NoticeAnswer['level'], code: NoticeCode, text: string) =>
    notices.push({ level, code, text });
  const isFailing = notices.some(isAboutCommits);
  // Seen before the first frame fails on it.
  if (facts.server.readOnly && !isFailing) {
    say(
      'critical',
      'readOnly',
      'The database takes no writes: it is read-only or over the size of its plan. Frames are held.',
    );
  }
  const behind = facts.writers.reduce((sum, writer) => sum + writer.behindChunks, 0);
  if (behind > CHUNKS_BEHIND) {
    say(
      'warning',
      'chartsBehind',
      `Charts are behind: ${behind} committed chunks are not rolled up yet. Nothing is lost.`,
    );
  }
  if (facts.partitionLeadMs < HOUR) {
    say(
      'warning',
      'partitions',
      'Tables for the next hour are not made ahead: no worker runs, or it cannot. Commits make their own meanwhile; check the worker process.',
    );
  }
  if (facts.compactionsDue > COMPACTIONS_BEHIND) {
    say(
      'warning',
      'compactionBehind',
      'Compaction is behind: no worker runs, or it cannot keep up. Check the worker process.',
    );
  }
  if (facts.server.connections > facts.server.maxConnections * 0.9) {
    say(
      'warning',
      'databaseConnections',
      `${facts.server.connections} of ${facts.server.maxConnections} database connections are in use.`,
    );
  }
  const skewMs = Math.abs(facts.server.nowMs - facts.nowMs);
  if (skewMs > CLOCK_SKEW_MS) {
    say(
      'warning',
      'clock',
      `The clock of this process and that of the database are ${Math.round(skewMs / 1000)} s apart.`,
    );
  }
  if (facts.unknownTokens > 0) {
    const drains = facts.unknownTokens === 1 ? 'A drain' : `${facts.unknownTokens} drains`;
    say(
      'info',
      'unknownTokens',
      `${drains} with good credentials and an unknown token: accept or ban under drain health.`,
    );
  }
  for (const { name, text } of facts.alerting) {
    say(LESSER_TROUBLES.has(name) ? 'warning' : 'critical', 'alerting', text);
  }
  const refused = facts.refusedSenders.filter((sender) => facts.nowMs - sender.lastMs < HOUR);
  if (refused.length > 0) {
    const names = refused.slice(0, 3).map((sender) => sender.userName);
    say('info', 'refused', `Refused within the hour for wrong credentials: ${names.join(', ')}.`);
  }
  if (facts.silentApps.length > 0) {
    say(
      'info',
      'silent',
      `Silent for over ${(3 * MINUTE) / MINUTE} min: ${facts.silentApps.slice(0, 5).join(', ')}.`,
    );
  }
  for (const process of facts.processes) {
    const quietMs = facts.nowMs - process.seenMs;
    if (quietMs <= GONE_AFTER_MS || quietMs > GONE_TOLD_MS) continue;
    say(
      'info',
      'processGone',
      `${process.holder} has not reported for ${duration(quietMs)}: it ended, or is cut off.`,
    );
  }
  return worstFirst(notices);
}

/** What a process knows by itself, without asking anybody. Worst first. */
export function ownNotices(own: OwnProcess): NoticeAnswer[] {
  const notices = processNotices([own.ingest ?? idleIngest()]);
  if (own.database === 'away' && !notices.some(isAboutCommits)) notices.push(DATABASE_AWAY);
  return worstFirst(notices);
}

function isAboutCommits({ code }: NoticeAnswer): boolean {
  return code === 'databaseAway' || code === 'readOnly' || code === 'commitsFailing';
}

export const DATABASE_AWAY: NoticeAnswer = {
  level: 'critical',
  code: 'databaseAway',
  text: 'The database does not answer. Frames are held and retried; what was acknowledged is safe.',
};

function worstFirst(notices: NoticeAnswer[]): NoticeAnswer[] {
  return notices.sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
}
