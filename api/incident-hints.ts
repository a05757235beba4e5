/** What stands out in an incident, each hint from numbers that can be looked at; and what to check first. */
import { sayCount, sayShare } from '../model/notice-numbers.ts';
import { MINUTE } from '../model/time.ts';
import type { IncidentRow } from '../store/incidents.ts';
import type { Client } from '../store/pool.ts';
import { readKeptGroups } from '../store/reads/slo-burned.ts';
import type { SloRow } from '../store/slos.ts';
import type { CauseHint, IncidentAnswer, TimelineEntry } from './contract/incidents.ts';
import { codeInfo } from './shape.ts';
import { type Tally, tallyKept } from './slo-burned.ts';

interface Input {
  incident: IncidentRow;
  app: string;
  slo: SloRow | undefined;
  runbookUrl: string;
  span: { fromMs: number; toMs: number };
  timeline: readonly TimelineEntry[];
}

/** Less than this is no hint: half of it may be anybody's. */
const SHARE_MIN = 0.5;
/** Fewer bad requests say nothing about where they come from. */
const BAD_MIN = 5;

export async function findHints(db: Client, input: Input): Promise<Pick<IncidentAnswer, 'hints' | 'checks'>> {
  const { incident, app, slo, runbookUrl, span, timeline } = input;
  const hints: CauseHint[] = [];
  const range = `from=${Math.floor(span.fromMs / 1000)}&to=${Math.ceil(span.toMs / 1000)}`;
  const release = timeline.findLast((entry) => entry.kind === 'release');
  if (release) {
    const minutes = Math.max(0, Math.round((incident.startedAtMs - release.atMs) / MINUTE));
    hints.push({
      kind: 'release',
      text: `${typeof release.detail.version === 'number' ? `Release v${release.detail.version}` : 'A release'} came ${minutes} min before it.`,
      link: `/a/${app}?${range}`,
    });
  }
  const tables = slo ? await readTables(db, slo, incident, span) : new Map<string, Tally[]>();
  const code = leading(tables.get('code'));
  const found: [CauseHint['kind'], Lead | null, string][] = [
    ['code', code, code === null ? '' : `/a/${app}/codes/${code.name}?${range}`],
    ['pathShape', leading(tables.get('pathShape')), `/a/${app}?${range}`],
    ['dyno', leading(tables.get('dyno')), `/a/${app}/dynos?${range}`],
  ];
  for (const [kind, lead, link] of found) {
    if (lead === null || lead.name === '' || lead.name === 'no code' || lead.name === 'no dyno') continue;
    const text = `${lead.name} carries ${sayCount(lead.bad)} of ${sayCount(lead.of)} bad requests (${sayShare(lead.bad / lead.of)}).`;
    hints.push({ kind, text, link });
  }
  return { hints, checks: checksOf(incident, app, code?.name, runbookUrl, range) };
}

async function readTables(
  db: Client,
  slo: SloRow,
  incident: IncidentRow,
  span: Input['span'],
): Promise<Map<string, Tally[]>> {
  const { definition } = slo.version;
  const { groups } = await readKeptGroups(db, slo.appId, {
    fromMs: Math.max(span.fromMs, (incident.evidence.sinceMs || incident.startedAtMs) - 5 * MINUTE),
    toMs: span.toMs,
    thresholdMs: definition.indicator.kind === 'latency' ? definition.indicator.thresholdMs : null,
  });
  return tallyKept(groups, definition);
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

function checksOf(
  { subject }: IncidentRow,
  app: string,
  code: string | undefined,
  runbookUrl: string,
  range: string,
): IncidentAnswer['checks'] {
  const checks: IncidentAnswer['checks'] = [];
  if (runbookUrl !== '') checks.push({ text: 'Its runbook', link: runbookUrl });
  const key = subject.kind === 'rule' ? subject.key : '';
  const known = [code, key].find((one) => one !== undefined && /^[HRL]\d{2}$/.test(one));
  if (known !== undefined) {
    checks.push({ text: codeInfo(known).firstCheck, link: `/a/${app}/codes/${known}?${range}` });
  }
  checks.push({ text: `What ${app} did at that time`, link: `/a/${app}?${range}` });
  return checks;
}
