/** Facts that go with an event. Ids are fields, never part of an event's name. */
export type LogFields = Record<string, unknown>;

/**
 * Where every part of Drainboard says what it did. `event` is a dotted name from code (`commit.failed`),
 * never text from outside. Written by bin/log.ts; parts take it as an argument.
 */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** A log that keeps quiet, for callers that have nothing to say to. */
export const silentLog: Log = { info() {}, warn() {}, error() {} };
