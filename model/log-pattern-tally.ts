/** Lines grouped by their template: how many, since when, how bad. Of a bounded number of templates. */
import { LOG_LEVELS, type LogLevel, type LogLine, type LogSource } from './log-line.ts';
import { logTemplate, patternId } from './log-pattern.ts';

/** A log has some hundreds of kinds of lines; what has more writes lines without a kind. */
export const TEMPLATES_MAX = 5_000;

export interface LogPatternCount {
  id: string;
  template: string;
  count: number;
  /** The worst that was seen. */
  level: LogLevel | null;
  sources: LogSource[];
  firstMs: number;
  lastMs: number;
  /** The newest line. */
  example: LogLine;
}

export class LogPatternTally {
  readonly #patterns = new Map<string, LogPatternCount>();
  #lines = 0;

  /** Lines that were added, also those in patterns beyond the bound. */
  get lines(): number {
    return this.#lines;
  }

  add(line: LogLine): void {
    this.#lines++;
    const template = logTemplate(line.text);
    const known = this.#patterns.get(template);
    if (known !== undefined) {
      addTo(known, line);
      return;
    }
    if (this.#patterns.size >= TEMPLATES_MAX) return;
    this.#patterns.set(template, {
      id: patternId(template),
      template,
      count: 1,
      level: line.level,
      sources: [line.source],
      firstMs: line.atMs,
      lastMs: line.atMs,
      example: line,
    });
  }

  /** The most frequent first; of equally frequent ones the newest. */
  top(max: number): LogPatternCount[] {
    return [...this.#patterns.values()]
      .sort((a, b) => b.count - a.count || b.lastMs - a.lastMs)
      .slice(0, max);
  }
}

function addTo(pattern: LogPatternCount, line: LogLine): void {
  pattern.count++;
  pattern.firstMs = Math.min(pattern.firstMs, line.atMs);
  if (line.atMs >= pattern.lastMs) {
    pattern.lastMs = line.atMs;
    pattern.example = line;
  }
  if (!pattern.sources.includes(line.source)) pattern.sources.push(line.source);
  pattern.level = worse(pattern.level, line.level);
}

function worse(a: LogLevel | null, b: LogLevel | null): LogLevel | null {
  if (a === null || b === null) return a ?? b;
  return LOG_LEVELS.indexOf(a) <= LOG_LEVELS.indexOf(b) ? a : b;
}
