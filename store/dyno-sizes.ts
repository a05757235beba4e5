/** Sizes of dynos as people say them (table dyno_sizes). */
import type { Queryable } from './pool.ts';

export interface DynoSizeRow {
  processType: string;
  /** null: as Heroku's own lines say. */
  size: string | null;
  cores: number | null;
  setAtMs: number;
  setBy: string;
}

/** By process type. */
export async function listDynoSizes(db: Queryable, appId: number): Promise<Map<string, DynoSizeRow>> {
  const { rows } = await db.query<{
    process_type: string;
    size: string | null;
    cores: number | null;
    set_at_ms: number;
    set_by: string;
  }>(
    'SELECT process_type, size, cores, set_at_ms, set_by FROM dyno_sizes WHERE app_id = $1 ORDER BY process_type',
    [appId],
  );
  return new Map(
    rows.map((row) => [
      row.process_type,
      {
        processType: row.process_type,
        size: row.size,
        cores: row.cores,
        setAtMs: row.set_at_ms,
        setBy: row.set_by,
      },
    ]),
  );
}

/** Process types of one app that may have a size said: more have nobody who reads them. */
export const DYNO_SIZES_MAX = 100;

/** Says or changes the size of a process type; false when the app has too many already. */
export async function upsertDynoSize(db: Queryable, appId: number, row: DynoSizeRow): Promise<boolean> {
  const { rowCount } = await db.query(
    `INSERT INTO dyno_sizes (app_id, process_type, size, cores, set_at_ms, set_by)
     SELECT $1, $2::text, $3, $4, $5, $6
     WHERE (SELECT count(*) FROM dyno_sizes WHERE app_id = $1 AND process_type <> $2::text) < ${DYNO_SIZES_MAX}
     ON CONFLICT (app_id, process_type) DO UPDATE
       SET size = excluded.size, cores = excluded.cores, set_at_ms = excluded.set_at_ms, set_by = excluded.set_by`,
    [appId, row.processType, row.size, row.cores, row.setAtMs, row.setBy],
  );
  return rowCount === 1;
}

/** What Heroku's own lines say holds again; false when nothing was said. */
export async function deleteDynoSize(db: Queryable, appId: number, processType: string): Promise<boolean> {
  const { rowCount } = await db.query('DELETE FROM dyno_sizes WHERE app_id = $1 AND process_type = $2', [
    appId,
    processType,
  ]);
  return rowCount === 1;
}
