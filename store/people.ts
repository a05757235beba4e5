/** People who sign in (table people). */
import type { Queryable } from './pool.ts';

export type Role = 'viewer' | 'editor' | 'admin';

export interface PersonRow {
  id: string;
  /** Lower case. */
  email: string;
  displayName: string;
  role: Role;
  createdAtMs: number;
  disabledAtMs: number | null;
}

interface PersonRecord {
  id: string;
  email: string;
  display_name: string;
  role: Role;
  created_at_ms: number;
  disabled_at_ms: number | null;
}

const COLUMNS = 'id, email, display_name, role, created_at_ms, disabled_at_ms';

function toPerson(record: PersonRecord): PersonRow {
  return {
    id: record.id,
    email: record.email,
    displayName: record.display_name,
    role: record.role,
    createdAtMs: record.created_at_ms,
    disabledAtMs: record.disabled_at_ms,
  };
}

/** null when the address is taken. passwordHash: argon2id in PHC form. */
export async function insertPerson(
  db: Queryable,
  person: { email: string; displayName: string; role: Role; passwordHash: string; nowMs: number },
): Promise<PersonRow | null> {
  const { rows } = await db.query<PersonRecord>(
    `INSERT INTO people (email, display_name, role, password_hash, created_at_ms)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO NOTHING RETURNING ${COLUMNS}`,
    [person.email.toLowerCase(), person.displayName, person.role, person.passwordHash, person.nowMs],
  );
  return rows[0] ? toPerson(rows[0]) : null;
}

/** Everybody, disabled ones too, by address. */
export async function listPeople(db: Queryable): Promise<PersonRow[]> {
  const { rows } = await db.query<PersonRecord>(`SELECT ${COLUMNS} FROM people ORDER BY email`);
  return rows.map(toPerson);
}

/** Locked until the transaction ends: two changes of roles must see each other. */
export async function lockPeople(db: Queryable): Promise<PersonRow[]> {
  const { rows } = await db.query<PersonRecord>(`SELECT ${COLUMNS} FROM people ORDER BY id FOR UPDATE`);
  return rows.map(toPerson);
}

/** For signing in: the hash beside the person; disabled people are not found. */
export async function readPersonForSignIn(
  db: Queryable,
  email: string,
): Promise<{ person: PersonRow; passwordHash: string } | null> {
  const { rows } = await db.query<PersonRecord & { password_hash: string }>(
    `SELECT ${COLUMNS}, password_hash FROM people WHERE email = $1 AND disabled_at_ms IS NULL`,
    [email.toLowerCase()],
  );
  return rows[0] ? { person: toPerson(rows[0]), passwordHash: rows[0].password_hash } : null;
}

/** Changes what is given. disabled: true sets the instant, false clears it. */
export async function updatePerson(
  db: Queryable,
  id: string,
  change: { role?: Role; displayName?: string; disabled?: boolean; passwordHash?: string; nowMs: number },
): Promise<PersonRow | null> {
  const { rows } = await db.query<PersonRecord>(
    `UPDATE people SET role = coalesce($2, role), display_name = coalesce($3, display_name),
       disabled_at_ms = CASE $4::boolean WHEN true THEN coalesce(disabled_at_ms, $5::bigint)
                                         WHEN false THEN NULL ELSE disabled_at_ms END,
       password_hash = coalesce($6, password_hash)
     WHERE id = $1 RETURNING ${COLUMNS}`,
    [
      id,
      change.role ?? null,
      change.displayName ?? null,
      change.disabled ?? null,
      change.nowMs,
      change.passwordHash ?? null,
    ],
  );
  return rows[0] ? toPerson(rows[0]) : null;
}

/** Deletes the person and, by reference, their sessions. */
export async function deletePerson(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query('DELETE FROM people WHERE id = $1', [id]);
  return rowCount === 1;
}
