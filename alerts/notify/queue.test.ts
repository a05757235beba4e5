import { describe, expect, test } from 'vitest';
import type { NotificationKind } from '../../model/delivery.ts';
import { MINUTE, SECOND } from '../../model/time.ts';
import { planFold, planIncident, type Queued, worstSeverity } from './queue.ts';

const T0 = Date.UTC(2026, 0, 1);

function queue(...kinds: NotificationKind[]): Queued[] {
  return kinds.map((kind, n) => ({ id: n + 1, incidentId: 'a', sequence: n + 1, kind, severity: 'page' }));
}

/** A plan in words: what is sent, what it takes along, what is dropped, what stays. */
function plan(kinds: NotificationKind[], fate: 'told' | 'neverTold' = 'told') {
  const messages = queue(...kinds);
  const { send, merged, dropped, isCombined } = planIncident(messages, fate);
  const gone = new Set([send, ...merged, ...dropped.map(({ message }) => message)]);
  return {
    send: send?.kind ?? null,
    merged: merged.map(({ kind }) => kind),
    dropped: dropped.map(({ message }) => message.kind),
    stay: messages.filter((message) => !gone.has(message)).map(({ kind }) => kind),
    isCombined,
  };
}

describe('messages of one incident', () => {
  test('nothing waits: nothing is sent', () => {
    expect(plan([])).toEqual({ send: null, merged: [], dropped: [], stay: [], isCombined: false });
  });

  test('A-03 an older update is told by the newer', () => {
    expect(plan(['update', 'reminder', 'update'])).toMatchObject({
      send: 'update',
      merged: ['update', 'reminder'],
    });
  });

  test('an opening carries what came after it, but an acknowledgement is a step of its own', () => {
    expect(plan(['trigger', 'update', 'acknowledge', 'update'])).toEqual({
      send: 'trigger',
      merged: ['update', 'update'],
      dropped: [],
      stay: ['acknowledge'],
      isCombined: false,
    });
  });

  test('A-20 an opening and its end are one message', () => {
    expect(plan(['trigger', 'acknowledge', 'resolve'])).toMatchObject({
      send: 'resolve',
      merged: ['trigger', 'acknowledge'],
      isCombined: true,
    });
  });

  test('what is for threads alone is told by what is not', () => {
    const messages = queue('reminder', 'update').map((message) => ({
      ...message,
      isQuiet: message.kind === 'update',
    }));
    expect(planIncident(messages, 'told').send?.kind).toBe('reminder');
    expect(planIncident(messages.slice(1), 'told').send?.kind).toBe('update');
  });

  test('the end alone is no combined message', () => {
    expect(plan(['update', 'resolve'])).toMatchObject({
      send: 'resolve',
      merged: ['update'],
      isCombined: false,
    });
  });

  test('the end of what was never told is dropped, with all that waits', () => {
    expect(plan(['update', 'resolve'], 'neverTold')).toMatchObject({
      send: null,
      dropped: ['update', 'resolve'],
    });
  });

  test('it came back after its end: the opening tells that', () => {
    expect(plan(['resolve', 'trigger'])).toMatchObject({
      send: 'trigger',
      merged: ['resolve'],
      isCombined: false,
    });
    expect(plan(['resolve', 'trigger'], 'neverTold')).toMatchObject({ send: 'trigger', dropped: [] });
  });
});

function head(id: number, kind: NotificationKind): Queued {
  return { id, incidentId: `i${id}`, sequence: 1, kind, severity: 'page' };
}

function ids(messages: readonly Queued[]): number[] {
  return messages.map(({ id }) => id);
}

describe('several incidents at one receiver', () => {
  test('A-11 one opening goes at once', () => {
    const { single, folded, waiting } = planFold([head(1, 'trigger')], null, T0);
    expect([ids(single), ids(folded), ids(waiting)]).toEqual([[1], [], []]);
  });

  test('A-11 several at once are one message', () => {
    const { single, folded } = planFold(
      [head(1, 'trigger'), head(2, 'trigger'), head(3, 'resolve')],
      null,
      T0,
    );
    expect([ids(single), ids(folded)]).toEqual([[3], [1, 2]]);
  });

  test('A-11 within a minute of the last they wait for its end, and what is known goes on', () => {
    const plan1 = planFold([head(1, 'trigger'), head(2, 'update')], T0 - 20 * SECOND, T0);
    expect([ids(plan1.single), ids(plan1.waiting), plan1.untilMs]).toEqual([[2], [1], T0 + 40 * SECOND]);
    const plan2 = planFold([head(1, 'trigger'), head(2, 'trigger')], T0 - MINUTE, T0);
    expect(ids(plan2.folded)).toEqual([1, 2]);
  });

  test('A-11 many ends at once are one message too', () => {
    const ends = [1, 2, 3, 4].map((id) => head(id, 'resolve'));
    expect(ids(planFold(ends, null, T0).folded)).toEqual([1, 2, 3, 4]);
    expect(ids(planFold(ends.slice(1), null, T0).single)).toEqual([2, 3, 4]);
  });

  test('T-06 a clock that was set back an hour holds nothing', () => {
    expect(ids(planFold([head(1, 'trigger')], T0 + 60 * MINUTE, T0).single)).toEqual([1]);
  });

  test('the worst severity counts for all', () => {
    const of = (...severities: Queued['severity'][]) =>
      worstSeverity(severities.map((severity) => ({ severity })));
    expect([of(), of(null), of('info', 'ticket'), of('ticket', 'page', 'info')]).toEqual([
      null,
      null,
      'ticket',
      'page',
    ]);
  });
});
