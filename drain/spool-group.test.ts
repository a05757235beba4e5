import { expect, test } from 'vitest';
import { encodeSection } from './chunk.ts';
import { Section } from './section.ts';
import type { EncodedGroup } from './spool-entry.ts';
import { accountsOf, decodeSections, withoutApps } from './spool-group.ts';

const RECEIVED_MS = 1_760_000_123_456;

/** A section with frames at these positions, three messages each. */
function section(appId: number, positions: number[]): Section {
  const made = new Section(appId);
  for (const position of positions) {
    made.frames.push({
      position,
      drainId: appId * 10,
      receivedAtMs: RECEIVED_MS + position,
      bodyBytes: 100,
      messages: 3,
      kinds: [],
      filed: [{ bucketS: Math.floor(RECEIVED_MS / 10_000) * 10 - 20, count: 3 }],
      notes: [],
      redactions: 0,
      lastLineMs: 0,
    });
  }
  return made;
}

function groupOf(sections: Section[], knownDuplicates: number[] = []): EncodedGroup {
  const bodies = sections.map(encodeSection);
  const frames = sections.flatMap(({ appId, frames: all }) =>
    all.map(({ position }) => ({ position, drainId: appId * 10, frameId: Buffer.alloc(16, position) })),
  );
  return {
    appIds: sections.map(({ appId }) => appId),
    sectionEnds: bodies.map((_, index) =>
      bodies.slice(0, index + 1).reduce((sum, bytes) => sum + bytes.length, 0),
    ),
    messages: frames.length * 3,
    body: Buffer.concat(bodies),
    frames: frames.filter(({ position }) => !knownDuplicates.includes(position)),
    knownDuplicates,
    logs: null,
  };
}

test('an account says per app how many messages from when to when, without frames that were counted before', () => {
  const sections = [section(1, [0, 2]), section(2, [1]), section(3, [3])];
  expect(accountsOf(sections, new Set([2, 3]))).toEqual([
    { appId: 1, messages: 3, fromMs: 1_760_000_100_000, toMs: RECEIVED_MS },
    { appId: 2, messages: 3, fromMs: 1_760_000_100_000, toMs: RECEIVED_MS + 1 },
  ]);
});

test('R-18 apps that were removed meanwhile are cut out of a group, frames and all; the others stay as they are', () => {
  const sections = [section(1, [0, 2]), section(2, [1, 4]), section(3, [3])];
  const whole = groupOf(sections, [4]);
  const { group, live } = withoutApps(whole, sections, new Set([2]));
  expect(group).toEqual(groupOf([section(1, [0, 2]), section(3, [3])]));
  expect(live.map(({ appId }) => appId)).toEqual([1, 3]);
  expect(decodeSections(group)?.map(({ frames }) => frames.map(({ position }) => position))).toEqual([
    [0, 2],
    [3],
  ]);
  expect(withoutApps(whole, sections, new Set())).toEqual({ group: whole, live: sections });
  expect(withoutApps(whole, sections, new Set([1, 2, 3])).live).toEqual([]);
});

test('a group with a section that cannot be read is none', () => {
  const group = groupOf([section(1, [0]), section(2, [1])]);
  expect(decodeSections(group)).toHaveLength(2);
  group.body[group.body.length - 1] = (group.body.at(-1) ?? 0) ^ 1;
  group.body[(group.sectionEnds[0] ?? 0) + 1] = 99;
  expect(decodeSections(group)).toBeNull();
});

test('R-18 lines of an app that was removed while its group waited are left out, those of others stay as they are', () => {
  const sections = [section(1, [0]), section(2, [1]), section(3, [2])];
  const logs = {
    appIds: [1, 2, 3],
    sectionEnds: [3, 5, 9],
    lines: 3,
    body: Buffer.from('aaabbcccc'),
  };
  const group = { ...groupOf(sections), logs };
  expect(withoutApps(group, sections, new Set([2])).group.logs).toEqual({
    appIds: [1, 3],
    sectionEnds: [3, 7],
    lines: 3,
    body: Buffer.from('aaacccc'),
  });
  expect(withoutApps(group, sections, new Set([1, 2, 3])).group.logs).toBeNull();
  expect(withoutApps(group, sections, new Set()).group.logs).toBe(logs);
});
