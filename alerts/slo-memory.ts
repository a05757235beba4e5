/** What evaluations of an SLO remember besides its tiers' states, as it is stored. */
import { type AlertMemory, initialMemory } from '../model/alert.ts';
import type { EndedEpisode, Episode, Snapshot } from './slo-run.ts';
import { LISTED_MAX, NOTHING_TOLD, type Told } from './slo-tell.ts';

export interface SloMemory {
  /** Version that the tiers' states are of; null before the first evaluation. */
  versionId: number | null;
  episode: Episode | null;
  told: Told;
  /** Began and ended while evaluations were behind: listed once they have caught up. */
  ended: EndedEpisode[];
  /** Levels of the budget that are crossed; null before the first evaluation. */
  levels: number[] | null;
  /** Some hours of how it stood, oldest first, for late data. */
  snapshots: Snapshot[];
}

/** Reaches back three hours: lines more than one hour late are filed under their arrival, others seldom come later. */
const SNAPSHOTS_MAX = 6;

/** A snapshot as stored: all tiers being ok is one word. */
interface StoredSnapshot extends Omit<Snapshot, 'tiers'> {
  tiers: AlertMemory[] | 'ok';
  count: number;
}

interface StoredMemory extends Omit<SloMemory, 'snapshots'> {
  snapshots: StoredSnapshot[];
}

/** From what is stored; whatever an older release did not write is as at first. */
export function readSloMemory(stored: unknown): SloMemory {
  const memory = (stored ?? {}) as Partial<StoredMemory>;
  return {
    versionId: memory.versionId ?? null,
    episode: memory.episode ?? null,
    told: memory.told ?? NOTHING_TOLD,
    ended: memory.ended ?? [],
    levels: memory.levels ?? null,
    snapshots: (memory.snapshots ?? []).map(({ count, tiers, ...rest }) => ({
      ...rest,
      tiers: tiers === 'ok' ? Array.from({ length: count }, () => initialMemory(rest.minute)) : tiers,
    })),
  };
}

export function writeSloMemory({ snapshots, ended, ...rest }: SloMemory): unknown {
  return {
    ...rest,
    ended: ended.slice(-LISTED_MAX),
    snapshots: snapshots.slice(-SNAPSHOTS_MAX).map(({ tiers, ...snapshot }) => ({
      ...snapshot,
      count: tiers.length,
      tiers: tiers.every(({ state, held }) => state === 'ok' && held === null) ? 'ok' : tiers,
    })),
  } satisfies StoredMemory;
}
