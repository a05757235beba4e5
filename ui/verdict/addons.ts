/**
 * What an add-on's numbers mean: connections, cache, load, disk, lag, waiting, evictions, each with the bound it is judged
 * by. Names of metrics differ by kind and age of the add-on; fractions are 0–1 (Heroku Dev Center, "Heroku Postgres Metrics
 * Logs", "Heroku Key-Value Store").
 */
import type { AddonAnswer, AddonsAnswer } from '../../api/contract/addons.ts';
import { formatSpan, formatUnit, plural, type Zone } from '../format.ts';
import type { Level } from '../parts/state.tsx';
import type { Clause, Verdict } from '../verdict.ts';
import { unheard, withDoubts } from './stream.ts';

/** One figure of an add-on with what it is measured against. */
export interface AddonReading {
  id: string;
  title: string;
  level: Level;
  /** `34 of 120 (28 %)`. */
  value: string;
  /** What it is judged by: `warns from 80 %`; '' when it is only shown. */
  bound: string;
  /** What it is, and what to do about it. */
  says: string;
  /** Metrics it is read from, by the names of the lines. */
  metrics: string[];
  /** The worst of the range where that was worse than now: `reached 100 %`. */
  was: { level: Level; text: string } | null;
}

/** Silence longer than this is no data (add-ons write about once a minute). */
const FRESH_MS = 10 * 60_000;

type Values = ReadonlyMap<string, { metric: string; value: number; unit: string }>;

const SERVICES: Record<string, string> = {
  'heroku-postgres': 'Postgres',
  'heroku-redis': 'Key-Value Store',
  'heroku-pgbouncer': 'PgBouncer',
  'heroku-kafka': 'Kafka',
};

export function serviceName(service: string): string {
  return SERVICES[service] ?? service;
}

/** Figures that are known, worst first. */
export function addonReadings(addon: AddonAnswer): AddonReading[] {
  const values: Values = new Map(addon.latest.map((one) => [one.metric.replaceAll('_', '-'), one]));
  const found = RULES.flatMap((rule) => {
    const reading = rule(values, addon);
    return reading ? [reading] : [];
  });
  const worst = (one: AddonReading) => Math.min(RANK[one.level], one.was ? RANK[one.was.level] + 0.5 : 9);
  return found.sort((a, b) => worst(a) - worst(b));
}

type Rule = (values: Values, addon: AddonAnswer) => AddonReading | null;

interface Bounds {
  warn: number;
  bad: number;
}

/** Worst first. */
const RANK: Record<Level, number> = { critical: 0, warning: 1, note: 2, unknown: 2, ok: 3 };

/** What the range had that is over by now; null where it was never worse than now. */
function worstOf(
  addon: AddonAnswer,
  metric: string | undefined,
  levelOf: (value: number) => Level,
  now: Level,
  factor = 1,
): AddonReading['was'] {
  const series = addon.metrics.series.find((one) => one.id === metric);
  let worst: { level: Level; value: number } | null = null;
  for (const value of series?.values ?? []) {
    if (value === null) continue;
    const level = levelOf(value * factor);
    if (RANK[level] < Math.min(RANK[now], RANK[worst?.level ?? 'ok'], RANK.note)) worst = { level, value };
    else if (worst && level === worst.level && isWorse(value, worst.value, levelOf, factor))
      worst.value = value;
  }
  if (!worst || !series) return null;
  // Shares of a whole are told as such, whatever their metric is.
  const text =
    factor === 1 ? formatUnit(worst.value, series.unit) : formatUnit(worst.value * factor, 'fraction');
  const isLow = levelOf(worst.value * factor * 2) === 'ok';
  return { level: worst.level, text: `${isLow ? 'fell to' : 'reached'} ${text}` };
}

/** Of two values on one side of a bound the one farther from well. */
function isWorse(a: number, b: number, levelOf: (value: number) => Level, factor: number): boolean {
  return levelOf(b * factor * 2) === 'ok' ? a < b : a > b;
}

function above(value: number, { warn, bad }: Bounds): Level {
  return value >= bad ? 'critical' : value >= warn ? 'warning' : 'ok';
}

/** A part of a whole: the fraction the add-on says, else the two numbers divided. */
function shareRule(spec: {
  id: string;
  title: string;
  says: string;
  fractions: string[];
  part: string;
  whole: string;
  bounds: Bounds;
}): Rule {
  return (values, addon) => {
    const told = spec.fractions.map((name) => values.get(name)).find((one) => one !== undefined);
    const [part, whole] = [values.get(spec.part), values.get(spec.whole)];
    const share = told?.value ?? (part && whole && whole.value > 0 ? part.value / whole.value : null);
    if (share === null && !part) return null;
    const amount = part
      ? `${formatUnit(part.value, part.unit)}${whole ? ` of ${formatUnit(whole.value, whole.unit)}` : ''}`
      : '';
    const percent = share === null ? '' : formatUnit(share, 'fraction');
    const level = share === null ? 'unknown' : above(share, spec.bounds);
    const levelOf = (value: number) => above(value, spec.bounds);
    const wasOf = () => {
      if (told) return worstOf(addon, told.metric, levelOf, level);
      return part && whole && whole.value > 0
        ? worstOf(addon, part.metric, levelOf, level, 1 / whole.value)
        : null;
    };
    return {
      id: spec.id,
      title: spec.title,
      level,
      value: amount && percent ? `${amount} (${percent})` : amount || percent,
      bound:
        share === null
          ? 'its limit is not in the lines'
          : `warns from ${formatUnit(spec.bounds.warn, 'fraction')}`,
      says: spec.says,
      metrics: [told, part, whole].flatMap((one) => (one ? [one.metric] : [])),
      was: wasOf(),
    };
  };
}

function valueRule(spec: {
  id: string;
  title: string;
  says: string;
  names: string[];
  levelOf?: (value: number) => Level;
  bound?: string;
  services?: string[];
}): Rule {
  return (values, addon) => {
    if (spec.services && !spec.services.includes(addon.service)) return null;
    const found = spec.names.flatMap((name) => values.get(name) ?? []);
    const [one] = found;
    if (!one) return null;
    const levelOf = spec.levelOf;
    const level = levelOf?.(one.value) ?? 'ok';
    return {
      id: spec.id,
      title: spec.title,
      level,
      value: formatUnit(one.value, one.unit),
      bound: spec.bound ?? '',
      says: spec.says,
      metrics: found.map((each) => each.metric),
      was: levelOf ? worstOf(addon, one.metric, levelOf, level) : null,
    };
  };
}

/** A rate of hits is 0 on an empty database, with nothing wrong. */
const hits =
  (warn: number) =>
  (value: number): Level =>
    value === 0 ? 'unknown' : value < warn ? 'warning' : 'ok';

const RULES: Rule[] = [
  shareRule({
    id: 'connections',
    title: 'Connections',
    says: 'At the limit new dynos cannot connect and requests fail. Smaller pools, fewer processes, or a pooler in front.',
    fractions: ['connections-percentage-used', 'connection-percentage-used'],
    part: 'active-connections',
    whole: 'max-connections',
    bounds: { warn: 0.8, bad: 0.95 },
  }),
  valueRule({
    id: 'waiting',
    title: 'Waiting for locks',
    says: 'Connections that wait for a lock another one holds: a long transaction or a migration. heroku pg:locks names it.',
    names: ['waiting-connections'],
    levelOf: (value) => (value >= 5 ? 'critical' : value >= 1 ? 'warning' : 'ok'),
    bound: 'warns from 1',
  }),
  valueRule({
    id: 'pooled',
    title: 'Clients waiting for the pool',
    says: 'Clients that wait for a connection of the pooler: too few server connections, or transactions that take long.',
    names: ['client-waiting'],
    levelOf: (value) => (value >= 10 ? 'critical' : value >= 1 ? 'warning' : 'ok'),
    bound: 'warns from 1',
  }),
  valueRule({
    id: 'cache',
    title: 'Cache hits of tables',
    says: 'Share of table reads answered from memory. Below 99 % queries wait for the disk: a larger plan, or fewer rows read.',
    names: ['table-cache-hit-rate'],
    levelOf: hits(0.99),
    bound: 'warns below 99 %',
  }),
  valueRule({
    id: 'index-cache',
    title: 'Cache hits of indexes',
    says: 'Share of index reads answered from memory; below 99 % the indexes no longer fit.',
    names: ['index-cache-hit-rate'],
    levelOf: hits(0.99),
    bound: 'warns below 99 %',
  }),
  valueRule({
    id: 'load',
    title: 'Load',
    says: 'Runnable tasks per CPU over one minute; above 1 queries wait for the CPU.',
    names: ['load-avg-1m'],
    levelOf: (value) => above(value, { warn: 1, bad: 2 }),
    bound: 'warns from 1 a CPU',
    services: ['heroku-postgres', 'heroku-redis'],
  }),
  shareRule({
    id: 'disk',
    title: 'Disk',
    says: 'A full database stops taking writes. Delete, or move to a larger plan in time.',
    fractions: ['db-size-percentage-used'],
    part: 'db-size',
    whole: 'db-max-size',
    bounds: { warn: 0.8, bad: 0.95 },
  }),
  valueRule({
    id: 'wal',
    title: 'Write-ahead log',
    says: 'Share of the disk for the write-ahead log; when it is full, connections are limited.',
    names: ['wal-percentage-used'],
    levelOf: (value) => above(value, { warn: 0.75, bad: 0.9 }),
    bound: 'warns from 75 %',
  }),
  valueRule({
    id: 'lag',
    title: 'Replication lag',
    says: 'Commits a follower is behind: what is read from it is that old.',
    names: ['follower-lag-commits'],
    levelOf: (value) => above(value, { warn: 1000, bad: 100_000 }),
    bound: 'warns from 1 000 commits',
  }),
  valueRule({
    id: 'iops',
    title: 'Disk operations',
    says: 'Share of the operations a second that the plan allows; at the limit every query is slow.',
    names: ['iops-percentage-used'],
    levelOf: (value) => above(value, { warn: 0.75, bad: 0.95 }),
    bound: 'warns from 75 %',
  }),
  valueRule({
    id: 'evictions',
    title: 'Evicted keys',
    says: 'Keys thrown away to make room: as a cache normal, as a queue or session store a loss.',
    names: ['evicted-keys'],
    levelOf: (value) => (value > 0 ? 'warning' : 'ok'),
    bound: 'warns above 0',
  }),
  valueRule({
    id: 'hits',
    title: 'Hit rate',
    says: 'Share of look-ups that found their key. What is low depends on the use; a fall is what tells.',
    names: ['hit-rate'],
    levelOf: hits(0.5),
    bound: 'warns below 50 %',
  }),
  valueRule({
    id: 'redis-memory',
    title: 'Memory of the instance',
    says: 'Bytes the instance uses; compare them with the plan, which the lines do not name. Host memory is no measure of it.',
    names: ['memory-redis'],
    services: ['heroku-redis'],
  }),
  valueRule({
    id: 'memory',
    title: 'Memory of the host',
    says: 'Share of the memory of the machine. A database uses what is free for its cache, so high is usual and no trouble.',
    names: ['memory-percentage-used'],
  }),
  valueRule({
    id: 'wait',
    title: 'Longest wait for the pool',
    says: 'How long the oldest waiting client has waited for a connection.',
    names: ['max-wait'],
    levelOf: (value) => above(value, { warn: 1, bad: 5 }),
    bound: 'warns from 1 s',
    services: ['heroku-pgbouncer'],
  }),
];

/** One sentence about one add-on, over its readings. */
export function addonSentence(addon: AddonAnswer, readings: readonly AddonReading[], nowMs: number): Verdict {
  const name = `${serviceName(addon.service)} ${addon.source ?? addon.addon}`.trim();
  if (addon.lastSeenMs !== null && nowMs - addon.lastSeenMs > FRESH_MS)
    return {
      level: 'unknown',
      word: 'Silent',
      clauses: [
        {
          text: `${name} has not written for ${formatSpan(nowMs - addon.lastSeenMs)}: these are its last figures.`,
        },
      ],
    };
  const troubles = readings.filter(({ level }) => level === 'critical' || level === 'warning');
  const [worst] = troubles;
  const past = readings.filter((one) => one.was !== null && !troubles.includes(one));
  if (!worst && past.length > 0)
    return {
      level: 'warning',
      word: 'Was worse',
      clauses: [
        { text: `${name} is within its bounds now. In this range:` },
        ...past.slice(0, 4).map((one) => ({
          text: `${lowerFirst(one.title)} ${one.was?.text}, now ${one.value}.`,
          href: `#${readingId(addon, one)}`,
        })),
      ],
    };
  if (!worst) {
    const told = readings.slice(0, 3).map((one) => `${one.title.toLowerCase()} ${one.value}`);
    return {
      level: readings.length === 0 ? 'unknown' : 'ok',
      word: readings.length === 0 ? 'Shown only' : 'Within bounds',
      clauses: [
        {
          text:
            told.length === 0
              ? `${name} writes ${plural(addon.latest.length, 'metric')} that have no bound known here.`
              : `${name} is within its bounds: ${told.join(', ')}.`,
        },
      ],
    };
  }
  return {
    level: worst.level,
    word: worst.level === 'critical' ? 'Critical' : 'Look',
    clauses: troubles.map((one) => ({
      text: `${one.title} ${one.value}, ${one.bound}.`,
      href: `#${readingId(addon, one)}`,
    })),
  };
}

export function readingId(addon: AddonAnswer, reading: Pick<AddonReading, 'id'>): string {
  return `${addon.service}-${addon.source ?? addon.addon}-${reading.id}`.replaceAll(/[^A-Za-z0-9_-]/g, '-');
}

/** The sentence of the page. */
export function buildAddonsVerdict(answer: AddonsAnswer, zone: Zone): Verdict {
  const nothing = unheard(answer, zone);
  if (nothing) return nothing;
  if (answer.addons.length === 0)
    return withDoubts(answer, zone, {
      level: 'unknown',
      word: answer.everSeen ? 'No data' : 'Not set up',
      clauses: [
        {
          text: answer.everSeen
            ? 'No add-on wrote a metric in this range.'
            : 'No add-on of this app has written metrics into its log.',
        },
      ],
    });
  const judged = answer.addons.map((addon) => ({
    addon,
    verdict: addonSentence(addon, addonReadings(addon), Math.min(answer.nowMs, answer.range.to * 1000)),
  }));
  const troubles = judged.filter(
    ({ verdict }) => verdict.level === 'critical' || verdict.level === 'warning',
  );
  if (troubles.length > 0) {
    const isCritical = troubles.some(({ verdict }) => verdict.level === 'critical');
    const clauses: Clause[] = troubles.flatMap(({ addon, verdict }) =>
      verdict.clauses
        .filter((clause) => clause.href !== undefined)
        .slice(0, 2)
        .map((clause) => ({
          ...clause,
          text: `${serviceName(addon.service)} ${addon.source ?? addon.addon}: ${lowerFirst(clause.text)}`,
        })),
    );
    return withDoubts(answer, zone, {
      level: isCritical ? 'critical' : 'warning',
      word: isCritical
        ? 'Critical'
        : troubles.every(({ verdict }) => verdict.word === 'Was worse')
          ? 'Was worse'
          : 'Look',
      clauses,
    });
  }
  const silent = judged.filter(({ verdict }) => verdict.word === 'Silent');
  const clauses: Clause[] = [
    { text: `${plural(answer.addons.length, 'add-on')}, none near a bound of it.` },
    ...silent.flatMap(({ verdict }) => verdict.clauses),
  ];
  return withDoubts(
    answer,
    zone,
    silent.length > 0
      ? { level: 'unknown', word: 'Half known', clauses }
      : { level: 'ok', word: 'All well', clauses },
  );
}

export function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
