/** The chart of an incident: what fired, with its threshold and the windows that decided. */
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
import { buildView, describeBudget } from './slo-view.ts';

type Drawn = Pick<IncidentAnswer, 'range' | 'chart' | 'threshold' | 'windows' | 'budget'>;

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
  return { ...drawn, threshold: input.incident.evidence.threshold ?? null, windows, budget: null };
}

async function drawSlo(
  db: Client,
  slo: SloRow,
  { app, span, minute }: Input,
): Promise<Omit<Drawn, 'windows'>> {
  const line = planLine(span.fromMs, span.toMs, minute);
  const { facts } = await readFacts(db, [slo], minute);
  const [own] = facts as [SloFacts];
  return withSums(db, (sumsOf) => {
    const view = buildView(own, app, minute, sumsOf);
    return {
      range: toRangeAnswer(line, minute),
      chart: requestLine(view, line),
      threshold: null,
      budget: describeBudget(view),
    };
  });
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
