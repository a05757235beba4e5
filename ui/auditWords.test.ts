import { expect, test } from 'vitest';
import { auditChanges, auditRow } from './auditWords.ts';
import { renderCsv } from './csv.ts';
import { formatSpan } from './format.ts';

test('an entry says what differs, and of new things what they are', () => {
  expect(
    auditChanges({ before: { role: 'viewer', name: 'Kim' }, after: { role: 'editor', name: 'Kim' } }),
  ).toEqual(['role: viewer → editor']);
  expect(auditChanges({ after: { historyMs: 0 } })).toEqual([`history: ${formatSpan(0)}`]);
  expect(auditChanges({ before: { keepMs: 7_200_000 }, after: { keepMs: 3_600_000 } })).toEqual([
    `keep: ${formatSpan(7_200_000)} → ${formatSpan(3_600_000)}`,
  ]);
  expect(auditChanges({ after: { oldValidUntilMs: 1_800_000_000_000 } })).toEqual([
    'oldValidUntil: 2027-01-15T08:00:00.000Z',
  ]);
  expect(auditChanges({ before: { state: 'new' } })).toEqual(['state: was new']);
  expect(auditChanges({})).toEqual([]);
  expect(auditChanges({ after: { apps: [], settings: {}, cause: null, isEnabled: true } })).toEqual([
    'isEnabled: true',
  ]);
  expect(auditChanges({ after: { long: 'x'.repeat(500) } })[0]?.length).toBeLessThan(140);
});

test('SEC-34 a name that a spreadsheet would take for a formula is text in the file', () => {
  const entry = {
    id: 1,
    atMs: 0,
    actor: 'x',
    actorName: '=cmd()',
    action: 'app.create',
    subject: '+shop',
    address: '',
    after: { a: 1 },
  };
  const csv = renderCsv([auditRow(entry)]);
  expect(csv).toContain(`"'=cmd()"`);
  expect(csv).toContain(`"'+shop"`);
});
