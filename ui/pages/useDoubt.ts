/** What the instance goes through at this moment, as a doubt about what a page shows. */
import { useApp } from '../state/context.ts';
import type { Doubt } from '../verdict/doubt.ts';

/** null while the database answers and nothing is on its way. Whoever asks is drawn again when that changes. */
export function useDoubt(): Doubt | null {
  const { instance } = useApp();
  const awaySinceMs = instance.awaySinceMs.value;
  if (awaySinceMs !== null) return { kind: 'away', sinceMs: awaySinceMs };
  if (!instance.isMoving.value) return null;
  return { kind: 'moving', sinceMs: instance.told.value?.ingest?.spool.oldestAtMs ?? null };
}
