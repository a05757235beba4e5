/** Counts of SLOs by minute (table slo_hours). A minute is floor(epoch s / 60). */
import type { Queryable } from './pool.ts';

export interface Counts {
  events: number;
  bad: number;
}

/** Minutes of one SLO, `toMinute` exclusive. */
export interface SloWindow {
  sloId: number;
  fromMinute: number;
  toMinute: number;
}

/** Sums of many windows in one query, in their order; each costs two rows, whatever its length. */
export async function readWindowSums(db: Queryable, windows: readonly SloWindow[]): Promise<Counts[]> {
  const points = new Points();
  for (const { sloId, fromMinute, toMinute } of windows) {
    points.add(sloId, fromMinute);
    points.add(sloId, Math.max(fromMinute, toMinute));
  }
  await points.read(db);
  return windows.map(({ sloId, fromMinute, toMinute }) => {
    const [from, to] = [points.at(sloId, fromMinute), points.at(sloId, Math.max(fromMinute, toMinute))];
    return { events: to.events - from.events, bad: to.bad - from.bad };
  });
}

/** Sums of everything before a minute: each asked for once. */
class Points {
  readonly #bySlo = new Map<number, Map<number, Counts>>();
  readonly #sloIds: number[] = [];
  readonly #minutes: number[] = [];

  add(sloId: number, minute: number): void {
    let known = this.#bySlo.get(sloId);
    if (known === undefined) {
      known = new Map();
      this.#bySlo.set(sloId, known);
    }
    if (known.has(minute)) return;
    known.set(minute, { events: 0, bad: 0 });
    this.#sloIds.push(sloId);
    this.#minutes.push(minute);
  }

  at(sloId: number, minute: number): Counts {
    return this.#bySlo.get(sloId)?.get(minute) ?? { events: 0, bad: 0 };
  }

  async read(db: Queryable): Promise<void> {
    if (this.#minutes.length === 0) return;
    const { rows } = await db.query<{ n: number; events: number; bad: number }>(READ_POINTS, [
      this.#sloIds,
      this.#minutes,
    ]);
    for (const { n, events, bad } of rows) {
      this.#bySlo.get(this.#sloIds[n - 1]!)?.set(this.#minutes[n - 1]!, { events, bad });
    }
  }
}

/**
 * By the row of the minute's hour, or the last one before it, whose hour is all in. Before the first row: what its own sum
 * says, for what retention took away is in there.
 */
const READ_POINTS = `
SELECT p.n::int AS n,
  coalesce(h.cum_events + coalesce((SELECT sum(x) FROM unnest(h.events[1:h.upto]) AS x), 0), f.cum_events) AS events,
  coalesce(h.cum_bad + coalesce((SELECT sum(x) FROM unnest(h.bad[1:h.upto]) AS x), 0), f.cum_bad) AS bad
FROM unnest($1::int[], $2::int[]) WITH ORDINALITY AS p (slo_id, minute, n)
LEFT JOIN LATERAL (
  SELECT hour, events, bad, cum_events, cum_bad, CASE WHEN hour = p.minute / 60 THEN p.minute % 60 ELSE 60 END AS upto
  FROM slo_hours WHERE slo_id = p.slo_id AND hour <= p.minute / 60 ORDER BY hour DESC LIMIT 1
) AS h ON true
LEFT JOIN LATERAL (
  SELECT cum_events, cum_bad FROM slo_hours WHERE slo_id = p.slo_id ORDER BY hour LIMIT 1
) AS f ON h.hour IS NULL
WHERE h.hour IS NOT NULL OR f.cum_events IS NOT NULL`;

/** Counts of single minutes; position 0 is fromMinute. */
export interface MinuteCounts {
  events: number[];
  bad: number[];
}

/** Single minutes of some SLOs, zero where nothing was counted. */
export async function readSloMinutes(
  db: Queryable,
  sloIds: readonly number[],
  { fromMinute, toMinute }: { fromMinute: number; toMinute: number },
): Promise<Map<number, MinuteCounts>> {
  const length = Math.max(0, toMinute - fromMinute);
  const counts = new Map(
    sloIds.map((id) => [id, { events: zeros(length), bad: zeros(length) } satisfies MinuteCounts]),
  );
  const { rows } = await db.query<{ slo_id: number; hour: number; events: number[]; bad: number[] }>(
    `SELECT slo_id, hour, events, bad FROM slo_hours
     WHERE slo_id = ANY ($1::int[]) AND hour >= $2 AND hour <= $3`,
    [sloIds, Math.floor(fromMinute / 60), Math.floor((toMinute - 1) / 60)],
  );
  for (const { slo_id: sloId, hour, events, bad } of rows) {
    const own = counts.get(sloId);
    if (own === undefined) continue;
    place(own.events, hour * 60 - fromMinute, events);
    place(own.bad, hour * 60 - fromMinute, bad);
  }
  return counts;
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}

/** Copies an hour's minutes to where they belong, as far as they are within. */
function place(into: number[], at: number, minutes: readonly number[]): void {
  minutes.forEach((count, index) => {
    const position = at + index;
    if (position >= 0 && position < into.length) into[position] = count;
  });
}
