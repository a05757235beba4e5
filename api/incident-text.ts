/** Incidents in words: the sentence over the page, lines of the timeline, the whole story as Markdown. Pure. */
import type { Evidence } from '../model/alert-change.ts';
import { sayLeft } from '../model/budget-left.ts';
import type { Incident, IncidentEvent } from '../model/incident.ts';
import { sayCount, sayInstant, sayNumber, sayShare, saySpan } from '../model/notice-numbers.ts';
import { evidenceSentence } from '../model/notice-sentence.ts';
import type { SloDefinition } from '../model/slo.ts';
import type { IncidentAnswer } from './contract/incidents.ts';

/** What failed, in the words of the messages that people were sent. `indicator`: of its objective, where it is known. */
export function sayWhat(evidence: Evidence, indicator: SloDefinition['indicator'] | null): string {
  const { target } = evidence;
  if (indicator === null || target === null) return evidenceSentence(evidence, null);
  return evidenceSentence(evidence, { target, indicator, period: '', remaining: null, exhaustedAtMs: null });
}

/** The same, and since when. */
export function sayFailure(
  evidence: Evidence,
  nowMs: number,
  indicator: SloDefinition['indicator'] | null = null,
): string {
  const since = evidence.sinceMs > 0 ? ` Since ${sayInstant(evidence.sinceMs, nowMs)}.` : '';
  return sayWhat(evidence, indicator) + since;
}

/** The sentence over the page. */
export function sayIncident(
  incident: Incident,
  nowMs: number,
  indicator: SloDefinition['indicator'] | null = null,
): string {
  const { evidence, resolved, acknowledged, held } = incident;
  const failure = sayFailure(evidence, nowMs, indicator);
  if (resolved) {
    const lasted = saySpan(resolved.atMs - incident.startedAtMs);
    const how = resolved.by === null ? 'Recovered' : `Resolved by ${resolved.by}`;
    return `${how} ${sayInstant(resolved.atMs, nowMs)} after ${lasted}. At its worst: ${failure}`;
  }
  const parts: string[] = [];
  if (held) {
    parts.push(`No data since ${sayInstant(held.sinceMs, nowMs)}; last known: firing.`);
  }
  parts.push(failure);
  if (acknowledged) parts.push(`${acknowledged.by} is on it: ${acknowledged.reason}`);
  if (incident.flappingSinceMs !== null) parts.push('It comes and goes: told once, then quietly.');
  return parts.join(' ');
}

const text = (detail: Readonly<Record<string, unknown>>, name: string): string =>
  typeof detail[name] === 'string' || typeof detail[name] === 'number' ? String(detail[name]) : '';

/** By model/alert.ts, TransitionReason. */
const ENDS: Record<string, string> = {
  removed: 'Over: its objective or rule was removed.',
  correction: 'Over: the minutes that made it fire were corrected.',
  sloChanged: 'Over: its objective was changed.',
  ruleChanged: 'Over: its rule was changed.',
  lateData: 'Over: lines that came late show it did not fire.',
};
const CHANGES: Record<string, string> = {
  sloChanged: 'Its objective was changed; it still fires.',
  ruleChanged: 'Its rule was changed; it still fires.',
  correction: 'Minutes were corrected; it still fires.',
  lateData: 'Lines came late; it still fires.',
};
const UNTOLD: Record<string, string> = {
  noRoute: ': no route leads to anybody',
  nobodyOnCall: ': nobody is on call',
};

/** One plain sentence for a line of the timeline. */
export function sayEvent({ kind, actor, detail }: IncidentEvent, nowMs: number): string {
  const who = actor === '' ? 'Drainboard' : actor;
  const reason = text(detail, 'reason');
  const because = reason === '' ? '' : `: ${reason}`;
  switch (kind) {
    case 'opened':
      return `Opened${severityOf(detail)}${because}.`;
    case 'raised':
      return `Raised${fromTo(detail)}.`;
    case 'lowered':
      return `Lowered${fromTo(detail)}.`;
    case 'held':
      return 'No data any more: it stays as it was until data returns.';
    case 'dataReturned':
      return 'Data returned.';
    case 'recovered':
      return ENDS[reason] ?? 'Recovered.';
    case 'resolved':
      return `${who} resolved it${because}`;
    case 'reopened':
      return `Fired again, and was reopened${severityOf(detail)}.`;
    case 'flapping':
      return detail.isOver === true
        ? 'It stopped coming and going.'
        : 'It comes and goes: told once, then quietly.';
    case 'told':
      return `Told ${who}${text(detail, 'kind') === '' ? '' : ` (${text(detail, 'kind')})`}.`;
    case 'notTold':
      return actor === ''
        ? `Nobody could be told${UNTOLD[reason] ?? because}.`
        : `${actor} could not be told${because}`;
    case 'escalated':
      return `Nobody has acknowledged it: level ${text(detail, 'level') || '1'}${text(detail, 'policy') === '' ? '' : ` of ${text(detail, 'policy')}`} is told.`;
    case 'acknowledged':
      return `${who} acknowledged${because}`;
    case 'unacknowledged':
      return 'The acknowledgement ended.';
    case 'snoozed':
      return `${who} snoozed it until ${sayInstant(Number(detail.untilMs ?? 0), nowMs)}${because}`;
    case 'unsnoozed':
      return actor === '' ? 'The snooze ended.' : `${who} ended the snooze.`;
    case 'silenced':
      return 'Not told: a silence or maintenance window fits.';
    case 'note':
      return `${who}: ${text(detail, 'text')}`;
    case 'cause':
      return sayCause(who, detail);
    case 'release': {
      const version = text(detail, 'version');
      return `${version === '' ? 'A release' : `Release v${version}`} before it.`;
    }
    case 'changed':
      return CHANGES[reason] ?? 'Its objective or rule was changed.';
  }
}

function sayCause(who: string, detail: Readonly<Record<string, unknown>>): string {
  const release = text(detail, 'release');
  const words = text(detail, 'text');
  if (release === '' && words === '') return `${who} took the cause back.`;
  return `${who} says ${[release === '' ? '' : `v${release} caused it`, words].filter((part) => part !== '').join(': ')}`;
}

function severityOf(detail: Readonly<Record<string, unknown>>): string {
  const severity = text(detail, 'severity') || text(detail, 'to');
  return severity === '' ? '' : ` as ${severity}`;
}

function fromTo(detail: Readonly<Record<string, unknown>>): string {
  const [from, to] = [text(detail, 'from'), text(detail, 'to') || text(detail, 'severity')];
  if (to === '') return '';
  return from === '' ? ` to ${to}` : ` from ${from} to ${to}`;
}

/** More lines of what happened around it are no story any more. */
const AROUND_MAX = 40;

/** The story for a review. Text from outside is kept from being markup. */
export function renderMarkdown(answer: Omit<IncidentAnswer, 'markdown'>): string {
  const { incident, timeline, hints, cause, budget, spent, windows, events } = answer;
  const at = (ms: number) => new Date(ms).toISOString().replace('T', ' ').slice(0, 16);
  const happened = events.filter((event) => !event.routine).slice(-AROUND_MAX);
  const lines = [
    `# #${incident.number} ${plain(incident.title)}`,
    '',
    `- App: ${plain(incident.app)}`,
    `- Severity: ${incident.worstSeverity}`,
    `- Opened: ${at(incident.openedAtMs)} UTC`,
    ...(incident.resolvedAtMs === null
      ? []
      : [
          `- Resolved: ${at(incident.resolvedAtMs)} UTC (${saySpan(incident.resolvedAtMs - incident.openedAtMs)})`,
        ]),
    ...(incident.acknowledgedBy === null ? [] : [`- Acknowledged by: ${plain(incident.acknowledgedBy)}`]),
    ...(budget?.remaining === null || budget === null
      ? []
      : [`- Budget left: ${budget.remaining < 0 ? 'overspent by ' : ''}${sayLeft(budget.remaining)}`]),
    ...(spent === null
      ? []
      : [
          `- Cost: ${sayCount(spent.bad)} bad of ${sayCount(spent.events)} requests${spent.budgetShare === null ? '' : `, ${sayShare(spent.budgetShare)} of the budget`}`,
        ]),
    ...(cause === null
      ? []
      : [
          `- Cause (${plain(cause.author)}): ${plain([cause.release === null ? '' : `v${cause.release}`, cause.text].filter((part) => part !== '').join(', '))}`,
        ]),
    '',
    plain(answer.verdict),
    ...(windows.length === 0
      ? []
      : [
          '',
          '| Window | Bad | Of | Burn |',
          '| --- | ---: | ---: | ---: |',
          ...windows.map(
            ({ label, bad, events: all, burn }) =>
              `| ${plain(label)} | ${sayCount(bad)} | ${sayCount(all)} | ${sayNumber(burn)}× |`,
          ),
        ]),
    ...(hints.length === 0
      ? []
      : ['', '## What stands out', '', ...hints.map((hint) => `- ${plain(hint.text)}`)]),
    ...(happened.length === 0
      ? []
      : [
          '',
          '## Around it (UTC)',
          '',
          ...happened.map((event) => `- ${at(event.atMs)} ${plain(event.title)}`),
        ]),
    '',
    '## Timeline (UTC)',
    '',
    ...timeline.map((entry) => `- ${at(entry.atMs)} ${plain(entry.text)}`),
    '',
  ];
  return lines.join('\n');
}

/** One line, with the signs of Markdown and HTML shown as they are. */
function plain(value: string): string {
  return value.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|]/g, (sign) => `\\${sign}`);
}
