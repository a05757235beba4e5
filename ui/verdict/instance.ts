/** What drain health of the instance opens with: what is in trouble, what waits, and that nothing does. Pure. */
import type { InstanceHealthAnswer } from '../../api/contract/health.ts';
import type { IngestHealth } from '../../model/ingest-health.ts';
import { formatBytes, formatCount, plural } from '../format.ts';
import type { Clause } from '../verdict.ts';

/** A roll-up comes every two seconds: so many chunks behind is its ordinary pace, more is a backlog. */
const BEHIND_MIN = 200;

type Answer = Pick<InstanceHealthAnswer, 'database' | 'writers' | 'refusedSenders'>;

/** @param ingest of each process that takes frames in */
export function instanceVerdict(answer: Answer, ingest: readonly IngestHealth[]): Clause[] {
  const clauses: Clause[] = [
    ...takingIn(ingest),
    ...(answer.database === 'away' ? [{ text: 'The database does not answer.' }] : []),
    ...waiting(answer, ingest),
  ];
  const { length } = answer.refusedSenders;
  if (length > 0) {
    clauses.push({
      text: `${plural(length, 'sender was', 'senders were')} refused.`,
      href: '#refused',
    });
  }
  const isCalm = clauses.length === 1 && ingest.length > 0 && answer.database === 'ok';
  return isCalm ? [...clauses, { text: 'Nothing is held up or refused here.' }] : clauses;
}

function takingIn(ingest: readonly IngestHealth[]): Clause[] {
  if (ingest.length === 0) return [{ text: 'No process takes lines in.', href: '#processes' }];
  const shedding = ingest.filter((one) => one.shedding.length > 0).length;
  const failing = ingest.filter((one) => one.failingForMs !== null).length;
  const clauses: Clause[] = [
    {
      text: `${plural(ingest.length, 'process takes', 'processes take')} lines in, with ${formatBytes(most(ingest.map((one) => one.rssBytes)))} of memory at most.`,
      href: '#processes',
    },
  ];
  if (failing > 0) clauses.push({ text: `Commits fail in ${failing} of them.`, href: '#processes' });
  if (shedding > 0) clauses.push({ text: `Parts give way to them in ${shedding}.`, href: '#processes' });
  return clauses;
}

function waiting({ writers }: Answer, ingest: readonly IngestHealth[]): Clause[] {
  const held = ingest.reduce((sum, one) => sum + one.heldFrames, 0);
  const behind = writers.reduce((sum, one) => sum + one.behindChunks, 0);
  const isSpooling = ingest.some(
    ({ failingForMs, spool }) => failingForMs !== null && spool.state === 'spooling',
  );
  const isMoving = ingest.some(({ spool }) => spool.state === 'moving');
  return [
    ...(held > 0 && ingest.some((one) => one.failingForMs !== null)
      ? [{ text: `${plural(held, 'frame')} held.`, href: '#processes' }]
      : []),
    ...(isSpooling ? [{ text: 'Frames are kept in Redis meanwhile.' }] : []),
    ...(isMoving ? [{ text: 'Frames of an outage are on their way from Redis.' }] : []),
    ...(behind > BEHIND_MIN ? [{ text: `Roll-ups are ${formatCount(behind)} chunks behind.` }] : []),
  ];
}

const most = (values: readonly number[]): number => Math.max(0, ...values);
