/**
 * Sentences about dynos: over their quota, growing towards it, crashing; and one beside its siblings. Rules over the same
 * answers that lanes and charts are drawn from.
 */
import type {
  DynoAnswer,
  DynoComparison,
  DynoDetailAnswer,
  DynosAnswer,
  DynoTypeAnswer,
} from '../../api/contract/dynos.ts';
import {
  formatBytes,
  formatMs,
  formatNumber,
  formatRatio,
  formatSpan,
  plural,
  type Zone,
} from '../format.ts';
import type { Level } from '../parts/state.tsx';
import { logsPath } from '../paths.ts';
import { timeText } from '../spanText.ts';
import type { Clause, Verdict } from '../verdict.ts';
import { listOf } from './code.ts';
import { appPath, unheard, withDoubts } from './stream.ts';

const MINUTE_MS = 60_000;

export const dynoPath = (app: string, dyno: string): string =>
  `${appPath(app)}/dynos/${encodeURIComponent(dyno)}`;

export interface Reading {
  level: Level;
  text: string;
}

/**
 * `grows 14 MB/h, reaches 512 MB in 6 h, daily restart in 9 h`: a warning when the quota comes first, calm when the
 * restart does. null: it does not grow.
 */
export function leakReading(dyno: DynoAnswer): Reading | null {
  const { isEnough, growth } = dyno.leak;
  if (!isEnough)
    return dyno.memoryBytes === null || dyno.memoryQuotaBytes === null
      ? null
      : { level: 'unknown', text: 'too new to tell whether it grows' };
  if (growth === null) return { level: 'ok', text: 'does not grow' };
  const grows = `grows ${formatBytes(growth.bytesPerHour)}/h`;
  const quota = formatBytes(dyno.memoryQuotaBytes);
  const restart = `daily restart in ${formatSpan(growth.minutesToCycle * MINUTE_MS)}`;
  if (growth.minutesToQuota === 0)
    return { level: 'warning', text: `${grows} and is over ${quota}, ${restart}` };
  const reaches = `reaches ${quota} in ${formatSpan(growth.minutesToQuota * MINUTE_MS)}`;
  // The first restart is at most so far away; what comes long after it is no warning.
  if (!growth.isLeak && growth.minutesToQuota > 4 * growth.minutesToCycle)
    return { level: 'ok', text: `${grows}, and is restarted long before it reaches ${quota}` };
  return { level: growth.isLeak ? 'warning' : 'ok', text: `${grows}, ${reaches}, ${restart}` };
}

/** Load of a dyno: per core where cores are known, of the whole dyno where nobody said. */
export function loadReading(dyno: DynoAnswer, type: DynoTypeAnswer | undefined): Reading | null {
  if (dyno.load1m === null) return null;
  const cores = type?.cores ?? null;
  if (cores === null) return { level: 'unknown', text: `${formatNumber(two(dyno.load1m))} a dyno` };
  const perCore = dyno.load1m / cores;
  return {
    level: perCore >= 1.5 ? 'critical' : perCore >= 1 ? 'warning' : 'ok',
    text: `${formatNumber(two(perCore))} a core`,
  };
}

function two(value: number): number {
  return Number(value.toPrecision(2));
}

/** Worst first: over the quota, by what is used of it, leaks before others that are alike, then by name. */
export function worstFirst(dynos: readonly DynoAnswer[]): DynoAnswer[] {
  const score = (dyno: DynoAnswer) =>
    (dyno.crashes > 0 ? 2 : 0) + (dyno.leak.growth?.isLeak ? 1 : 0) + (dyno.memoryRatio ?? 0) * 2;
  return [...dynos].sort((a, b) => score(b) - score(a));
}

export function buildDynosVerdict(answer: DynosAnswer, dynos: readonly DynoAnswer[], zone: Zone): Verdict {
  const nothing = unheard(answer, zone);
  if (nothing) return nothing;
  if (dynos.length === 0)
    return withDoubts(answer, zone, {
      level: 'unknown',
      word: 'No dynos',
      clauses: [{ text: 'No dyno did or said anything in this range.' }],
    });
  const troubles = [
    ...crashClauses(answer.app, dynos),
    ...quotaClauses(answer.app, dynos),
    ...leakClauses(answer.app, dynos),
  ];
  const metrics: Clause[] = answer.hasRuntimeMetrics
    ? []
    : [
        {
          text: 'Memory and load are not known: the app does not log runtime metrics.',
          href: '#runtime-metrics',
        },
      ];
  if (troubles.length > 0) {
    const crashed = dynos.some((dyno) => dyno.crashes > 0);
    const over = dynos.some((dyno) => (dyno.memoryRatio ?? 0) > 1);
    const leaks = dynos.some((dyno) => dyno.leak.growth?.isLeak);
    return withDoubts(answer, zone, {
      level: crashed ? 'critical' : 'warning',
      word: crashed ? 'Crashes' : over || !leaks ? 'Memory' : 'Leak',
      clauses: [...troubles, ...metrics],
    });
  }
  const clauses = [calm(dynos), ...metrics];
  return withDoubts(
    answer,
    zone,
    answer.hasRuntimeMetrics
      ? { level: 'ok', word: 'All well', clauses }
      : { level: 'unknown', word: 'Half known', clauses },
  );
}

function crashClauses(app: string, dynos: readonly DynoAnswer[]): Clause[] {
  const crashed = dynos.filter((dyno) => dyno.crashes > 0).sort((a, b) => b.crashes - a.crashes);
  const [worst] = crashed;
  if (!worst) return [];
  const times = crashed.reduce((sum, dyno) => sum + dyno.crashes, 0);
  const status = worst.life.exits.find((exit) => exit.status !== 0 && exit.status !== 143)?.status ?? null;
  const mark = worst.marks.findLast((one) => one.kind === 'crash');
  const href = mark
    ? logsPath(app, { from: mark.atMs - 2 * MINUTE_MS, to: mark.atMs + MINUTE_MS, dyno: worst.dyno })
    : dynoPath(app, worst.dyno);
  return [
    {
      text: `${listOf(crashed.map((dyno) => dyno.dyno))} crashed${times > 1 ? ` ${times} times` : ''}${status === null ? '' : `, exit status ${status}${EXITS[status] ?? ''}`}.`,
      href,
    },
  ];
}

/** What an exit status says by itself. */
const EXITS: Record<number, string> = {
  137: ' (killed)',
  139: ' (segmentation fault)',
  127: ' (command not found)',
};

function quotaClauses(app: string, dynos: readonly DynoAnswer[]): Clause[] {
  const over = dynos
    .filter((dyno) => (dyno.memoryRatio ?? 0) > 1)
    .sort((a, b) => (b.memoryRatio ?? 0) - (a.memoryRatio ?? 0));
  const [worst] = over;
  const coded = dynos.filter((dyno) => dyno.marks.some((mark) => mark.kind === 'R14' || mark.kind === 'R15'));
  if (!worst) {
    if (coded.length === 0) return [];
    const code = coded.some((dyno) => dyno.marks.some((mark) => mark.kind === 'R15')) ? 'R15' : 'R14';
    const names = listOf(coded.map((dyno) => dyno.dyno));
    return [{ text: `${names} had ${code} in this range.`, href: `${appPath(app)}/codes/${code}` }];
  }
  const others = over.length > 1 ? `, and ${plural(over.length - 1, 'other dyno')} too` : '';
  return [
    {
      text: `${worst.dyno} uses ${formatRatio(worst.memoryRatio)} of its ${formatBytes(worst.memoryQuotaBytes)} and swaps${others}.`,
      href: dynoPath(app, worst.dyno),
    },
  ];
}

function leakClauses(app: string, dynos: readonly DynoAnswer[]): Clause[] {
  const leaks = dynos
    .filter((dyno) => dyno.leak.growth?.isLeak && (dyno.memoryRatio ?? 0) <= 1)
    .sort((a, b) => (a.leak.growth?.minutesToQuota ?? 0) - (b.leak.growth?.minutesToQuota ?? 0));
  const [soonest] = leaks;
  const reading = soonest && leakReading(soonest);
  if (!soonest || !reading) return [];
  const others = leaks.length > 1 ? `; ${plural(leaks.length - 1, 'other dyno')} as well` : '';
  return [{ text: `${soonest.dyno} ${reading.text}${others}.`, href: dynoPath(app, soonest.dyno) }];
}

function calm(dynos: readonly DynoAnswer[]): Clause {
  const highest = [...dynos].sort((a, b) => (b.memoryRatio ?? 0) - (a.memoryRatio ?? 0))[0];
  const memory =
    highest === undefined || highest.memoryRatio === null
      ? ''
      : `, memory at most ${formatRatio(highest.memoryRatio)} of the quota (${highest.dyno})`;
  const restarts = dynos.reduce((sum, dyno) => sum + dyno.restarts, 0);
  const cycles = dynos.reduce((sum, dyno) => sum + dyno.life.cycles, 0);
  const other = restarts - cycles;
  const told = `${other > 0 ? `, ${plural(other, 'restart')}` : ''}${cycles > 0 ? `, ${plural(cycles, 'daily restart')}` : ''}`;
  return { text: `${plural(dynos.length, 'dyno')}, none crashed${memory}${told}.`, href: '#lanes' };
}

/** From these on a dyno is called different from its siblings: beyond all of them, and this far from their median. */
const UNLIKE_FACTOR: Record<DynoComparison['of'], number> = {
  memory: 1.25,
  load: 1.75,
  share: 1.4,
  p95: 1.5,
  failed: 2,
};
/** Differences below this are nothing, whatever their factor. */
const UNLIKE_LEAST: Record<DynoComparison['of'], number> = {
  memory: 16 * 2 ** 20,
  load: 0.3,
  share: 0.03,
  p95: 50,
  failed: 0.005,
};

/** Two bad ones of four are no norm for one another: so far from the median it need not be beyond all. */
const FAR_FACTOR = 1.3;
/** Of two siblings one may be as bad: their median lies between, so what tells is to be clearly beyond the worst. */
const BEYOND_FACTOR = 1.15;
/** So far beyond the worst sibling it is this dyno alone. */
const ALONE_FACTOR = 1.5;

/** `higher` or `lower` than siblings by far; null where it is like them or has none. */
export function unlike({ of, own, median, low, high }: DynoComparison): 'higher' | 'lower' | null {
  if (own === null || median === null || low === null || high === null) return null;
  if (Math.abs(own - median) < UNLIKE_LEAST[of]) return null;
  const factor = UNLIKE_FACTOR[of];
  const isBeyond = own >= high * BEYOND_FACTOR || own >= median * factor * FAR_FACTOR;
  if (own >= median * factor && isBeyond) return 'higher';
  const isBelow = own * BEYOND_FACTOR <= low || own * factor * FAR_FACTOR <= median;
  return own * factor <= median && isBelow ? 'lower' : null;
}

const SAYS: Record<DynoComparison['of'], (own: number, median: number) => string> = {
  memory: (own, median) => `uses ${formatBytes(own)} of memory (siblings ${formatBytes(median)})`,
  load: (own, median) => `has load ${formatNumber(two(own))} (siblings ${formatNumber(two(median))})`,
  share: (own, median) => `serves ${formatRatio(own)} of requests (siblings ${formatRatio(median)} each)`,
  p95: (own, median) => `answers with p95 ${formatMs(own)} (siblings ${formatMs(median)})`,
  failed: (own, median) => `fails ${formatRatio(own)} of requests (siblings ${formatRatio(median)})`,
};

export function buildDynoVerdict(answer: DynoDetailAnswer, name: string, zone: Zone): Verdict {
  const nothing = unheard(answer, zone);
  if (nothing) return nothing;
  const { app, dyno, siblings, processType } = answer;
  if (dyno === null) {
    const others = siblings.length === 0 ? '' : ` Other ${processType} dynos did: ${listOf(siblings)}.`;
    return withDoubts(answer, zone, {
      level: 'unknown',
      word: 'Nothing',
      clauses: [
        { text: `${name} did and said nothing in this range.${others}`, href: `${appPath(app)}/dynos` },
      ],
    });
  }
  const own = [...crashClauses(app, [dyno]), ...quotaClauses(app, [dyno])];
  const leak = leakReading(dyno);
  const growing =
    leak?.level === 'warning' && own.length === 0
      ? [{ text: `${name} ${leak.text}.`, href: '#compare-memory' }]
      : [];
  const isTroubled = own.length + growing.length > 0;
  const beside = besideSiblings(answer, name, isTroubled);
  const since =
    dyno.startedMs === null ? [] : [{ text: `It has run since ${timeText(dyno.startedMs / 1000, zone)}.` }];
  const clauses = [...own, ...growing, ...beside.clauses, ...since];
  if (dyno.crashes > 0) return withDoubts(answer, zone, { level: 'critical', word: 'Crashes', clauses });
  if (isTroubled) return withDoubts(answer, zone, { level: 'warning', word: 'Memory', clauses });
  if (beside.isApart) return withDoubts(answer, zone, { level: 'warning', word: 'Stands out', clauses });
  const word = siblings.length === 0 ? 'All well' : 'Like the others';
  return withDoubts(answer, zone, { level: 'ok', word, clauses });
}

/** What sets it apart; where nothing does, that is said. */
function besideSiblings(
  answer: DynoDetailAnswer,
  name: string,
  isTroubled: boolean,
): { clauses: Clause[]; isApart: boolean } {
  const { comparisons, siblings, processType } = answer;
  if (siblings.length === 0)
    return {
      clauses: [{ text: `It is the only ${processType} dyno, so there is nothing to compare it with.` }],
      isApart: false,
    };
  const apart = comparisons.filter((one) => {
    const which = unlike(one);
    return which === 'higher' || (which === 'lower' && one.of === 'share');
  });
  if (apart.length === 0)
    return {
      clauses: [
        {
          text: `${isTroubled ? 'Otherwise it' : name} is like ${siblings.length === 1 ? (siblings[0] ?? 'its sibling') : `its ${siblings.length} siblings`} in memory, load, requests, p95 and failures, as far as they are known.`,
          href: '#compare-memory',
        },
      ],
      isApart: false,
    };
  const [first] = apart;
  const parts = apart.flatMap(({ of, own, median }) =>
    own === null || median === null ? [] : [SAYS[of](own, median)],
  );
  // More work explains more load, latency and memory; the same work does not.
  const isMoreWork = apart.some(({ of }) => of === 'share');
  const isAlone = apart.some(
    ({ of, own, high }) => (of === 'p95' || of === 'failed') && (own ?? 0) >= (high ?? 0) * ALONE_FACTOR,
  );
  const conclusion = !isMoreWork && isAlone ? ': this dyno, not the app' : '';
  return {
    clauses: [{ text: `${name} ${parts.join(', ')}${conclusion}.`, href: `#compare-${first?.of}` }],
    isApart: true,
  };
}
