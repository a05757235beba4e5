import { expect, it } from 'vitest';
import { causeSays, causeShort } from './gapCauses.ts';

it('R-04 every cause of a loss that we give ourselves has words for people', () => {
  const ours = [
    'spoolLost',
    'spoolDamaged',
    'restored',
    'down',
    'shed',
    'tooLarge',
    'damaged',
    'refused',
    'dropCount',
    'lostCount',
  ];
  for (const cause of ours) {
    expect(causeShort(cause), cause).not.toBe(cause);
    expect(causeSays(cause), cause).toMatch(/^[A-Z].*\.$/);
  }
});

it('a cause we do not know keeps its name', () => {
  expect(causeShort('L99')).toBe('L99');
  expect(causeSays('L99')).toBe('');
});
