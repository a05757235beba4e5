import { expect, test } from 'vitest';
import { auditChanges, auditRow } from './auditWords.ts';
import { renderCsv } from './csv.ts';

test('an entry says what differs, and of new things what they are', () => {
  expect(
    auditChanges({ before: { role: 'viewer', name: 'Kim' }, after: { role: 'editor', name: 'Kim' } }),
  ).toEqual(['role: viewer → editor']);
  expect(auditChanges({ after: { historyMs: 0 } })).toEqual(['historyMs: 0']);
  expect(auditChanges({ before: { state: 'new' } })).toEqual(['state: was "new"'.replaceAll('"', '')]);
  expect(auditChanges({})).toEqual([]);
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
