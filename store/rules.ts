/** Rules of apps (table rules). */
import type { Rule, RuleDraft, RuleKind, RuleSettings } from '../model/rule.ts';
import { RULE_DEFAULTS } from '../model/rule-defaults.ts';
import type { Severity } from '../model/slo.ts';
import type { Client, Queryable } from './pool.ts';

/** A rule with what its table knows of it. */
export type RuleRow = Rule & {
  defaultKey: string | null;
  author: string;
  createdAtMs: number;
  updatedAtMs: number;
  removedAtMs: number | null;
};

interface RuleRecord {
  id: number;
  public_id: string;
  app_id: number;
  kind: string;
  title: string;
  severity: string;
  is_on: boolean;
  settings: unknown;
  for_minutes: number;
  keep_firing_minutes: number;
  on_no_data: string;
  runbook_url: string;
  default_key: string | null;
  version: number;
  author: string;
  created_at_ms: number;
  updated_at_ms: number;
  removed_at_ms: number | null;
}

const COLUMNS = `id, public_id, app_id, kind, title, severity, is_on, settings, for_minutes, keep_firing_minutes,
  on_no_data, runbook_url, default_key, version, author, created_at_ms, updated_at_ms, removed_at_ms`;

/** Rows are written by what checkRule let through. */
function toRule(record: RuleRecord): RuleRow {
  const what = { kind: record.kind as RuleKind, settings: record.settings as RuleSettings };
  return {
    ...(what as RuleDraft),
    id: record.id,
    publicId: record.public_id,
    appId: record.app_id,
    title: record.title,
    severity: record.severity as Severity,
    isOn: record.is_on,
    forMinutes: record.for_minutes,
    keepFiringMinutes: record.keep_firing_minutes,
    onNoData: record.on_no_data as RuleDraft['onNoData'],
    runbookUrl: record.runbook_url,
    isDefault: record.default_key !== null && record.version === 1,
    version: record.version,
    defaultKey: record.default_key,
    author: record.author,
    createdAtMs: record.created_at_ms,
    updatedAtMs: record.updated_at_ms,
    removedAtMs: record.removed_at_ms,
  };
}

/** Rules of these apps, in the order they were made; those that were deleted only when asked for. */
export async function listRules(
  db: Queryable,
  appIds: readonly number[],
  { withRemoved = false }: { withRemoved?: boolean } = {},
): Promise<RuleRow[]> {
  const { rows } = await db.query<RuleRecord>(
    `SELECT ${COLUMNS} FROM rules WHERE app_id = ANY ($1::int[]) ${withRemoved ? '' : 'AND removed_at_ms IS NULL'}
     ORDER BY app_id, id`,
    [appIds],
  );
  return rows.map(toRule);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The rule of an app by its public id; null when there is none, or it was deleted. */
export async function readRuleOf(db: Queryable, appId: number, publicId: string): Promise<RuleRow | null> {
  if (!UUID.test(publicId)) return null;
  const { rows } = await db.query<RuleRecord>(
    `SELECT ${COLUMNS} FROM rules WHERE app_id = $1 AND public_id = $2 AND removed_at_ms IS NULL`,
    [appId, publicId],
  );
  return rows[0] ? toRule(rows[0]) : null;
}

/** Adds a rule that checkRule let through; `defaultKey` where it is one of the defaults. */
export async function insertRule(
  db: Queryable,
  input: { appId: number; draft: RuleDraft; author: string; nowMs: number; defaultKey?: string },
): Promise<RuleRow> {
  const { appId, draft, author, nowMs, defaultKey = null } = input;
  const { rows } = await db.query<RuleRecord>(
    `INSERT INTO rules (app_id, kind, title, severity, is_on, settings, for_minutes, keep_firing_minutes,
       on_no_data, runbook_url, author, created_at_ms, updated_at_ms, default_key)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13) RETURNING ${COLUMNS}`,
    [
      appId,
      draft.kind,
      draft.title,
      draft.severity,
      draft.isOn,
      JSON.stringify(draft.settings),
      draft.forMinutes,
      draft.keepFiringMinutes,
      draft.onNoData,
      draft.runbookUrl,
      author,
      nowMs,
      defaultKey,
    ],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the database gave no rule back');
  return toRule(row);
}

/** Writes a rule anew; null when there is none of that id, or it is of another kind: that is another rule. */
export async function updateRule(
  db: Queryable,
  input: { appId: number; publicId: string; draft: RuleDraft; author: string; nowMs: number },
): Promise<RuleRow | null> {
  const { appId, publicId, draft, author, nowMs } = input;
  if (!UUID.test(publicId)) return null;
  const { rows } = await db.query<RuleRecord>(
    `UPDATE rules SET title = $4, severity = $5, is_on = $6, settings = $7, for_minutes = $8,
       keep_firing_minutes = $9, on_no_data = $10, runbook_url = $11, author = $12, updated_at_ms = $13,
       version = version + 1
     WHERE app_id = $1 AND public_id = $2 AND kind = $3 AND removed_at_ms IS NULL RETURNING ${COLUMNS}`,
    [
      appId,
      publicId,
      draft.kind,
      draft.title,
      draft.severity,
      draft.isOn,
      JSON.stringify(draft.settings),
      draft.forMinutes,
      draft.keepFiringMinutes,
      draft.onNoData,
      draft.runbookUrl,
      author,
      nowMs,
    ],
  );
  return rows[0] ? toRule(rows[0]) : null;
}

/** Deletes a rule; what fires of it is resolved with the next evaluation. False when there is none. */
export async function removeRule(
  db: Queryable,
  { appId, publicId, nowMs }: { appId: number; publicId: string; nowMs: number },
): Promise<boolean> {
  if (!UUID.test(publicId)) return false;
  const { rowCount } = await db.query(
    `UPDATE rules SET removed_at_ms = $3 WHERE app_id = $1 AND public_id = $2 AND removed_at_ms IS NULL`,
    [appId, publicId, nowMs],
  );
  return rowCount === 1;
}

/** Makes the defaults of these apps that came after a version of their list and are not there; gives titles by app. */
export async function insertMissingDefaults(
  db: Queryable,
  input: { appIds: readonly number[]; afterVersion: number; nowMs: number },
): Promise<Map<number, string[]>> {
  const defaults = RULE_DEFAULTS.filter(({ since }) => since > input.afterVersion);
  const { rows } = await db.query<{ app_id: number; title: string }>(
    `INSERT INTO rules (app_id, kind, title, severity, is_on, settings, for_minutes, keep_firing_minutes,
       on_no_data, runbook_url, default_key, created_at_ms, updated_at_ms)
     SELECT a.id, d.kind, d.title, d.severity, d."isOn", d.settings, d."forMinutes", d."keepFiringMinutes",
       d."onNoData", d."runbookUrl", d.key, $3, $3
     FROM apps a CROSS JOIN jsonb_to_recordset($2::jsonb) AS d (key text, kind text, title text, severity text,
       "isOn" boolean, settings jsonb, "forMinutes" int, "keepFiringMinutes" int, "onNoData" text, "runbookUrl" text)
     WHERE a.id = ANY ($1::int[]) AND a.removed_at_ms IS NULL
     ON CONFLICT (app_id, default_key) WHERE default_key IS NOT NULL AND removed_at_ms IS NULL DO NOTHING
     RETURNING app_id, title`,
    [input.appIds, JSON.stringify(defaults.map(({ key, draft }) => ({ key, ...draft }))), input.nowMs],
  );
  return new Map(
    [...Map.groupBy(rows, (row) => row.app_id)].map(([appId, own]) => [appId, own.map((row) => row.title)]),
  );
}

/** Rows of rules that were deleted long ago. */
export async function trimRemovedRules(client: Client, beforeMs: number): Promise<void> {
  await client.query(
    `DELETE FROM rules r WHERE removed_at_ms < $1 AND NOT EXISTS (SELECT FROM rule_states s WHERE s.rule_id = r.id)`,
    [beforeMs],
  );
}
