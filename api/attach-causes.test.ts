import { describe, expect, test } from 'vitest';
import type { AttachFacts } from '../store/reads/attach.ts';
import { causesOf } from './attach-causes.ts';
import { stepsOf } from './checklist.ts';

const NOW = 1_800_000_000_000;
const BASE = 'https://drains.example.com';
const NOTHING: AttachFacts = {
  firstReceivedMs: null,
  firstLineMs: null,
  firstRequestMs: null,
  firstMetricMs: null,
  firstReleaseMs: null,
  refused: 0,
  refusedReason: '',
  strangers: [],
  lostMessages: 0,
  bannedDrains: 0,
};
const first = (facts: Partial<AttachFacts>, base = BASE) =>
  causesOf('drain', 'shop', { ...NOTHING, ...facts }, base)[0];

describe('a drain that does not reach us', () => {
  test('401s are counted and named first: another secret, or a token nobody adopted', () => {
    expect(first({ refused: 14, refusedReason: 'wrongSecret' })).toMatchObject({
      isSeen: true,
      says: expect.stringContaining('14 requests were refused with 401'),
      command: 'heroku drains -a shop',
    });
    expect(first({ refused: 1, refusedReason: 'unknownToken' })?.says).toMatch(
      /^1 request was refused.*Adopt/,
    );
    expect(first({ bannedDrains: 1 })?.says).toContain('banned');
  });

  test('an address that Heroku cannot reach is said to be one; so is plain http', () => {
    expect(first({}, 'http://localhost:5000')?.says).toContain('Heroku cannot reach it');
    expect(first({}, 'http://drains.example.com')?.says).toContain('without https');
  });

  test('a name that is nobody’s is shown, for it may be this one mistyped', () => {
    expect(first({ strangers: [{ userName: 'shoop', attempts: 3 }] })?.says).toContain(
      '3 requests came under the name “shoop”',
    );
  });

  test('without any sign it is the wrong app, Fir, or DNS, each with a command that tells', () => {
    const causes = causesOf('drain', 'shop', NOTHING, BASE);
    expect(causes.every(({ isSeen, command }) => !isSeen && command !== null)).toBe(true);
    expect(causes.map(({ says }) => says.split(':')[0])).toEqual([
      'Another app',
      'Generation Fir',
      'DNS or TLS',
    ]);
  });
});

test('lines that Heroku dropped (L10) are the first cause of a missing line', () => {
  const facts = { ...NOTHING, lostMessages: 120 };
  for (const id of ['firstLine', 'routerLine'] as const)
    expect(causesOf(id, 'shop', facts, BASE)[0]?.says).toContain('dropped 120 lines (L10)');
});

test('causes are told from the sixtieth second on, of the step that stalls, and of no release', () => {
  const app = { name: 'shop', createdAtMs: NOW - 60_000 };
  const steps = (nowMs: number, facts = NOTHING) => stepsOf(app, facts, BASE, nowMs);
  expect(steps(NOW).map(({ causes }) => causes.length)).toEqual([0, 0, 0, 0, 0]);
  const late = steps(NOW + 1);
  expect(late[0]).toMatchObject({ state: 'stalled' });
  expect(late[0]?.causes.length).toBeGreaterThan(2);
  expect(late.slice(1).every(({ causes }) => causes.length === 0)).toBe(true);
  const done = {
    ...NOTHING,
    firstReceivedMs: NOW,
    firstLineMs: NOW,
    firstRequestMs: NOW,
    firstMetricMs: NOW,
  };
  expect(steps(NOW + 3_600_000, done)[4]).toMatchObject({ id: 'release', state: 'waiting', causes: [] });
});
