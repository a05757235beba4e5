import { expect, test } from 'vitest';
import { coresOf, DYNO_SIZES, quotaMibOf, typeOfDyno } from './dyno-size.ts';

test('quotas are those of the table, whatever the letter case of a line', () => {
  expect(quotaMibOf('Standard-1X')).toBe(512);
  expect(quotaMibOf('standard-2x')).toBe(1024);
  expect(quotaMibOf('Performance-M')).toBe(2560);
  expect(quotaMibOf('dyno-1c-0.5gb')).toBe(512);
  expect(quotaMibOf('dyno-4c-16gb')).toBe(16_384);
  expect(quotaMibOf('PX-of-tomorrow')).toBeNull();
});

test('cores are known from names of Fir alone and never guessed', () => {
  expect(coresOf('dyno-2c-8gb')).toBe(2);
  for (const size of DYNO_SIZES) expect(coresOf(size), size).toBeNull();
  expect(coresOf('dyno-0c-1gb')).toBeNull();
});

test('a dyno belongs to its type, and one-off dynos are their type', () => {
  expect([typeOfDyno('web.12'), typeOfDyno('run'), typeOfDyno('worker_high.2')]).toEqual([
    'web',
    'run',
    'worker_high',
  ]);
});
