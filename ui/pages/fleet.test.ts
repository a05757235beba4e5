import { describe, expect, it } from 'vitest';
import type { FleetRow } from '../../api/contract/apps.ts';
import { fleet } from '../fixtures.ts';
import { appState } from '../parts/state.tsx';
import { changeOf, sortFleet } from './fleet.tsx';

const rows = fleet(Date.parse('2026-11-20T10:42:03Z')).apps;

describe('the order of the fleet', () => {
  it('puts what fails first, then what is silent, then memory and losses, then the rest', () => {
    const words = sortFleet(rows).map((row) => appState(row).word);
    expect(words.slice(0, 4)).toEqual(['failing', 'silent', 'memory', 'some fail']);
    expect(words.lastIndexOf('waiting')).toBeLessThan(words.indexOf('ok'));
  });

  it('calls an app failing while its incident is young, although the hour as a whole is still good', () => {
    const calm = rows.find((row) => appState(row).word === 'ok');
    expect(calm && appState({ ...calm, failedRatio: 0.001, failedRatioNow: 0.08 }).word).toBe('failing');
    expect(calm && appState({ ...calm, failedRatio: 0.001, failedRatioNow: null }).word).toBe('ok');
  });

  it('does not let a few requests look like a catastrophe', () => {
    const low = rows.find((row) => row.lowTraffic && row.requests > 0);
    expect(low && appState({ ...low, failedRatio: 0.5 }).level).toBe('ok');
  });

  it('R-05 is never ok over a hole: one lost line or three silent minutes make the hour incomplete', () => {
    const ok = rows.find((row) => appState(row).word === 'ok');
    if (!ok) throw new Error('no row that is ok');
    const stateOf = (change: Partial<FleetRow>) => appState({ ...ok, ...change }).word;
    expect(stateOf({ health: { ...ok.health, lostMessages: 1 } })).toBe('incomplete');
    const quiet = (from: number, to: number) =>
      ok.sparkline.map((value, minute) => (minute >= from && minute < to ? null : (value ?? 0)));
    expect(stateOf({ sparkline: quiet(20, 23) })).toBe('incomplete');
    expect(stateOf({ sparkline: quiet(20, 22) })).toBe('ok');
    expect(stateOf({ sparkline: quiet(0, 30) })).toBe('ok');
    expect(stateOf({ failedRatio: 0.05, health: { ...ok.health, lostMessages: 1 } })).toBe('failing');
  });

  it('R-05 nothing is ok while frames of an outage are on their way; what fails goes on failing', () => {
    const words = (isMoving: boolean) => rows.map((row) => appState(row, false, isMoving).word);
    expect(words(false)).toContain('ok');
    expect(words(true)).not.toContain('ok');
    expect(words(true).filter((word) => word === 'failing')).toEqual(
      words(false).filter((word) => word === 'failing'),
    );
  });
});

describe('changeOf', () => {
  it('shows only what is beyond noise', () => {
    expect(changeOf(0.023, 0.0011, 'ratio')).toBe('up');
    expect(changeOf(0.0012, 0.0011, 'ratio')).toBeNull();
    expect(changeOf(300, 310, 'ms')).toBeNull();
    expect(changeOf(120, 310, 'ms')).toBe('down');
    expect(changeOf(null, 310, 'ms')).toBeNull();
  });
});
