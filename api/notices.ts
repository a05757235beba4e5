/** Sentences for a banner, from facts about the instance. Pure. */
import { HOUR, MINUTE } from '../model/time.ts';
import type { RefusedSender } from '../store/reads/drains.ts';
import type { WriterInfo } from '../store/reads/instance.ts';
import type { InstanceHealthAnswer } from './contract/health.ts';

export type Notice = InstanceHealthAnswer['notices'][number];

export interface InstanceFacts {
  nowMs: number;
  server: { nowMs: number; readOnly: boolean; maxConnections: number; connections: number };
  writers: readonly WriterInfo[];
  compactionsDue: number;
  refusedSenders: readonly RefusedSender[];
  unknownTokens: number;
  silentApps: readonly string[];
}

/** Chunks are rolled up every few seconds; so many waiting mean about a minute behind. */
const CHUNKS_BEHIND = 1000;
/** A worker that is there works them off within minutes. */
const COMPACTIONS_BEHIND = 500;
const CLOCK_SKEW_MS = 5_000;

const ORDER: Notice['level'][] = ['critical', 'warning', 'info'];

/** Worst first; none when all is well. */
export function noticesOf(facts: InstanceFacts): Notice[] {
  const notices: Notice[] = [];
  const say = (level: Notice['level'], text: string) => notices.push({ level, text });
  if (facts.server.readOnly) {
    say(
      'critical',
      'The database takes no writes: it is read-only or over the size of its plan. Frames are held.',
    );
  }
  const behind = facts.writers.reduce((sum, writer) => sum + writer.behindChunks, 0);
  if (behind > CHUNKS_BEHIND) {
    say('warning', `Charts are behind: ${behind} committed chunks are not rolled up yet. Nothing is lost.`);
  }
  if (facts.compactionsDue > COMPACTIONS_BEHIND) {
    say('warning', 'Compaction is behind: no worker runs, or it cannot keep up. Check the worker process.');
  }
  if (facts.server.connections > facts.server.maxConnections * 0.9) {
    say(
      'warning',
      `${facts.server.connections} of ${facts.server.maxConnections} database connections are in use.`,
    );
  }
  const skewMs = Math.abs(facts.server.nowMs - facts.nowMs);
  if (skewMs > CLOCK_SKEW_MS) {
    say(
      'warning',
      `The clock of this process and that of the database are ${Math.round(skewMs / 1000)} s apart.`,
    );
  }
  if (facts.unknownTokens > 0) {
    const drains = facts.unknownTokens === 1 ? 'A drain' : `${facts.unknownTokens} drains`;
    say('info', `${drains} with good credentials and an unknown token: accept or ban under drain health.`);
  }
  const refused = facts.refusedSenders.filter((sender) => facts.nowMs - sender.lastMs < HOUR);
  if (refused.length > 0) {
    const names = refused.slice(0, 3).map((sender) => sender.userName);
    say('info', `Refused within the hour for wrong credentials: ${names.join(', ')}.`);
  }
  if (facts.silentApps.length > 0) {
    say('info', `Silent for over ${(3 * MINUTE) / MINUTE} min: ${facts.silentApps.slice(0, 5).join(', ')}.`);
  }
  return notices.sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
}
