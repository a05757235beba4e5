import { describe, expect, test } from 'vitest';
import {
  type AlertMemory,
  type HeldReason,
  initialMemory,
  isFiring,
  step,
  type Transition,
} from './alert.ts';

const TIMING = { forMinutes: 2, keepFiringMinutes: 3, holdOnMissing: true };

/** `+` above, `-` below, `?` missing, from minute 0 on; gives what changed as `minute from>to reason`. */
function play(pattern: string, timing = TIMING): { changes: string[]; memory: AlertMemory } {
  let memory = initialMemory(0);
  const changes: string[] = [];
  for (const [minute, mark] of [...pattern].entries()) {
    const isMissing: HeldReason | null = mark === '?' ? 'noData' : null;
    const next = step(memory, { isAbove: mark === '+', isMissing }, minute, timing);
    if (next.transition) changes.push(`${minute} ${say(next.transition)}`);
    memory = next.memory;
  }
  return { changes, memory };
}

function say({ from, to, reason }: Transition): string {
  return `${from}>${to} ${reason}`;
}

describe('waiting', () => {
  test('fires at the first evaluation that is `for` later', () => {
    expect(play('-+++').changes).toEqual(['1 ok>pending threshold', '3 pending>firing threshold']);
  });

  test('one evaluation below resets it, and is not kept', () => {
    expect(play('++-++').changes).toEqual([
      '0 ok>pending threshold',
      '2 pending>ok recovered',
      '3 ok>pending threshold',
    ]);
  });

  test('a `for` of 0 fires at once', () => {
    expect(play('+', { ...TIMING, forMinutes: 0 }).changes).toEqual(['0 ok>firing threshold']);
  });
});

describe('ending', () => {
  test('goes on firing for `keep` after the first evaluation below', () => {
    const { changes } = play('+++----');
    expect(changes.slice(2)).toEqual(['3 firing>recovering recovered', '6 recovering>ok recovered']);
  });

  test('an evaluation above in between cancels it', () => {
    const { changes, memory } = play('+++--+--');
    expect(changes.slice(2)).toEqual([
      '3 firing>recovering recovered',
      '5 recovering>firing threshold',
      '6 firing>recovering recovered',
    ]);
    expect(isFiring(memory)).toBe(true);
  });

  test('a `keep` of 0 ends at once', () => {
    expect(play('+++-', { ...TIMING, keepFiringMinutes: 0 }).changes.at(-1)).toBe('3 firing>ok recovered');
  });
});

describe('R-05 missing data', () => {
  test('neither resolves nor fires, and says so once while it begins and ends', () => {
    const { changes } = play('+++-???????--');
    expect(changes.slice(3)).toEqual([
      '4 recovering>recovering held',
      '11 recovering>recovering dataReturned',
    ]);
  });

  test('the timers stand still: what was held was not waited', () => {
    // Below at 3, held for seven, below at 11 is one minute later, at 12 two, at 13 three.
    expect(play('+++-???????---').changes.at(-1)).toBe('13 recovering>ok recovered');
    expect(play('+??++').changes.at(-1)).toBe('4 pending>firing threshold');
    expect(play('+??+').changes.at(-1)).toBe('3 pending>pending dataReturned');
  });

  test('held twice, both stretches are left out', () => {
    expect(play('+?+?+').changes.at(-1)).toBe('4 pending>firing threshold');
  });

  test('an alert that is ok is held silently, but it is known', () => {
    const { changes, memory } = play('-??');
    expect(changes).toEqual([]);
    expect(memory.held).toEqual({ reason: 'noData', sinceMinute: 1 });
    expect(play('-??-').memory.held).toBeNull();
  });

  test('switched off, what is missing counts as below', () => {
    expect(play('+++????', { ...TIMING, holdOnMissing: false }).changes.at(-1)).toBe(
      '6 recovering>ok recovered',
    );
  });

  test('the reason follows, the beginning stays', () => {
    const held = step(initialMemory(0), { isAbove: false, isMissing: 'noData' }, 5, TIMING).memory;
    const later = step(held, { isAbove: false, isMissing: 'gap' }, 6, TIMING).memory;
    expect(later.held).toEqual({ reason: 'gap', sinceMinute: 5 });
  });
});

test('no alert fires before its time, whatever it sees', () => {
  for (let bits = 0; bits < 1 << 10; bits++) {
    const pattern = [...Array(10).keys()].map((at) => ((bits >> at) & 1 ? '+' : '-')).join('');
    const first = play(pattern).changes.find((change) => change.endsWith('pending>firing threshold'));
    const expected = pattern.indexOf('+++');
    expect(first === undefined ? -1 : Number(first.split(' ')[0]) - 2).toBe(expected);
  }
});
