/** Releases of an app in time, and the memory of its dynos over a window. */
import { SERIES_DYNO_METRIC } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { readSamplePoints } from './sample-points.ts';
import { readSeriesNames } from './series-names.ts';
import { readSlices } from './units.ts';

export interface ReleaseAt {
  version: number;
  atMs: number;
}

/** A version may come back: the newest with it stands. */
export async function readRelease(
  db: Queryable,
  appId: number,
  version: number,
): Promise<{ release: ReleaseAt; previous: ReleaseAt | null; next: ReleaseAt | null } | null> {
  const { rows } = await db.query<{ version: number; at_ms: number; side: 'own' | 'previous' | 'next' }>(
    `WITH own AS (
       SELECT version, at_ms FROM events WHERE app_id = $1 AND kind = 'release' AND version = $2
       ORDER BY at_ms DESC LIMIT 1
     )
     SELECT 'own' AS side, version, at_ms FROM own
     UNION ALL SELECT 'previous', p.version, p.at_ms FROM own, LATERAL (
       SELECT version, at_ms FROM events
       WHERE app_id = $1 AND kind = 'release' AND version IS NOT NULL AND version <> $2 AND at_ms <= own.at_ms
       ORDER BY at_ms DESC LIMIT 1) p
     UNION ALL SELECT 'next', n.version, n.at_ms FROM own, LATERAL (
       SELECT version, at_ms FROM events
       WHERE app_id = $1 AND kind = 'release' AND version IS NOT NULL AND version <> $2 AND at_ms > own.at_ms
       ORDER BY at_ms LIMIT 1) n`,
    [appId, version],
  );
  const of = (side: string): ReleaseAt | null => {
    const row = rows.find((one) => one.side === side);
    return row ? { version: row.version, atMs: row.at_ms } : null;
  };
  const release = of('own');
  return release && { release, previous: of('previous'), next: of('next') };
}

/** Average memory_total of each dyno over a window, bytes; dynos that told nothing are left out. */
export async function readMemoryMeans(
  db: Queryable,
  appId: number,
  { fromS, toS }: { fromS: number; toS: number },
): Promise<{ dyno: string; bytes: number }[]> {
  const names = (await readSeriesNames(db, [appId], [SERIES_DYNO_METRIC])).filter((name) =>
    name.key.endsWith('\tmemory_total'),
  );
  const found = await readSamplePoints(db, {
    appId,
    seriesIds: names.map((name) => name.id),
    slices: await readSlices(db, appId, { fromS, toS }, 3600),
    fromS,
    stepS: toS - fromS,
    points: 1,
  });
  return names.flatMap(({ id, key }) => {
    const column = found.get(id);
    const count = column?.counts[0] ?? 0;
    return column && count > 0
      ? [{ dyno: key.slice(0, key.indexOf('\t')), bytes: (column.sums[0] ?? 0) / count }]
      : [];
  });
}
