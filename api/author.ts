/** How a caller is named to people, and what a change puts into the audit log. */
import { type AuditEntry, insertAudit } from '../store/audit.ts';
import type { Queryable } from '../store/pool.ts';
import { actorOf, type Caller } from './auth.ts';

/** Who does something: a caller of the API, or somebody at the command line. */
export type Actor = Caller | { kind: 'cli' };

/** As people know them: name, else e-mail; `API token "CI"`. */
export function nameOf(caller: Actor): string {
  if (caller.kind === 'cli') return 'command line';
  if (caller.kind === 'person') return caller.person.displayName || caller.person.email;
  return caller.kind === 'token' ? `API token "${caller.token.name}"` : '';
}

/** Who did something, from where, when: the same for every entry of one call. */
export interface Doer {
  caller: Actor;
  nowMs: number;
  address: string;
}

/** Writes what was done, in the transaction that does it. */
export async function audit(
  db: Queryable,
  { caller, nowMs, address }: Doer,
  entry: Pick<AuditEntry, 'action' | 'subject' | 'before' | 'after'>,
): Promise<void> {
  await insertAudit(db, {
    atMs: nowMs,
    actor: caller.kind === 'cli' ? 'cli' : actorOf(caller),
    address,
    ...entry,
  });
}
