import { describe, expect, it } from 'vitest';
import { fleet } from '../fixtures.ts';
import { appState } from '../parts/state.tsx';
import { changeOf, sortFleet } from './fleet.tsx';

const rows = fleet(Date.parse('2026-11-20T10:42:03Z')).apps;

describe('the order of the fleet', () => {
  it('puts what fails first, then what is silent, then memory and losses, then the rest', () => {
    const words = sortFleet(rows).map((row) => appState(row).word);
    expect(words.slice(0, 2)).toEqual(['failing', 'silent']);
    expect(words.slice(2, 4).sort()).toEqual(['losing lines', 'memory']);
    expect(words.lastIndexOf('waiting')).toBeLessThan(words.indexOf('ok'));
  });

  it('does not let a few requests look like a catastrophe', () => {
    const low = rows.find((row) => row.lowTraffic && row.requests > 0);
    expect(low && appState({ ...low, failedRatio: 0.5 }).level).toBe('ok');
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
