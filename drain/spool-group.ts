/** What is in a group that goes to the spool or comes back from it, by app. */
import { SECOND } from '../model/time.ts';
import type { LogChunkInput } from '../store/chunks.ts';
import type { SpoolAccount } from '../store/spool-accounts.ts';
import { decodeSection } from './chunk.ts';
import type { Section } from './section.ts';
import type { EncodedGroup } from './spool-entry.ts';

const BUCKET_MS = 10 * SECOND;

/** What a group holds, by app; frames known to be counted before are left out. */
export function accountsOf(sections: readonly Section[], duplicates: ReadonlySet<number>): SpoolAccount[] {
  const accounts: SpoolAccount[] = [];
  for (const section of sections) {
    const account = { appId: section.appId, messages: 0, fromMs: Number.POSITIVE_INFINITY, toMs: 0 };
    for (const frame of section.frames) {
      if (duplicates.has(frame.position)) continue;
      account.messages += frame.messages;
      account.fromMs = Math.min(account.fromMs, frame.receivedAtMs);
      account.toMs = Math.max(account.toMs, frame.receivedAtMs);
      for (const { bucketS } of frame.filed) {
        account.fromMs = Math.min(account.fromMs, bucketS * 1000);
        account.toMs = Math.max(account.toMs, Math.min(frame.receivedAtMs, bucketS * 1000 + BUCKET_MS));
      }
    }
    if (account.messages > 0) accounts.push(account);
  }
  return accounts;
}

/** Sections of a group, or null when one cannot be read. */
export function decodeSections(group: EncodedGroup): Section[] | null {
  let start = 0;
  const sections: Section[] = [];
  try {
    for (const end of group.sectionEnds) {
      sections.push(decodeSection(group.body.subarray(start, end)));
      start = end;
    }
    return sections;
  } catch {
    return null;
  }
}

/** A group without the apps that were removed while it waited: what is erased must not come back. */
export function withoutApps(
  group: EncodedGroup,
  sections: Section[],
  removed: ReadonlySet<number>,
): { group: EncodedGroup; live: Section[] } {
  if (removed.size === 0) return { group, live: sections };
  const kept: EncodedGroup = { ...group, appIds: [], sectionEnds: [], messages: 0 };
  const [bodies, live, positions]: [Buffer[], Section[], Set<number>] = [[], [], new Set()];
  let [start, end] = [0, 0];
  for (const [index, section] of sections.entries()) {
    const bytes = group.body.subarray(start, group.sectionEnds[index]);
    start += bytes.length;
    if (removed.has(section.appId)) continue;
    end += bytes.length;
    bodies.push(bytes);
    live.push(section);
    kept.appIds.push(section.appId);
    kept.sectionEnds.push(end);
    for (const frame of section.frames) {
      positions.add(frame.position);
      kept.messages += frame.messages;
    }
  }
  kept.body = Buffer.concat(bodies);
  kept.logs = logsWithout(group.logs, removed);
  kept.frames = group.frames.filter(({ position }) => positions.has(position));
  kept.knownDuplicates = group.knownDuplicates.filter((position) => positions.has(position));
  return { group: kept, live };
}

function logsWithout(logs: LogChunkInput | null, removed: ReadonlySet<number>): LogChunkInput | null {
  if (logs === null) return null;
  const kept: LogChunkInput = { ...logs, appIds: [], sectionEnds: [] };
  const bodies: Buffer[] = [];
  let [start, end] = [0, 0];
  for (const [index, appId] of logs.appIds.entries()) {
    const bytes = logs.body.subarray(start, logs.sectionEnds[index]);
    start += bytes.length;
    if (removed.has(appId)) continue;
    end += bytes.length;
    bodies.push(bytes);
    kept.appIds.push(appId);
    kept.sectionEnds.push(end);
  }
  return bodies.length === 0 ? null : { ...kept, body: Buffer.concat(bodies) };
}
