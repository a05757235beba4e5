/** How far each app's rules are evaluated, and which defaults it has been given (table rule_rounds). */
import { RULE_DEFAULTS_VERSION } from '../model/rule-defaults.ts';
import { type Client, type Pool, type Queryable, withTransaction } from './pool.ts';
import { insertMissingDefaults } from './rules.ts';

export interface RuleRound {
  appId: number;
  /** The evaluation that comes next; evaluation n sees minutes up to n − 1. */
  nextMinute: number;
  /** The app was removed: nothing of it is evaluated any more. */
  isRemoved: boolean;
}

/**
 * Takes up apps that are not evaluated yet, existing ones and those that a former version made, with the default rules;
 * and gives the others the defaults that their list has got since. Two processes at once do it once. Gives how many
 * apps were given any. Our own probe is no app of anybody's: the watchman judges it, no rule does.
 */
export async function enrolApps(pool: Pool, nextMinute: number, nowMs: number): Promise<number> {
  const { rows } = await pool.query<{ is_due: boolean }>(
    `SELECT EXISTS (SELECT FROM apps a WHERE a.removed_at_ms IS NULL AND a.name !~ '~' AND NOT EXISTS (
       SELECT FROM rule_rounds r WHERE r.app_id = a.id AND r.defaults_version >= $1)) AS is_due`,
    [RULE_DEFAULTS_VERSION],
  );
  if (rows[0]?.is_due !== true) return 0;
  return withTransaction(pool, async (client) => {
    await client.query(
      `INSERT INTO rule_rounds (app_id, next_minute)
       SELECT id, $1 FROM apps WHERE removed_at_ms IS NULL AND name !~ '~' ORDER BY id ON CONFLICT DO NOTHING`,
      [nextMinute],
    );
    const { rows: due } = await client.query<{ app_id: number; defaults_version: number }>(
      `SELECT app_id, defaults_version FROM rule_rounds WHERE defaults_version < $1
       ORDER BY app_id FOR UPDATE SKIP LOCKED`,
      [RULE_DEFAULTS_VERSION],
    );
    for (const [afterVersion, apps] of Map.groupBy(due, (row) => row.defaults_version)) {
      await insertMissingDefaults(client, { appIds: apps.map((row) => row.app_id), afterVersion, nowMs });
    }
    await client.query(`UPDATE rule_rounds SET defaults_version = $2 WHERE app_id = ANY ($1::int[])`, [
      due.map((row) => row.app_id),
      RULE_DEFAULTS_VERSION,
    ]);
    return due.length;
  });
}

/** Takes an app up that comes with its rules: no default is added to them. Does nothing when it is taken up already. */
export async function enrolWithOwnRules(db: Queryable, appId: number, nextMinute: number): Promise<void> {
  await db.query(
    'INSERT INTO rule_rounds (app_id, next_minute, defaults_version) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [appId, nextMinute, RULE_DEFAULTS_VERSION],
  );
}

/**
 * Takes apps whose next evaluation is no later than `minute`, the most behind first; what another process is at is left
 * to it. A row ahead by more than two minutes was written under a clock that went wrong, and is taken too (T-06).
 */
export async function claimRounds(
  client: Client,
  claim: {
    minute: number;
    limit: number;
    /** null: any; else only these, or all but these. */
    only: readonly number[] | null;
    leaveOut: readonly number[];
  },
): Promise<RuleRound[]> {
  const { rows } = await client.query<{ app_id: number; next_minute: number; is_removed: boolean }>(
    `SELECT r.app_id, r.next_minute, a.removed_at_ms IS NOT NULL AS is_removed
     FROM rule_rounds r JOIN apps a ON a.id = r.app_id
     WHERE (r.next_minute <= $1 OR r.next_minute BETWEEN $1 + 3 AND ${NEVER} - 1)
       AND ($3::int[] IS NULL OR r.app_id = ANY ($3)) AND r.app_id <> ALL ($4::int[])
     ORDER BY r.next_minute, r.app_id LIMIT $2 FOR UPDATE OF r SKIP LOCKED`,
    [claim.minute, claim.limit, claim.only, claim.leaveOut],
  );
  return rows.map((row) => ({
    appId: row.app_id,
    nextMinute: row.next_minute,
    isRemoved: row.is_removed,
  }));
}

/** Next evaluation of an app that was removed. */
const NEVER = 2_000_000_000;

/** Moves claimed apps on to an evaluation; null: never again. */
export async function moveRounds(
  client: Client,
  appIds: readonly number[],
  nextMinute: number | null,
): Promise<void> {
  if (appIds.length === 0) return;
  await client.query(`UPDATE rule_rounds SET next_minute = $2 WHERE app_id = ANY ($1::int[])`, [
    appIds,
    nextMinute ?? NEVER,
  ]);
}
