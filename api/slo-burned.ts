/** Who burned it: tables of bad events by what they have in common. Pure. */
import { HEROKU_CODES } from '../model/codes.ts';
import { BAD, outcomeOf } from '../model/outcome.ts';
import { SERIES_CODE, SERIES_DYNO, SERIES_PATH, SERIES_RELEASE } from '../model/series.ts';
import type { SloDefinition } from '../model/slo.ts';
import { SloMatcher } from '../model/slo-match.ts';
import { processTypeOf } from '../store/reads/series-names.ts';
import type { CutSum, KeptGroup } from '../store/reads/slo-burned.ts';
import type { BurnedBy, BurnedRow } from './contract/slos.ts';

/** Cuts that are counted for every request, whatever objective it belongs to. */
export const CUT_KINDS = [SERIES_CODE, SERIES_DYNO, SERIES_PATH, SERIES_RELEASE];

const ROWS_MAX = 20;
/** Requests without a code of the router: the app answered them itself. */
const NO_CODE = 'no code';

export interface Tally {
  name: string;
  bad: number;
  events: number | null;
}

/** Of an objective over all requests, counted as usual: exact. `bad`: all bad ones, to tell those without a code. */
export function tallyCuts(cuts: readonly CutSum[], bad: number): Map<BurnedBy, Tally[]> {
  const of = (kind: number) => cuts.filter((cut) => cut.kind === kind);
  // Codes are only counted: whether one counts against an objective is the same for all of them.
  const codes = of(SERIES_CODE)
    .filter((cut) => cut.key.startsWith('H') && isCounted(cut.key))
    .map((cut) => ({ name: cut.key, bad: cut.events, events: null }));
  const coded = codes.reduce((sum, row) => sum + row.bad, 0);
  const plain = { name: NO_CODE, bad: Math.max(0, bad - coded), events: null };
  return new Map<BurnedBy, Tally[]>([
    ['code', [...codes, plain]],
    [
      'pathShape',
      join(of(SERIES_PATH), (key) => (key.includes(' ') ? key.slice(key.indexOf(' ') + 1) : key)),
    ],
    ['method', join(of(SERIES_PATH), (key) => (key.includes(' ') ? key.slice(0, key.indexOf(' ')) : key))],
    ['processType', join(of(SERIES_DYNO), (key) => processTypeOf(key) || 'no dyno')],
    ['dyno', join(of(SERIES_DYNO), (key) => key || 'no dyno')],
    ['release', join(of(SERIES_RELEASE), nameRelease)],
  ]);
}

function isCounted(code: string): boolean {
  return HEROKU_CODES.find((known) => known.code === code)?.defaultCounted ?? true;
}

function nameRelease(key: string): string {
  return key === '' ? 'before the first release seen' : `v${key}`;
}

function join(cuts: readonly CutSum[], nameOf: (key: string) => string): Tally[] {
  const rows = new Map<string, { name: string; bad: number; events: number }>();
  for (const { key, bad, events } of cuts) {
    const name = nameOf(key);
    const row = rows.get(name) ?? { name, bad: 0, events: 0 };
    rows.set(name, { name, bad: row.bad + bad, events: row.events + events });
  }
  return [...rows.values()];
}

/** From kept requests: those that are bad for the objective, as many as they stand for. */
export function tallyKept(groups: readonly KeptGroup[], definition: SloDefinition): Map<BurnedBy, Tally[]> {
  const matcher = SloMatcher.of(definition);
  const bad = matcher === null ? [] : groups.filter((group) => isBad(group, matcher));
  const by = (nameOf: (group: KeptGroup) => string): Tally[] => {
    const rows = new Map<string, number>();
    for (const group of bad) rows.set(nameOf(group), (rows.get(nameOf(group)) ?? 0) + group.weight);
    return [...rows].map(([name, weight]) => ({ name, bad: weight, events: null }));
  };
  return new Map<BurnedBy, Tally[]>([
    ['code', by(({ code }) => code ?? NO_CODE)],
    ['status', by(({ status }) => (status === null ? 'no status' : String(status)))],
    ['pathShape', by(({ pathShape }) => pathShape)],
    ['method', by(({ method }) => method)],
    ['processType', by(({ dyno }) => processTypeOf(dyno) || 'no dyno')],
    ['dyno', by(({ dyno }) => dyno || 'no dyno')],
    ['release', by(({ release }) => nameRelease(release === null ? '' : String(release)))],
  ]);
}

function isBad(group: KeptGroup, matcher: SloMatcher): boolean {
  const takes =
    (matcher.takesDyno?.(group.dyno) ?? true) &&
    (matcher.takesMethod?.(group.method) ?? true) &&
    (matcher.takesHost?.(group.host) ?? true) &&
    (matcher.takesShape?.(group.pathShape) ?? true);
  if (!takes) return false;
  const family = group.code === null ? -1 : group.code.charCodeAt(0);
  const number = group.code === null ? 0 : Number(group.code.slice(1));
  const status = group.status ?? -1;
  // A line with a code says at=error, but for those that are none (H27, H80); the code decides there.
  const outcome = outcomeOf(family, number, group.code !== null, status);
  return matcher.judge(family, number, group.code !== null, status, group.serviceMs ?? -1, outcome) === BAD;
}

/** Rows with shares, worst first. `bad`: what the objective counted over the range; estimates are made to fit it. */
export function rankRows(
  tallies: readonly Tally[],
  input: { bad: number; allowed: number; isEstimate: boolean; linkOf: (name: string) => string },
): BurnedRow[] {
  const total = tallies.reduce((sum, row) => sum + row.bad, 0);
  if (total === 0) return [];
  return tallies
    .filter((row) => row.bad > 0)
    .toSorted((a, b) => b.bad - a.bad || a.name.localeCompare(b.name))
    .slice(0, ROWS_MAX)
    .map(({ name, bad, events }) => {
      const share = input.isEstimate ? bad / total : input.bad === 0 ? 0 : bad / input.bad;
      const own = input.isEstimate ? Math.round(share * input.bad) : bad;
      return {
        name,
        bad: own,
        events,
        share: Math.min(1, share),
        budgetShare: input.allowed > 0 ? own / input.allowed : 0,
        link: input.linkOf(name),
      };
    });
}
