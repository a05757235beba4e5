/** Why lines are missing: the causes a known loss may have, in words. A cause we do not know keeps its own name. */

interface Cause {
  /** Inside a sentence and on a chart: `≤ 41 lost (buffer of Logplex)`. */
  short: string;
  /** What happened, and what would have helped. */
  says: string;
}

const CAUSES: Record<string, Cause> = {
  L10: {
    short: 'L10',
    says: 'Logplex kept 1,000 messages for this drain, was not rid of them in time, and dropped the oldest.',
  },
  L11: { short: 'L11', says: 'Logplex dropped lines of a tail session, not of a drain.' },
  L12: {
    short: 'L12',
    says: 'The log buffer inside the dyno was full: the app wrote faster than it was read.',
  },
  L13: { short: 'L13', says: 'The dyno could not hand its lines to Logplex.' },
  dropCount: {
    short: 'dropped by the sender',
    says: 'The sender says that it dropped lines it could not keep.',
  },
  lostCount: {
    short: 'lost by the sender',
    says: 'The sender says that lines got lost on their way: its requests were not answered in time.',
  },
  down: {
    short: 'no process was running',
    says: 'No process of this instance took lines in, so Logplex kept what it could and dropped the rest.',
  },
  shed: {
    short: 'turned away',
    says: 'The app sent far more than its share while this instance was short of room; its frames were turned away so that the other apps’ were not.',
  },
  tooLarge: {
    short: 'body too large',
    says: 'One request held more than 1 MiB or 10,000 messages and was refused whole.',
  },
  damaged: {
    short: 'damaged in storage',
    says: 'Stored lines could not be read again and are not in the figures.',
  },
  refused: {
    short: 'refused by the database',
    says: 'The database would not take the figures made of these lines; the rest of the app was not held up.',
  },
  restored: {
    short: 'restored from a backup',
    says: 'The database was restored from a backup older than these lines.',
  },
  spoolLost: {
    short: 'lost with the spool',
    says: 'Frames waited in Redis while the database was away, and Redis lost them: it was emptied, restarted without its data, or replaced by an older copy.',
  },
  spoolDamaged: {
    short: 'damaged in the spool',
    says: 'Frames that waited in Redis could not be read again.',
  },
};

/** A few words for inside a sentence; the cause itself when it is not one of ours. */
export function causeShort(cause: string): string {
  return CAUSES[cause]?.short ?? cause;
}

/** One or two sentences; empty when there is nothing to add. */
export function causeSays(cause: string): string {
  return CAUSES[cause]?.says ?? '';
}
