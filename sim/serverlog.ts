/** The database server's own log, `postgres.<pid>` (FORMATS 6.3). */
import type { PostgresSpec } from './app.ts';
import { PRIORITY_DATABASE_STATEMENT, PRIORITY_PLATFORM, type SimLine } from './line.ts';
import { hash32, type Random } from './random.ts';

const TABLES = 'orders line_items users sessions shipments'.split(' ');

/**
 * A few entries for a slice of time: slow statements, checkpoints, errors.
 * @param rate slow statements a minute at the peak
 */
export function serverLog(
  spec: PostgresSpec,
  span: { fromMs: number; toMs: number },
  state: { busyness: number; trouble: number },
  random: Random,
): SimLine[] {
  const minutes = (span.toMs - span.fromMs) / 60_000;
  const lines: SimLine[] = [];
  const slow = random.poisson(minutes * (0.25 * state.busyness + 9 * state.trouble));
  for (let i = 0; i < slow; i += 1) lines.push(...slowStatement(spec, span, state.trouble, random));
  const errors = random.poisson(minutes * (0.03 * state.busyness + 2 * state.trouble));
  for (let i = 0; i < errors; i += 1) lines.push(...failure(spec, span, state.trouble, random));
  if (random.chance(minutes / 5)) lines.push(...checkpoint(spec, span, random));
  return lines;
}

interface Entry {
  spec: PostgresSpec;
  atMs: number;
  pid: number;
  number: number;
}

function openEntry(
  spec: PostgresSpec,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  random: Random,
): Entry {
  const atMs = fromMs + random.integer(0, toMs - fromMs - 1);
  return { spec, atMs, pid: random.integer(1_000, 2_000_000), number: random.integer(3, 90) };
}

/** Part 1 says what happened; later parts go on in frames of their own, beginning with a tab. */
function part(
  { spec, atMs, pid, number }: Entry,
  n: number,
  text: string,
  priority = PRIORITY_PLATFORM,
): SimLine {
  return {
    atMs,
    micros: 0,
    precision: 'seconds',
    priority,
    appname: 'app',
    procid: `postgres.${pid}`,
    text: `[${spec.source}] [${number}-${n}] ${text}`,
    mark: { kind: 'databaseLog' },
  };
}

function slowStatement(
  spec: PostgresSpec,
  span: { fromMs: number; toMs: number },
  trouble: number,
  random: Random,
): SimLine[] {
  const entry = openEntry(spec, span, random);
  const table = random.pick(TABLES);
  const ms = (2_000 + random.exponential(400 + 9_000 * trouble)).toFixed(3);
  if (random.chance(0.5)) {
    const text = `execute <unnamed>: SELECT "${table}".* FROM "${table}" WHERE "${table}"."id" = $1 LIMIT $2`;
    return [part(entry, 1, ` sql_error_code = 00000 LOG:  duration: ${ms} ms  ${text}`)];
  }
  const fields = `pid="${entry.pid}" session_id="${random.hex(8)}.${hash32(entry.pid).toString(16).slice(0, 5)}" database="d${random.hex(12)}" user="u${random.hex(12)}" application_name="web.1"`;
  return [
    part(
      entry,
      1,
      ` sql_error_code = 00000 ${fields} LOG:  duration: ${ms} ms  statement: SELECT sum(total)`,
    ),
    part(entry, 2, `\t  FROM ${table} JOIN prices USING (product_id)`),
    part(entry, 3, `\t WHERE ${table}.created_at > '2026-01-01'`),
  ];
}

function failure(
  spec: PostgresSpec,
  span: { fromMs: number; toMs: number },
  trouble: number,
  random: Random,
): SimLine[] {
  const entry = openEntry(spec, span, random);
  if (random.chance(trouble)) {
    const statement = 'STATEMENT:  UPDATE "orders" SET "state" = $1 WHERE "orders"."id" = $2';
    return [
      part(entry, 1, ' sql_error_code = 57014 ERROR:  canceling statement due to statement timeout'),
      part(entry, 2, ` sql_error_code = 57014 ${statement}`, PRIORITY_DATABASE_STATEMENT),
    ];
  }
  return [
    part(
      entry,
      1,
      ' sql_error_code = 23505 ERROR:  duplicate key value violates unique constraint "index_users_on_email"',
    ),
    part(entry, 2, ` sql_error_code = 23505 DETAIL:  Key (email)=(ana.reed@example.org) already exists.`),
  ];
}

function checkpoint(spec: PostgresSpec, span: { fromMs: number; toMs: number }, random: Random): SimLine[] {
  const entry = openEntry(spec, span, random);
  const buffers = random.integer(40, 4_000);
  return [
    part(entry, 1, ' sql_error_code = 00000 LOG:  checkpoint starting: time'),
    part(
      { ...entry, number: entry.number + 1 },
      1,
      ` sql_error_code = 00000 LOG:  checkpoint complete: wrote ${buffers} buffers (1.3%); 0 WAL file(s) added, 0 removed, 1 recycled`,
    ),
  ];
}
