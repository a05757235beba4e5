/** What sections of the durable log count for one SLO that began after them. */
import type { MinuteDelta } from '../model/deltas.ts';
import { outcomeOf } from '../model/outcome.ts';
import type { SloDefinition } from '../model/slo.ts';
import { SloMatcher } from '../model/slo-match.ts';
import { ChunkError, decodeSection } from './chunk.ts';
import { FLAG_AT_ERROR } from './section.ts';
import { AppSlos, emptyMinute, type MinuteCell, SectionSlos } from './slo-counting.ts';

export interface LoggedSection {
  committedAtMs: number;
  /** Positions of frames that were counted before. */
  duplicates: number[];
  section: Uint8Array;
}

/** Counts by minute under version `versionId`; damaged sections are left out: they are a gap already. */
export function countSections(
  { versionId, definition }: { versionId: number; definition: SloDefinition },
  sections: readonly LoggedSection[],
): MinuteDelta[] {
  const matcher = SloMatcher.of(definition);
  if (matcher === null) return [];
  const version = { id: versionId, sloId: 0, validFromS: 0, validToS: Number.POSITIVE_INFINITY, matcher };
  const slos = new AppSlos([version]);
  const cells = new Map<number, MinuteCell>();
  for (const logged of sections) addSection(logged, slos, cells);
  return [...cells.values()].map(({ minute, events, bad }) => ({
    versionId,
    minute,
    events: events[0]?.[0] ?? 0,
    bad: bad[0]?.[0] ?? 0,
  }));
}

function addSection(logged: LoggedSection, slos: AppSlos, cells: Map<number, MinuteCell>): void {
  const section = decode(logged.section);
  if (section === null) return;
  const known = new Set(logged.duplicates);
  const duplicate = section.frames.map((frame) => known.has(frame.position));
  const counter = new SectionSlos(section, logged.committedAtMs, slos, (minute, plan) => {
    const cell = cells.get(minute) ?? emptyMinute(minute, plan);
    cells.set(minute, cell);
    return cell;
  });
  const { requests } = section;
  for (let row = 0; row < requests.length; row++) {
    if (duplicate[requests.frame[row]!]) continue;
    const code = requests.code[row]!;
    const family = code === 0 ? -1 : (code >> 10) + 64;
    const number = code & 1023;
    const isError = (requests.flags[row]! & FLAG_AT_ERROR) !== 0;
    const status = requests.status[row]!;
    counter.count(row, family, number, isError, status, outcomeOf(family, number, isError, status));
  }
}

function decode(bytes: Uint8Array): ReturnType<typeof decodeSection> | null {
  try {
    return decodeSection(bytes);
  } catch (error) {
    if (!(error instanceof ChunkError)) throw error;
    return null;
  }
}
