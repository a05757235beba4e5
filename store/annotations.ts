/** Notes of people on a moment or a span of an app (table annotations). */
import type { Queryable } from './pool.ts';

export interface AnnotationRow {
  id: string;
  appId: number;
  fromMs: number;
  /** Equal to fromMs for a moment. */
  toMs: number;
  text: string;
  author: string;
  /** A person's id, or `token:<id>`. */
  authorId: string;
  createdAtMs: number;
}

interface AnnotationRecord {
  id: string;
  app_id: number;
  from_ms: number;
  to_ms: number;
  text: string;
  author: string;
  author_id: string;
  created_at_ms: number;
}

const COLUMNS = 'id, app_id, from_ms, to_ms, text, author, author_id, created_at_ms';
/** A page never needs more. */
const ANNOTATIONS_MAX = 200;

function toAnnotation(record: AnnotationRecord): AnnotationRow {
  return {
    id: record.id,
    appId: record.app_id,
    fromMs: record.from_ms,
    toMs: record.to_ms,
    text: record.text,
    author: record.author,
    authorId: record.author_id,
    createdAtMs: record.created_at_ms,
  };
}

/** Adds one; `text` has 1 to 500 characters. */
export async function insertAnnotation(
  db: Queryable,
  input: Omit<AnnotationRow, 'id' | 'createdAtMs'> & { nowMs: number },
): Promise<AnnotationRow> {
  const { rows } = await db.query<AnnotationRecord>(
    `INSERT INTO annotations (app_id, from_ms, to_ms, text, author, author_id, created_at_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${COLUMNS}`,
    [input.appId, input.fromMs, input.toMs, input.text, input.author, input.authorId, input.nowMs],
  );
  const [row] = rows;
  if (!row) throw new Error('an annotation that was inserted was not returned');
  return toAnnotation(row);
}

/** Those that touch [fromMs, toMs), by start; of too many the newest. */
export async function readAnnotations(
  db: Queryable,
  appId: number,
  fromMs: number,
  toMs: number,
): Promise<AnnotationRow[]> {
  const { rows } = await db.query<AnnotationRecord>(
    `SELECT ${COLUMNS} FROM annotations WHERE app_id = $1 AND to_ms >= $2 AND from_ms < $3
     ORDER BY from_ms DESC, id LIMIT ${ANNOTATIONS_MAX}`,
    [appId, fromMs, toMs],
  );
  return rows.map(toAnnotation).reverse();
}

/** One of an app, locked for a change; null when there is none by that id (a uuid). */
export async function lockAnnotation(
  db: Queryable,
  appId: number,
  id: string,
): Promise<AnnotationRow | null> {
  const { rows } = await db.query<AnnotationRecord>(
    `SELECT ${COLUMNS} FROM annotations WHERE app_id = $1 AND id = $2 FOR UPDATE`,
    [appId, id],
  );
  return rows[0] ? toAnnotation(rows[0]) : null;
}

export async function deleteAnnotation(db: Queryable, id: string): Promise<void> {
  await db.query('DELETE FROM annotations WHERE id = $1', [id]);
}
