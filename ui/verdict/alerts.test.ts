import { describe, expect, test } from 'vitest';
import { incidentList, rules } from '../alertFixtures.ts';
import { receivers, schedules, silences } from '../tellFixtures.ts';
import {
  sayIncidentsClauses,
  sayOnCallClauses,
  sayReceiversClauses,
  sayRulesClauses,
  saySilencesClauses,
} from './alerts.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const say = (clauses: { text: string }[]) =>
  clauses
    .map((clause) => clause.text)
    .join(' ')
    .replace(/[\u00a0\u202f]/g, ' ');
const list = incidentList(NOW, 'normal', new URLSearchParams());

describe('over the incidents', () => {
  test('the page that waits longest comes first, then what nobody was told of', () => {
    const clauses = sayIncidentsClauses(list, NOW);
    expect(say(clauses)).toBe(
      '2 pages wait for somebody: Shop answers: burning 21× too fast (shop), for 15 min. Nobody was told of #215: no route leads to a receiver.',
    );
    expect(clauses[0]?.href).toBe('/i/22222222-0000-4000-8000-000000000214');
  });

  test('says since when nothing is open, and what is open but taken on', () => {
    const past = list.incidents.filter((row) => row.state === 'resolved');
    const none = { page: 0, ticket: 0, info: 0 };
    expect(say(sayIncidentsClauses({ incidents: past, open: none }, NOW))).toBe('Nothing is open, for 25 h.');
    expect(say(sayIncidentsClauses({ incidents: [], open: none }, NOW))).toBe('Nothing is open.');
    const taken = list.incidents.filter((row) => row.state === 'acknowledged');
    expect(say(sayIncidentsClauses({ incidents: taken, open: { ...none, ticket: 1 } }, NOW))).toBe(
      '1 incident open, no page that nobody has taken on.',
    );
  });
});

test('over the rules: what fires, what still learns, what cries too often; what is off is not counted', () => {
  expect(say(sayRulesClauses(rules(NOW, 'normal', null).rules))).toBe(
    '2 of 6 rules fire: Drain silent (billing), Memory leak reaches the quota before the daily restart (search). 1 rule still learns what is usual. Failed requests (shop) may be noise: nobody acknowledges.',
  );
  expect(say(sayRulesClauses(rules(NOW, 'held', 'shop').rules))).toContain(
    '1 rule is held: there is no data.',
  );
  expect(sayRulesClauses([])).toEqual([]);
});

test('over the receivers: what is broken comes before what fails, and then what is never told', () => {
  const all = receivers(NOW, false).receivers;
  expect(say(sayReceiversClauses(all, NOW))).toBe(
    'Old webhook does not take messages, and 1 more has trouble. Old webhook is in no route or policy, and never told.',
  );
  const well = all.filter((one) => one.health === 'ok' && one.dead === 0 && one.usedBy.length > 0);
  expect(say(sayReceiversClauses(well, NOW))).toMatch(
    /^All \d receivers take messages; the last one arrived/,
  );
  expect(sayReceiversClauses([], NOW)).toEqual([]);
});

test('over the silences: what is withheld now, and what comes next', () => {
  expect(say(saySilencesClauses(silences(NOW, false, false).silences, NOW))).toBe(
    'Every ticket of search is silenced; 1 open incident is withheld. Next: Backup window, in 38 h.',
  );
  expect(say(saySilencesClauses([], NOW))).toBe('Every notice goes out: nothing is silenced now.');
});

test('over who is on call: who is, where nobody is, and that nobody is told without a route', () => {
  expect(say(sayOnCallClauses(schedules(NOW, false).schedules, 2))).toBe(
    'On call now: Kim (Primary). Nobody is on call in Office hours.',
  );
  expect(say(sayOnCallClauses([], 1))).toBe('No schedule: routes tell their receivers and call nobody.');
  expect(say(sayOnCallClauses([], 0))).toBe('No route leads anywhere: nobody is told of anything.');
});
