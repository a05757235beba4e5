import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logTemplate, PATTERN_ID, patternId, TEMPLATE_MAX } from './log-pattern.ts';

const word = fc.constantFrom(
  'GET',
  'user',
  'failed',
  'order',
  "can't",
  'at',
  'H12',
  'status=',
  'msg=',
  '"msg":',
  '{',
  '}',
  ',',
  '=',
  '-',
  '.',
  ':',
  '/',
  '[',
  ']',
);
const uuid = fc.uuid();
const number = fc.nat(99_999_999).map(String);
const ip = fc.ipV4();
const duration = fc
  .tuple(fc.nat(100_000), fc.constantFrom('ms', 's', 'µs', ' ms', ' seconds'))
  .map(([n, unit]) => `${n}${unit}`);
const quoted = fc.string({ maxLength: 12 }).map((text) => JSON.stringify(text));
const piece = fc.oneof(word, uuid, number, ip, duration, quoted, fc.string({ maxLength: 10 }));
const line = fc
  .array(fc.tuple(piece, fc.constantFrom(' ', '', ', ', '=', ':')))
  .map((parts) => parts.flat().join(''));

test('a template is bounded, and a template of a template is itself unless it was cut', () => {
  fc.assert(
    fc.property(line, (text) => {
      const template = logTemplate(text);
      expect(template.length).toBeLessThanOrEqual(TEMPLATE_MAX);
      expect(PATTERN_ID.test(patternId(template))).toBe(true);
      if (!template.endsWith('…')) expect(logTemplate(template)).toBe(template);
    }),
    { numRuns: 2_000 },
  );
});

/** Two lines of the same words, with other values in the same places. */
const kinds = { number, uuid, ip, duration } as const;
const frame = fc.array(
  fc.tuple(
    fc.constantFrom('user', 'took', 'failed for', 'got', 'from'),
    fc.constantFrom('number', 'uuid', 'ip', 'duration'),
  ),
  { minLength: 1, maxLength: 6 },
);
const twins = frame.chain((places) =>
  fc.tuple(
    ...[0, 1].map(() =>
      fc
        .tuple(
          ...places.map(([said, kind]) =>
            kinds[kind as keyof typeof kinds].map((value) => `${said} ${value}`),
          ),
        )
        .map((parts) => parts.join('; ')),
    ),
  ),
);

test('lines that differ in numbers, ids, addresses and durations alone have one template', () => {
  fc.assert(
    fc.property(twins, ([one, other]) => {
      expect(logTemplate(one ?? '')).toBe(logTemplate(other ?? ''));
    }),
  );
});

test('lines that differ in a word have two templates', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('alpha', 'beta'),
      fc.constantFrom('gamma', 'delta'),
      number,
      (one, other, value) => {
        expect(logTemplate(`${one} ${value}`)).not.toBe(logTemplate(`${other} ${value}`));
      },
    ),
  );
});

test('no text at all makes it throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void logTemplate(text)));
});
