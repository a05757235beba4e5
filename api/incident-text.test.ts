import { expect, test } from 'vitest';
import type { Evidence } from '../model/alert-change.ts';
import { INCIDENT_EVENT_KINDS, type IncidentEvent } from '../model/incident.ts';
import { evidenceSentence } from '../model/notice-sentence.ts';
import { sayEvent, sayFailure } from './incident-text.ts';

const NOW = Date.UTC(2026, 10, 20, 11);
const say = (kind: IncidentEvent['kind'], actor = '', detail: Record<string, unknown> = {}) =>
  sayEvent({ atMs: NOW, kind, actor, detail }, NOW);

test('every kind of line is a sentence, with whatever it holds or lacks', () => {
  for (const kind of INCIDENT_EVENT_KINDS) {
    const line = say(kind, '', kind === 'note' ? { text: 'x' } : {});
    expect(line, kind).toMatch(/^\S.*\S$/);
    expect(line, kind).not.toMatch(/undefined|null|\[object/);
  }
});

test('lines say who, why, from what to what', () => {
  expect(say('opened', '', { severity: 'page', evidence: {} })).toBe('Opened as page.');
  expect(say('raised', '', { from: 'ticket', severity: 'page' })).toBe('Raised from ticket to page.');
  expect(say('recovered', '', { reason: 'recovered' })).toBe('Recovered.');
  expect(say('recovered', '', { reason: 'removed' })).toBe('Over: its objective or rule was removed.');
  expect(say('told', 'Slack', { kind: 'trigger' })).toBe('Told Slack (trigger).');
  expect(say('notTold', 'Slack', { reason: 'It answered 404.' })).toBe(
    'Slack could not be told: It answered 404.',
  );
  expect(say('notTold', '', { reason: 'noRoute' })).toBe('Nobody could be told: no route leads to anybody.');
  expect(say('escalated', '', { level: 2, policy: 'Wake' })).toBe(
    'Nobody has acknowledged it: level 2 of Wake is told.',
  );
  expect(say('snoozed', 'Kim', { untilMs: NOW + 3_600_000, reason: '' })).toBe(
    'Kim snoozed it until 12:00 UTC',
  );
  expect(say('cause', 'Kim', { release: 214, text: 'index' })).toBe('Kim says v214 caused it: index');
  expect(say('cause', 'Kim', { release: null, text: '' })).toBe('Kim took the cause back.');
});

test('what failed is told as messages tell it, and since when', () => {
  const evidence: Evidence = {
    what: 'latency',
    title: 'Slow',
    windows: [],
    value: 2900,
    threshold: 800,
    unit: 'ms',
    coverage: 1,
    budgetRemaining: null,
    exhaustedAtMs: null,
    sinceMs: NOW - 60_000,
    key: 'web',
    target: null,
  };
  expect(sayFailure(evidence, NOW)).toBe(`${evidenceSentence(evidence, null)} Since 10:59 UTC.`);
  expect(sayFailure({ ...evidence, sinceMs: 0 }, NOW)).toBe(evidenceSentence(evidence, null));
});
