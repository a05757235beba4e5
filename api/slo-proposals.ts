/** Objectives proposed from an app's own traffic. Pure. */
import { HEROKU_CODES } from '../model/codes.ts';
import { sayCount, sayShare, sayTarget } from '../model/notice-numbers.ts';
import type { Indicator, SloDefinition } from '../model/slo.ts';
import { readDefinition } from '../model/slo-check.ts';
import type { SloProposal } from './contract/slos.ts';

/** Targets people choose among, strictest first. */
const TARGETS = ['0.9995', '0.999', '0.998', '0.995', '0.99', '0.98', '0.95', '0.9'] as const;
/** A proposal spends no more than half of its budget on an ordinary week. */
const SPENT_MAX = 0.5;
/** Thresholds that are easy to remember, times a power of ten. */
const STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10] as const;
/** Room above what nearly all requests take today. */
const ROOM = 1.25;
const THRESHOLD_MIN_MS = 50;
/** Nobody promises more: the router gives up at 30 s. */
const THRESHOLD_MAX_MS = 20_000;

export interface Counted {
  events: number;
  bad: number;
}

/** The strictest target that leaves room; the loosest when none does. */
export function chooseTarget({ events, bad }: Counted): string {
  const fits = TARGETS.find((target) => bad <= events * (1 - Number(target)) * SPENT_MAX);
  return fits ?? TARGETS[TARGETS.length - 1] ?? '0.9';
}

/** p95 and some room, rounded up to a number one can remember; 50 ms to 20 s. */
export function chooseThresholdMs(p95Ms: number): number {
  const wanted = Math.max(THRESHOLD_MIN_MS, p95Ms * ROOM);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = STEPS.find((one) => one * power >= wanted - 1e-9) ?? 10;
  return Math.min(THRESHOLD_MAX_MS, Math.round(step * power));
}

/** How much of its budget such a week spends, in words; the loosest target need not leave any. */
function roomWords({ events, bad }: Counted, target: string): string {
  const spent = events === 0 ? 0 : bad / (events * (1 - Number(target)));
  if (spent <= SPENT_MAX + 1e-9) return 'leaves room for as much again';
  if (spent <= 1) return `leaves little room: such a week spends ${sayShare(spent)} of the budget`;
  return 'would be broken already: what is wrong now comes first';
}

function build(title: string, description: string, indicator: Indicator, target: string): SloDefinition {
  const read = readDefinition({ title, description, indicator, target, tags: ['proposed'] });
  if (!read.ok) throw new Error(`a proposal is no objective: ${JSON.stringify(read.error)}`);
  return read.value;
}

export type Draft = Pick<SloProposal, 'name' | 'definition' | 'why'>;

export function proposeAvailability(counted: Counted): Draft {
  const target = chooseTarget(counted);
  return {
    name: 'availability',
    definition: build(
      'Requests succeed',
      'Answers below 500, without an error of the router.',
      { kind: 'availability', codes: {}, badStatuses: [] },
      target,
    ),
    why: `${failedWords(counted)} ${sayTarget(target)} ${roomWords(counted, target)}.`,
  };
}

/** `counted`: with the threshold chosen. */
export function proposeLatency(p95Ms: number, thresholdMs: number, counted: Counted): Draft {
  const target = chooseTarget(counted);
  return {
    name: 'latency',
    definition: build(
      'Requests are quick',
      `Answered within ${sayCount(thresholdMs)} ms; event streams and long polls left out.`,
      { kind: 'latency', thresholdMs, excludeLongLived: true },
      target,
    ),
    why: `Your p95 of the last 7 days is ${sayCount(p95Ms)} ms: ${sayTarget(target)} within ${sayCount(thresholdMs)} ms ${roomWords(counted, target)}.`,
  };
}

/** Every code that can be counted is: also visitors that were cut off while an answer was on its way. */
export const PLATFORM_INDICATOR: Indicator = {
  kind: 'availability',
  codes: Object.fromEntries(
    HEROKU_CODES.filter(({ code, counts }) => code.startsWith('H') && counts === 'configurable').map(
      ({ code }) => [code, true],
    ),
  ),
  badStatuses: [],
};

export function proposePlatform(counted: Counted): Draft {
  const target = chooseTarget(counted);
  return {
    name: 'platform',
    definition: build(
      'Nothing is cut off',
      'As "Requests succeed", and every error code of the router counts, also those that may be the visitor’s doing.',
      PLATFORM_INDICATOR,
      target,
    ),
    why: `${failedWords(counted)} Counting every code shows what the platform and visitors cut off.`,
  };
}

function failedWords({ events, bad }: Counted): string {
  return `${sayCount(bad)} of ${sayCount(events)} requests of the last 7 days were bad (${sayShare(events === 0 ? 0 : bad / events)}).`;
}
