import { describe, expect, test } from 'vitest';
import { alertChange, EVIDENCE, START_MS } from '../test/alert-changes.ts';
import type { AlertChange } from './alert-change.ts';
import type { Incident } from './incident.ts';
import { type IncidentStep, step } from './incident-step.ts';
import { MINUTE } from './time.ts';

/** Steps through changes at their own instants. */
function follow(...changes: AlertChange[]): IncidentStep {
  let incident: Incident | null = null;
  const events: IncidentStep['events'] = [];
  for (const [index, change] of changes.entries()) {
    const next = step(incident, change, { nowMs: change.atMs, newId: `i${index}` });
    incident = next.incident;
    events.push(...next.events);
  }
  return { incident, events };
}
const kinds = ({ events }: IncidentStep) => events.map(({ kind }) => kind);
const HELD = { reason: 'noData', sinceMs: START_MS + 3 * MINUTE } as const;

test('an alert that fires opens, one that does not fire changes nothing', () => {
  const opened = follow(alertChange(0, 'page', { detectedLateMs: 840_000 }));
  expect(opened.incident).toMatchObject({
    id: 'i0',
    state: 'open',
    severity: 'page',
    title: EVIDENCE.title,
    openedAtMs: START_MS,
    detectedLateMs: 840_000,
    toldSeverity: null,
  });
  expect(kinds(opened)).toEqual(['opened']);
  expect(follow(alertChange(0, null))).toEqual({ incident: null, events: [] });
});

test('its severity is the worst that fires, and the worst of the opening is kept', () => {
  const story = follow(alertChange(0, 'ticket'), alertChange(1, 'page'), alertChange(2, 'ticket'));
  expect(story.incident).toMatchObject({ severity: 'ticket', worstSeverity: 'page' });
  expect(kinds(story)).toEqual(['opened', 'raised', 'lowered']);
});

test('a change that says what is known changes nothing, not even the object', () => {
  const { incident } = follow(alertChange(0, 'page'));
  const again = step(incident, alertChange(1, 'page'), { nowMs: START_MS, newId: 'x' });
  expect(again.incident).toBe(incident);
  expect(again.events).toEqual([]);
});

test('a re-fire within 30 minutes joins the incident, a later one is another', () => {
  const joined = follow(alertChange(0, 'page'), alertChange(10, null), alertChange(40, 'ticket'));
  expect(joined.incident).toMatchObject({
    id: 'i0',
    state: 'open',
    severity: 'ticket',
    worstSeverity: 'ticket',
    reopened: 1,
    openedAtMs: START_MS,
    startedAtMs: START_MS + 40 * MINUTE,
    resolved: null,
  });
  expect(kinds(joined)).toEqual(['opened', 'recovered', 'reopened']);
  const other = follow(alertChange(0, 'page'), alertChange(10, null), alertChange(41, 'page'));
  expect(other.incident).toMatchObject({ id: 'i2', reopened: 0 });
});

test('what receivers believe open is joined however late', () => {
  const { incident } = follow(alertChange(0, 'page'), alertChange(10, null));
  const believed = incident && { ...incident, toldSeverity: 'page' as const };
  expect(step(believed, alertChange(400, 'page'), { nowMs: 0, newId: 'x' }).incident?.id).toBe('i0');
});

describe('R-05 missing data', () => {
  test('A-14 no data: what fires stays firing, and is held', () => {
    const held = follow(alertChange(0, 'page'), alertChange(3, null, { held: HELD, reason: 'held' }));
    expect(held.incident).toMatchObject({ state: 'open', severity: 'page', held: HELD, resolved: null });
    expect(kinds(held)).toEqual(['opened', 'held']);
  });

  test('A-15 a gap neither lowers nor resolves, and what gets worse is raised all the same', () => {
    const gap = { held: { reason: 'gap', sinceMs: START_MS } } as const;
    const story = follow(
      alertChange(0, 'ticket'),
      alertChange(1, 'page', gap),
      alertChange(2, 'ticket', gap),
    );
    expect(story.incident).toMatchObject({ severity: 'page', held: gap.held });
    expect(kinds(story)).toEqual(['opened', 'held', 'raised']);
  });

  test('once data is back it ends as ever, and both are on the record', () => {
    const back = follow(
      alertChange(0, 'page'),
      alertChange(3, 'page', { held: HELD, reason: 'held' }),
      alertChange(9, null),
    );
    expect(back.incident).toMatchObject({ state: 'resolved', held: null, resolved: { by: null } });
    expect(kinds(back)).toEqual(['opened', 'held', 'dataReturned', 'recovered']);
  });

  test('a reason that turns into another is one time of holding', () => {
    const story = follow(
      alertChange(0, 'page'),
      alertChange(3, 'page', { held: HELD }),
      alertChange(4, 'page', { held: { reason: 'gap', sinceMs: START_MS + 4 * MINUTE } }),
    );
    expect(story.incident?.held).toEqual({ reason: 'gap', sinceMs: HELD.sinceMs });
    expect(kinds(story)).toEqual(['opened', 'held']);
  });
});

test('A-18 an edit while it fires is one line, with the new numbers', () => {
  const evidence = { ...EVIDENCE, target: '0.99', title: 'Checkout' };
  const edited = follow(alertChange(0, 'page'), alertChange(5, 'page', { reason: 'sloChanged', evidence }));
  expect(edited.incident).toMatchObject({ state: 'open', title: 'Checkout', evidence: { target: '0.99' } });
  expect(kinds(edited)).toEqual(['opened', 'changed']);
});

test('A-19 a deletion while it fires ends it for that reason', () => {
  const removed = follow(alertChange(0, 'page'), alertChange(5, null, { reason: 'removed' }));
  expect(removed.incident).toMatchObject({ state: 'resolved', resolved: { reason: 'removed', by: null } });
});

test('what fired and ended while nobody could evaluate is listed as over', () => {
  const evidence = { ...EVIDENCE, sinceMs: START_MS - 20 * MINUTE };
  const listed = follow(alertChange(0, 'page', { overBeforeTold: true, evidence }));
  expect(listed.incident).toMatchObject({
    state: 'resolved',
    isOverBeforeTold: true,
    openedAtMs: evidence.sinceMs,
    resolved: { atMs: START_MS },
    worstSeverity: 'page',
  });
  expect(kinds(listed)).toEqual(['opened', 'recovered']);
  // Nobody heard of it, so what comes next is no reopening.
  const next = step(listed.incident, alertChange(5, 'page'), { nowMs: START_MS, newId: 'next' });
  expect(next.incident).toMatchObject({ id: 'next', reopened: 0 });
  // And beside an open incident it is part of that.
  const open = follow(alertChange(0, 'ticket')).incident;
  const beside = step(open, alertChange(1, 'page', { overBeforeTold: true }), { nowMs: 0, newId: 'x' });
  expect(beside.incident).toBe(open);
});

test('what a person ended comes back only when it fires anew', () => {
  const { incident } = follow(alertChange(0, 'page'));
  const ended: Incident | null = incident && {
    ...incident,
    state: 'resolved',
    resolved: { atMs: START_MS + MINUTE, by: 'Ann', reason: 'known' },
  };
  const after = (change: AlertChange) => step(ended, change, { nowMs: 0, newId: 'x' }).incident?.state;
  expect(after(alertChange(2, 'ticket', { reason: 'recovered' }))).toBe('resolved');
  expect(after(alertChange(2, 'page', { reason: 'dataReturned' }))).toBe('resolved');
  expect(after(alertChange(2, 'page', { reason: 'threshold' }))).toBe('open');
});

test('a page takes back the acknowledgement of a ticket', () => {
  const { incident } = follow(alertChange(0, 'ticket'));
  const acknowledged: Incident | null = incident && {
    ...incident,
    state: 'acknowledged',
    acknowledged: { atMs: START_MS, by: 'Ann', reason: 'looking' },
  };
  const raised = step(acknowledged, alertChange(4, 'page'), { nowMs: 0, newId: 'x' });
  expect(raised.incident).toMatchObject({ state: 'open', acknowledged: null });
  expect(kinds(raised)).toEqual(['raised', 'unacknowledged']);
  const lowered = step(acknowledged, alertChange(4, 'info'), { nowMs: 0, newId: 'x' });
  expect(lowered.incident?.state).toBe('acknowledged');
});
