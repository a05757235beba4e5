/** Memory and load of a dyno over its life, and the two lines about them every 20 s (FORMATS 5). */
import type { AppSpec, ProcessSpec } from './app.ts';
import { QUOTA_MB } from './app.ts';
import type { Life } from './life.ts';
import { dynoLine, type SimLine } from './line.ts';
import { fraction } from './random.ts';
import { wander } from './rhythm.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const SAMPLE_EVERY_MS = 20_000;

/** How far over its quota a dyno may grow before it is killed at once (R15). */
const KILL_RATIO = 2;

/** A leak that reaches the quota after under half of its time and the kill at its end. */
export function leakRate(process: ProcessSpec, minutes: number): number {
  return (KILL_RATIO * QUOTA_MB[process.size] + 60 - process.memory.baseMb) / minutes;
}

/** Memory in use, MB of 2^20 bytes: warm-up, slow growth, the collector's sawtooth, a leak. */
export function memoryMb(process: ProcessSpec, life: Life, timeMs: number): number {
  const { baseMb, growthMbPerHour, sawtoothMb, sawtoothMinutes } = process.memory;
  const ageMs = Math.max(0, timeMs - life.startedMs);
  const warm = 1 - 0.65 * Math.exp(-ageMs / (3 * MINUTE));
  const saw = sawtoothMb * ((ageMs / (sawtoothMinutes * MINUTE)) % 1);
  const noise = 0.015 * baseMb * wander(life.uuid, timeMs, MINUTE);
  const grown = (growthMbPerHour * ageMs) / HOUR;
  const leakMs = life.leak === undefined ? 0 : Math.max(0, timeMs - life.leak.fromMs);
  const leaked = ((life.leak?.mbPerMinute ?? 0) * leakMs) / MINUTE;
  return baseMb * warm + grown + saw * warm + noise + leaked;
}

/** The lines of one sample: load, memory and, over the quota, the two of R14. */
function sampleLines(
  app: AppSpec,
  process: ProcessSpec,
  life: Life,
  atMs: number,
  load: (timeMs: number) => number,
): SimLine[] {
  const id = `source=${life.dyno} dyno=heroku.${app.appNumber}.${life.uuid}`;
  const at = atMs + fraction(life.uuid, atMs, 'micros');
  const loads = [1, 5, 15].map((minutes) => {
    const seenMs = Math.max(life.startedMs, atMs - minutes * 30_000);
    const young = Math.min(1, (atMs - life.startedMs) / (minutes * MINUTE));
    const value = process.peakLoad * load(seenMs) * young;
    const noise = 1 + 0.25 * wander(`${life.uuid}/load`, seenMs, minutes * 20_000);
    return `sample#load_avg_${minutes}m=${Math.max(0, value * noise).toFixed(2)}`;
  });
  const lines = [sampleLine(at, life.dyno, `${id} ${loads.join(' ')}`)];
  // The first sample after a start has no memory yet (seen in real logs).
  if (atMs - life.startedMs < SAMPLE_EVERY_MS) return lines;
  lines.push(sampleLine(at + 0.111, life.dyno, `${id} ${memoryText(process, life, atMs)}`));
  const megabytes = memoryMb(process, life, atMs);
  const quota = QUOTA_MB[process.size];
  if (megabytes > quota) {
    const share = ((100 * megabytes) / quota).toFixed(1);
    lines.push(dynoLine(at + 109, life.dyno, `Process running mem=${Math.round(megabytes)}M(${share}%)`));
    lines.push(dynoLine(at + 111, life.dyno, 'Error R14 (Memory quota exceeded)', 'R14'));
  }
  return lines;
}

function sampleLine(timeMs: number, dyno: string, text: string): SimLine {
  return { ...dynoLine(timeMs, dyno, text), precision: 'cut', mark: { kind: 'dynoSample' } };
}

function memoryText(process: ProcessSpec, life: Life, atMs: number): string {
  const quota = QUOTA_MB[process.size];
  const total = memoryMb(process, life, atMs);
  const swap = Math.max(0, total - quota * 0.98);
  const cache = Math.min(total * 0.08, 4 + 18 * fraction(life.uuid, 'cache', Math.floor(atMs / 600_000)));
  const ageSeconds = (atMs - life.startedMs) / 1000;
  const paging = 8 + 40 * fraction(life.uuid, 'paging');
  const mb = (name: string, value: number) => `sample#memory_${name}=${value.toFixed(2)}MB`;
  return [
    mb('total', total),
    mb('rss', Math.max(0, total - cache - swap)),
    mb('cache', cache),
    mb('swap', swap),
    `sample#memory_pgpgin=${Math.round(30_000 + paging * ageSeconds)}pages`,
    `sample#memory_pgpgout=${Math.round(2_000 + paging * 0.6 * ageSeconds)}pages`,
    mb('quota', quota),
  ].join(' ');
}

/** All sample lines of one life in [fromMs, toMs). @param load share of the peak load at an instant */
export function samplesBetween(
  app: AppSpec,
  process: ProcessSpec,
  life: Life,
  span: { fromMs: number; toMs: number },
  load: (timeMs: number) => number,
): SimLine[] {
  const phaseMs = fraction(life.uuid, 'phase') * SAMPLE_EVERY_MS;
  const first = Math.floor((span.fromMs - phaseMs) / SAMPLE_EVERY_MS) - 1;
  const last = Math.ceil((span.toMs - phaseMs) / SAMPLE_EVERY_MS);
  const lines: SimLine[] = [];
  for (let k = first; k <= last; k += 1) {
    const jitterMs = 80 * fraction(life.uuid, 'jitter', k);
    const atMs = Math.floor(phaseMs + k * SAMPLE_EVERY_MS + jitterMs);
    if (atMs < life.startedMs + 2_000 || atMs >= life.endMs) continue;
    if (atMs < span.fromMs - 1_000 || atMs >= span.toMs) continue;
    for (const line of sampleLines(app, process, life, atMs, load)) {
      if (line.atMs >= span.fromMs && line.atMs < span.toMs) lines.push(line);
    }
  }
  return lines;
}
