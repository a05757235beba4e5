/** What a database error means for a write that must not be lost. */

function sqlState(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/**
 * Whether trying again can never help: the data itself is refused (class 22), or the statement is wrong (42601 syntax,
 * 42703 column, 42804/42846 type). Everything else may pass: the server away or starting, read-only (25006), rights
 * taken away for being over the plan's size (42501), disk or connections used up, locks, deadlocks, a schema that is
 * about to be migrated (42P01).
 */
export function isLastingFailure(error: unknown): boolean {
  const state = sqlState(error);
  return state.startsWith('22') || ['42601', '42703', '42804', '42846', '42883'].includes(state);
}
