/** Random sections for property tests: what the columns can hold, not what a parser would put there. */
import fc from 'fast-check';
import { KINDS, NOTES } from '../model/observation.ts';
import { makeTerm } from './intern.ts';
import { type RequestColumns, type SampleColumns, Section } from './section.ts';

const DAY_MS = 86_400_000;
/** Start of the times that are drawn; a few buckets only, so that rows meet. */
const FROM_MS = 20_000 * DAY_MS;

const text = fc.oneof(
  fc.constantFrom('', 'web.1', 'web.2', 'GET', '/', '/a/b', 'shop.example.com', '日本', '💥'),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((value) => value.replaceAll('\0', '')),
);

const request = fc.record({
  frame: fc.nat(2),
  timeMs: fc.integer({ min: FROM_MS, max: FROM_MS + 40_000 }),
  texts: fc.array(text, { minLength: 8, maxLength: 8 }),
  connectMs: fc.oneof(fc.constant(-1), fc.nat(40_000)),
  serviceMs: fc.oneof(fc.constant(-1), fc.nat(600_000)),
  status: fc.constantFrom(-1, 101, 200, 204, 301, 404, 499, 500, 503, 599),
  bytes: fc.oneof(fc.constant(-1), fc.nat(), fc.integer({ min: 2 ** 31, max: 1e12 })),
  code: fc.constantFrom(0, ...[10, 12, 18, 27, 80, 99].map((number) => (8 << 10) | number)),
  flags: fc.nat(15),
  requestId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
});

const sample = fc.record({
  frame: fc.nat(2),
  timeMs: fc.integer({ min: FROM_MS, max: FROM_MS + 40_000 }),
  kind: fc.constantFrom(20, 21, 22),
  key: text,
  label: text,
  // Halves only, so that sums do not depend on the order of adding.
  value: fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 2),
});

const record = fc.record({
  frame: fc.nat(2),
  timeMs: fc.integer({ min: FROM_MS, max: FROM_MS + 40_000 }),
  body: fc.oneof(
    fc.record({ type: fc.constant('event' as const), kind: fc.constantFrom('state', 'release'), dyno: text }),
    fc.record({
      type: fc.constant('loss' as const),
      cause: fc.constant('L10'),
      code: fc.constant('L10'),
      fromMs: fc.constant(FROM_MS),
      toMs: fc.constant(FROM_MS + 5),
      messages: fc.nat(1000),
      dedupeKey: fc.constantFrom('L10:1', 'L10:2'),
    }),
    fc.record({
      type: fc.constant('quarantine' as const),
      reason: fc.constant('badHeader'),
      sizeBytes: fc.nat(100),
      base64: fc.constant('AA=='),
    }),
  ),
});

const counts = (length: number) => fc.array(fc.nat(3), { minLength: length, maxLength: length });

/** Sections of app `appId` with three frames, at positions from `position` on. */
export function sectionArbitrary(appId = 7, position = 0): fc.Arbitrary<Section> {
  return fc
    .record({
      frames: fc.array(
        fc.record({
          receivedAtMs: fc.integer({ min: FROM_MS, max: FROM_MS + 40_000 }),
          bodyBytes: fc.integer({ min: 1, max: 100_000 }),
          messages: fc.nat(100),
          redactions: fc.nat(3),
          lastLineMs: fc.integer({ min: FROM_MS, max: FROM_MS + 40_000 }),
          kinds: counts(KINDS.length),
          filed: fc.uniqueArray(
            fc.record({
              bucketS: fc.nat(4).map((n) => FROM_MS / 1000 + n * 10),
              count: fc.integer({ min: 1, max: 9 }),
            }),
            { selector: (filed) => filed.bucketS, maxLength: 3 },
          ),
          notes: counts(NOTES.length),
        }),
        { minLength: 3, maxLength: 3 },
      ),
      requests: fc.array(request, { maxLength: 20 }),
      samples: fc.array(sample, { maxLength: 10 }),
      records: fc.array(record, { maxLength: 4 }),
    })
    .map(({ frames, requests, samples, records }) => {
      const section = new Section(appId);
      for (const [index, frame] of frames.entries()) {
        section.frames.push({ position: position + index, drainId: 3, ...frame });
      }
      for (const row of requests) addRequest(section, row);
      for (const row of samples) {
        const key = section.number(makeTerm(row.key));
        section.samples.add(
          row.frame,
          row.timeMs,
          row.kind,
          key,
          section.number(makeTerm(row.label)),
          row.value,
        );
      }
      section.records.push(...records);
      return section;
    });
}

type RequestRow = typeof request extends fc.Arbitrary<infer Row> ? Row : never;
const TEXT_COLUMNS = [
  'method',
  'path',
  'host',
  'client',
  'dyno',
  'protocol',
  'release',
  'requestIdText',
] as const;
const NUMBER_COLUMNS = [
  'frame',
  'timeMs',
  'connectMs',
  'serviceMs',
  'status',
  'bytes',
  'code',
  'flags',
] as const;

function addRequest(section: Section, row: RequestRow): void {
  const { requests } = section;
  const at = requests.add();
  TEXT_COLUMNS.forEach((name, index) => {
    requests[name][at] = section.number(makeTerm(row.texts[index] ?? ''));
  });
  for (const name of NUMBER_COLUMNS) requests[name][at] = row[name];
  requests.requestId.set(row.requestId, at * 16);
}

/** Everything a section says, in plain values, independent of dictionary numbers. */
export function sectionContent(section: Section): unknown {
  return {
    appId: section.appId,
    frames: section.frames,
    requests: requestRows(section, section.requests),
    samples: sampleRows(section, section.samples),
    records: section.records,
  };
}

function requestRows(section: Section, requests: RequestColumns): unknown[] {
  return Array.from({ length: requests.length }, (_, row) => ({
    texts: TEXT_COLUMNS.map((name) => section.texts[requests[name][row]!]),
    numbers: NUMBER_COLUMNS.map((name) => requests[name][row]),
    requestId: [...requests.requestId.subarray(row * 16, row * 16 + 16)],
  }));
}

function sampleRows(section: Section, samples: SampleColumns): unknown[] {
  return Array.from({ length: samples.length }, (_, row) => [
    samples.frame[row],
    samples.timeMs[row],
    samples.kind[row],
    section.texts[samples.key[row]!],
    section.texts[samples.label[row]!],
    samples.value[row],
  ]);
}
