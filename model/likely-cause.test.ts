import { describe, expect, it } from 'vitest';
import { badDeploy } from '../test/notices.ts';
import { firstChecks } from './first-checks.ts';
import { type CauseFacts, likelyCauses, worstDynos } from './likely-cause.ts';
import type { NoticeCause } from './notice.ts';
import { MINUTE } from './time.ts';

const START = 1_000 * MINUTE;
const facts = (more: Partial<CauseFacts>): CauseFacts => ({
  startedAtMs: START,
  codes: [],
  dynos: [],
  paths: [],
  release: null,
  events: [],
  said: null,
  ...more,
});
const kinds = (more: Partial<CauseFacts>) => likelyCauses(facts(more)).map(({ kind }) => kind);
const release = (before: [number, number], after: [number, number], atMs = START - 2 * MINUTE) => ({
  version: 7,
  atMs,
  before: { bad: before[0], events: before[1] },
  after: { bad: after[0], events: after[1] },
});
const dyno = (name: string, bad: number, events: number) => ({ name, bad, events });

describe('a release', () => {
  it.each([
    ['doubles the share', release([10, 1_000], [20, 1_000]), ['release']],
    ['does not double it', release([10, 1_000], [19, 1_000]), []],
    ['has too few bad ones', release([0, 1_000], [4, 1_000]), []],
    ['has nothing before it to compare with', release([0, 0], [50, 100]), []],
    ['is over two hours old', release([0, 1_000], [50, 1_000], START - 121 * MINUTE), []],
  ])('that %s', (_, one, expected) => {
    expect(kinds({ release: one })).toEqual(expected);
  });
});

describe('what stands out', () => {
  it('one dyno of several with at least half, and twice its part of the requests', () => {
    const others = [dyno('web.2', 3, 100), dyno('web.3', 2, 100)];
    expect(kinds({ dynos: [dyno('web.1', 20, 100), ...others] })).toEqual(['dyno']);
    expect(kinds({ dynos: [dyno('web.1', 20, 900), ...others] })).toEqual([]);
    expect(kinds({ dynos: [dyno('web.1', 20, 100)] })).toEqual([]);
    expect(kinds({ dynos: [dyno('', 50, 50), dyno('web.1', 3, 100), dyno('web.2', 3, 100)] })).toEqual([]);
  });

  it('a code that makes at least half of the bad ones, never one that does not count', () => {
    const dynos = [dyno('web.1', 50, 100), dyno('web.2', 50, 100)];
    expect(kinds({ dynos, codes: [{ code: 'H12', count: 60 }] })).toEqual(['code']);
    expect(kinds({ dynos, codes: [{ code: 'H12', count: 40 }] })).toEqual([]);
    expect(kinds({ dynos, codes: [{ code: 'H27', count: 90 }] })).toEqual([]);
    expect(kinds({ dynos, codes: [{ code: 'R14', count: 90 }] })).toEqual([]);
  });

  it('what was done to the app shortly before, and crashes around it', () => {
    const event = (kind: string, minutes: number) => ({
      kind,
      atMs: START + minutes * MINUTE,
      dyno: 'web.1',
      what: 'LANG set',
    });
    expect(kinds({ events: [event('config', -5), event('scale', -10)] })).toEqual(['config', 'scale']);
    expect(kinds({ events: [event('config', 5), event('scale', -31)] })).toEqual([]);
    expect(
      likelyCauses(facts({ events: [event('crash', 3), event('crash', -1), event('crash', -60)] })),
    ).toEqual([{ kind: 'crash', dyno: 'web.1', atMs: START - MINUTE, count: 2 }]);
  });

  it('what a person said comes first, and four are enough', () => {
    const all = kinds({
      said: { by: 'Ann', version: 7 },
      release: release([0, 100], [50, 100]),
      codes: [{ code: 'H12', count: 30 }],
      dynos: [dyno('web.1', 40, 100), dyno('web.2', 5, 100), dyno('web.3', 5, 100)],
      paths: [dyno('GET /a', 40, 100), dyno('GET /b', 10, 900)],
    });
    expect(all).toEqual(['said', 'release', 'code', 'dyno']);
  });

  it('nothing known is no cause', () => {
    expect(kinds({})).toEqual([]);
    expect(worstDynos([])).toEqual([]);
  });
});

describe('first checks', () => {
  const { evidence } = badDeploy();
  if (evidence === null) throw new Error('no evidence');
  const base = {
    app: 'shop',
    evidence,
    codes: [],
    causes: [] as NoticeCause[],
    release: null,
    runbookUrl: '',
    codeUrl: (code: string) => `https://d/${code}`,
  };

  it('the runbook, then the suspect release, then the codes, from the table of codes', () => {
    const checks = firstChecks({
      ...base,
      runbookUrl: 'https://wiki/x',
      causes: [{ kind: 'said', by: 'Ann', version: 214 }],
      release: { version: 214, atMs: 0, what: '', by: '' },
      codes: [
        { code: 'H12', count: 5 },
        { code: 'H27', count: 4 },
        { code: 'R14', count: 3 },
        { code: 'H99', count: 2 },
      ],
    });
    expect(checks.map(({ url }) => url)).toEqual(['https://wiki/x', '', 'https://d/H12', 'https://d/R14']);
    expect(checks[1]?.text).toBe('Look at what v214 changed; heroku rollback v213 -a shop takes it back.');
    expect(checks[2]?.text).toMatch(/^H12: List the paths with the most H12/);
  });

  it('of a rule: the code it is about, and what its kind asks for', () => {
    const ofCode = firstChecks({
      ...base,
      evidence: { ...evidence, what: 'codeRate', key: 'R15' },
      codes: [{ code: 'H12', count: 9 }],
    });
    expect(ofCode.map(({ url }) => url)).toEqual(['https://d/R15']);
    const silent = firstChecks({ ...base, app: '$&', evidence: { ...evidence, what: 'drainSilent' } });
    expect(silent[0]?.text).toContain('heroku drains -a $&');
  });
});
