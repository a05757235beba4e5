/** The chart of an incident: what fired, with its threshold and the windows that decided. */
import { targetOf, toNumber } from '../model/target.ts';
import { MINUTE } from '../model/time.ts';
import type { IncidentRow } from '../store/incidents.ts';
import type { Client } from '../store/pool.ts';
import { backtestOverHistory } from '../store/reads/rule-history.ts';
import type { RuleRow } from '../store/rules.ts';
import type { SloRow } from '../store/slos.ts';
import type { IncidentAnswer } from './contract/incidents.ts';
import type { RangeAnswer } from './contract/time.ts';
import { readFacts, type SloFacts, withSums } from './slo-facts.ts';
import { planLine, requestLine, toRangeAnswer } from './slo-lines.ts';
import { nameWindow } from './slo-text.ts';
import { buildView, describeBudget, type SloView } from './slo-view.ts';

type Drawn = Pick<
  IncidentAnswer,
  'range' | 'chart' | 'threshold' | 'thresholdShare' | 'factor' | 'windows' | 'budget' | 'spent'
>;

interface Input {
  incident: IncidentRow;
  app: string;
  slo: SloRow | undefined;
  rule: RuleRow | undefined;
  span: { fromMs: number; toMs: number };
  minute: number;
}

export async function drawIncident(db: Client, input: Input): Promise<Drawn> {
  const windows = windowsOf(input.incident);
  if (input.slo) return { ...(await drawSlo(db, input.slo, input)), windows };
  const empty = { chart: { t: [], series: [] }, range: plainRange(input.span) };
  const drawn = input.rule ? await drawRule(db, input.rule, input) : empty;
  const threshold = input.incident.evidence.threshold ?? null;
  return { ...drawn, threshold, thresholdShare: null, factor: null, windows, budget: null, spent: null };
}

async function drawSlo(
  db: Client,
  slo: SloRow,
  { app, span, minute, incident }: Input,
): Promise<Omit<Drawn, 'windows'>> {
  const line = planLine(span.fromMs, span.toMs, minute);
  const { facts } = await readFacts(db, [slo], minute);
  const [own] = facts as [SloFacts];
  return withSums(db, (sumsOf) => {
    const view = buildView(own, app, minute, sumsOf);
    const budget = describeBudget(view);
    return {
      range: toRangeAnswer(line, minute),
      chart: requestLine(view, line),
      threshold: null,
      ...thresholdOf(incident, slo),
      budget,
      // Of a budget that counts slices requests are no share.
      spent: spentBy(incident, view, budget.unit === 'events' ? budget.allowed : 0),
    };
  });
}

/** Of the pair of windows that decided, if the objective has it still. */
function thresholdOf(
  { evidence }: IncidentRow,
  { version }: SloRow,
): Pick<Drawn, 'thresholdShare' | 'factor'> {
  const [long, short] = evidence.windows ?? [];
  const tier = version.definition.tiers.find(
    ({ longMinutes, shortMinutes }) => longMinutes === long?.minutes && shortMinutes === short?.minutes,
  );
  if (!tier) return { thresholdShare: null, factor: null };
  const { n, d } = targetOf(evidence.target ?? version.definition.target);
  return { thresholdShare: tier.factor * toNumber({ n: d - n, d }), factor: tier.factor };
}

/** From when it was bad, not from when that was noticed; counted as far as minutes are closed. */
function spentBy(incident: IncidentRow, view: SloView, allowed: number): Drawn['spent'] {
  const fromMs = Math.min(incident.evidence.sinceMs || incident.openedAtMs, incident.openedAtMs);
  const from = Math.floor(fromMs / MINUTE);
  const to = Math.min(view.minute, Math.ceil((incident.resolved?.atMs ?? Number.POSITIVE_INFINITY) / MINUTE));
  const { bad, events } = to > from ? view.windows.sum(from, to) : { bad: 0, events: 0 };
  const toMs = Math.max(to, from) * MINUTE;
  return { fromMs: from * MINUTE, toMs, bad, events, budgetShare: allowed > 0 ? bad / allowed : null };
}

/** What the rule saw of this key, as an evaluation of each minute would have read it. */
async function drawRule(
  db: Client,
  rule: RuleRow,
  { incident, span }: Input,
): Promise<Pick<Drawn, 'range' | 'chart'>> {
  const history = await backtestOverHistory(db, {
    appId: rule.appId,
    draft: rule,
    days: 1,
    nowMs: span.toMs + MINUTE,
  });
  const from = history.t.findIndex((t) => t * 1000 >= span.fromMs);
  const cut = <Value>(values: Value[]): Value[] => (from < 0 ? [] : values.slice(from));
  const key = incident.subject.kind === 'rule' ? incident.subject.key : '';
  const series = history.series
    .filter((one) => one.key === key || key === '')
    .map((one) => ({
      id: one.key === '' ? 'value' : one.key,
      label: one.key === '' ? rule.title : one.key,
      unit: history.unit,
      values: cut(one.values),
    }));
  return { range: plainRange(span), chart: { t: cut(history.t), series } };
}

function plainRange({ fromMs, toMs }: Input['span']): RangeAnswer {
  const [from, to] = [Math.floor(fromMs / MINUTE) * 60, Math.ceil(toMs / MINUTE) * 60];
  return { from, to, step: 60, resolution: 60, openFrom: null };
}

/** They end where the deciding evaluation stood. */
function windowsOf({ evidence, startedAtMs }: IncidentRow): Drawn['windows'] {
  return (evidence.windows ?? []).map(({ minutes, bad, events, burn }) => ({
    fromMs: startedAtMs - minutes * MINUTE,
    toMs: startedAtMs,
    label: nameWindow(minutes),
    bad,
    events,
    burn,
  }));
}
