import { describe, expect, it } from 'vitest';
import { chooseThresholdMs, proposeAvailability, proposeLatency } from './slo-proposals.ts';

const whyOf = (bad: number) => proposeAvailability({ events: 1000, bad }).why.replaceAll('\u00a0', ' ');

describe('what is said of a proposal', () => {
  it('there is room for as much again only where half of the budget or less is spent', () => {
    expect(whyOf(4)).toMatch(/99 % leaves room for as much again\.$/);
    expect(whyOf(50)).toMatch(/90 % leaves room for as much again\.$/);
  });

  it('the loosest target says how much such a week spends, or that it would be broken', () => {
    expect(whyOf(87)).toMatch(/90 % leaves little room: such a week spends 87 % of the budget\.$/);
    expect(whyOf(210)).toMatch(/90 % would be broken already: what is wrong now comes first\.$/);
  });

  it('no threshold comes near the time-out of the router', () => {
    expect(chooseThresholdMs(29_398)).toBe(20_000);
    const { why } = proposeLatency(29_398, 20_000, { events: 1000, bad: 130 });
    expect(why.replaceAll('\u00a0', ' ')).toMatch(/90 % within 20,000 ms would be broken already/);
  });
});
