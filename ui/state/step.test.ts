import { describe, expect, it } from 'vitest';
import { stepFor } from './step.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('stepFor', () => {
  it('keeps what is stored for a close look', () => {
    expect(stepFor(15 * MINUTE, 0.1)).toBe(10);
    expect(stepFor(5 * MINUTE)).toBe(10);
  });

  it('keeps fine points where there are enough requests for each', () => {
    expect(stepFor(HOUR, 42)).toBe(10);
    expect(stepFor(HOUR, 2.6)).toBe(20);
  });

  it('takes wider points at low or unknown traffic, but at least 120 of them', () => {
    expect(stepFor(HOUR, 1.6)).toBe(30);
    expect(stepFor(HOUR, 0.001)).toBe(30);
    expect(stepFor(HOUR)).toBe(30);
    expect(stepFor(3 * HOUR, 1.6)).toBe(60);
    expect(stepFor(24 * HOUR)).toBe(600);
  });

  it('never asks for more than 400 points, over whatever range', () => {
    for (const days of [1, 3, 7, 30, 90, 400]) {
      const points = (days * 24 * HOUR) / (stepFor(days * 24 * HOUR, 1000) * 1000);
      expect(points, `${days} days`).toBeLessThanOrEqual(400);
    }
  });
});
