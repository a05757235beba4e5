/** Counts of lines by column, some of them exact and some scaled up from the part that was looked at. Pure. */
import { type Choice, type LogFilter, passesChoice } from '../../model/log-filter.ts';
import { LOG_LEVELS, LOG_SOURCES, type LogCount, type LogLine } from '../../model/log-line.ts';

/** Names of series and of facets, in this order: `source:app`, `level:none`, `status:5xx`, `code:any`. */
export const LOG_SERIES = [
  ...LOG_SOURCES.map((source) => `source:${source}`),
  ...[...LOG_LEVELS, 'none'].map((level) => `level:${level}`),
  'status:5xx',
  'code:any',
] as const;

export const LOG_FACETS = ['source', 'level', 'dyno', 'code', 'status'] as const;
export type LogFacetName = (typeof LOG_FACETS)[number];
/** Values of one facet that are told apart. */
const FACET_VALUES_MAX = 2_000;

/** A share of nothing tells nothing. */
const LEAST_SHARE = 1e-6;

export interface LogColumnSums {
  /** Starts of columns, epoch s. */
  t: number[];
  /** By name; null: not known. Series that are 0 all over are left out. */
  series: Map<string, (number | null)[]>;
  total: number;
  /** 0–1 of the lines that source and level allow. */
  lookedAtShare: number;
  isEstimated: boolean;
  /** Dynos, codes and statuses are read from lines: not all of them were. */
  isFacetsEstimated: boolean;
  /** Most frequent first. */
  facets: Record<LogFacetName, { value: string; count: number }[]>;
}

export interface LogColumnsOptions {
  fromMs: number;
  toMs: number;
  stepS: number;
  filter: LogFilter;
}

export class LogColumns {
  readonly #options: LogColumnsOptions;
  readonly #firstS: number;
  readonly #length: number;
  /** Lines that source and level allow, and how many of them were looked at. */
  readonly #there: Float64Array;
  readonly #looked: Float64Array;
  readonly #counted = new Map<string, Float64Array>();
  readonly #matched = new Map<string, Float64Array>();
  readonly #fitting: Float64Array;
  /** By column: what goes wrong comes in a few of them, and each was looked at to a share of its own. */
  readonly #facets = new Map<LogFacetName, Map<string, Float64Array>>();
  readonly #isCountable: boolean;
  /** Columns with lines that were not read, and about how many those are in all. */
  readonly #missed = new Set<number>();
  #missedLines = 0;
  #hasMissed = false;
  #isWhole = false;

  constructor(options: LogColumnsOptions) {
    this.#options = options;
    const { fromMs, toMs, stepS } = options;
    this.#firstS = Math.floor(fromMs / 1000 / stepS) * stepS;
    this.#length = Math.max(1, Math.ceil((toMs / 1000 - this.#firstS) / stepS));
    this.#there = new Float64Array(this.#length);
    this.#looked = new Float64Array(this.#length);
    this.#fitting = new Float64Array(this.#length);
    this.#isCountable = asksCountsAlone(options.filter);
  }

  /** Adds lines that are there, by source and level. */
  addCounts(counts: readonly LogCount[]): void {
    const { sources, levels } = this.#options.filter;
    for (const { bucketS, source, level, kept } of counts) {
      const column = this.#columnOf(bucketS);
      if (column === null || kept === 0) continue;
      if (!passesChoice(sources, source) || !passesChoice(levels, level ?? 'none')) continue;
      this.#there[column]! += kept;
      this.#add(this.#counted, `source:${source}`, column, kept);
      this.#add(this.#counted, `level:${level ?? 'none'}`, column, kept);
    }
  }

  /** Looks at lines one by one. */
  look(lines: readonly LogLine[], fits: (line: LogLine) => boolean): void {
    const { fromMs, toMs, filter } = this.#options;
    for (const line of lines) {
      if (line.atMs < fromMs || line.atMs >= toMs) continue;
      const column = this.#columnOf(Math.floor(line.atMs / 1000));
      if (column === null) continue;
      if (passesChoice(filter.sources, line.source) && passesChoice(filter.levels, line.level ?? 'none')) {
        this.#looked[column]! += 1;
      }
      if (fits(line)) this.#take(line, column);
    }
  }

  /** Lines that cannot fit, looked at without a look: spread evenly over their span. */
  pass({ fromMs, toMs, lines }: { fromMs: number; toMs: number; lines: number }): void {
    const [first, last] = [fromMs, toMs].map((ms) =>
      Math.floor((ms / 1000 - this.#firstS) / this.#options.stepS),
    );
    if (first === undefined || last === undefined) return;
    for (let column = first; column <= last; column++) {
      if (column >= 0 && column < this.#length) this.#looked[column]! += lines / (last - first + 1);
    }
  }

  /** Lines of a span that were not read, not even counted: what its columns hold is not known. */
  miss({ fromMs, toMs, lines }: { fromMs: number; toMs: number; lines: number }): void {
    this.#missedLines += lines;
    const [first, last] = [fromMs, toMs].map((ms) =>
      Math.floor((ms / 1000 - this.#firstS) / this.#options.stepS),
    );
    if (first === undefined || last === undefined) return;
    for (let column = Math.max(0, first); column <= Math.min(last, this.#length - 1); column++) {
      this.#missed.add(column);
    }
    this.#hasMissed = true;
  }

  /** Lines that source and level allow, of those that were counted. */
  get counted(): number {
    return sum(this.#there);
  }

  /** Says that everything was looked at: nothing is scaled up. */
  finish(): void {
    this.#isWhole = !this.#hasMissed;
  }

  sums(): LogColumnSums {
    const scale = this.#scales();
    const isExact = this.#isWhole || (this.#isCountable && !this.#hasMissed);
    const series = new Map<string, (number | null)[]>();
    for (const name of LOG_SERIES) {
      const isCounted = this.#isCountable && /^(?:source|level):/.test(name);
      const values = isCounted ? this.#counted.get(name) : this.#matched.get(name);
      if (values) series.set(name, this.#known(isCounted ? [...values] : scaled(values, scale)));
    }
    return {
      t: Array.from({ length: this.#length }, (_, column) => this.#firstS + column * this.#options.stepS),
      series,
      total: this.#total(),
      lookedAtShare: isExact ? 1 : this.#share(),
      isEstimated: !isExact,
      isFacetsEstimated: !this.#isWhole,
      facets: this.#listFacets(scale),
    };
  }

  /** Also of columns in which nothing was looked at: as if they were as the others. */
  #total(): number {
    if (this.#isCountable) return sum(this.#there) + this.#missedLines;
    const fitting = sum(this.#fitting);
    return this.#isWhole ? fitting : Math.round(fitting / Math.max(this.#share(), LEAST_SHARE));
  }

  #take(line: LogLine, column: number): void {
    this.#fitting[column]! += 1;
    this.#add(this.#matched, `source:${line.source}`, column, 1);
    this.#add(this.#matched, `level:${line.level ?? 'none'}`, column, 1);
    if (line.status !== null && line.status >= 500) this.#add(this.#matched, 'status:5xx', column, 1);
    if (line.code !== null) this.#add(this.#matched, 'code:any', column, 1);
    this.#count(column, 'source', line.source);
    this.#count(column, 'level', line.level ?? 'none');
    if (line.source !== 'router') this.#count(column, 'dyno', line.procid);
    if (line.code !== null) this.#count(column, 'code', line.code);
    if (line.status !== null) this.#count(column, 'status', String(line.status));
  }

  #add(to: Map<string, Float64Array>, name: string, column: number, count: number): void {
    let values = to.get(name);
    if (values === undefined) {
      values = new Float64Array(this.#length);
      to.set(name, values);
    }
    values[column]! += count;
  }

  #count(column: number, facet: LogFacetName, value: string): void {
    let values = this.#facets.get(facet);
    if (values === undefined) {
      values = new Map();
      this.#facets.set(facet, values);
    }
    if (values.has(value) || values.size < FACET_VALUES_MAX) this.#add(values, value, column, 1);
  }

  #columnOf(atS: number): number | null {
    const column = Math.floor((atS - this.#firstS) / this.#options.stepS);
    return column >= 0 && column < this.#length ? column : null;
  }

  /** By what a column's matches are multiplied; null where lines are and none was looked at. */
  #scales(): (number | null)[] {
    return Array.from(this.#there, (there, column) => {
      const looked = this.#looked[column] ?? 0;
      if (this.#isWhole || there === 0) return 1;
      return looked === 0 ? null : Math.max(1, there / looked);
    });
  }

  #share(): number {
    const counted = sum(this.#there);
    const there = counted + this.#missedLines;
    return there === 0 ? 1 : Math.min(1, (this.#isCountable ? counted : sum(this.#looked)) / there);
  }

  #known(values: (number | null)[]): (number | null)[] {
    return values.map((value, column) => (this.#missed.has(column) ? null : value));
  }

  #listFacets(scale: readonly (number | null)[]): LogColumnSums['facets'] {
    const list = (facet: LogFacetName) =>
      [...(this.#facets.get(facet) ?? [])]
        .map(([value, counts]) => ({ value, count: sumScaled(counts, scale) }))
        .sort((a, b) => b.count - a.count || a.value.localeCompare(b.value));
    const exact = (prefix: 'source' | 'level') =>
      [...this.#counted]
        .filter(([name]) => name.startsWith(`${prefix}:`))
        .map(([name, values]) => ({
          value: name.slice(prefix.length + 1),
          count: sum(values),
        }))
        .sort((a, b) => b.count - a.count);
    const isExact = this.#isCountable;
    return {
      source: isExact ? exact('source') : list('source'),
      level: isExact ? exact('level') : list('level'),
      dyno: list('dyno'),
      code: list('code'),
      status: list('status'),
    };
  }
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Columns in which nothing was looked at count for nothing: what is rare is not made up for them. */
function sumScaled(values: Float64Array, scale: readonly (number | null)[]): number {
  return Math.round(values.reduce((total, value, column) => total + value * (scale[column] ?? 0), 0));
}

function scaled(values: Float64Array, scale: readonly (number | null)[]): (number | null)[] {
  return Array.from(values, (value, column) => {
    const factor = scale[column] ?? null;
    return factor === null ? null : Math.round(value * factor);
  });
}

/** Whether a filter asks of nothing but source and level, by which lines are counted as they are stored. */
export function asksCountsAlone(filter: LogFilter): boolean {
  const isFree = ({ only, not }: Choice<unknown>) => only.length + not.length === 0;
  return (
    isFree(filter.procids) &&
    isFree(filter.codes) &&
    isFree(filter.statuses) &&
    filter.texts.length + filter.notTexts.length === 0 &&
    filter.requestId === null &&
    filter.pattern === null
  );
}
