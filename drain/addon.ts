/**
 * A metrics line of an add-on to a sample: Heroku Postgres, PgBouncer, Key-Value Store and whatever else
 * follows l2met. One generic reader; unknown names are kept (FORMATS 6).
 *
 *   source=DATABASE addon=postgresql-flat-10001 sample#db_size=734003200bytes sample#memory-total=4045060kB
 */
import type { AddonSample } from '../model/observation.ts';
import { parseL2met } from './l2met.ts';

/** Values in base units (kB = 2^10 bytes, as Linux counts); numbers without a unit as they are. */
export function parseAddonLine(text: string): AddonSample {
  const line = parseL2met(text);
  const sample: AddonSample = { values: new Map(), skipped: line.skipped };
  for (const metric of line.metrics) sample.values.set(metric.name, metric.base);
  if (line.addon !== '') sample.addon = line.addon;
  if (line.source !== '') sample.source = line.source;
  return sample;
}
