import { expect, test } from 'vitest';
import { idsIn, readPromises, readProvedIds } from './promise-ids.ts';

test('ids of a title are read singly and as spans', () => {
  expect(idsIn('K-01–03 R-02 killed')).toEqual(['K-01', 'K-02', 'K-03', 'R-02']);
  expect(idsIn('R14, H-12 and X-01 are none')).toEqual([]);
});

test('every promise and fault has a test that names it, or a reason why not; none has both', () => {
  const proved = readProvedIds();
  const { all, excused } = readPromises();
  expect(all.length).toBeGreaterThan(120);
  expect(all.filter((id) => !proved.has(id) && !excused.includes(id))).toEqual([]);
  expect(excused.filter((id) => proved.has(id) || !all.includes(id))).toEqual([]);
});
