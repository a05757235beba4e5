/**
 * What stands out in an incident, each hint from numbers that can be looked at, and what to check first. The causes are
 * those that its messages name.
 */
import { firstChecks } from '../model/first-checks.ts';
import type { NoticeCause } from '../model/notice.ts';
import { causeSentence } from '../model/notice-cause.ts';
import { sayCount, sayShare } from '../model/notice-numbers.ts';
import { countsAsUsual } from '../model/slo-usual.ts';
import { MINUTE } from '../model/time.ts';
import type { IncidentRow } from '../store/incidents.ts';
import type { Client } from '../store/pool.ts';
import { readIncidentCauses } from '../store/reads/incident-causes.ts';
import { readKeptGroups } from '../store/reads/slo-burned.ts';
import type { SloRow } from '../store/slos.ts';
import type { CauseHint, IncidentAnswer } from './contract/incidents.ts';
import { type Tally, tallyKept } from './slo-burned.ts';

interface Input {
  incident: IncidentRow;
  app: string;
  slo: SloRow | undefined;
  runbookUrl: string;
  span: { fromMs: number; toMs: number };
  nowMs: number;
}

type Found = Pick<IncidentAnswer, 'causes' | 'release' | 'codes' | 'hints' | 'checks'>;

/** Less than this is no hint: half of it may be anybody's. */
const SHARE_MIN = 0.5;
/** Fewer bad requests say nothing about where they come from. */
const BAD_MIN = 5;

export async function findHints(db: Client, input: Input): Promise<Found> {
  const { incident, app, slo, runbookUrl, span, nowMs } = input;
  const { release, codes, causes } = await readIncidentCauses(
    db,
    incident,
    slo?.version.definition ?? null,
    nowMs,
  );
  const range = `from=${Math.floor(span.fromMs / 1000)}&to=${Math.ceil(span.toMs / 1000)}`;
  const page = (path: string) => `/a/${encodeURIComponent(app)}${path}?${range}`;
  const moment = { atMs: nowMs, incident, evidence: incident.evidence };
  const hints = causes.map(
    (cause): CauseHint => ({
      kind: cause.kind === 'path' ? 'pathShape' : cause.kind,
      text: causeSentence(cause, moment),
      link: linkOf(cause, page),
    }),
  );
  // What an objective counts in its own way (slow requests, one path) is not in the counts of all requests.
  if (slo && !countsAsUsual(slo.version.definition)) {
    for (const hint of await readOwnHints(db, slo, input, page))
      if (!hints.some(({ kind }) => kind === hint.kind)) hints.push(hint);
  }
  const checks = firstChecks({
    app,
    evidence: incident.evidence,
    codes,
    causes,
    release,
    runbookUrl,
    codeUrl: (code) => page(`/codes/${encodeURIComponent(code)}`),
  }).map(({ text, url }) => ({ text, link: url }));
  return { release, codes, causes, hints, checks };
}

/** The page where the cause can be looked at. */
function linkOf(cause: NoticeCause, page: (path: string) => string): string {
  switch (cause.kind) {
    case 'release':
    case 'said':
      return page(`/releases/${cause.version}`);
    case 'code':
      return page(`/codes/${encodeURIComponent(cause.code)}`);
    case 'dyno':
    case 'crash':
      return cause.dyno === '' ? page('/dynos') : page(`/dynos/${encodeURIComponent(cause.dyno)}`);
    case 'path':
    case 'config':
    case 'scale':
      return page('');
  }
}

/** From kept requests that are bad by the objective's own rule. */
async function readOwnHints(
  db: Client,
  slo: SloRow,
  { incident, span }: Input,
  page: (path: string) => string,
): Promise<CauseHint[]> {
  const { definition } = slo.version;
  const { groups } = await readKeptGroups(db, slo.appId, {
    fromMs: Math.max(span.fromMs, (incident.evidence.sinceMs || incident.startedAtMs) - 5 * MINUTE),
    toMs: span.toMs,
    thresholdMs: definition.indicator.kind === 'latency' ? definition.indicator.thresholdMs : null,
  });
  const tables = tallyKept(groups, definition);
  const of = (kind: CauseHint['kind'], by: 'code' | 'pathShape' | 'dyno', path: (name: string) => string) => {
    const lead = leading(tables.get(by));
    if (lead === null || ['', 'no code', 'no dyno'].includes(lead.name)) return [];
    const text = `${lead.name} carries ${sayCount(lead.bad)} of ${sayCount(lead.of)} bad requests (${sayShare(lead.bad / lead.of)}).`;
    return [{ kind, text, link: page(path(lead.name)) }];
  };
  return [
    ...of('code', 'code', (name) => `/codes/${encodeURIComponent(name)}`),
    ...of('pathShape', 'pathShape', () => ''),
    ...of('dyno', 'dyno', (name) => `/dynos/${encodeURIComponent(name)}`),
  ];
}

interface Lead {
  name: string;
  bad: number;
  of: number;
}

/** The one that has half of all, or more, where others could have had it. */
function leading(tallies: readonly Tally[] | undefined): Lead | null {
  const of = (tallies ?? []).reduce((sum, row) => sum + row.bad, 0);
  const [first] = (tallies ?? []).toSorted((a, b) => b.bad - a.bad);
  if (!first || of < BAD_MIN || first.bad / of < SHARE_MIN) return null;
  return { name: first.name, bad: Math.round(first.bad), of: Math.round(of) };
}
