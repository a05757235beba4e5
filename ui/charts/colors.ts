/** Colours of a chart: named by meaning, read from the style sheet once per theme. */
import type { Series } from '../../api/contract/time.ts';

/** Order of the throughput stack from the base up, with colour and the hatch that doubles it; '' keeps a label. */
export const CLASSES: Record<string, { label: string; color: string; hatch?: 'diagonal' | 'cross' }> = {
  platform: { label: 'Platform', color: '--class-platform', hatch: 'cross' },
  status_5xx: { label: '5xx', color: '--class-5xx', hatch: 'diagonal' },
  status_4xx: { label: '4xx', color: '--class-4xx' },
  status_3xx: { label: '3xx', color: '--class-3xx' },
  status_2xx: { label: '2xx', color: '--class-2xx' },
  status_1xx: { label: '1xx', color: '--class-1xx' },
  none: { label: 'no status', color: '--class-none' },
  excluded: { label: '', color: '--class-excluded' },
};

/** How many identities are told apart by colour; beyond that one is highlighted and the rest is grey. */
export const IDENTITY_COLORS = 6;

/**
 * Colour of a dyno, add-on metric or host: a function of its name alone, so that web.3 keeps its colour on every
 * page. The trailing number is added rather than hashed: the first six dynos of a type all differ.
 */
export function identityColor(name: string): string {
  const match = /^(.*?)(\d+)?$/.exec(name);
  let hash = 0;
  for (const character of match?.[1] ?? name) hash = (hash * 31 + character.charCodeAt(0)) % 9973;
  return `--id-${(hash + Number(match?.[2] ?? 0)) % IDENTITY_COLORS}`;
}

export interface SeriesStyle {
  color: string;
  dash?: number[];
  widthPx?: number;
  hatch?: 'diagonal' | 'cross';
  /** Drawn as a line even where the others are stacked: what is held against them. */
  line?: boolean;
}

/** What another range is drawn as; under it a halo, so that it is seen over bars. */
export const COMPARE_STYLE: SeriesStyle = { color: '--text-2', dash: [4, 4], widthPx: 1.5, line: true };
export const HALO_STYLE: SeriesStyle = { color: '--surface', widthPx: 4, line: true };

/**
 * Styles of several series by identity; with more than six, all but the highlighted one are grey. `names` are all that
 * share a page, so that each has one colour in every chart; the first six of them get one.
 */
export function identityStyles(
  series: Series[],
  highlighted: string | null,
  names: string[] = series.map((one) => one.id),
): SeriesStyle[] {
  if (series.length <= IDENTITY_COLORS) {
    const colors = distinctColors(names.slice(0, IDENTITY_COLORS));
    return series.map((one) => ({ color: colors.get(one.id) ?? '--id-other' }));
  }
  return series.map((one) =>
    one.id === highlighted
      ? { color: identityColor(one.id), widthPx: 2 }
      : { color: '--id-other', widthPx: 1 },
  );
}

/** Colours by name; where two names fall on one colour the later one takes the next that is free. */
function distinctColors(names: string[]): Map<string, string> {
  const taken = new Set<string>();
  const colors = new Map<string, string>();
  for (const name of names) {
    const wanted = identityColor(name);
    let at = Number(wanted.slice(-1));
    while (taken.has(`--id-${at}`) && taken.size < IDENTITY_COLORS) at = (at + 1) % IDENTITY_COLORS;
    taken.add(`--id-${at}`);
    colors.set(name, `--id-${at}`);
  }
  return colors;
}

let version = -1;
const known = new Map<string, string>();

/** Value of a custom property under the theme of now. `themeVersion` says when to read again. */
export function colorOf(name: string, themeVersion: number): string {
  if (themeVersion !== version) {
    known.clear();
    version = themeVersion;
  }
  let value = known.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(name).trim() || '#888888';
    known.set(name, value);
  }
  return value;
}
