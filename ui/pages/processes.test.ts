import { describe, expect, it } from 'vitest';
import type { ProcessAnswer } from '../../api/contract/health.ts';
import { healthMessage, processes, TROUBLE_MS } from '../instanceFixtures.ts';
import { withTold, worstSpool } from './instance.tsx';
import { beyondText } from './pressure.tsx';
import { processState, rateBetween } from './processes.tsx';

const NOW = Date.parse('2026-11-20T10:42:03Z');

function ofTrouble(trouble: Parameters<typeof processes>[0]): ProcessAnswer {
  const own = processes(trouble, NOW)[0];
  if (!own) throw new Error('no process in the fixtures');
  return own;
}

describe('the state of a process', () => {
  it('is the worst that can be said of it, with the reason', () => {
    expect(processState(ofTrouble('none'), NOW, false)).toMatchObject({ level: 'ok', word: 'ok' });
    expect(processState(ofTrouble('away'), NOW, true)).toMatchObject({
      level: 'critical',
      word: 'cannot commit',
      why: 'for 38\u00a0s: no answer from the database',
    });
    expect(processState(ofTrouble('spooling'), NOW, true)).toMatchObject({
      level: 'warning',
      word: 'spooling',
    });
    expect(processState(ofTrouble('shedding'), NOW, false).why).toBe(
      'gives way: live updates, exports, dashboards',
    );
    expect(processState(ofTrouble('moving'), NOW, false)).toMatchObject({ word: 'catching up' });
  });

  it('R-05 is not known, rather than gone or ok, when nobody can report', () => {
    const later = NOW + TROUBLE_MS;
    expect(processState(ofTrouble('none'), later, false)).toMatchObject({ level: 'warning', word: 'gone' });
    expect(processState(ofTrouble('none'), later, true)).toMatchObject({
      level: 'unknown',
      word: 'not known',
    });
  });
});

describe('messages per second', () => {
  const sample = (messages: number, atMs: number, startedMs = 0) => ({ messages, atMs, startedMs });
  it('is taken between two reports of the same run', () => {
    expect(rateBetween(sample(1000, 0), sample(3000, 5000))).toBe(400);
    expect(rateBetween(sample(1000, 0), sample(1000, 0))).toBe('same');
    expect(rateBetween(sample(1000, 0), sample(50, 5000, 4000))).toBeNull();
  });
});

it('the stream is newer than the answer for the process it comes from, and says nothing of the others', () => {
  const told = healthMessage('spooling', NOW + 2000);
  const [own, other] = withTold(processes('none', NOW), told);
  expect(own?.ingest?.spool.state).toBe('spooling');
  expect(own?.seenMs).toBe(NOW + 2000);
  expect(other?.ingest?.spool.state).toBe('ready');
});

it('of the states of one spool the worst is told', () => {
  const of = (trouble: 'none' | 'spooling' | 'spoolFull') => healthMessage(trouble, NOW).ingest?.spool;
  const all = [of('none'), of('spoolFull'), of('spooling')].filter((one) => one !== undefined);
  expect(worstSpool(all)?.state).toBe('full');
  expect(worstSpool([])).toBeNull();
});

it('S-14 an app beyond its bounds is told what happens to it, a sentence for each', () => {
  const text = beyondText(8120, { paths: 0, series: 2, drains: 0 }, undefined);
  expect(text).toMatch(/^It sends far more than its share.* It has more names .*\.$/);
  expect(beyondText(undefined, undefined, undefined)).toBe('');
});
