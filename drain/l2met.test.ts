import { expect, test } from 'vitest';
import { parseAddonLine } from './addon.ts';
import { MAX_METRICS_PER_LINE, parseL2met, readQuantity } from './l2met.ts';

test('units become bytes, seconds and fractions without a digit more', () => {
  const bases = [
    '7',
    '12bytes',
    '1.5kB',
    '512.00MB',
    '2GB',
    '12.5ms',
    '3s',
    '9pages',
    '87%',
    '-0.5',
    '1e3',
  ].map((text) => readQuantity(text)?.base);
  expect(bases).toEqual([7, 12, 1_536, 536_870_912, 2_147_483_648, 0.0125, 3, 9, 0.87, -0.5, 1_000]);
});

test('I-37 what is no number with a known unit is nothing', () => {
  for (const text of [
    '',
    'NaN',
    '-nan',
    'inf',
    '1e400',
    '5parsec',
    '5KB',
    '5 MB',
    '.5',
    '5.',
    '+5',
    '0x10',
    '1_000',
    '١',
    `${'9'.repeat(65)}`,
  ]) {
    expect([text, readQuantity(text)]).toEqual([text, null]);
  }
});

test('tokens are found between plain pairs and free text, in all three types', () => {
  expect(
    parseL2met(
      'source=checkout hello count#orders.created=1 measure#orders.render=12.5ms sample#q-d:x_=42 end',
    ),
  ).toEqual({
    metrics: [
      { name: 'orders.created', type: 'count', value: 1, base: 1 },
      { name: 'orders.render', type: 'measure', value: 12.5, base: 0.0125, unit: 'ms' },
      { name: 'q-d:x_', type: 'sample', value: 42, base: 42 },
    ],
    skipped: [],
    source: 'checkout',
    addon: '',
  });
});

test('the old spelling measure.name=value is read, gauge#, counter# and metric# are not', () => {
  const line = parseL2met('measure.web.latency=4ms gauge#a=1 counter#b=2 metric#c=3 xsample#d=4');
  expect(line.metrics.map(({ name, base }) => [name, base])).toEqual([['web.latency', 0.004]]);
  expect(line.skipped).toEqual([]);
});

test('one unreadable metric leaves the others', () => {
  const sample = parseAddonLine('sample#a=1 sample#b=x sample#c sample#d=4kB addon=x-1 source=S');
  expect([...sample.values]).toEqual([
    ['a', 1],
    ['d', 4_096],
  ]);
  expect([sample.skipped, sample.addon, sample.source]).toEqual([['b', 'c'], 'x-1', 'S']);
});

test('a line cannot bring more metrics than its bound', () => {
  const line = parseL2met(Array.from({ length: 400 }, (_, index) => `sample#m${index}=1`).join(' '));
  expect([line.metrics.length, line.skipped.length]).toEqual([MAX_METRICS_PER_LINE, 64]);
});
