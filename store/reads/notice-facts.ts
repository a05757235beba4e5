/** What is known about an app at the time of an incident: release, codes, dynos, paths, and what was done to it. */
import type { Subject } from '../../model/alert-change.ts';
import { SERIES_CODE, SERIES_DYNO, SERIES_PATH } from '../../model/series.ts';
import type { SloDefinition } from '../../model/slo.ts';
import { HOUR, MINUTE } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { readSeriesNames, type SeriesName } from './series-names.ts';
import { readSlices } from './units.ts';

/** Requests of one dyno, path or whole app. */
export interface CountedRequests {
  events: number;
  bad: number;
}

export interface NamedCounts extends CountedRequests {
  name: string;
}

/** Something that was done to the app, or happened to a dyno. */
export interface SurroundingEvent {
  kind: 'release' | 'deploy' | 'rollback' | 'config' | 'scale' | 'crash';
  atMs: number;
  version: number | null;
  dyno: string;
  detail: Readonly<Record<string, unknown>>;
}

export interface CountsOfSpan {
  /** By number, most first. */
  codes: { code: string; count: number }[];
  dynos: NamedCounts[];
  paths: NamedCounts[];
}

/** A range in ms, as whole buckets of 10 s: its first and its end bucket lie within. */
export interface SpanMs {
  fromMs: number;
  toMs: number;
}

/** More is no line of a message, and must not be read for one. */
const PATHS_MAX = 500;
/** What was done to an app longer ago caused nothing of now. */
const EVENTS_BEFORE_MS = 2 * HOUR;
const EVENTS_MAX = 200;
/** A release longer ago is not looked for. */
const RELEASE_WITHIN_MS = 30 * 24 * HOUR;

/** Requests and codes of an app over a span: by dyno, by path, by code. Excluded requests count in neither. */
export async function readCountsOfSpan(db: Queryable, appId: number, span: SpanMs): Promise<CountsOfSpan> {
  const names = await readSeriesNames(db, [appId], [SERIES_CODE, SERIES_DYNO, SERIES_PATH]);
  const byId = new Map(names.map((name) => [name.id, name]));
  const points = await readSpan(db, appId, span, [...byId.keys()]);
  const counted = (kind: number) =>
    points.flatMap(({ seriesId, sums }) => {
      const name = byId.get(seriesId);
      return name?.kind === kind ? [{ name, sums }] : [];
    });
  const requests = (kind: number): NamedCounts[] =>
    counted(kind)
      .map(({ name, sums }) => ({ name: name.key, bad: sums.bad, events: sums.count - sums.excluded }))
      .sort((a, b) => b.bad - a.bad || b.events - a.events || (a.name < b.name ? -1 : 1));
  return {
    codes: counted(SERIES_CODE)
      .map(({ name, sums }) => ({ code: name.key, count: sums.count }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1)),
    dynos: requests(SERIES_DYNO),
    paths: requests(SERIES_PATH).slice(0, PATHS_MAX),
  };
}

/** All requests of an app over a span. */
export async function readRequestsOfSpan(
  db: Queryable,
  appId: number,
  span: SpanMs,
): Promise<CountedRequests> {
  const names: SeriesName[] = await readSeriesNames(db, [appId], [SERIES_DYNO]);
  const ids = names.map(({ id }) => id);
  const points = await readSpan(db, appId, span, ids);
  return points.reduce(
    (all, { sums }) => ({ events: all.events + sums.count - sums.excluded, bad: all.bad + sums.bad }),
    { events: 0, bad: 0 },
  );
}

async function readSpan(
  db: Queryable,
  appId: number,
  { fromMs, toMs }: SpanMs,
  seriesIds: readonly number[],
) {
  const range = { fromS: Math.floor(fromMs / 10_000) * 10, toS: Math.ceil(toMs / 10_000) * 10 };
  if (range.toS <= range.fromS) return [];
  const slices = await readSlices(db, appId, range, 60);
  return readCountPoints(db, {
    target: { appId, seriesIds },
    slices,
    columns: ['count', 'bad', 'excluded'],
    stepS: null,
    by: 'series',
  });
}

/**
 * What was done to an app in the two hours before an instant and since, newest first, and the newest release before
 * it, however long ago (within a month).
 */
export async function readSurroundings(
  db: Queryable,
  appId: number,
  { fromMs, toMs }: SpanMs,
): Promise<SurroundingEvent[]> {
  const { rows } = await db.query<{
    kind: SurroundingEvent['kind'];
    at_ms: number;
    version: number | null;
    dyno: string | null;
    detail: Record<string, unknown>;
  }>(
    `SELECT DISTINCT ON (at_ms, id) * FROM (
       (SELECT CASE kind WHEN 'state' THEN 'crash' ELSE kind END AS kind, at_ms, id, version, dyno, detail
        FROM events
        WHERE app_id = $1 AND at_ms >= $2 AND at_ms <= $3
          AND (kind IN ('release', 'deploy', 'rollback', 'config', 'scale')
            OR kind = 'state' AND detail ->> 'to' = 'crashed')
        ORDER BY at_ms DESC LIMIT ${EVENTS_MAX})
       UNION ALL
       (SELECT kind, at_ms, id, version, dyno, detail FROM events
        WHERE app_id = $1 AND kind IN ('release', 'deploy') AND at_ms >= $4 AND at_ms <= $5
        ORDER BY at_ms DESC LIMIT 2)
     ) AS e ORDER BY at_ms DESC, id DESC`,
    [appId, fromMs - EVENTS_BEFORE_MS, toMs, fromMs - RELEASE_WITHIN_MS, fromMs + MINUTE],
  );
  return rows.map(({ kind, at_ms, version, dyno, detail }) => ({
    kind,
    atMs: at_ms,
    version,
    dyno: dyno ?? '',
    detail,
  }));
}

/** Names of apps; those that are gone too. */
export async function readAppNames(db: Queryable, appIds: readonly number[]): Promise<Map<number, string>> {
  const { rows } = await db.query<{ id: number; name: string }>(
    'SELECT id, name FROM apps WHERE id = ANY ($1::int[])',
    [appIds],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** How many apps are watched. */
export async function countApps(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM apps WHERE removed_at_ms IS NULL',
  );
  return rows[0]?.count ?? 0;
}

/** What an objective or rule adds to its incident: its runbook, and for objectives what is promised. */
export interface SubjectFacts {
  /** '' for none. */
  runbookUrl: string;
  /** Of an objective in addresses; '' for a rule. */
  slug: string;
  definition: SloDefinition | null;
}

/** Of an objective, by its newest version that was valid at an instant. */
export async function readSubjectFacts(
  db: Queryable,
  subject: Subject,
  atMs: number,
): Promise<SubjectFacts | null> {
  if (subject.kind === 'rule') {
    const { rows } = await db.query<{ runbook_url: string }>('SELECT runbook_url FROM rules WHERE id = $1', [
      subject.ruleId,
    ]);
    const [row] = rows;
    return row === undefined ? null : { runbookUrl: row.runbook_url, slug: '', definition: null };
  }
  const { rows } = await db.query<{ slug: string; definition: SloDefinition }>(
    `SELECT s.slug, v.definition FROM slos s JOIN slo_versions v ON v.slo_id = s.id
     WHERE s.id = $1 ORDER BY (v.valid_from_s <= $2) DESC, v.version DESC LIMIT 1`,
    [subject.sloId, Math.floor(atMs / 1000)],
  );
  const [row] = rows;
  return row === undefined
    ? null
    : { runbookUrl: row.definition.runbookUrl, slug: row.slug, definition: row.definition };
}
