import { expect, test } from 'vitest';
import { parseInstant } from '../state/rangeText.ts';
import { boxText } from './spanText.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');

test('an end of a stretch is read as it is written: today by its clock, else with its day', () => {
  const [today, before] = [NOW / 1000 - 600, NOW / 1000 - 86_400];
  expect(boxText(today, 'utc', NOW)).toBe('10:32:03');
  expect(boxText(before, 'utc', NOW)).toBe('2026-11-19 10:42:03');
  for (const zone of ['utc', 'local'] as const)
    for (const atS of [today, before, NOW / 1000 - 9 * 3600])
      expect(parseInstant(boxText(atS, zone, NOW), NOW, zone)).toBe(atS * 1000);
});
