/** Making or changing a rule, with what it would have done over stored history. */
import { useMemo, useState } from 'preact/hooks';
import type {
  RuleAnswer,
  RuleKindsAnswer,
  RuleListAnswer,
  RulePreviewAnswer,
  RuleRequest,
} from '../../api/contract/rules.ts';
import type { OnNoData, RuleKind } from '../../model/rule.ts';
import type { RuleField } from '../../model/rule-kinds.ts';
import type { Severity } from '../../model/slo.ts';
import '../styles/alerts.css';
import { TimeChart } from '../charts/timeChart.tsx';
import { showHidden } from '../clean.ts';
import { markFirings, markSeries, perWeekText } from '../firingMarks.ts';
import { formatAgo, formatInstant, formatSpan, formatUnit, zoneSuffix } from '../format.ts';
import { heldWords, ruleState, SEVERITIES } from '../incidentWords.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { Choice, splitList, TextBox, Tick } from '../parts/inputs.tsx';
import { type Sender, SendFault, useSender } from '../parts/sender.tsx';
import { StateWord } from '../parts/state.tsx';
import { incidentPath, rulePath, rulesPath } from '../paths.ts';
import { useBacktest } from '../state/backtest.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { fromFirst, rangeOf } from './sloPreview.tsx';
import { TryState } from './tryState.tsx';
import { WhoIsTold } from './whoIsTold.tsx';

type Kind = RuleKindsAnswer['kinds'][number];

export function RuleNewPage({ app }: { app: string }) {
  const kinds = useAnswer<RuleKindsAnswer>('/rules/kinds');
  return (
    <Fresh of={kinds} what="the kinds of rules">
      {(data) => <RuleForm app={app} kinds={data.kinds} saved={null} />}
    </Fresh>
  );
}

export function RulePage({ app, id }: { app: string; id: string }) {
  const kinds = useAnswer<RuleKindsAnswer>('/rules/kinds');
  const rules = useAnswer<RuleListAnswer>('/rules', { query: { app } });
  return (
    <Fresh of={kinds} what="the kinds of rules">
      {(data) => (
        <Fresh of={rules} what="the rule">
          {(list) => {
            const rule = list.rules.find((one) => one.id === id);
            return rule ? (
              <>
                <Head rule={rule} />
                <RuleForm key={rule.version} app={app} kinds={data.kinds} saved={rule} />
              </>
            ) : (
              <Gone app={app} />
            );
          }}
        </Fresh>
      )}
    </Fresh>
  );
}

function Gone({ app }: { app: string }) {
  const { router } = useApp();
  return (
    <div class="trouble">
      <h1 tabIndex={-1}>There is no such rule</h1>
      <p>
        It may have been removed. <a href={router.link(rulesPath(app))}>Rules of {showHidden(app)}</a>
      </p>
    </div>
  );
}

function Head({ rule }: { rule: RuleAnswer }) {
  const { router, clock } = useApp();
  const state = ruleState(rule);
  const nowMs = clock.nowMs.value;
  return (
    <section class="verdict" aria-label="Summary">
      <p class="crumb">
        <a href={router.link(rulesPath(rule.app))}>Rules of {showHidden(rule.app)}</a>
      </p>
      <div class="verdict-head">
        <h1 tabIndex={-1}>{showHidden(rule.title)}</h1>
        <StateWord level={state.level} word={state.word} />
        {rule.incidentId && (
          <a class="button" href={router.link(incidentPath(rule.incidentId))}>
            Open incident
          </a>
        )}
      </div>
      <p class="verdict-text">{showHidden(rule.sentence)}</p>
      <p class="small muted">
        {rule.lastFiredMs === null
          ? 'It never fired.'
          : `Last fired ${formatAgo(rule.lastFiredMs, nowMs)}; in 30 days ${rule.firings} ${rule.firings === 1 ? 'time' : 'times'}, ${rule.acknowledged} acknowledged.`}
        {rule.isNoisy && ' Nobody acknowledged any of its last five firings: is it worth having?'}
        {rule.isDefault && ' One of the usual rules, as every app begins with.'}
      </p>
      {rule.keys.some((key) => key.state !== 'ok' || key.key !== '') && (
        <ul class="keys-list">
          {rule.keys.map((key) => {
            const one = ruleState({ ...rule, state: key.state });
            return (
              <li key={key.key}>
                <StateWord level={one.level} word={one.word} /> {showHidden(key.key)}
                {key.held && <span class="muted small"> {heldWords(key.held.reason)}</span>}
                {key.sinceMs !== null && key.state !== 'ok' && (
                  <span class="muted small"> for {formatSpan(nowMs - key.sinceMs)}</span>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}

const NO_DATA: { value: OnNoData; label: string }[] = [
  { value: 'hold', label: 'it stands still, as it is' },
  { value: 'alert', label: 'it fires' },
  { value: 'ok', label: 'it counts as well' },
];

function RuleForm({ app, kinds, saved }: { app: string; kinds: Kind[]; saved: RuleAnswer | null }) {
  const { client, router, toast } = useApp();
  const [kind, setKind] = useState<RuleKind>(saved?.kind ?? 'failedShare');
  const spec = kinds.find((one) => one.kind === kind) ?? (kinds[0] as Kind);
  const [values, setValues] = useState(() => textsOf(spec, saved));
  const [title, setTitle] = useState(saved?.title ?? '');
  const [severity, setSeverity] = useState<Severity>(saved?.severity ?? spec.defaults.severity);
  const [forMinutes, setFor] = useState(String(saved?.forMinutes ?? spec.defaults.forMinutes));
  const [keep, setKeep] = useState(String(saved?.keepFiringMinutes ?? spec.defaults.keepFiringMinutes));
  const [onNoData, setNoData] = useState<OnNoData>(saved?.onNoData ?? spec.defaults.onNoData);
  const [runbookUrl, setRunbook] = useState(saved?.runbookUrl ?? '');
  const [isOn, setOn] = useState(saved?.isOn ?? true);
  const [days, setDays] = useState('14');
  const [removing, setRemoving] = useState(false);
  const saver = useSender();
  const base = `/apps/${encodeURIComponent(app)}/rules`;

  function choose(next: RuleKind) {
    const found = kinds.find((one) => one.kind === next);
    if (!found) return;
    setKind(next);
    setValues(textsOf(found, null));
    setSeverity(found.defaults.severity);
    setFor(String(found.defaults.forMinutes));
    setKeep(String(found.defaults.keepFiringMinutes));
    setNoData(found.defaults.onNoData);
    saver.clear();
  }

  const request: RuleRequest = {
    kind,
    title: title.trim() === '' ? spec.title : title.trim(),
    severity,
    isOn,
    settings: settingsOf(spec, values),
    forMinutes: numberOf(forMinutes),
    keepFiringMinutes: numberOf(keep),
    onNoData,
    runbookUrl: runbookUrl.trim(),
  };
  // Title and runbook change nothing of what it does, and NaN (a field left empty) is sent as null and refused there.
  const body = JSON.stringify({
    rule: { ...request, title: spec.title, runbookUrl: '' },
    days: Number(days),
  });
  const tried = useBacktest<RulePreviewAnswer>(`${base}/preview`, spec.canBacktest ? body : null);
  const sender = saver;

  return (
    <>
      {!saved && (
        <>
          <p class="crumb">
            <a href={router.link(rulesPath(app))}>Rules of {showHidden(app)}</a>
          </p>
          <h1 tabIndex={-1}>New rule for {showHidden(app)}</h1>
        </>
      )}
      <form
        class="form grid-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void saver.send(async () => {
            const made = await client.send<RuleAnswer>(
              saved ? 'PUT' : 'POST',
              saved ? `${base}/${saved.id}` : base,
              request,
            );
            toast.value = 'Saved: judged from the next minute on';
            router.push(router.link(saved ? rulesPath(app) : rulePath(made.app, made.id)));
          });
        }}
      >
        {!saved && (
          <Choice
            name="ruleKind"
            label="What it watches"
            value={kind}
            options={kinds.map((one) => ({ value: one.kind, label: one.title }))}
            onChange={choose}
            hint={spec.help}
            fault={sender.faultOf('kind')}
          />
        )}
        <TextBox
          name="ruleTitle"
          label="Title"
          placeholder={spec.title}
          value={title}
          onInput={setTitle}
          fault={sender.faultOf('title')}
        />
        {spec.fields.map((field) => (
          <SettingBox
            key={`${kind} ${field.name}`}
            field={field}
            value={values[field.name] ?? ''}
            onInput={(value) => setValues({ ...values, [field.name]: value })}
            sender={sender}
          />
        ))}
        <Choice
          name="severity"
          label="Makes a"
          value={severity}
          options={SEVERITIES.map((one) => ({ value: one.id, label: `${one.id}: ${one.says}` }))}
          onChange={setSeverity}
          fault={sender.faultOf('severity')}
        />
        <TextBox
          name="forMinutes"
          label="When it has been so for"
          unit="min"
          inputMode="numeric"
          value={forMinutes}
          onInput={setFor}
          hint="0: at once."
          fault={sender.faultOf('forMinutes')}
        />
        <TextBox
          name="keepFiringMinutes"
          label="And goes on for"
          unit="min"
          inputMode="numeric"
          value={keep}
          onInput={setKeep}
          hint="After it has ended: what flickers is told once."
          fault={sender.faultOf('keepFiringMinutes')}
        />
        <Choice
          name="onNoData"
          label="While there is no data"
          value={onNoData}
          options={NO_DATA}
          onChange={setNoData}
          fault={sender.faultOf('onNoData')}
        />
        <TextBox
          name="runbookUrl"
          label="Runbook"
          type="url"
          placeholder="https://…"
          value={runbookUrl}
          onInput={setRunbook}
          fault={sender.faultOf('runbookUrl')}
        />
        <Tick name="isOn" label="On" checked={isOn} onChange={setOn} />
        <section class="field-wide try" aria-labelledby="try">
          <h2 id="try">What it would have done</h2>
          {spec.canBacktest ? (
            <div class="row">
              <label for="previewDays">Over the last</label>
              <select id="previewDays" value={days} onChange={(event) => setDays(event.currentTarget.value)}>
                {['1', '7', '14', '30'].map((value) => (
                  <option key={value} value={value}>
                    {value === '1' ? 'day' : `${value} days`}
                  </option>
                ))}
              </select>
              <TryState of={tried} now={body} />
            </div>
          ) : (
            <p class="muted">Stored history does not hold what this kind looks at, so it cannot be tried.</p>
          )}
          {spec.canBacktest && tried.answer && (
            <div class={tried.of === body && tried.faults.length === 0 ? '' : 'stale'}>
              <Result answer={tried.answer} severity={severity} />
            </div>
          )}
        </section>
        <WhoIsTold app={app} severities={[severity]} subjectKind="rule" />
        <SendFault sender={saver} />
        <div class="row field-wide">
          <button type="submit" class="primary" disabled={saver.busy}>
            {saver.busy ? 'Saving…' : saved ? 'Save' : 'Make the rule'}
          </button>
          {saved && (
            <button type="button" class="danger" onClick={() => setRemoving(true)}>
              Remove
            </button>
          )}
        </div>
      </form>
      {removing && saved && (
        <Confirm
          title={`Remove ${showHidden(saved.title)}?`}
          submit="Remove it"
          danger
          onClose={() => setRemoving(false)}
          onYes={async () => {
            await client.send('DELETE', `${base}/${saved.id}`);
            toast.value = 'Rule removed';
            router.push(router.link(rulesPath(app)));
          }}
        >
          What it fires for is resolved with the next evaluation. To be quiet for a while, switch it off
          instead.
        </Confirm>
      )}
    </>
  );
}

interface SettingProps {
  field: RuleField;
  value: string;
  onInput(value: string): void;
  sender: Sender;
}

function SettingBox({ field, value, onInput, sender }: SettingProps) {
  const common = {
    name: `set-${field.name}`,
    label: field.label,
    hint: field.help || undefined,
    fault: sender.faultOf(`settings.${field.name}`, `settings.${field.name}.0`),
  };
  if (field.type === 'choice')
    return <Choice {...common} value={value} options={field.choices} onChange={onInput} />;
  return (
    <TextBox
      {...common}
      value={value}
      onInput={onInput}
      unit={field.unit || undefined}
      inputMode={field.type === 'number' ? 'decimal' : undefined}
    />
  );
}

/** Settings as they are typed; fractions as per cent. */
function textsOf(spec: Kind, saved: RuleAnswer | null): Record<string, string> {
  const settings = (saved?.settings ?? spec.defaults.settings) as Record<string, unknown>;
  return Object.fromEntries(
    spec.fields.map((field) => {
      const value = settings[field.name] ?? field.fallback;
      if (Array.isArray(value)) return [field.name, value.join(', ')];
      if (typeof value === 'number' && field.unit === '%')
        return [field.name, String(Number((value * 100).toPrecision(10)))];
      return [field.name, typeof value === 'string' || typeof value === 'number' ? String(value) : ''];
    }),
  );
}

function settingsOf(spec: Kind, values: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(
    spec.fields.map((field) => {
      const text = values[field.name] ?? '';
      if (field.type === 'list') return [field.name, splitList(text)];
      if (field.type !== 'number') return [field.name, text.trim()];
      const number = numberOf(text);
      return [field.name, field.unit === '%' ? Number((number / 100).toPrecision(10)) : number];
    }),
  );
}

function numberOf(text: string): number {
  const trimmed = text.trim().replace(',', '.');
  return trimmed === '' ? Number.NaN : Number(trimmed);
}

function Result({ answer, severity }: { answer: RulePreviewAnswer; severity: Severity }) {
  const { range, clock } = useApp();
  const zone = range.zone.value;
  const at = (ms: number) => `${formatInstant(ms, zone, false, clock.now())}${zoneSuffix(ms, zone)}`;
  const limit =
    answer.series.series
      .find((series) => series.id === 'threshold')
      ?.values.find((value) => value !== null) ?? null;
  const known = useMemo(() => fromFirst(answer.series), [answer]);
  const chartRange = useMemo(() => rangeOf(known.t, answer), [known]);
  const columns = useMemo(() => {
    const { t } = known;
    const watched = known.series.filter((series) => series.id !== 'threshold');
    const highest = (index: number) =>
      Math.max(...watched.map((series) => series.values[index] ?? Number.NEGATIVE_INFINITY));
    const marks = markFirings(t, chartRange.step, answer.firings, (index) =>
      Number.isFinite(highest(index)) ? highest(index) : limit,
    );
    return { t, series: [...watched, ...markSeries(FIRES, 'would have fired', answer.unit, marks)] };
  }, [known, chartRange]);
  const noun = severity === 'page' ? 'Pages' : severity === 'ticket' ? 'Tickets' : 'Notices';
  return (
    <div class="preview" role="status">
      <p class="verdict-text strong">
        {answer.sentence} {noun}: {perWeekText(answer.perWeek)}.
      </p>
      {answer.warnings.length > 0 && (
        <ul class="banner banner-warning plain-list">
          {answer.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      {answer.firings.length > 0 && (
        <ul class="firings">
          {answer.firings.slice(-FIRINGS_MAX).map((span) => (
            <li key={`${span.key}${span.fromMs}`}>
              {at(span.fromMs)}{' '}
              <span class="muted">
                {span.toMs === null ? 'still firing' : `for ${formatSpan(span.toMs - span.fromMs)}`}
                {span.key && `, ${showHidden(span.key)}`}
                {span.peak !== null && `, at most ${formatUnit(span.peak, answer.unit)}`}
              </span>
            </li>
          ))}
          {answer.firings.length > FIRINGS_MAX && (
            <li class="muted">and {answer.firings.length - FIRINGS_MAX} before</li>
          )}
        </ul>
      )}
      <TimeChart
        id="preview-rule"
        title="What it watches"
        explain="Thick: when it would have fired. Dashed: the threshold."
        columns={columns}
        styles={columns.series.map(({ id }, index) =>
          id === FIRES
            ? { color: '--state-critical', widthPx: 4 }
            : { color: columns.series.length <= 2 ? '--q50' : `--id-${index % 6}` },
        )}
        unit={answer.unit}
        range={chartRange}
        gaps={[]}
        marks={[]}
        isFixed
        summary="max"
        thresholds={
          limit === null
            ? []
            : [{ value: limit, label: formatUnit(limit, answer.unit), color: '--state-critical' }]
        }
        empty="No values were stored in this time."
      />
    </div>
  );
}

const FIRES = 'fires';
/** The newest are those one remembers. */
const FIRINGS_MAX = 8;
