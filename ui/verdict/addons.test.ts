import { describe, expect, test } from 'vitest';
import type { AddonAnswer, AddonsAnswer } from '../../api/contract/addons.ts';
import { addonReadings, addonSentence, buildAddonsVerdict } from './addons.ts';

const NOW = Date.UTC(2026, 10, 20, 10, 42);

function addon(values: Record<string, [number, string]>, more: Partial<AddonAnswer> = {}): AddonAnswer {
  return {
    addon: 'postgresql-shape-1',
    source: 'DATABASE',
    service: 'heroku-postgres',
    lastSeenMs: NOW - 30_000,
    latest: Object.entries(values).map(([metric, [value, unit]]) => ({ metric, value, unit })),
    metrics: { t: [], series: [] },
    ...more,
  };
}
const reading = (one: AddonAnswer, id: string) => addonReadings(one).find((found) => found.id === id);

describe('figures of an add-on', () => {
  test('connections by the fraction it says, else by its two numbers, else without a bound', () => {
    const told = addon({
      'connections-percentage-used': [0.96, 'fraction'],
      'active-connections': [48, 'count'],
      'max-connections': [50, 'count'],
    });
    expect(reading(told, 'connections')).toMatchObject({
      level: 'critical',
      value: '48 of 50 (96\u00a0%)',
      bound: 'warns from 80\u00a0%',
    });
    const divided = addon({ active_connections: [40, 'count'], max_connections: [50, 'count'] });
    expect(reading(divided, 'connections')?.level).toBe('warning');
    expect(reading(addon({ active_connections: [40, 'count'] }), 'connections')).toMatchObject({
      level: 'unknown',
      bound: 'its limit is not in the lines',
    });
  });

  test('a hit rate of 0 is an empty database, and one below its bound is not', () => {
    expect(reading(addon({ 'table-cache-hit-rate': [0, 'fraction'] }), 'cache')?.level).toBe('unknown');
    expect(reading(addon({ 'table-cache-hit-rate': [0.97, 'fraction'] }), 'cache')?.level).toBe('warning');
    expect(reading(addon({ 'table-cache-hit-rate': [0.995, 'fraction'] }), 'cache')?.level).toBe('ok');
  });

  test('waiting, load, lag and evictions have bounds; memory of Redis is only shown', () => {
    const bad = addon({
      'waiting-connections': [7, 'count'],
      'load-avg-1m': [1.4, 'load'],
      'follower-lag-commits': [5000, 'count'],
    });
    expect(addonReadings(bad).map(({ id, level }) => [id, level])).toEqual([
      ['waiting', 'critical'],
      ['load', 'warning'],
      ['lag', 'warning'],
    ]);
    const redis = addon(
      { 'evicted-keys': [3, 'count'], 'memory-redis': [1e6, 'bytes'] },
      { service: 'heroku-redis', source: 'REDIS' },
    );
    expect(addonReadings(redis).map(({ id, level }) => [id, level])).toEqual([
      ['evictions', 'warning'],
      ['redis-memory', 'ok'],
    ]);
  });
});

test('what was worse in the range is told after it is over, the lowest of what must not fall', () => {
  const series = (id: string, unit: string, values: (number | null)[]) => ({ id, label: id, unit, values });
  const over = addon(
    { 'connections-percentage-used': [0.35, 'fraction'], 'table-cache-hit-rate': [0.995, 'fraction'] },
    {
      metrics: {
        t: [1, 2, 3, 4],
        series: [
          series('connections-percentage-used', 'fraction', [0.3, 0.97, 1, 0.35]),
          series('table-cache-hit-rate', 'fraction', [0.99, 0.8, 0.7, null]),
        ],
      },
    },
  );
  expect(reading(over, 'connections')?.was).toEqual({ level: 'critical', text: 'reached 100\u00a0%' });
  expect(reading(over, 'cache')?.was).toEqual({ level: 'warning', text: 'fell to 70\u00a0%' });
  expect(addonSentence(over, addonReadings(over), NOW)).toMatchObject({
    level: 'warning',
    word: 'Was worse',
  });
  const divided = addon(
    { 'active-connections': [10, 'count'], 'max-connections': [50, 'count'] },
    { metrics: { t: [1, 2], series: [series('active-connections', 'count', [45, 10])] } },
  );
  expect(reading(divided, 'connections')?.was).toEqual({ level: 'warning', text: 'reached 90\u00a0%' });
  expect(reading(addon({ 'load-avg-1m': [0.2, 'load'] }), 'load')?.was).toBeNull();
});

describe('the sentence', () => {
  const say = (one: AddonAnswer) => addonSentence(one, addonReadings(one), NOW);

  test('names what is beyond its bound, else says within bounds; silence is not well', () => {
    const full = say(addon({ 'db-size-percentage-used': [0.97, 'fraction'] }));
    expect(full).toMatchObject({ level: 'critical' });
    expect(full.clauses[0]?.text).toBe('Disk 97\u00a0%, warns from 80\u00a0%.');
    expect(say(addon({ 'db-size-percentage-used': [0.2, 'fraction'] })).level).toBe('ok');
    expect(
      say(addon({ 'db-size-percentage-used': [0.2, 'fraction'] }, { lastSeenMs: NOW - 900_000 })),
    ).toMatchObject({
      level: 'unknown',
      word: 'Silent',
    });
    expect(say(addon({ 'strange-metric': [1, 'count'] })).word).toBe('Shown only');
  });

  test('R-05 the page tells never, not now, and well apart', () => {
    const base: AddonsAnswer = {
      app: 'shop',
      nowMs: NOW,
      range: { from: NOW / 1000 - 3600, to: NOW / 1000, step: 60, resolution: 60, openFrom: null },
      health: { state: 'receiving', dataThroughMs: NOW, lagMs: 2000, lostMessages: 0, messages: 100 },
      gaps: [],
      everSeen: false,
      addons: [],
    };
    expect(buildAddonsVerdict(base, 'utc').word).toBe('Not set up');
    expect(buildAddonsVerdict({ ...base, everSeen: true }, 'utc').word).toBe('No data');
    const calm = [addon({ 'load-avg-1m': [0.2, 'load'] })];
    expect(buildAddonsVerdict({ ...base, everSeen: true, addons: calm }, 'utc').level).toBe('ok');
    const gaps = [{ from: NOW / 1000 - 600, to: NOW / 1000 - 500, messages: 9, cause: 'L10' }];
    expect(buildAddonsVerdict({ ...base, gaps, everSeen: true, addons: calm }, 'utc').level).toBe('warning');
    const busy = [addon({ 'load-avg-1m': [5, 'load'] })];
    const verdict = buildAddonsVerdict({ ...base, everSeen: true, addons: busy }, 'utc');
    expect(verdict.clauses[0]?.text).toBe('Postgres DATABASE: load 5, warns from 1 a CPU.');
  });
});
