/**
 * All words of what people are told. Plain text: a receiver escapes it, cuts it and lays it out, and adds none.
 */
import type { Notice, NoticeLink, NoticeState } from './notice.ts';
import { causeSentence } from './notice-cause.ts';
import { changeSentence } from './notice-change.ts';
import { type Fact, noticeFacts } from './notice-facts.ts';
import { sayInstant, saySpan } from './notice-numbers.ts';
import { exhaustionSentence, failureSentence, heldSentence } from './notice-sentence.ts';
import type { Severity } from './slo.ts';

/** How it looks: colours of receivers follow it. */
export type Tone = 'bad' | 'warn' | 'quiet' | 'good';

/** What only the sender knows. */
export interface SendMarks {
  /** An earlier attempt may have arrived (R-12). */
  mayRepeat: boolean;
  /** Opened and resolved before anybody could be told: one message tells both (A-20). */
  isCombined: boolean;
}

export interface NoticeWords {
  /** `FIRING`, `RESOLVED` …: one word or two in capitals. */
  state: string;
  tone: Tone;
  /** `shop: Checkout succeeds`: the same for everything of one incident, so that mails stay one thread. */
  subject: string;
  /** `[TEST] [FIRING] shop: Checkout succeeds` */
  headline: string;
  /** What happens, first thing to read: one paragraph. */
  sentence: string;
  /** What is new since the last message, one sentence; '' in the first. */
  change: string;
  facts: Fact[];
  causes: string[];
  checks: { text: string; url: string }[];
  /** Several incidents told together. */
  list: { text: string; url: string }[];
  links: { label: string; url: string }[];
  /** `Page · incident #214 · may be a repeat · drains.example.com` */
  context: string;
}

const STATES: Record<NoticeState, string> = {
  firing: 'FIRING',
  held: 'NO DATA',
  acknowledged: 'ACKNOWLEDGED',
  snoozed: 'SNOOZED',
  resolved: 'RESOLVED',
  over: 'OVER',
  info: 'INFO',
};

const SEVERITIES: Record<Severity, string> = { page: 'Page', ticket: 'Ticket', info: 'For information' };

const LINKS: Record<NoticeLink['kind'], string> = {
  incident: 'Open incident',
  app: 'App at that time',
  slo: 'Objective',
  code: 'Code',
  runbook: 'Runbook',
  settings: 'Settings',
};

/** Everything a receiver needs to lay the notice out. Pure: times are told as of the notice's own instant. */
export function noticeWords(notice: Notice, marks: SendMarks): NoticeWords {
  const state = stateWord(notice, marks);
  const subject = subjectOf(notice);
  return {
    state,
    tone: toneOf(notice, marks),
    subject,
    headline: `${notice.isTest ? '[TEST] ' : ''}[${state}] ${subject}`,
    sentence: sentenceOf(notice, marks),
    change: notice.change === null ? '' : changeSentence(notice.change, notice.atMs),
    facts: noticeFacts(notice),
    causes: notice.causes.map((cause) => causeSentence(cause, notice)),
    checks: notice.checks,
    list: notice.folded.map((one) => ({
      text: `${STATES[one.state]} ${one.app}: ${one.title} (${SEVERITIES[one.severity].toLowerCase()}, since ${sayInstant(one.sinceMs, notice.atMs)})`,
      url: one.url,
    })),
    links: notice.links.map(({ kind, url }) => ({ label: LINKS[kind], url })),
    context: contextOf(notice, marks),
  };
}

function stateWord(notice: Notice, marks: SendMarks): string {
  if (notice.kind === 'change') return notice.event === null ? 'CHANGE' : notice.event.kind.toUpperCase();
  if (notice.kind === 'watch' && notice.watch !== null) return notice.watch.isFiring ? 'FIRING' : 'RESOLVED';
  return marks.isCombined ? STATES.over : STATES[notice.state];
}

function toneOf(notice: Notice, marks: SendMarks): Tone {
  const state = stateWord(notice, marks);
  if (state === STATES.resolved || state === STATES.over) return 'good';
  if (notice.state === 'acknowledged' || notice.state === 'snoozed') return 'quiet';
  if (state === STATES.firing) return notice.severity === 'page' ? 'bad' : 'warn';
  return state === STATES.held ? 'warn' : 'quiet';
}

function subjectOf(notice: Notice): string {
  return notice.app === '' ? notice.title : `${notice.app}: ${notice.title}`;
}

function sentenceOf(notice: Notice, marks: SendMarks): string {
  return [opening(notice, marks), notice.platformHint ? PLATFORM_HINT : '']
    .filter((part) => part !== '')
    .join(' ');
}

const PLATFORM_HINT =
  'More than half of the apps fail at once with errors of the platform: look at status.heroku.com first.';

function opening(notice: Notice, marks: SendMarks): string {
  if (notice.watch !== null) return notice.watch.text;
  if (notice.event !== null) return eventSentence(notice);
  if (notice.folded.length > 0) return foldSentence(notice);
  const { incident } = notice;
  if (incident === null) {
    const failure = failureSentence(notice);
    return notice.isTest && failure === '' ? TEST_SENTENCE : failure;
  }
  if (notice.state === 'resolved' || notice.state === 'over' || marks.isCombined)
    return overSentence(notice, marks);
  if (notice.state === 'held' && incident.held !== null) {
    return `${heldSentence(incident.held, notice.atMs)} ${failureSentence(notice)}`.trim();
  }
  return [
    notice.kind === 'reminder' ? reminderSentence(notice) : '',
    notice.kind === 'acknowledge' || notice.state === 'acknowledged' ? acknowledgedSentence(notice) : '',
    failureSentence(notice),
    exhaustionSentence(notice.budget, notice.atMs),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

const TEST_SENTENCE = 'This is a test: messages of Drainboard arrive here. Nothing is wrong.';

function eventSentence({ event, app, atMs }: Notice): string {
  if (event === null) return '';
  const by = event.by === '' ? '' : ` by ${event.by}`;
  const version = event.version === null ? '' : `v${event.version}`;
  const what = [version, event.what].filter((part) => part !== '').join(': ');
  return `${app} ${what}${by} at ${sayInstant(event.atMs, atMs)}.`.trim();
}

function foldSentence({ folded }: Notice): string {
  const apps = new Set(folded.map((one) => one.app)).size;
  const pages = folded.filter((one) => one.severity === 'page').length;
  const incidents = `${folded.length} incident${folded.length === 1 ? '' : 's'}`;
  const of = apps === 1 ? 'of one app' : `of ${apps} apps`;
  return `${incidents} ${of} came at once${pages > 0 ? `, ${pages} of them a page` : ''}.`;
}

function overSentence(notice: Notice, marks: SendMarks): string {
  const { incident, atMs } = notice;
  if (incident === null) return '';
  const endMs = incident.resolvedAtMs ?? atMs;
  const lasted = saySpan(endMs - incident.startedAtMs);
  const from = `from ${sayInstant(incident.startedAtMs, atMs)} to ${sayInstant(endMs, atMs)}`;
  if (notice.state === 'over' || marks.isCombined) {
    return `It fired ${from} (${lasted}) and was over before this message could be sent. ${failureSentence(notice)}`.trim();
  }
  if (incident.resolvedBy !== '') {
    const why = incident.resolveReason === '' ? '' : `: ${endWithStop(incident.resolveReason)}`;
    return `Resolved by ${incident.resolvedBy} after ${lasted}${why === '' ? '.' : why}`;
  }
  return `Recovered after ${lasted}, ${from}.`;
}

function reminderSentence({ incident, atMs }: Notice): string {
  if (incident === null) return '';
  const isOpen = incident.acknowledged === null ? ' and nobody has acknowledged it' : '';
  return `It has been firing for ${saySpan(atMs - incident.startedAtMs)}${isOpen}.`;
}

function acknowledgedSentence({ incident, atMs }: Notice): string {
  const by = incident?.acknowledged ?? null;
  if (by === null) return '';
  const at = `Acknowledged by ${by.by} at ${sayInstant(by.atMs, atMs)}`;
  return by.reason === '' ? `${at}.` : `${at}: ${endWithStop(by.reason)}`;
}

function endWithStop(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function contextOf(notice: Notice, marks: SendMarks): string {
  const { incident } = notice;
  const parts = [
    notice.isTest ? 'Test, nothing is wrong' : '',
    notice.severity === null ? '' : SEVERITIES[notice.severity],
    incident === null ? '' : `incident #${incident.number}`,
    incident?.isFlapping ? 'comes and goes' : '',
    incident !== null && incident.reopened > 0 ? `reopened ${timesText(incident.reopened)}` : '',
    incident !== null && incident.detectedLateMs > 0
      ? `detected late by ${saySpan(incident.detectedLateMs)}`
      : '',
    marks.mayRepeat ? 'may be a repeat' : '',
    notice.insteadOf === '' ? '' : `told here because ${notice.insteadOf} could not be`,
    notice.instance.host,
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function timesText(times: number): string {
  return times === 1 ? 'once' : `${times} times`;
}

/** The whole message as plain text, for what has no layout of its own; every text escaped, links of ours as they are. */
export function plainText(words: NoticeWords, escapeText: (text: string) => string = (text) => text): string {
  const own = (texts: readonly string[]) => texts.filter((text) => text !== '').map(escapeText);
  const facts = words.facts.map(({ label, value }) => `${label}: ${escapeText(value)}`);
  const parts = [
    own([words.headline]),
    own([words.change, words.sentence]),
    words.list.map(({ text, url }) => `- ${withUrl(escapeText(text), url, '\n  ')}`),
    facts,
    heading('Likely cause', own(words.causes)),
    heading(
      'First things to check',
      words.checks.map(({ text, url }) => withUrl(escapeText(text), url, ' ')),
    ),
    words.links.map(({ label, url }) => `${label}: ${url}`),
    own([words.context]),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function withUrl(text: string, url: string, separator: string): string {
  return url === '' ? text : `${text}${separator}${url}`;
}

function heading(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `- ${line}`)];
}
