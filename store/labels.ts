/** Labels of apps, by which people group their fleet (table app_labels). An app without a row has none. */
import type { Queryable } from './pool.ts';

export interface Labels {
  /** `production`, `staging`; null when not said. */
  stage: string | null;
  team: string | null;
  tags: string[];
}

export const NO_LABELS: Labels = { stage: null, team: null, tags: [] };

/** Of every app that has any. */
export async function readLabels(db: Queryable): Promise<Map<number, Labels>> {
  const { rows } = await db.query<Labels & { app_id: number }>(
    'SELECT app_id, stage, team, tags FROM app_labels',
  );
  return new Map(rows.map(({ app_id, stage, team, tags }) => [app_id, { stage, team, tags }]));
}

/** Replaces all labels of an app. */
export async function writeLabels(db: Queryable, appId: number, labels: Labels): Promise<void> {
  await db.query(
    `INSERT INTO app_labels (app_id, stage, team, tags) VALUES ($1, $2, $3, $4)
     ON CONFLICT (app_id) DO UPDATE SET stage = excluded.stage, team = excluded.team, tags = excluded.tags`,
    [appId, labels.stage, labels.team, labels.tags],
  );
}
