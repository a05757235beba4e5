import { describe, expect, it } from 'vitest';
import { areChanges, changeKeys, keysFault, keysOf, readKeys, showKeys } from './keyMap.ts';
import type { KeyBinding } from './keys.ts';

const key = (keys: string, does: string, waits = false): KeyBinding => ({
  keys,
  does,
  group: '',
  run() {},
  waits,
});
const fleet = key('g f', 'fleet');
const live = key('l', 'live');
const box = key('t', 'range box', true);
const pan = key('t ArrowLeft', 'earlier');
const all = [fleet, live, box, pan];

describe('the keys of a reader', () => {
  it('are those of the product until they change them, and again when they change them back', () => {
    expect(keysOf(live, {})).toBe('l');
    const changes = changeKeys({}, live, 'p');
    expect(keysOf(live, changes)).toBe('p');
    expect(changeKeys(changes, live, 'l')).toEqual({});
    expect(keysOf(live, changeKeys({}, live, ''))).toBe('');
  });

  it('are refused where another one has them, or where they would make another wait', () => {
    expect(keysFault(all, {}, live, 'g f')).toBe('g f is taken: fleet');
    expect(keysFault(all, {}, live, 'g')).toBe('g begins other keys: fleet');
    expect(keysFault(all, {}, box, 't')).toBeNull();
    expect(keysFault(all, {}, live, '')).toBeNull();
    expect(keysFault(all, changeKeys({}, fleet, ''), live, 'g f')).toBeNull();
  });

  it('are one character or two, and are shown as they are pressed', () => {
    expect([readKeys(' p '), readKeys('g x'), readKeys(''), readKeys('gx'), readKeys('a b c')]).toEqual([
      'p',
      'g x',
      '',
      null,
      null,
    ]);
    expect(showKeys('t ArrowLeft')).toEqual(['t', '←']);
    expect(showKeys('E')).toEqual(['Shift', 'E']);
  });

  it('out of storage are taken only as a map of texts', () => {
    expect(areChanges({ l: 'p' })).toBe(true);
    for (const value of [null, [], 'l', { l: 1 }, { l: 'x'.repeat(99) }])
      expect(areChanges(value)).toBe(false);
  });
});
