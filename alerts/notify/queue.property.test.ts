import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NotificationKind } from '../../model/delivery.ts';
import { MINUTE } from '../../model/time.ts';
import { planFold, planIncident, type Queued } from './queue.ts';
import { newBucket, takeToken } from './rate.ts';

const kinds = fc.constantFrom<NotificationKind>('trigger', 'update', 'acknowledge', 'resolve', 'reminder');
const severities = fc.constantFrom('page' as const, 'ticket' as const, 'info' as const);

const messages = fc
  .array(fc.tuple(kinds, severities), { maxLength: 8 })
  .map((all): Queued[] =>
    all.map(([kind, severity], n) => ({ id: n + 1, incidentId: 'a', sequence: n + 1, kind, severity })),
  );

/** Sends until nothing is left, as rounds do; what was sent, in order. */
function sendAll(all: Queued[], fate: 'told' | 'neverTold'): { sent: Queued[]; rounds: number } {
  const sent: Queued[] = [];
  let left = all;
  let rounds = 0;
  for (; left.length > 0 && rounds < 20; rounds++) {
    const { send, merged, dropped } = planIncident(left, fate);
    const gone = new Set([send, ...merged, ...dropped.map(({ message }) => message)]);
    left = left.filter((message) => !gone.has(message));
    if (send !== null) {
      sent.push(send);
      fate = 'told';
    }
  }
  return { sent, rounds };
}

test('R-12 every round ends something, an opening is never told after its end, and the last state is told', () => {
  fc.assert(
    fc.property(messages, (all) => {
      const { sent, rounds } = sendAll(all, 'told');
      expect(rounds).toBeLessThan(20);
      const lastTrigger = all.findLast(({ kind }) => kind === 'trigger')?.sequence ?? 0;
      const lastEnd = all.findLast(({ kind }) => kind === 'resolve')?.sequence ?? 0;
      if (lastEnd > lastTrigger) expect(sent.map(({ kind }) => kind)).toEqual(['resolve']);
      else if (lastTrigger > 0) expect(sent[0]?.kind).toBe('trigger');
      expect(sent.length > 0).toBe(all.length > 0);
    }),
  );
});

test('A-11 folding loses nothing and sends nothing twice', () => {
  const heads = fc
    .array(fc.tuple(kinds, severities), { maxLength: 30 })
    .map((all): Queued[] =>
      all.map(([kind, severity], n) => ({ id: n, incidentId: `i${n}`, sequence: 1, kind, severity })),
    );
  const last = fc.option(fc.integer({ min: -2 * MINUTE, max: 2 * MINUTE }));
  fc.assert(
    fc.property(heads, last, (all, lastAtMs) => {
      const { single, folded, waiting, untilMs } = planFold(all, lastAtMs, 0);
      const ids = [...single, ...folded, ...waiting].map(({ id }) => id).sort((a, b) => a - b);
      expect(ids).toEqual(all.map(({ id }) => id));
      expect(folded.length === 1).toBe(false);
      if (waiting.length > 0) expect(untilMs > 0 && untilMs <= MINUTE).toBe(true);
      // Of openings, one message at a time.
      expect(single.filter(({ kind }) => kind === 'trigger').length).toBeLessThanOrEqual(1);
    }),
  );
});

test('A-03 a bucket never lets more through than burst and rate, and never while it is blocked', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 120 }),
      (gaps, burst, perMinute) => {
        const rate = { burst, perMinute };
        let bucket = newBucket(rate, 0);
        let nowMs = 0;
        let sent = 0;
        for (const gap of gaps) {
          nowMs += gap;
          const taken = takeToken(bucket, rate, nowMs);
          bucket = taken.bucket;
          if (taken.atMs === null) sent++;
          else {
            expect(taken.atMs).toBeGreaterThan(nowMs);
            // Asked again when it says, it gives.
            expect(takeToken(bucket, rate, taken.atMs).atMs).toBeNull();
          }
          expect(sent).toBeLessThanOrEqual(burst + (nowMs * perMinute) / MINUTE + 0.1);
        }
        const blocked = takeToken({ ...bucket, tokens: burst, blockedUntilMs: nowMs + 5_000 }, rate, nowMs);
        expect(blocked.atMs).toBe(nowMs + 5_000);
      },
    ),
  );
});
