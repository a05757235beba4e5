/** The closed list of reasons of model/observation.ts, each in a sentence for people. */
import type { Note } from '../../model/observation.ts';

const SENTENCES: Record<Note, string> = {
  badFraming: 'The octet count of a message was unreadable; the rest of that body went to quarantine.',
  cutBody: 'The last message went past the end of its body.',
  emptyMessage: 'A message of zero bytes.',
  badHeader: 'No syslog header in front of the line.',
  badPriority: 'The priority was missing or out of range; the line was read all the same.',
  badVersion: 'A syslog version other than 1; the line was read all the same.',
  badTime: 'No readable time; filed under its arrival.',
  futureTime: 'More than 5 minutes ahead of its arrival; filed under its arrival.',
  lateTime: 'More than an hour behind its arrival; filed under its arrival.',
  countMismatch: 'The sender announced another number of messages than were found.',
  badRouterLine: 'A router line without its usual tail.',
  badNumber: 'A number that is no number; taken as unknown.',
  badStatus: 'A status outside 100–599; taken as unknown.',
  badMetric: 'One metric of a line was unreadable; the others count.',
  badEvent: 'A platform line of a known form with unknown content.',
  unknownCode: 'A code we do not know, counted under its own name.',
  badUtf8: 'Bytes that are not UTF-8, shown as a replacement character.',
  controlBytes: 'Control bytes taken out of a stored text.',
  cutText: 'A text longer than its bound, cut.',
  redacted: 'A secret or personal datum replaced before storage.',
  overflow: 'More different names than an app may have; counted together.',
  continuation: 'The continuation of a database log entry; belongs to the message before.',
};

export const REASONS: Record<string, string> = SENTENCES;
