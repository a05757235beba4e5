/**
 * Sections of a chunk's body, one an app (tables chunks and log_chunks): section i of `app_ids[i]` ends at `section_ends[i]`
 * and begins where the one before it ends.
 */

/** Section `i` (a column, from 1) of a row's body, in SQL. */
export const SECTION_BYTES = `substring(body FROM coalesce(section_ends[i - 1], 0) + 1
  FOR section_ends[i] - coalesce(section_ends[i - 1], 0))`;

/** As the columns of a chunk's row are called. */
export interface SectionedBody {
  app_ids: number[];
  section_ends: number[];
  body: Buffer;
}

/** Where an app's section stands, as bytes [start, end) of the body. */
export interface SectionPlace {
  at: number;
  start: number;
  end: number;
}

/** null when the app has none in it. */
export function findSection({ app_ids, section_ends }: SectionedBody, appId: number): SectionPlace | null {
  const at = app_ids.indexOf(appId);
  const end = section_ends[at];
  return end === undefined ? null : { at, start: section_ends[at - 1] ?? 0, end };
}

/** The body with other bytes in a section's place, and all ends as they are then. */
export function replaceSection(
  { section_ends, body }: SectionedBody,
  { at, start, end }: SectionPlace,
  section: Uint8Array,
): Pick<SectionedBody, 'section_ends' | 'body'> {
  const longer = section.length - (end - start);
  return {
    body: Buffer.concat([body.subarray(0, start), section, body.subarray(end)]),
    section_ends: section_ends.map((each, index) => (index < at ? each : each + longer)),
  };
}
