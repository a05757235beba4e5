/**
 * Simulated weeks of low traffic, evaluated minute by minute by the engine of the worker: requests at random times, single
 * failures now and then, and in some weeks a real outage. How often would it have paged, and how soon?
 */
import type { QuietSpan } from '../alerts/liveness.ts';
import { compileVersion, type RunTransition, runMinutes } from '../alerts/slo-run.ts';
import { SloSource } from '../alerts/slo-source.ts';
import type { SloDefinition, Tier } from '../model/slo.ts';
import { defaultTiers } from '../model/tiers.ts';
import { type HourRow, HourSums } from '../model/window-sums.ts';
import { type Random, seededRandom } from '../sim/random.ts';
import { exampleSlo } from '../test/slos.ts';

const WEEK_MINUTES = 7 * 24 * 60;
const START_MINUTE = 29_000_040;
/** Wednesday noon. */
export const OUTAGE_AT = 2.5 * 24 * 60;

export interface WeekOptions {
  requestsPerHour: number;
  /** Single failures in the week, at random requests. */
  failures: number;
  /** Every request fails for so long; 0: no outage. */
  outageMinutes: number;
  tiers?: Tier[];
  seed: number;
}

export interface WeekResult {
  requests: number;
  failed: number;
  /** Times that people would have been paged, and given a ticket. */
  pages: number;
  tickets: number;
  /** From the beginning of the outage to the first page; null without one. */
  minutesToPage: number | null;
}

/** One week of one objective: 99.9 % over 30 days, the default tiers and guards. */
export function simulateWeek(options: WeekOptions): WeekResult {
  const minutes = drawMinutes(options, seededRandom(`week ${options.seed}`));
  const definition: SloDefinition = exampleSlo({
    tiers: options.tiers ?? defaultTiers({ kind: 'rolling', days: 30 }),
  });
  // Runtime metrics come each 20 s: the drain lives in every minute.
  const quiet: QuietSpan[] = [];
  const source = new SloSource({
    sums: [new HourSums(hoursOf(minutes))],
    startMinute: START_MINUTE,
    quiet,
    gaps: [],
    staleFromMinute: null,
    corrected: [],
  });
  const version = compileVersion({ id: 1, validFromS: START_MINUTE * 60, validToS: null, definition });
  const slo = { versions: [version], source, corrected: [] };
  const fresh = { tiers: [], versionId: null, episode: null };
  const { transitions } = runMinutes(slo, fresh, START_MINUTE + 1, START_MINUTE + WEEK_MINUTES);
  const pages = risesOf(transitions, 'page');
  return {
    requests: sum(minutes.map(({ events }) => events)),
    failed: sum(minutes.map(({ bad }) => bad)),
    pages: pages.length,
    tickets: risesOf(transitions, 'ticket').length,
    minutesToPage: minutesToPage(pages, options.outageMinutes),
  };
}

/** Evaluations at which the first tier of a severity begins to fire, no other of it firing: each is told as one. */
function risesOf(transitions: readonly RunTransition[], severity: string): number[] {
  const firing = new Set<number>();
  const rises: number[] = [];
  for (const { tier, severity: own, to, minute } of transitions) {
    if (own !== severity) continue;
    if (to === 'firing' && firing.size === 0) rises.push(minute);
    if (to === 'firing') firing.add(tier);
    if (to === 'ok') firing.delete(tier);
  }
  return rises;
}

function minutesToPage(pages: readonly number[], outageMinutes: number): number | null {
  if (outageMinutes === 0) return null;
  const from = START_MINUTE + OUTAGE_AT;
  const page = pages.find((minute) => minute > from);
  return page === undefined ? null : page - from;
}

interface Minute {
  events: number;
  bad: number;
}

function drawMinutes({ requestsPerHour, failures, outageMinutes }: WeekOptions, random: Random): Minute[] {
  const minutes: Minute[] = Array.from({ length: WEEK_MINUTES }, () => ({ events: 0, bad: 0 }));
  const requests = Math.round((requestsPerHour * WEEK_MINUTES) / 60);
  for (let at = 0; at < requests; at++) {
    const minute = minutes[random.integer(0, WEEK_MINUTES - 1)]!;
    minute.events++;
  }
  for (let left = failures; left > 0; ) {
    const minute = minutes[random.integer(0, WEEK_MINUTES - 1)]!;
    if (minute.bad >= minute.events) continue;
    minute.bad++;
    left--;
  }
  for (let at = OUTAGE_AT; at < OUTAGE_AT + outageMinutes; at++) minutes[at]!.bad = minutes[at]!.events;
  return minutes;
}

function hoursOf(minutes: readonly Minute[]): HourRow[] {
  const rows: HourRow[] = [];
  let [cumEvents, cumBad] = [0, 0];
  for (let at = 0; at < minutes.length; at += 60) {
    const hour = minutes.slice(at, at + 60);
    const [events, bad] = [hour.map((minute) => minute.events), hour.map((minute) => minute.bad)];
    rows.push({ hour: (START_MINUTE + at) / 60, events, bad, cumEvents, cumBad });
    cumEvents += sum(events);
    cumBad += sum(bad);
  }
  return rows;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

const WEEKS = 20;
/** Requests an hour, and single failures in the week. */
const TRAFFIC = [
  [6, 3],
  [6, 17],
  [20, 5],
  [60, 10],
  [300, 50],
] as const;

/** Prints what weeks of several rates would have told. */
export function simulateWeeks(seed: number): void {
  const raw = defaultTiers({ kind: 'rolling', days: 30 }).map((tier) => ({ ...tier, minBad: 0 }));
  console.log(
    `${WEEKS} weeks each, 99.9 % over 30 days, default tiers; single failures at random requests\n`,
  );
  console.log(
    '| requests an hour | failures a week | outage | pages a week | without the guard | tickets a week | minutes until the page, median and worst |',
  );
  console.log('|---|---|---|---|---|---|---|');
  for (const [requestsPerHour, failures] of TRAFFIC) {
    for (const outageMinutes of [0, 120]) {
      const weeks = Array.from({ length: WEEKS }, (_, at) => ({
        requestsPerHour,
        failures,
        outageMinutes,
        seed: seed * 1000 + at,
      }));
      const results = weeks.map((week) => simulateWeek(week));
      const unguarded = weeks.map((week) => simulateWeek({ ...week, tiers: raw }));
      const delays = results
        .map(({ minutesToPage: delay }) => delay ?? Number.POSITIVE_INFINITY)
        .sort((a, b) => a - b);
      const cells = [
        requestsPerHour,
        failures,
        outageMinutes === 0 ? 'none' : `${outageMinutes} min`,
        mean(results.map(({ pages }) => pages)),
        mean(unguarded.map(({ pages }) => pages)),
        mean(results.map(({ tickets }) => tickets)),
        outageMinutes === 0 ? '' : `${delays[WEEKS / 2]} and ${delays.at(-1)}`,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
  console.log();
}

function mean(numbers: readonly number[]): number {
  return sum(numbers) / numbers.length;
}
