import { expect, test } from 'vitest';
import type { IngestHealth } from '../../model/ingest-health.ts';
import { healthMessage } from '../instanceFixtures.ts';
import { instanceVerdict } from './instance.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const calm: IngestHealth = {
  ...(healthMessage('shedding', NOW).ingest as IngestHealth),
  shedding: [],
  failingForMs: null,
  heldFrames: 0,
};
const well = { database: 'ok' as const, writers: [], refusedSenders: [] };
const textOf = (...args: Parameters<typeof instanceVerdict>) =>
  instanceVerdict(...args)
    .map(({ text }) => text)
    .join(' ');

test('an instance in which nothing waits says so', () => {
  expect(textOf(well, [calm, calm])).toMatch(
    /^2 processes take lines in, .* Nothing is held up or refused here\.$/,
  );
});

test('R-05 nothing is called well while the database is away, commits fail, or nobody takes lines in', () => {
  for (const [answer, ingest] of [
    [{ ...well, database: 'away' as const }, [calm]],
    [well, [{ ...calm, failingForMs: 4_000, heldFrames: 3 }]],
    [well, [{ ...calm, shedding: ['exports' as const] }]],
    [well, []],
  ] as [typeof well, IngestHealth[]][])
    expect(textOf(answer, ingest)).not.toContain('Nothing is held up');
  expect(textOf(well, [{ ...calm, failingForMs: 4_000, heldFrames: 3 }])).toContain('3 frames held.');
  expect(textOf(well, [])).toBe('No process takes lines in.');
});

test('a backlog of roll-ups and refused senders are told', () => {
  const writers = [{ id: 1, holder: 'web.1', behindChunks: 1_500, seenMs: NOW }];
  const refusedSenders = [{ userName: 'x', attempts: 3, firstMs: NOW, lastMs: NOW, reason: 'unknownUser' }];
  const text = textOf({ ...well, writers, refusedSenders }, [calm]);
  expect(text).toContain('chunks behind.');
  expect(text).toContain('1 sender was refused.');
});
