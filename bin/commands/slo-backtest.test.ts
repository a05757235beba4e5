import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDrainboard } from '../drainboard.ts';

let folder: string;
let csv: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drainboard-backtest-'));
  csv = fileOf('week.csv', (minute) => {
    if (minute >= 5000 && minute < 5030) return ',';
    return minute >= 4000 && minute < 4020 ? '200,200' : minute >= 9990 ? '200,100' : '200,0';
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, row: (minute: number) => string, length = 10_080): string {
  const path = join(folder, name);
  const rows = Array.from({ length }, (_, minute) => `${minute},${row(minute)}`);
  writeFileSync(path, `minute,events,bad\n${rows.join('\n')}\n`);
  return path;
}

async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    out: (text: string) => void out.push(text),
    say: (text: string) => void err.push(text),
    ask: async () => null,
  };
  const status = await runDrainboard(['slo', 'backtest', ...args], terminal, 0);
  return { status, out: out.join('\n'), err: err.join('\n') };
}

describe('drainboard slo backtest', () => {
  test('prints one object: each tier’s firing intervals, null for still firing, and the budget', async () => {
    const { status, out, err } = await run('--target', '0.999', '--period', '30d', '--csv', csv, '--json');
    expect([status, err]).toEqual([0, '']);
    const answer = JSON.parse(out);
    expect(Object.keys(answer)).toEqual(['target', 'period', 'minutes', 'tiers', 'budget']);
    expect(answer).toMatchObject({ target: '0.999', period: '30d', minutes: 10_080 });
    expect(answer.tiers[0]).toEqual({
      severity: 'page',
      longWindow: '1h',
      shortWindow: '5m',
      factor: 14.4,
      firing: [
        [4001, 4025],
        [9992, null],
      ],
    });
    const rows = answer.tiers.map((tier: Record<string, unknown>) => [
      tier.longWindow,
      tier.shortWindow,
      tier.factor,
    ]);
    expect(rows.slice(1)).toEqual([
      ['6h', '30m', 6],
      ['24h', '2h', 3],
      ['3d', '6h', 1],
    ]);
    expect(answer.budget).toEqual({ events: 2_010_000, bad: 13_000, remaining: 1 - 13_000 / 2010 });
  });

  test('each guard can be tried alone', async () => {
    const firing = async (...options: string[]) => {
      const answer = await run('--target', '0.999', '--csv', csv, '--json', ...options);
      return JSON.parse(answer.out).tiers[0].firing;
    };
    expect(await firing('--for', '2m')).toEqual([
      [4003, 4025],
      [9994, null],
    ]);
    expect((await firing('--keep', '10m'))[0]).toEqual([4001, 4035]);
    expect((await firing('--min-bad', '1000'))[0]).toEqual([4005, 4025]);
    expect((await firing('--hold'))[0]).toEqual([4001, 4025]);
  });

  test('--hold keeps what fires through missing minutes, --coverage scales the long window', async () => {
    const hole = fileOf(
      'hole.csv',
      (minute) => (minute >= 10 && minute < 40 ? ',' : minute < 10 ? '100,100' : '100,0'),
      60,
    );
    const firing = async (...options: string[]) => {
      const answer = await run('--target', '0.999', '--csv', hole, '--json', ...options);
      return JSON.parse(answer.out).tiers[0].firing;
    };
    expect(await firing()).toEqual([[1, 15]]);
    expect(await firing('--hold')).toEqual([[1, 41]]);
    const thin = fileOf('thin.csv', (minute) => (minute === 59 ? '100,80' : ','), 60);
    const raw = await run('--target', '0.999', '--csv', thin, '--json');
    const scaled = await run('--target', '0.999', '--csv', thin, '--json', '--coverage');
    expect(JSON.parse(raw.out).tiers[0].firing).toEqual([[60, null]]);
    expect(JSON.parse(scaled.out).tiers[0].firing).toEqual([]);
  });

  test('takes tiers of any two windows, and the period the budget covers', async () => {
    const tiers = JSON.stringify([{ severity: 'ticket', longWindow: '90m', shortWindow: '1h', factor: 2 }]);
    const { out } = await run('--target', '0.99', '--period', '1d', '--csv', csv, '--tiers', tiers, '--json');
    const answer = JSON.parse(out);
    expect(answer.tiers).toHaveLength(1);
    expect(answer.tiers[0]).toMatchObject({ longWindow: '90m', shortWindow: '1h', factor: 2 });
    expect(answer.budget).toMatchObject({ events: 1440 * 200, bad: 9000 });
  });

  test('another period rescales the default factors', async () => {
    const { out } = await run('--target', '0.999', '--period', '7d', '--csv', csv, '--json');
    const factors = JSON.parse(out).tiers.map((tier: { factor: number }) => tier.factor);
    expect(factors).toEqual([3.36, 1.4, 0.7, 7 / 30]);
  });

  test('without events nothing remains to be said of the budget', async () => {
    const empty = fileOf('empty.csv', () => '0,0', 3);
    const { out } = await run('--target', '0.999', '--csv', empty, '--json');
    expect(JSON.parse(out).budget).toEqual({ events: 0, bad: 0, remaining: null });
  });

  test('a tier that can never fire is run all the same, with a note beside the JSON', async () => {
    const { status, out, err } = await run('--target', '0.9', '--csv', csv, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(out).tiers[0].firing).toEqual([]);
    expect(err).toContain('page 1h/5m can never fire');
  });

  test('people get lines', async () => {
    const { out } = await run('--target', '0.999', '--csv', csv);
    expect(out).toContain('page 1h/5m ×14.4         fires 4001–4025, 9992–end');
    expect(out).toContain('(13000 bad of 2010000)');
  });

  test('a file at fault is exit status 1 with its line', async () => {
    const wrong = join(folder, 'wrong.csv');
    writeFileSync(wrong, 'minute,events,bad\n0,1,0\n2,1,0\n');
    const { status, out, err } = await run('--target', '0.999', '--csv', wrong, '--json');
    expect([status, out]).toEqual([1, '']);
    expect(err).toContain('line 3: minute 1 is expected');
    expect((await run('--target', '0.999', '--csv', join(folder, 'nowhere.csv'))).status).toBe(1);
  });

  test.each([
    [['--csv', 'x'], 'give a target'],
    [['--target', '0.9'], 'give a file'],
    [['--target', '1', '--csv', 'x'], 'leaves no budget'],
    [['--target', '0.9', '--csv', 'x', '--for', '90s'], '--for 90s'],
    [['--target', '0.9', '--csv', 'x', '--period', '0d'], '--period'],
    [['--target', '0.9', '--csv', 'x', '--min-bad', '-1'], 'min-bad'],
    [['--target', '0.9', '--csv', 'x', '--tiers', '{'], 'not JSON'],
    [['--target', '0.9', '--csv', 'x', '--tiers', '[]'], 'a list of tiers'],
    [
      ['--target', '0.9', '--csv', 'x', '--tiers', '[{"severity":"page","longWindow":"1h","factor":1}]'],
      'shortWindow',
    ],
    [['--target', '0.9', '--csv', 'x', '--tiers', '[{"severity":"page","long":"1h"}]'], 'no field "long"'],
    [['--target', '0.9', '--csv', 'x', '--bogus'], 'bogus'],
  ])('%j is called wrongly: exit status 2, nothing on standard output', async (args, words) => {
    const { status, out, err } = await run(...args, '--json');
    expect([status, out]).toEqual([2, '']);
    expect(err).toContain(words);
  });
});
