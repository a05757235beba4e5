/** Look-up of a request by its id in the durable log, which holds every request for a day (DESIGN 3). */
import type { RequestDetail } from '../model/request.ts';
import { listAppSections } from '../store/chunks.ts';
import type { Queryable } from '../store/pool.ts';
import { decodeSection } from './chunk.ts';
import { requestIdOf, requestOf } from './details.ts';

/** Sections read at once, and in all: at most some 400 MB of log decoded for one look-up. */
const PAGE = 50;
const PAGES_MAX = 40;

/** Requests of an app with this id, committed in [fromMs, toMs), newest first; empty when there is none. */
export async function findRequestInChunks(
  db: Queryable,
  appId: number,
  requestId: string,
  fromMs: number,
  toMs: number,
): Promise<RequestDetail[]> {
  const found: RequestDetail[] = [];
  let beforeMs = toMs;
  for (let page = 0; page < PAGES_MAX && found.length === 0; page++) {
    const rows = await listAppSections(db, appId, fromMs, beforeMs, PAGE);
    for (const row of rows) {
      const section = decodeSection(row.section);
      const duplicates = new Set(row.duplicates);
      for (let i = 0; i < section.requests.length; i++) {
        const frame = section.frames[section.requests.frame[i]!];
        if (frame !== undefined && duplicates.has(frame.position)) continue;
        if (requestIdOf(section, i) === requestId) found.push(requestOf(section, i));
      }
    }
    const oldest = rows.at(-1);
    if (oldest === undefined || rows.length < PAGE) break;
    beforeMs = oldest.committedAtMs;
  }
  return found;
}
