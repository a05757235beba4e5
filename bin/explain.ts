/** A sentence for what a person can put right; everything else keeps its stack. */
import { MigrationError } from '../store/migrate.ts';
import { EmbeddedError } from './embedded/native.ts';

/** What the database or the way to it says, by SQLSTATE or by the system's error code. */
const DATABASE: Record<string, string> = {
  ECONNREFUSED: 'the database does not answer: check DATABASE_URL and that the server runs',
  ECONNRESET: 'the database ended the connection: check DATABASE_URL and that the server runs',
  ETIMEDOUT: 'the database does not answer in time: check DATABASE_URL and the way to it',
  EHOSTUNREACH: 'the database cannot be reached: check DATABASE_URL and the way to it',
  ENOTFOUND: 'the host in DATABASE_URL is not known: check its spelling',
  EAI_AGAIN: 'the host in DATABASE_URL could not be looked up: check the network',
  '28P01': 'the database refuses the password in DATABASE_URL',
  '28000': 'the database refuses the user in DATABASE_URL',
  '3D000': 'the database that DATABASE_URL names does not exist',
  '42501': 'the user in DATABASE_URL may not make tables: give it the right to create in its schema',
};

/** @returns a sentence, or undefined when the error is a fault of ours. Looks through the causes. */
export function explainFailure(error: unknown): string | undefined {
  for (let each: unknown = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    if (each instanceof EmbeddedError) return each.message;
    // Without a cause it is about which files were applied, not about what is in them.
    if (each instanceof MigrationError && each.cause === undefined) return each.message;
    const { code, message } = each as NodeJS.ErrnoException;
    if (code === undefined) continue;
    if (code === 'EADDRINUSE') return explainTakenPort((each as { port?: number }).port);
    if (code === 'EACCES' && (each as { syscall?: string }).syscall === 'listen')
      return `the port may not be used: choose one above 1023 with PORT=5050 (${message})`;
    const sentence = DATABASE[code];
    if (sentence !== undefined) return `${sentence} (${message})`;
  }
  return undefined;
}

function explainTakenPort(port: number | undefined): string {
  return `port ${port ?? ''} is taken: stop what uses it, or choose another with PORT=5050`;
}
