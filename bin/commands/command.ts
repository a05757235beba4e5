/** What every command of the command line is given, and how it says that it was called wrongly. */
import type { Pool } from '../../store/pool.ts';

/** Standard output and error. With --json only one JSON text goes to `out`; all else goes to `say`. */
export interface Terminal {
  out(text: string): void;
  say(text: string): void;
  /** Asks a question on the terminal; null when nobody is there to answer. */
  ask(question: string): Promise<string | null>;
}

export interface CliStore {
  pool: Pool;
  /** Key for hashes (DRAINBOARD_SECRET or the data folder's). */
  key: string;
  /** The address people and Heroku reach the server under. */
  baseUrl: string;
  /** HEROKU_APP_NAME, when we run on Heroku. */
  ownAppName: string | undefined;
  close(): Promise<void>;
}

export interface CommandContext {
  terminal: Terminal;
  json: boolean;
  nowMs: number;
  /** The migrated database; starts the embedded one when no server runs. */
  openStore(): Promise<CliStore>;
}

/** The command was called wrongly: usage is printed and the exit status is 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The command was understood and could not be done: the message is printed and the exit status is 1. */
export class CommandError extends Error {
  override name = 'CommandError';
}

/** Opens the store, works, and closes it whatever happened. */
export async function withStore<T>(
  context: CommandContext,
  work: (store: CliStore) => Promise<T>,
): Promise<T> {
  const store = await context.openStore();
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
