/** The closed lists of model/ingest-health.ts and of the fates of requests, in words for people. */
import type { CommitFailure, ShedPart, SpoolState } from '../../model/ingest-health.ts';
import type { Level } from '../parts/state.tsx';

/** After “cannot commit”. */
export const FAILURES: Record<CommitFailure, string> = {
  away: 'no answer from the database',
  readOnly: 'the database is read-only',
  planFull: 'the database is over the size of its plan',
  diskFull: 'the disk of the database is full',
  noConnections: 'the database has no connection left',
  locked: 'a lock in the database',
  other: 'the database refuses, for now',
};

export const SPOOL_STATES: Record<SpoolState, { level: Level; word: string; says: string }> = {
  off: {
    level: 'unknown',
    word: 'not set up',
    says: 'There is no Redis. While the database is away frames are held in memory, and Logplex keeps 1,000 messages per drain; what is beyond that becomes a counted gap.',
  },
  ready: {
    level: 'ok',
    word: 'ready',
    says: 'Redis answers and keeps what it is given. It takes frames as soon as the database does not.',
  },
  spooling: {
    level: 'warning',
    word: 'taking frames',
    says: 'Frames go to Redis while the database is away, and from there into it when it is back. Nothing is lost.',
  },
  moving: {
    level: 'note',
    word: 'catching up',
    says: 'The database is back. What waited in Redis is on its way into it, oldest first.',
  },
  full: {
    level: 'critical',
    word: 'full',
    says: 'The spool has reached its planned size. Frames are held in memory; what Logplex cannot keep becomes a counted gap.',
  },
  away: { level: 'warning', word: 'not there', says: '' },
  refused: { level: 'critical', word: 'must not be used', says: '' },
};

/** What gives way, in the order in which it does, and what that means for who is looking. */
export const PARTS: Record<ShedPart, { name: string; says: string }> = {
  liveTail: {
    name: 'Live updates',
    says: 'Open pages are told to come back later and refresh by themselves.',
  },
  exports: { name: 'Exports', says: 'Downloads and long lists are refused for the moment.' },
  dashboards: { name: 'Dashboards', says: 'Charts answer slowly, or ask for another try.' },
  rollUps: { name: 'Roll-ups', says: 'Charts fall behind by minutes. Nothing is lost.' },
  evaluation: { name: 'Evaluation', says: 'Alerts are looked at less often.' },
  ingest: {
    name: 'Taking frames in',
    says: 'Frames of the apps that send far more than their share are put off. What Logplex then drops becomes a gap.',
  },
};

/** How requests to the drain ended. One we do not know keeps its own name. */
export const FATES: Record<string, { name: string; isLoss: boolean }> = {
  counted: { name: 'Counted', isLoss: false },
  duplicate: { name: 'Sent twice, counted once', isLoss: false },
  spooled: { name: 'Kept in Redis, counted later', isLoss: false },
  refusedByDatabase: { name: 'Refused by the database for what is in it (503)', isLoss: true },
  held: { name: 'Held too long, to be sent again (503)', isLoss: true },
  left: { name: 'The sender left before the answer', isLoss: true },
  shed: { name: 'Put off: far more than its share (503)', isLoss: true },
  tooLarge: { name: 'Too large (413), drawn as a gap', isLoss: true },
  cut: { name: 'Cut off by the sender', isLoss: false },
  refused: { name: 'Wrong credentials (401)', isLoss: false },
  badMethod: { name: 'Other method than POST (405)', isLoss: false },
  badType: { name: 'Other type than Logplex sends (415)', isLoss: false },
};
