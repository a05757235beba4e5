import { describe, expect, test } from 'vitest';
import { alertChange, START_MS } from '../test/alert-changes.ts';
import { IncidentStory, OPEN_GATE } from '../test/incident-story.ts';
import { acknowledge, endSnooze, resolveByHand, snooze } from './incident-actions.ts';
import { HOUR, MINUTE, SECOND } from './time.ts';

const at = (minute: number) => START_MS + minute * MINUTE;
const by = (minute: number) => ({ by: 'Ann', nowMs: at(minute) });
const SILENCED = { silencedBy: 's1', isRouted: true };

test('a page is told at once, a ticket is collected for 30 s, an end is told at once', () => {
  const page = new IncidentStory();
  page.change(alertChange(0, 'page'));
  page.change(alertChange(9, null));
  expect(page.told.map(({ kind, dueAtMs, sequence }) => [kind, dueAtMs, sequence])).toEqual([
    ['trigger', at(0), 1],
    ['resolve', at(9), 2],
  ]);
  const ticket = new IncidentStory();
  ticket.change(alertChange(0, 'ticket'));
  expect(ticket.told[0]?.dueAtMs).toBe(at(0) + 30 * SECOND);
});

test('ticket to page is a new notice at once, page to ticket an update', () => {
  const story = new IncidentStory();
  story.change(alertChange(0, 'ticket'));
  story.change(alertChange(1, 'page'));
  story.change(alertChange(2, 'ticket'));
  expect(story.said).toEqual(['trigger opened', 'trigger raised', 'update lowered']);
  expect(story.told[1]).toMatchObject({ severity: 'page', before: 'ticket', dueAtMs: at(1) });
});

test('R-12 A-17 saying again what is known tells nobody anything', () => {
  const story = new IncidentStory();
  for (let minute = 0; minute < 30; minute++) story.change(alertChange(minute, 'page'));
  expect(story.said).toEqual(['trigger opened']);
});

test('A-18 an edit while it fires is one update', () => {
  const story = new IncidentStory();
  story.change(alertChange(0, 'page'));
  story.change(alertChange(5, 'page', { reason: 'ruleChanged' }));
  story.change(alertChange(6, 'page'));
  expect(story.said).toEqual(['trigger opened', 'update changed']);
});

test('A-19 a deletion while it fires is one end, at once, whatever went before', () => {
  const story = new IncidentStory();
  for (let minute = 0; minute < 8; minute++) {
    story.change(alertChange(minute, minute % 2 === 0 ? 'page' : null));
  }
  expect(story.incident?.flappingSinceMs).not.toBeNull();
  story.change(alertChange(8, 'page'));
  const before = story.told.length;
  story.change(alertChange(9, null, { reason: 'removed' }));
  story.until(at(24 * 60));
  expect(story.said.slice(before)).toEqual(['resolve removed']);
});

test('A-14 A-15 held and back are told as updates, never as an end', () => {
  const story = new IncidentStory();
  story.change(alertChange(0, 'page'));
  story.change(alertChange(5, null, { held: { reason: 'noData', sinceMs: at(4) }, reason: 'held' }));
  story.until(at(200));
  story.change(alertChange(201, 'page', { reason: 'dataReturned' }));
  expect(story.said).toEqual(['trigger opened', 'update held', 'update dataReturned']);
});

test('A-20 what begins and ends in one call is on the record, and nobody hears of it', () => {
  const story = new IncidentStory();
  story.change([alertChange(0, 'page'), alertChange(4, null)], at(30));
  expect(story.said).toEqual([]);
  expect(story.wrote).toEqual(['opened', 'recovered']);
  // What was open before and is open after was never over for anybody.
  const other = new IncidentStory();
  other.change(alertChange(0, 'page'));
  other.change([alertChange(5, null), alertChange(9, 'page')], at(30));
  expect(other.said).toEqual(['trigger opened']);
  expect(other.incident?.reopened).toBe(1);
});

describe('flapping', () => {
  /** On and off each minute, from minute 0. */
  function flip(story: IncidentStory, minutes: number, severity: 'page' | 'ticket' = 'page'): void {
    for (let minute = 0; minute < minutes; minute++) {
      story.until(at(minute));
      story.change(alertChange(minute, minute % 2 === 0 ? severity : null));
    }
  }

  test.each(['page', 'ticket'] as const)(
    'A-12 a %s on and off each minute for an hour: 6 messages at most',
    (severity) => {
      const story = new IncidentStory();
      flip(story, 60, severity);
      expect(story.said.slice(0, 4)).toEqual([
        'trigger opened',
        'resolve recovered',
        'trigger reopened',
        'update flapping',
      ]);
      expect(story.told.length).toBeLessThanOrEqual(6);
      expect(story.told.slice(4).every(({ isQuiet }) => isQuiet)).toBe(true);
      // Flapping from the third reopening on.
      expect(story.incident?.flappingSinceMs).toBe(at(6));
    },
  );

  test('A-12 after an hour of quiet its end is told, and it flaps no more', () => {
    const story = new IncidentStory();
    flip(story, 20);
    const before = story.told.length;
    story.until(at(19 + 59));
    expect(story.said.slice(before)).toEqual([]);
    story.until(at(19 + 60));
    expect(story.said.slice(before)).toEqual(['resolve recovered']);
    expect(story.incident).toMatchObject({ flappingSinceMs: null, toldSeverity: null, nextAtMs: null });
  });

  test('A-12 one that fires on for an hour is told as steady', () => {
    const story = new IncidentStory();
    flip(story, 21);
    const before = story.told.length;
    story.until(at(20 + 61));
    expect(story.said.slice(before)).toEqual(['update steady']);
  });

  test('A-12 one that becomes a page while it flaps is told, once', () => {
    const story = new IncidentStory();
    flip(story, 11, 'ticket');
    const before = story.told.length;
    for (let minute = 11; minute < 40; minute++) {
      story.change(alertChange(minute, minute % 2 === 0 ? 'ticket' : 'page'));
    }
    expect(story.said.slice(before).filter((what) => what !== 'update flapping')).toEqual(['trigger raised']);
    expect(story.told.filter(({ atMs }) => atMs <= at(59)).length).toBeLessThanOrEqual(6);
  });

  test('the end of what came back once is told when it stayed away for 10 minutes', () => {
    const story = new IncidentStory();
    story.change(alertChange(0, 'page'));
    story.change(alertChange(5, null));
    story.change(alertChange(15, 'page'));
    story.change(alertChange(20, null));
    expect(story.said).toEqual(['trigger opened', 'resolve recovered', 'trigger reopened']);
    story.until(at(29));
    expect(story.told).toHaveLength(3);
    story.until(at(30));
    expect(story.said.at(-1)).toBe('resolve recovered');
  });

  test('A-21 what is silenced while it flaps is told when the silence ends', () => {
    const story = new IncidentStory();
    story.gate = SILENCED;
    flip(story, 9);
    expect(story.said).toEqual([]);
    story.gate = OPEN_GATE;
    story.until(at(12));
    expect(story.said).toEqual(['trigger flapping']);
  });
});

describe('what keeps a message back', () => {
  test('A-21 a silence: told when it ends while the alert still fires', () => {
    const story = new IncidentStory();
    story.gate = SILENCED;
    story.change(alertChange(0, 'page'));
    story.until(at(90));
    expect(story.said).toEqual([]);
    expect(story.incident?.withheld).toBe('silence');
    // Written down once, not each minute.
    expect(story.wrote).toEqual(['opened', 'silenced']);
    story.gate = OPEN_GATE;
    story.until(at(92));
    expect(story.said).toEqual(['trigger opened']);
    expect(story.incident?.withheld).toBeNull();
  });

  test('a silence: what somebody acknowledged in it needs no telling after it, until it becomes worse', () => {
    const story = new IncidentStory();
    story.gate = SILENCED;
    story.change(alertChange(0, 'ticket'));
    story.act((incident) => acknowledge(incident, 'expected', by(3)), at(3));
    story.gate = OPEN_GATE;
    story.until(at(24 * 60));
    expect(story.said).toEqual([]);
    expect(story.incident?.nextAtMs).toBeNull();
    story.change(alertChange(24 * 60, 'page'));
    expect(story.said).toEqual(['trigger opened']);
  });

  test('a silence: what began and ended in it is told to nobody', () => {
    const story = new IncidentStory();
    story.gate = SILENCED;
    story.change(alertChange(0, 'page'));
    story.change(alertChange(9, null));
    story.gate = OPEN_GATE;
    story.until(at(24 * 60));
    expect(story.said).toEqual([]);
  });

  test('a silence does not keep an end back: what was opened at a receiver is closed there', () => {
    const story = new IncidentStory();
    story.change(alertChange(0, 'page'));
    story.gate = SILENCED;
    story.change(alertChange(5, 'page', { reason: 'sloChanged' }));
    story.until(at(24 * 60));
    story.change(alertChange(24 * 60 + 1, null));
    expect(story.said).toEqual(['trigger opened', 'resolve recovered']);
  });

  test('nobody to tell: said loudly, and told as soon as a route leads somewhere', () => {
    const story = new IncidentStory();
    story.gate = { silencedBy: null, isRouted: false };
    story.change(alertChange(0, 'page'));
    expect(story.incident?.withheld).toBe('noRoute');
    expect(story.wrote).toEqual(['opened', 'notTold']);
    story.gate = OPEN_GATE;
    story.until(at(1));
    expect(story.said).toEqual(['trigger opened']);
  });

  test('a snooze: quiet until its end, then reminded', () => {
    const story = new IncidentStory();
    story.change(alertChange(0, 'page'));
    story.act((incident) => snooze(incident, { untilMs: at(300) }, by(1)), at(1));
    story.change(alertChange(5, 'page', { reason: 'sloChanged' }));
    story.until(at(299));
    expect(story.said).toEqual(['trigger opened']);
    story.until(at(300));
    expect(story.said).toEqual(['trigger opened', 'reminder reminder']);
    expect(story.wrote.slice(-2)).toEqual(['changed', 'unsnoozed']);
  });

  test('a snooze gives way to a page, and not to its own kind', () => {
    const story = new IncidentStory();
    story.change(alertChange(0, 'ticket'));
    story.act((incident) => snooze(incident, { untilMs: at(300) }, by(1)), at(1));
    story.change(alertChange(2, 'info'));
    story.change(alertChange(3, 'ticket'));
    expect(story.said).toEqual(['trigger opened']);
    story.change(alertChange(4, 'page'));
    expect(story.said).toEqual(['trigger opened', 'trigger raised']);
    expect(story.incident?.snoozed).toBeNull();
  });

  test('a ticket that was put off comes back as a page: told at once', () => {
    const story = new IncidentStory();
    story.change(alertChange(0, 'ticket'));
    story.act((incident) => snooze(incident, { untilMs: at(7 * 24 * 60) }, by(1)), at(1));
    story.change(alertChange(10, null));
    story.change(alertChange(30, 'page'));
    expect(story.said).toEqual(['trigger opened', 'resolve recovered', 'trigger reopened']);
    expect(story.incident?.snoozed).toBeNull();
  });

  test('a ticket that was put off becomes a page within a silence: told when the silence is over', () => {
    const story = new IncidentStory();
    story.change(alertChange(0, 'ticket'));
    story.act((incident) => snooze(incident, { untilMs: at(7 * 24 * 60) }, by(1)), at(1));
    story.gate = SILENCED;
    story.change(alertChange(10, 'page'));
    story.until(at(20));
    expect(story.said).toEqual(['trigger opened']);
    story.gate = OPEN_GATE;
    story.until(at(22));
    expect(story.said).toEqual(['trigger opened', 'trigger raised']);
  });

  test('a snooze that a person ends early is over', () => {
    const story = new IncidentStory();
    story.change(alertChange(0, 'page'));
    story.act((incident) => snooze(incident, { untilMs: at(300) }, by(1)), at(1));
    story.act((incident) => endSnooze(incident, by(2)), at(2));
    story.until(at(241));
    expect(story.said).toEqual(['trigger opened', 'reminder reminder']);
  });
});

describe('reminders', () => {
  test.each([
    ['page', 4],
    ['ticket', 24],
  ] as const)('a %s that nobody acknowledged is told again every %i h', (severity, hours) => {
    const story = new IncidentStory();
    story.change(alertChange(0, severity));
    story.until(START_MS + 2 * hours * HOUR);
    expect(story.told.slice(1).map(({ kind, atMs }) => [kind, (atMs - START_MS) / HOUR])).toEqual([
      ['reminder', hours],
      ['reminder', 2 * hours],
    ]);
  });

  test('info is never told again', () => {
    const story = new IncidentStory();
    story.change(alertChange(0, 'info'));
    story.until(START_MS + 1000 * HOUR);
    expect(story.said).toEqual(['trigger opened']);
  });

  test('A-21 acknowledged: no reminders until it comes back', () => {
    const story = new IncidentStory();
    story.change(alertChange(0, 'page'));
    story.act((incident) => acknowledge(incident, 'rolling back v214', by(3)), at(3));
    story.until(at(24 * 60));
    expect(story.said).toEqual(['trigger opened', 'acknowledge acknowledged']);
    story.change(alertChange(24 * 60, null));
    story.change(alertChange(24 * 60 + 10, 'page'));
    expect(story.incident).toMatchObject({ state: 'open', acknowledged: null });
    story.until(at(24 * 60 + 10 + 240));
    expect(story.said.slice(2)).toEqual(['resolve recovered', 'trigger reopened', 'reminder reminder']);
  });
});

test("ended by a person: told once, and the rest of the alert is nobody's concern", () => {
  const story = new IncidentStory();
  story.change(alertChange(0, 'page'));
  story.act((incident) => resolveByHand(incident, 'test traffic', by(3)), at(3));
  story.change(alertChange(4, 'ticket', { reason: 'recovered' }));
  story.change(alertChange(5, null));
  story.until(at(24 * 60));
  expect(story.said).toEqual(['trigger opened', 'resolve byHand']);
});
