/** A chart as Markdown, for a review or a ticket: what it shows in a sentence, a line a series, the way back. Pure. */
import type { Columns, RangeAnswer } from '../../api/contract/time.ts';
import { showHidden } from '../clean.ts';
import { formatRange, formatUnit, type Zone, zoneName } from '../format.ts';
import { latestIndex, maxOf, sumOf } from './align.ts';

interface Told {
  title: string;
  app: string | null;
  columns: Columns;
  range: RangeAnswer;
  summary: string;
  zone: Zone;
  address: string;
}

export function chartMarkdown({ title, app, columns, range, summary, zone, address }: Told): string {
  const latest = latestIndex(columns, range);
  const rows = columns.series
    .filter((series) => series.values.some((value) => value !== null))
    .map((series) => {
      const value = (number: number | null) => formatUnit(number, series.unit);
      const known = series.values.filter((one) => one !== null);
      const sum = series.unit === 'count' ? value(sumOf(series)) : '';
      const low = known.length === 0 ? null : known.reduce((least, one) => Math.min(least, one));
      const last = latest === null ? null : (series.values[latest] ?? null);
      return `| ${cell(series.label)} | ${value(last)} | ${value(low)} | ${value(maxOf(series.values))} | ${sum} |`;
    });
  return [
    `**${cell(title)}**${app ? ` · ${cell(app)}` : ''} · ${formatRange(range.from * 1000, range.to * 1000, zone)} ${zoneName(range.to * 1000, zone)}`,
    '',
    summary,
    '',
    '| series | last | lowest | highest | total |',
    '|---|--:|--:|--:|--:|',
    ...rows,
    '',
    `<${address}>`,
    '',
  ].join('\n');
}

/** Names come from outside: neither a new cell nor markup. */
function cell(text: string): string {
  return showHidden(text).replace(/[\\|`*_<>[\]]/g, (character) => `\\${character}`);
}
