import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DYNO_METRICS } from './message.ts';
import { MessageReader } from './reader.ts';

const reader = new MessageReader();

function sample(text: string): typeof reader.message.sample {
  const buf = Buffer.from(
    `<134>1 2026-03-02T09:00:00Z host heroku web.1 - source=web.1 dyno=heroku.1.u ${text}`,
  );
  reader.read(buf, 0, buf.length, 'logplex');
  return reader.message.sample;
}

/** Name → value of what was read. */
function values(text: string): Record<string, number> {
  const { present, values: read } = sample(text);
  return Object.fromEntries(
    DYNO_METRICS.map((name, index) => [name, read[index] ?? 0] as const).filter(
      (_, index) => present & (1 << index),
    ),
  );
}

test('metrics are read in any order, each in its base unit', () => {
  expect(
    values(
      'sample#memory_quota=512.00MB sample#load_avg_15m=0.99 sample#memory_pgpgin=1651pages sample#memory_rss=2GB sample#memory_cache=3kB sample#memory_swap=7bytes',
    ),
  ).toEqual({
    memory_quota: 536_870_912,
    load_avg_15m: 0.99,
    memory_pgpgin: 1_651,
    memory_rss: 2_147_483_648,
    memory_cache: 3_072,
    memory_swap: 7,
  });
});

test('I-37 a unit that does not belong to a metric leaves that metric out', () => {
  expect(
    values('sample#load_avg_1m=1MB sample#memory_total=5 sample#memory_pgpgin=5MB sample#load_avg_5m=2'),
  ).toEqual({ load_avg_5m: 2 });
  expect(sample('sample#load_avg_1m=1MB sample#memory_total=5').skipped).toEqual([
    'load_avg_1m',
    'memory_total',
  ]);
});

test('metrics that Heroku may add are kept by name, in base units', () => {
  const { others, skipped } = sample('sample#load_avg_1m=1 sample#disk_used=2kB sample#new=x');
  expect([...(others ?? [])]).toEqual([['disk_used', 2_048]]);
  expect(skipped).toEqual(['new']);
});

test('a sample carries nothing over from the one before', () => {
  sample('sample#load_avg_1m=1 sample#disk_used=2kB sample#new=x');
  const { present, others, skipped } = sample('sample#load_avg_5m=2');
  expect([present, others, skipped]).toEqual([0b10, null, null]);
});

test('every decimal that Heroku writes is the nearest double, as Number would read it', () => {
  fc.assert(
    fc.property(fc.nat({ max: 9_999_999 }), fc.nat({ max: 99 }), (whole, part) => {
      const text = `${whole}.${String(part).padStart(2, '0')}`;
      expect(values(`sample#load_avg_1m=${text} sample#memory_total=${text}MB`)).toEqual({
        load_avg_1m: Number(text),
        memory_total: Number(text) * 2 ** 20,
      });
    }),
  );
});

test('exponents and long numbers are read too', () => {
  expect(
    values('sample#load_avg_1m=1.5e1 sample#load_avg_5m=0.12345678901234567 sample#memory_total=1e2MB'),
  ).toEqual({
    load_avg_1m: 15,
    load_avg_5m: Number('0.12345678901234567'),
    memory_total: 104_857_600,
  });
});
