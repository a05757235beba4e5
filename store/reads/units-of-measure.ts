/** Units of measured things by their names. Values are stored in base units: bytes, seconds, fractions. */

/** Unit of a log-runtime-metrics value (FORMATS 5). */
export function dynoMetricUnit(metric: string): string {
  if (metric.startsWith('load_avg')) return 'load';
  if (metric.includes('pgpg')) return 'pages';
  return metric.startsWith('memory') ? 'bytes' : 'count';
}

/** Unit of an add-on's metric (FORMATS 6.1, 6.2); names not listed there are plain counts. */
export function addonMetricUnit(metric: string): string {
  const name = metric.replaceAll('_', '-');
  if (/(hit-rate|percentage-used|cache-hit-rate)$/.test(name)) return 'fraction';
  if (name.startsWith('load-avg')) return 'load';
  if (name.endsWith('iops')) return 'perSecond';
  if (/^(db-size|db-max-size|tmp-disk-|memory-)/.test(name)) return 'bytes';
  if (name === 'avg-recv' || name === 'avg-sent') return 'bytesPerSecond';
  if (name === 'max-wait') return 'seconds';
  if (name === 'avg-query') return 'microseconds';
  return 'count';
}

/** Rounding to the digits that say something: halves the size of an answer. */
export function rounderFor(unit: string): (value: number) => number {
  if (unit === 'bytes' || unit === 'pages' || unit === 'bytesPerSecond') return Math.round;
  if (unit === 'load') return (value) => Math.round(value * 1000) / 1000;
  return (value) => Number(value.toPrecision(9));
}
