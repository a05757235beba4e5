import { expect, it } from 'vitest';
import { describeChart, trend } from './describe.ts';

const range = { from: 0, to: 60, step: 10, resolution: 10, openFrom: 50 };

it('says range, peak, newest value, trend and what is missing', () => {
  const columns = {
    t: [0, 10, 20, 30, 40, 50],
    series: [{ id: 'p95', label: 'p95', unit: 'ms', values: [100, 100, 100, 400, 500, 9000] }],
  };
  const text = describeChart(
    columns,
    range,
    [{ from: 0, to: 20, messages: 12, cause: 'L10' }],
    'utc',
  ).replaceAll('\u00a0', ' ');
  expect(text).toBe(
    'p95: 100 ms to 9 s (highest at 00:00), last 500 ms, rising. One known loss, up to 12 messages.',
  );
});

it('says so when there is nothing', () => {
  expect(
    describeChart({ t: [0], series: [{ id: 'a', label: 'a', unit: '', values: [null] }] }, range, [], 'utc'),
  ).toBe('No values in this range.');
});

it('calls small changes steady', () => {
  expect([trend([1, 1, 1, 1.1]), trend([1, 1, 9]), trend([9, 1, 1]), trend([5])]).toEqual([
    'steady',
    'rising',
    'falling',
    'steady',
  ]);
});
