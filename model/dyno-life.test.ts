import { describe, expect, test } from 'vitest';
import { type LifeEvent, lifeOf, mergeLives } from './dyno-life.ts';

const at = (
  atMs: number,
  kind: string,
  detail: Record<string, unknown> = {},
  more: Partial<LifeEvent> = {},
) => ({
  atMs,
  untilMs: atMs,
  kind,
  code: null,
  count: 1,
  detail,
  ...more,
});

describe('the life of a dyno', () => {
  test('a daily restart is told by the Cycling line before it, and is neutral', () => {
    const life = lifeOf([
      at(1_000, 'cycling'),
      at(1_400, 'state', { from: 'up', to: 'starting' }),
      at(2_000, 'exit', { exitStatus: 143 }),
      at(9_400, 'state', { from: 'starting', to: 'up' }),
    ]);
    expect(life).toMatchObject({ boots: 1, restarts: 1, cycles: 1, crashes: 0, startedMs: 1_400 });
    expect(life.marks).toEqual([{ atMs: 1_400, untilMs: 1_400, kind: 'cycle', count: 1 }]);
    expect(life.boot).toEqual({ startingMs: 1_400, upMs: 9_400 });
    expect(life.exits).toEqual([{ status: 143, count: 1 }]);
  });

  test('a restart long after the last Cycling line is none of the day', () => {
    const life = lifeOf([at(0, 'cycling'), at(400_000, 'state', { from: 'up', to: 'starting' })]);
    expect(life.marks.map((mark) => mark.kind)).toEqual(['restart']);
    expect(life.cycles).toBe(0);
  });

  test('crashes and exits are counted by status, most frequent first; events may come in any order', () => {
    const life = lifeOf([
      at(9_000, 'state', { from: 'starting', to: 'crashed' }),
      at(8_900, 'exit', { exitStatus: 1 }),
      at(5_000, 'state', { from: 'up', to: 'crashed' }),
      at(4_900, 'exit', { exitStatus: 137 }),
      at(8_000, 'state', { from: 'crashed', to: 'starting' }),
      at(20_000, 'exit', { exitStatus: 1 }),
      at(21_000, 'exit', {}),
    ]);
    expect(life.crashes).toBe(2);
    expect(life.exits[0]).toEqual({ status: 1, count: 2 });
    expect(life.exits).toContainEqual({ status: null, count: 1 });
    expect(life.marks.map((mark) => mark.kind)).toEqual(['crash', 'restart', 'crash']);
    expect(life.boot).toBeNull();
  });

  test('the first start of a new dyno is a boot and no restart', () => {
    const life = lifeOf([
      at(100, 'state', { from: 'created', to: 'starting' }),
      at(700, 'state', { from: 'starting', to: 'up' }),
    ]);
    expect(life).toMatchObject({ boots: 1, restarts: 0, startedMs: 100, marks: [] });
  });

  test('episodes of R14 and R15 keep their length and count; other codes are not drawn', () => {
    const life = lifeOf([
      at(100, 'code', {}, { code: 'R14', untilMs: 900, count: 40 }),
      at(1_000, 'code', {}, { code: 'R15' }),
      at(1_100, 'code', {}, { code: 'R12' }),
      at(1_200, 'oneOff'),
    ]);
    expect(life.marks).toEqual([
      { atMs: 100, untilMs: 900, kind: 'R14', count: 40 },
      { atMs: 1_000, untilMs: 1_000, kind: 'R15', count: 1 },
    ]);
  });

  test('one-off dynos are told as one: sums, and the newest boot', () => {
    const one = lifeOf([
      at(100, 'state', { from: 'created', to: 'starting' }),
      at(300, 'state', { from: 'starting', to: 'up' }),
      at(400, 'exit', { exitStatus: 0 }),
    ]);
    const other = lifeOf([
      at(1_100, 'state', { from: 'created', to: 'starting' }),
      at(1_700, 'state', { from: 'starting', to: 'up' }),
      at(1_800, 'exit', { exitStatus: 1 }),
      at(1_900, 'exit', { exitStatus: 0 }),
    ]);
    expect(mergeLives([one, other])).toMatchObject({
      boots: 2,
      exits: [
        { status: 0, count: 2 },
        { status: 1, count: 1 },
      ],
      boot: { startingMs: 1_100, upMs: 1_700 },
      startedMs: 1_100,
    });
    expect(mergeLives([])).toEqual(lifeOf([]));
  });
});
