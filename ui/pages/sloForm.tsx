/** Making or changing an objective, with what it would have done over stored history before it is saved. */
import { useEffect, useState } from 'preact/hooks';
import type {
  SloDetailAnswer,
  SloListAnswer,
  SloPreviewAnswer,
  SloProposalsAnswer,
  SloSavedAnswer,
} from '../../api/contract/slos.ts';
import '../styles/alerts.css';
import { showHidden } from '../clean.ts';
import { formatInstant, zoneSuffix } from '../format.ts';
import { Fresh } from '../parts/fresh.tsx';
import { Choice, LongText, Many, TextBox, Tick } from '../parts/inputs.tsx';
import { type Sender, SendFault, useSender } from '../parts/sender.tsx';
import { sloListPath, sloPath } from '../paths.ts';
import { useBacktest } from '../state/backtest.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { CodeTicks } from './sloCodes.tsx';
import { definitionOf, draftOf, newDraft, type SloDraft, usualTiers } from './sloDraft.ts';
import { PreviewResult } from './sloPreview.tsx';
import { TierFields } from './sloTierFields.tsx';
import { TryState } from './tryState.tsx';
import { WhoIsTold } from './whoIsTold.tsx';

/** A new one, empty or from a proposal that the address names. */
export function SloNewPage({ app }: { app: string }) {
  const { router } = useApp();
  const name = router.params.value.get('proposal');
  if (name === null) return <SloForm app={app} first={newDraft()} saved={null} />;
  return <FromProposal app={app} name={name} />;
}

function FromProposal({ app, name }: { app: string; name: string }) {
  const proposals = useAnswer<SloProposalsAnswer>(`/apps/${encodeURIComponent(app)}/slos/proposals`);
  return (
    <Fresh of={proposals} what="the proposal">
      {(data) => {
        const found = data.proposals.find((one) => one.name === name);
        return <SloForm app={app} first={found ? draftOf(found.definition) : newDraft()} saved={null} />;
      }}
    </Fresh>
  );
}

export function SloEditPage({ app, slug }: { app: string; slug: string }) {
  const detail = useAnswer<SloDetailAnswer>(
    `/apps/${encodeURIComponent(app)}/slos/${encodeURIComponent(slug)}`,
  );
  return (
    <Fresh of={detail} what="the objective">
      {(data) => <SloForm app={app} first={draftOf(data.definition)} saved={data} />}
    </Fresh>
  );
}

interface FormProps {
  app: string;
  first: SloDraft;
  saved: SloDetailAnswer | null;
}

function SloForm({ app, first, saved }: FormProps) {
  const { client, router, toast, range, clock } = useApp();
  const [draft, setDraft] = useState(first);
  const [touchedTiers, setTouchedTiers] = useState(saved !== null);
  const [days, setDays] = useState('14');
  const saver = useSender();
  const base = `/apps/${encodeURIComponent(app)}/slos`;
  const definition = definitionOf(draft);
  // A title is needed to save it, not to try it.
  const body = JSON.stringify({
    definition: { ...definition, title: definition.title || 'Untitled', description: '', runbookUrl: '' },
    days: Number(days),
  });
  const isEmpty = definition.indicator.kind === 'composite' && definition.indicator.members.length === 0;
  const tried = useBacktest<SloPreviewAnswer>(`${base}/preview`, isEmpty ? null : body);

  /** Factors follow period and target until somebody sets them by hand. */
  function set(part: Partial<SloDraft>) {
    const next = { ...draft, ...part };
    const moves = ['percent', 'periodKind', 'days'].some((name) => name in part);
    const tiers = moves && !touchedTiers ? usualTiers(next) : [];
    setDraft(tiers.length > 0 ? { ...next, tiers } : next);
  }

  const save = () =>
    saver.send(async () => {
      const answer = saved
        ? await client.send<SloSavedAnswer>('PUT', `${base}/${saved.slo.id}`, {
            definition,
            version: saved.slo.version,
          })
        : await client.send<SloSavedAnswer>('POST', base, { definition });
      toast.value = `Saved: counts from ${formatInstant(answer.validFromMs, range.zone.value, false, clock.now())}${zoneSuffix(answer.validFromMs, range.zone.value)} on`;
      router.push(router.link(sloPath(answer.app, answer.slug)));
    });
  const sender = saver;

  return (
    <>
      <p class="crumb">
        <a href={router.link(saved ? sloPath(app, saved.slo.slug) : sloListPath(app))}>
          {saved ? showHidden(saved.slo.title) : `Objectives of ${showHidden(app)}`}
        </a>
      </p>
      <h1 tabIndex={-1}>{saved ? 'Edit objective' : `New objective for ${showHidden(app)}`}</h1>
      <form
        class="form grid-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <What draft={draft} set={set} sender={sender} />
        <Pledge draft={draft} set={set} sender={sender} />
        {draft.kind !== 'composite' && <Scope draft={draft} set={set} sender={sender} />}
        {draft.kind !== 'composite' && (
          <TierFields
            draft={draft}
            sender={sender}
            onChange={(tiers) => {
              setTouchedTiers(true);
              setDraft({ ...draft, tiers });
            }}
            onUsual={() => {
              setTouchedTiers(false);
              setDraft({ ...draft, tiers: usualTiers(draft) });
            }}
          />
        )}
        <More draft={draft} set={set} sender={sender} />
        <section class="field-wide try" aria-labelledby="try">
          <h2 id="try">What it would have done</h2>
          <div class="row">
            <label for="previewDays">Over the last</label>
            <select id="previewDays" value={days} onChange={(event) => setDays(event.currentTarget.value)}>
              {['1', '7', '14', '30', '90'].map((value) => (
                <option key={value} value={value}>
                  {value === '1' ? 'day' : `${value} days`}
                </option>
              ))}
            </select>
            {isEmpty ? (
              <span class="muted small">Choose what it is made of first.</span>
            ) : (
              <TryState of={tried} now={body} />
            )}
          </div>
          {tried.answer && !isEmpty && (
            <div class={tried.of === body && tried.faults.length === 0 ? '' : 'stale'}>
              <PreviewResult answer={tried.answer} target={definition.target} />
            </div>
          )}
        </section>
        {draft.kind !== 'composite' && (
          <WhoIsTold
            app={app}
            severities={[...new Set(definition.tiers.map((tier) => tier.severity))].sort()}
            subjectKind="slo"
          />
        )}
        <SendFault sender={saver} />
        <div class="row field-wide">
          <button type="submit" class="primary" disabled={saver.busy}>
            {saver.busy ? 'Saving…' : saved ? 'Save as a new version' : 'Make the objective'}
          </button>
          {saved && (
            <span class="muted small">
              The past keeps the version that was valid then; this one counts from the next minute on.
            </span>
          )}
        </div>
      </form>
    </>
  );
}

interface PartProps {
  draft: SloDraft;
  set(part: Partial<SloDraft>): void;
  sender: Sender;
}

const KINDS = [
  { value: 'availability', label: 'Availability: requests that succeed' },
  { value: 'latency', label: 'Latency: requests that are fast enough' },
  { value: 'composite', label: 'Composite: several objectives together' },
] as const;

function What({ draft, set, sender }: PartProps) {
  return (
    <>
      <TextBox
        name="title"
        label="Title"
        value={draft.title}
        onInput={(title) => set({ title })}
        placeholder="Checkout answers"
        fault={sender.faultOf('definition.title')}
      />
      <Choice
        name="indicator"
        label="What it measures"
        value={draft.kind}
        options={KINDS}
        onChange={(kind) => set({ kind })}
        fault={sender.faultOf('definition.indicator.kind', 'definition.indicator')}
      />
      {draft.kind === 'latency' && (
        <>
          <TextBox
            name="thresholdMs"
            label="Fast enough is at or under"
            unit="ms"
            inputMode="numeric"
            value={draft.thresholdMs}
            onInput={(thresholdMs) => set({ thresholdMs })}
            hint="Router service time. What ends without one of its own (H12 and its like) is bad."
            fault={sender.faultOf('definition.indicator.thresholdMs')}
          />
          <Tick
            name="excludeLongLived"
            label="Leave out connections that live long by nature"
            hint="WebSockets, event streams, long polls."
            checked={draft.excludeLongLived}
            onChange={(excludeLongLived) => set({ excludeLongLived })}
          />
        </>
      )}
      {draft.kind === 'availability' && (
        <>
          <TextBox
            name="badStatuses"
            label="Statuses that are bad besides 5xx"
            placeholder="404, 4xx"
            value={draft.badStatuses}
            onInput={(badStatuses) => set({ badStatuses })}
            hint="Empty: 5xx and platform errors only; 4xx are answers."
            fault={sender.faultOf(
              'definition.indicator.badStatuses',
              ...[0, 1, 2, 3, 4, 5].map((at) => `definition.indicator.badStatuses.${at}`),
            )}
          />
          <CodeTicks codes={draft.codes} onChange={(codes) => set({ codes })} />
        </>
      )}
      {draft.kind === 'composite' && <Members draft={draft} set={set} sender={sender} />}
    </>
  );
}

function Members({ draft, set, sender }: PartProps) {
  const slos = useAnswer<SloListAnswer>('/slos');
  return (
    <Fresh of={slos} what="the objectives">
      {(data) => (
        <Many
          name="members"
          legend="Made of"
          hint="Two to 25 objectives of any app. Their events share one budget; the state is that of the least healthy."
          options={data.slos
            .filter((row) => row.kind !== 'composite')
            .map((row) => ({ value: row.id, label: `${row.app}: ${row.title}` }))}
          values={draft.members}
          onChange={(members) => set({ members })}
          fault={sender.faultOf('definition.indicator.members')}
        />
      )}
    </Fresh>
  );
}

const PERIODS = [
  { value: 'rolling', label: 'the last days, always' },
  { value: 'week', label: 'each calendar week' },
  { value: 'month', label: 'each calendar month' },
  { value: 'quarter', label: 'each calendar quarter' },
] as const;
const BUDGETING = [
  { value: 'occurrences', label: 'requests: busy hours count more' },
  { value: 'timeslices', label: 'slices of time: quiet nights count as much' },
  { value: 'ratioTimeslices', label: 'the mean of slices' },
] as const;

function Pledge({ draft, set, sender }: PartProps) {
  return (
    <>
      <TextBox
        name="target"
        label="Target"
        unit="%"
        inputMode="decimal"
        value={draft.percent}
        onInput={(percent) => set({ percent })}
        hint={allowanceSays(draft)}
        fault={sender.faultOf('definition.target')}
      />
      <Choice
        name="period"
        label="Over"
        value={draft.periodKind}
        options={PERIODS}
        onChange={(periodKind) => set({ periodKind })}
        fault={sender.faultOf('definition.period', 'definition.period.kind', 'definition.period.unit')}
      />
      {draft.periodKind === 'rolling' ? (
        <TextBox
          name="days"
          label="How many days"
          unit="days"
          inputMode="numeric"
          value={draft.days}
          onInput={(days) => set({ days })}
          fault={sender.faultOf('definition.period.days')}
        />
      ) : (
        <TextBox
          name="periodZone"
          label="Time zone"
          value={draft.zone}
          onInput={(zone) => set({ zone })}
          hint="Where the week or month begins, such as Europe/Berlin."
          fault={sender.faultOf('definition.period.zone')}
        />
      )}
    </>
  );
}

function allowanceSays({ percent, days, periodKind }: SloDraft): string {
  const share = 1 - Number(percent.replace(',', '.')) / 100;
  if (!(share > 0 && share < 1)) return 'Per cent of the events that have to be good.';
  const span = { rolling: Number(days), week: 7, month: 30, quarter: 90 }[periodKind];
  const minutes = share * span * 1440;
  const outage = minutes >= 90 ? `${Math.round(minutes / 6) / 10} h` : `${Math.round(minutes * 10) / 10} min`;
  return `One in ${Math.round(1 / share).toLocaleString('en-GB')} may be bad: as much as ${outage} of total outage.`;
}

function Scope({ draft, set, sender }: PartProps) {
  const field = (
    name: 'processTypes' | 'methods' | 'hosts' | 'pathShapes' | 'excludedPathShapes',
    label: string,
    placeholder: string,
  ) => (
    <TextBox
      name={name}
      label={label}
      placeholder={placeholder}
      value={draft[name]}
      onInput={(value) => set({ [name]: value })}
      fault={sender.faultOf(
        `definition.scope.${name}`,
        ...[0, 1, 2, 3, 4, 5].map((at) => `definition.scope.${name}.${at}`),
      )}
      mono
    />
  );
  const isNarrow = [
    draft.processTypes,
    draft.methods,
    draft.hosts,
    draft.pathShapes,
    draft.excludedPathShapes,
  ].some((text) => text !== '');
  return (
    <details class="fold field-wide" open={isNarrow}>
      <summary>Which requests {isNarrow ? '' : '(all)'}</summary>
      <p class="muted small">
        Separated by commas; empty takes all. A * at the end of a path takes all that begin so.
      </p>
      <div class="grid-form">
        {field('pathShapes', 'Paths', '/checkout*, /api/orders/{id}')}
        {field('excludedPathShapes', 'But not these paths', '/health')}
        {field('processTypes', 'Process types', 'web')}
        {field('methods', 'Methods', 'POST, PUT')}
        {field('hosts', 'Hosts', 'shop.example.com')}
      </div>
    </details>
  );
}

function More({ draft, set, sender }: PartProps) {
  const [open, setOpen] = useState(false);
  const faulty = [
    'definition.budgeting.sliceMinutes',
    'definition.budgeting.sliceTarget',
    'definition.runbookUrl',
    'definition.tags',
    'definition.budgetAlerts',
    'definition.description',
  ].some((name) => sender.faultOf(name) !== undefined);
  useEffect(() => {
    if (faulty) setOpen(true);
  }, [faulty]);
  return (
    <details class="fold field-wide" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>More: description, runbook, tags, how the budget is counted</summary>
      <div class="grid-form">
        <LongText
          name="description"
          label="Description"
          rows={2}
          value={draft.description}
          onInput={(description) => set({ description })}
          fault={sender.faultOf('definition.description')}
        />
        <TextBox
          name="runbookUrl"
          label="Runbook"
          type="url"
          placeholder="https://…"
          value={draft.runbookUrl}
          onInput={(runbookUrl) => set({ runbookUrl })}
          hint="A link in every notice."
          fault={sender.faultOf('definition.runbookUrl')}
        />
        <TextBox
          name="tags"
          label="Tags"
          placeholder="checkout, team-a"
          value={draft.tags}
          onInput={(tags) => set({ tags })}
          fault={sender.faultOf('definition.tags', 'definition.tags.0', 'definition.tags.1')}
        />
        <TextBox
          name="budgetAlerts"
          label="Tell when so much is left"
          unit="%"
          value={draft.budgetAlerts}
          onInput={(budgetAlerts) => set({ budgetAlerts })}
          hint="Each once, for information. Empty: never."
          fault={sender.faultOf(
            'definition.budgetAlerts',
            ...[0, 1, 2, 3, 4, 5].map((at) => `definition.budgetAlerts.${at}`),
          )}
        />
        <Choice
          name="budgeting"
          label="The budget counts"
          value={draft.budgeting}
          options={BUDGETING}
          onChange={(budgeting) => set({ budgeting })}
          fault={sender.faultOf('definition.budgeting', 'definition.budgeting.kind')}
        />
        {draft.budgeting !== 'occurrences' && (
          <TextBox
            name="sliceMinutes"
            label="A slice is"
            unit="min"
            inputMode="numeric"
            value={draft.sliceMinutes}
            onInput={(sliceMinutes) => set({ sliceMinutes })}
            fault={sender.faultOf('definition.budgeting.sliceMinutes')}
          />
        )}
        {draft.budgeting === 'timeslices' && (
          <TextBox
            name="sliceTarget"
            label="And bad under"
            unit="%"
            inputMode="decimal"
            value={draft.slicePercent}
            onInput={(slicePercent) => set({ slicePercent })}
            fault={sender.faultOf('definition.budgeting.sliceTarget')}
          />
        )}
        <Tick
          name="holdOnMissing"
          label="Stand still while data is missing"
          hint="Nothing fires and nothing recovers until it returns. The drain has an alert of its own."
          checked={draft.holdOnMissing}
          onChange={(holdOnMissing) => set({ holdOnMissing })}
        />
        <Tick
          name="useCoverage"
          label="Judge a window by how much of it has data"
          hint="Keeps a new app from paging in its first minutes."
          checked={draft.useCoverage}
          onChange={(useCoverage) => set({ useCoverage })}
        />
      </div>
    </details>
  );
}
