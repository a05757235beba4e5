/** What was told of incidents lately (table notifications), for "what would this have withheld". */
import type { Subject } from '../../model/alert-change.ts';
import type { Severity } from '../../model/slo.ts';
import type { Queryable } from '../pool.ts';

export interface ToldNotice {
  appId: number;
  subject: Subject;
  severity: Severity;
  atMs: number;
}

/** More are not looked through: the number shown is then a lower bound. */
const TOLD_MAX = 5000;

/** Messages of incidents enqueued since an instant, newest first. */
export async function readTold(db: Queryable, sinceMs: number): Promise<ToldNotice[]> {
  const { rows } = await db.query<{
    app_id: number;
    subject_kind: Subject['kind'];
    slo_id: number | null;
    rule_id: number | null;
    key: string;
    severity: Severity;
    at_ms: number;
  }>(
    `SELECT i.app_id, i.subject_kind, i.slo_id, i.rule_id, i.key, coalesce(n.severity, i.severity) AS severity,
       n.created_at_ms AS at_ms
     FROM notifications n JOIN incidents i ON i.id = n.incident_id
     WHERE n.created_at_ms >= $1 ORDER BY n.id DESC LIMIT ${TOLD_MAX}`,
    [sinceMs],
  );
  return rows.map((row) => ({
    appId: row.app_id,
    subject: subjectOf(row),
    severity: row.severity,
    atMs: row.at_ms,
  }));
}

function subjectOf(row: {
  subject_kind: Subject['kind'];
  slo_id: number | null;
  rule_id: number | null;
  key: string;
}): Subject {
  if (row.subject_kind === 'rule') return { kind: 'rule', ruleId: row.rule_id ?? 0, key: row.key };
  const sloId = row.slo_id ?? 0;
  return row.subject_kind === 'slo'
    ? { kind: 'slo', sloId }
    : { kind: 'budget', sloId, remainingPercent: Number(row.key) };
}
