import { expect, it } from 'vitest';
import { rankTargets } from './palette.tsx';

const targets = ['checkout-api', 'shop', 'web-shop', 'search'].map((label) => ({ label }));

it('puts names that start with the text first, then those that contain it, then letters in order', () => {
  expect(rankTargets(targets, 'sh').map((target) => target.label)).toEqual(['shop', 'web-shop', 'search']);
  expect(rankTargets(targets, 'cka').map((target) => target.label)).toEqual(['checkout-api']);
  expect(rankTargets(targets, 'zzz')).toEqual([]);
});
