import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alertChange, START_MS } from '../test/alert-changes.ts';
import { IncidentStory } from '../test/incident-story.ts';
import { isOpen, rankOf } from './incident.ts';
import { acknowledge, endSnooze, resolveByHand, snooze } from './incident-actions.ts';
import type { Severity } from './slo.ts';
import { HOUR, MINUTE } from './time.ts';

const severity = fc.constantFrom<(Severity | null)[]>('page', 'ticket', 'info', null);
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('change' as const), severity, isHeld: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('edit', 'remove', 'lateList') }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('acknowledge', 'resolve', 'snooze', 'endSnooze') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('silence', 'unsilence', 'unroute') }) },
);
const script = fc.array(fc.tuple(fc.integer({ min: 1, max: 70 }), action), { minLength: 1, maxLength: 60 });
type Script = typeof script extends fc.Arbitrary<infer Value> ? Value : never;

/** Plays a script, minute by minute; `look` is called after every step. */
function play(steps: Script, look: (story: IncidentStory, firing: Severity | null) => void): IncidentStory {
  const story = new IncidentStory();
  let minute = 0;
  let firing: Severity | null = null;
  for (const [wait, step] of steps) {
    minute += wait;
    const nowMs = START_MS + minute * MINUTE;
    story.until(nowMs);
    const by = { by: 'Ann', nowMs };
    const act = (work: Parameters<IncidentStory['act']>[0]) => {
      // What people may not do now, they do not.
      if (story.incident !== null && work(story.incident).ok) story.act(work, nowMs);
    };
    if (step.do === 'change') {
      const held = step.isHeld ? { reason: 'gap' as const, sinceMs: nowMs } : null;
      // An evaluator holds what fires; it never lowers it without data.
      if (held === null) firing = step.severity;
      else if (rankOf(step.severity) > rankOf(firing)) firing = step.severity;
      story.change(alertChange(minute, step.severity, { held }));
    } else if (step.do === 'edit') story.change(alertChange(minute, firing, { reason: 'sloChanged' }));
    else if (step.do === 'remove') {
      firing = null;
      story.change(alertChange(minute, null, { reason: 'removed' }));
    } else if (step.do === 'lateList') story.change(alertChange(minute, 'page', { overBeforeTold: true }));
    else if (step.do === 'acknowledge') act((incident) => acknowledge(incident, 'on it', by));
    else if (step.do === 'resolve') act((incident) => resolveByHand(incident, 'known', by));
    else if (step.do === 'snooze') act((incident) => snooze(incident, { untilMs: nowMs + 90 * MINUTE }, by));
    else if (step.do === 'endSnooze') act((incident) => endSnooze(incident, by));
    else story.gate = { silencedBy: step.do === 'silence' ? 's1' : null, isRouted: step.do !== 'unroute' };
    look(story, firing);
  }
  story.until(START_MS + minute * MINUTE + 100 * HOUR);
  return story;
}

test('no end before its beginning: receivers hear of every end once, and only of what they know', () => {
  fc.assert(
    fc.property(script, (steps) => {
      const { told } = play(steps, () => {});
      let isKnown = false;
      let sequence = 0;
      let lastKind = '';
      let last = '';
      for (const message of told) {
        if (message.kind === 'trigger') isKnown = true;
        else expect(isKnown, `${message.kind} after ${lastKind}`).toBe(true);
        if (message.kind === 'resolve') isKnown = false;
        const isNext = message.incidentId === last;
        expect(message.sequence).toBe(isNext ? sequence + 1 : 1);
        ({ sequence, kind: lastKind, incidentId: last } = message);
      }
    }),
    { numRuns: 300 },
  );
});

test('what receivers believe is what is so, as soon as nothing keeps it back', () => {
  fc.assert(
    fc.property(script, (steps) => {
      const story = play([...steps, [1, { do: 'unsilence' }]], () => {});
      const { incident } = story;
      if (incident === null) return;
      // Nobody is told of what is over, or of what somebody acknowledged before.
      if (incident.isOverBeforeTold) return;
      if (incident.state === 'acknowledged' && incident.toldSeverity === null) return;
      expect(incident.toldSeverity).toBe(isOpen(incident) ? incident.severity : null);
    }),
    { numRuns: 300 },
  );
});

test('severity is the worst that fires, as long as nobody ended it by hand', () => {
  fc.assert(
    fc.property(
      script.map((steps) => steps.filter(([, { do: what }]) => what !== 'resolve' && what !== 'lateList')),
      (steps) => {
        play(steps, ({ incident }, firing) => {
          const isFiring = incident !== null && isOpen(incident);
          expect(isFiring ? incident.severity : null).toBe(firing);
          if (incident !== null)
            expect(rankOf(incident.worstSeverity)).toBeGreaterThanOrEqual(rankOf(incident.severity));
        });
      },
    ),
    { numRuns: 300 },
  );
});

test('A-12 never more than 6 messages of one incident within an hour that the alert brought about', () => {
  const flips = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), severity), {
    minLength: 20,
    maxLength: 80,
  });
  fc.assert(
    fc.property(flips, (steps) => {
      const { told } = play(
        steps.map(([wait, one]) => [wait, { do: 'change', severity: one, isHeld: false }]),
        () => {},
      );
      const own = told.filter(({ kind }) => kind !== 'reminder');
      for (const [index, { atMs, incidentId }] of own.entries()) {
        const inHour = own
          .slice(index)
          .filter((message) => message.incidentId === incidentId && message.atMs - atMs < HOUR);
        expect(inHour.length, inHour.map(({ kind, why }) => `${kind} ${why}`).join(', ')).toBeLessThanOrEqual(
          6,
        );
      }
    }),
    { numRuns: 300 },
  );
});
