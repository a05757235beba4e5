import { expect, test } from 'vitest';
import type { SloProposal, SloProposalsAnswer, SloRow } from '../api/contract/slos.ts';
import { nextLookMs, reproposals } from './reproposal.ts';

const proposal = (target: string, existing: string | null) =>
  ({ name: 'availability', definition: { target }, existing }) as unknown as SloProposal;
const row = (target: string, tags: string[]) =>
  ({ slug: 'requests-succeed', title: 'Requests succeed', target, tags }) as unknown as SloRow;
const answer = (one: SloProposal, isProvisional = false) =>
  ({ proposals: [one], isProvisional }) as unknown as SloProposalsAnswer;

test('what was accepted from an hour of data is proposed again when a day says otherwise', () => {
  const found = reproposals(answer(proposal('0.995', 'requests-succeed')), [row('0.999', ['proposed'])]);
  expect(found).toMatchObject([{ slug: 'requests-succeed', before: '0.999', after: '0.995' }]);
});

test('not while there is less than a day, not when it is the same, not of what people made themselves', () => {
  const early = answer(proposal('0.995', 'requests-succeed'), true);
  expect(reproposals(early, [row('0.999', ['proposed'])])).toEqual([]);
  const late = answer(proposal('0.995', 'requests-succeed'));
  expect(reproposals(late, [row('0.995', ['proposed'])])).toEqual([]);
  expect(reproposals(late, [row('0.999', [])])).toEqual([]);
  expect(reproposals(answer(proposal('0.995', null)), [row('0.999', ['proposed'])])).toEqual([]);
});

test('the next look is after a day, then after a week', () => {
  const day = 86_400_000;
  expect(nextLookMs(0, 1)).toBe(day);
  expect(nextLookMs(0, day)).toBe(7 * day);
  expect(nextLookMs(0, 7 * day)).toBeNull();
});
