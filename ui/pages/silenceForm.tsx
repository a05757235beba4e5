/** The form of a silence or maintenance window, with what it fits now and would have withheld. */
import { useEffect, useState } from 'preact/hooks';
import type { RuleListAnswer } from '../../api/contract/rules.ts';
import type { SilenceAnswer, SilencePreviewAnswer, SilenceRequest } from '../../api/contract/silences.ts';
import type { SloListAnswer } from '../../api/contract/slos.ts';
import type { Severity } from '../../model/slo.ts';
import { showHidden } from '../clean.ts';
import { formatCount, formatRange, formatSpan, plural, zoneName } from '../format.ts';
import { SEVERITIES } from '../incidentWords.ts';
import { Choice, InstantBox, LongText, Many, splitList, TextBox, Tick } from '../parts/inputs.tsx';
import {
  newRepeat,
  type RepeatDraft,
  RepeatFields,
  repeatDraftOf,
  repeatOf,
} from '../parts/repeatFields.tsx';
import { SendFault, useSender } from '../parts/sender.tsx';
import { incidentPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

const HOUR = 3_600_000;

export interface SilenceDraft {
  kind: 'silence' | 'maintenance';
  title: string;
  reason: string;
  apps: string[];
  severities: Severity[];
  slos: string[];
  rules: string[];
  keys: string;
  tags: string;
  fromMs: number | null;
  toMs: number | null;
  repeat: RepeatDraft | null;
  correctsBudgets: boolean;
}

export function newSilence(nowMs: number): SilenceDraft {
  const fromMs = Math.floor(nowMs / 60_000) * 60_000;
  return {
    kind: 'silence',
    title: '',
    reason: '',
    apps: [],
    severities: [],
    slos: [],
    rules: [],
    keys: '',
    tags: '',
    fromMs,
    toMs: fromMs + HOUR,
    repeat: null,
    correctsBudgets: false,
  };
}

export function silenceDraftOf(silence: SilenceAnswer): SilenceDraft {
  const { match } = silence;
  return {
    kind: silence.kind,
    title: silence.title,
    reason: silence.reason,
    apps: match.apps,
    severities: match.severities,
    slos: match.slos,
    rules: match.rules,
    keys: match.keys.join(', '),
    tags: match.tags.join(', '),
    fromMs: silence.fromMs,
    toMs: silence.toMs,
    repeat: silence.repeat && repeatDraftOf(silence.repeat),
    correctsBudgets: silence.correctsBudgets,
  };
}

function requestOf(draft: SilenceDraft): SilenceRequest {
  return {
    kind: draft.kind,
    title: draft.title.trim(),
    reason: draft.reason.trim(),
    match: {
      apps: draft.apps,
      severities: draft.severities,
      slos: draft.slos,
      rules: draft.rules,
      keys: splitList(draft.keys),
      tags: splitList(draft.tags),
    },
    // An instant that is not there is sent as such; the server says at which field.
    fromMs: draft.fromMs ?? Number.NaN,
    toMs: draft.toMs ?? Number.NaN,
    ...(draft.repeat && { repeat: repeatOf(draft.repeat) }),
    correctsBudgets: draft.kind === 'maintenance' && draft.correctsBudgets,
  };
}

const KINDS = [
  { value: 'silence', label: 'silence: this alert is known' },
  { value: 'maintenance', label: 'maintenance: work is planned' },
] as const;
const LENGTHS = [1, 2, 4, 8, 24, 168];

interface Props {
  first: SilenceDraft;
  id: string | null;
  onDone(): Promise<void>;
}

export function SilenceForm({ first, id, onDone }: Props) {
  const { client, toast, fleet } = useApp();
  const [draft, setDraft] = useState(first);
  const [preview, setPreview] = useState<{ answer: SilencePreviewAnswer; of: string } | null>(null);
  const sender = useSender();
  const looker = useSender();
  useEffect(() => {
    if (!fleet.data.peek()) void fleet.load();
  }, []);
  const set = (part: Partial<SilenceDraft>) => setDraft({ ...draft, ...part });
  const request = requestOf(draft);
  const now = JSON.stringify({ ...request, reason: '', title: '' });
  const apps = [...new Set([...(fleet.data.value?.apps.map((row) => row.app) ?? []), ...draft.apps])].sort();
  return (
    <form
      class="form grid-form boxed"
      noValidate
      aria-label={id ? 'Change the silence' : 'New silence'}
      onSubmit={(event) => {
        event.preventDefault();
        void sender.send(async () => {
          looker.clear();
          await client.send(id ? 'PUT' : 'POST', id ? `/silences/${id}` : '/silences', request);
          toast.value = id ? 'Changed' : 'Silenced';
          await onDone();
        });
      }}
    >
      <Choice
        name="silenceKind"
        label="Kind"
        value={draft.kind}
        options={KINDS}
        onChange={(kind) => set({ kind })}
      />
      <TextBox
        name="silenceTitle"
        label="Title (optional)"
        value={draft.title}
        onInput={(title) => set({ title })}
        fault={sender.faultOf('title')}
      />
      <Many
        name="apps"
        legend="Apps"
        hint="None ticked: every app."
        options={apps.map((app) => ({ value: app, label: showHidden(app) }))}
        values={draft.apps}
        onChange={(chosen) => set({ apps: chosen })}
        fault={sender.faultOf('match.apps')}
      />
      <Many
        name="severities"
        legend="Severities"
        hint="None ticked: any."
        options={SEVERITIES.map((one) => ({ value: one.id, label: one.id }))}
        values={draft.severities}
        onChange={(severities) => set({ severities })}
        fault={sender.faultOf('match.severities')}
      />
      <Subjects draft={draft} onChange={set} />
      <TextBox
        name="keys"
        label="Dynos, codes, add-ons (optional)"
        placeholder="web.*, H12"
        value={draft.keys}
        onInput={(keys) => set({ keys })}
        hint="Of rules that watch several. A * at the end fits every rest."
        fault={sender.faultOf('match.keys', 'match.keys.0')}
      />
      <TextBox
        name="matchTags"
        label="Tags of objectives (optional)"
        value={draft.tags}
        onInput={(tags) => set({ tags })}
        fault={sender.faultOf('match.tags', 'match.tags.0')}
      />
      <InstantBox
        name="silenceFrom"
        label="From"
        valueMs={draft.fromMs}
        onChange={(fromMs) => set({ fromMs })}
        fault={sender.faultOf('fromMs')}
      />
      <InstantBox
        name="silenceTo"
        label={draft.repeat ? 'Repeating until' : 'To'}
        valueMs={draft.toMs}
        onChange={(toMs) => set({ toMs })}
        fault={sender.faultOf('toMs')}
      />
      {!draft.repeat && (
        <fieldset class="row field-wide" aria-label="For">
          {LENGTHS.map((hours) => (
            <button
              key={hours}
              type="button"
              onClick={() => set({ toMs: (draft.fromMs ?? Date.now()) + hours * HOUR })}
            >
              {formatSpan(hours * HOUR)}
            </button>
          ))}
        </fieldset>
      )}
      <Tick
        name="repeats"
        label="Every week"
        checked={draft.repeat !== null}
        onChange={(checked) =>
          set(
            checked
              ? { repeat: newRepeat(), toMs: (draft.fromMs ?? Date.now()) + 90 * 24 * HOUR }
              : { repeat: null, toMs: (draft.fromMs ?? Date.now()) + HOUR },
          )
        }
      />
      {draft.repeat && (
        <RepeatFields draft={draft.repeat} onChange={(repeat) => set({ repeat })} sender={sender} />
      )}
      {draft.kind === 'maintenance' && (
        <Tick
          name="correctsBudgets"
          label="Its minutes do not count for the objectives of these apps"
          checked={draft.correctsBudgets}
          onChange={(correctsBudgets) => set({ correctsBudgets })}
        />
      )}
      <LongText
        name="silenceReason"
        label="Why"
        rows={2}
        value={draft.reason}
        onInput={(reason) => set({ reason })}
        fault={sender.faultOf('reason')}
      />
      <div class="field-wide try">
        <button
          type="button"
          disabled={looker.busy}
          onClick={() =>
            void looker.send(async () => {
              sender.clear();
              const answer = await client.send<SilencePreviewAnswer>('POST', '/silences/preview', {
                ...request,
                // What it fits does not hang on the reason, which may not be typed yet.
                reason: request.reason || 'preview',
              });
              setPreview({ answer, of: now });
            })
          }
        >
          What would it fit?
        </button>
        <SendFault sender={looker} />
        {preview && (
          <div class={preview.of === now ? '' : 'stale'}>
            {preview.of !== now && <p class="age">You changed something since. Look again.</p>}
            <Preview answer={preview.answer} />
          </div>
        )}
      </div>
      <SendFault sender={sender} />
      <button type="submit" class="primary" disabled={sender.busy}>
        {id ? 'Save' : draft.kind === 'maintenance' ? 'Plan the maintenance' : 'Silence it'}
      </button>
    </form>
  );
}

/** Single objectives and rules, of the apps that are ticked: most silences need none of them. */
function Subjects({ draft, onChange }: { draft: SilenceDraft; onChange(part: Partial<SilenceDraft>): void }) {
  const [open, setOpen] = useState(draft.slos.length + draft.rules.length > 0);
  return (
    <details class="fold field-wide" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Only some objectives or rules</summary>
      {open && <SubjectLists draft={draft} onChange={onChange} />}
    </details>
  );
}

function SubjectLists({
  draft,
  onChange,
}: {
  draft: SilenceDraft;
  onChange(part: Partial<SilenceDraft>): void;
}) {
  const slos = useAnswer<SloListAnswer>('/slos');
  const rules = useAnswer<RuleListAnswer>('/rules');
  const wanted = (app: string) => draft.apps.length === 0 || draft.apps.includes(app);
  return (
    <div class="grid-form">
      <Many
        name="slos"
        legend="Objectives"
        options={(slos.data.value?.slos ?? [])
          .filter((row) => wanted(row.app) || draft.slos.includes(row.id))
          .map((row) => ({ value: row.id, label: showHidden(`${row.app}: ${row.title}`) }))}
        values={draft.slos}
        onChange={(chosen) => onChange({ slos: chosen })}
      />
      <Many
        name="rules"
        legend="Rules"
        options={(rules.data.value?.rules ?? [])
          .filter((row) => wanted(row.app) || draft.rules.includes(row.id))
          .map((row) => ({ value: row.id, label: showHidden(`${row.app}: ${row.title}`) }))}
        values={draft.rules}
        onChange={(chosen) => onChange({ rules: chosen })}
      />
    </div>
  );
}

function Preview({ answer }: { answer: SilencePreviewAnswer }) {
  const { router, range } = useApp();
  const zone = range.zone.value;
  return (
    <div class="preview" role="status">
      <p>
        Fits <strong>{showHidden(answer.matchText)}</strong>: {plural(answer.slos.length, 'objective')} and{' '}
        {plural(answer.rules.length, 'rule')}. In the last 7 days it would have withheld{' '}
        {answer.notices7d === 1 ? '1 notice' : `${formatCount(answer.notices7d)} notices`}.
      </p>
      {answer.warnings.length > 0 && (
        <ul class="banner banner-warning plain-list">
          {answer.warnings.map((warning) => (
            <li key={warning}>{showHidden(warning)}</li>
          ))}
        </ul>
      )}
      {answer.incidents.length > 0 && (
        <ul class="plain-list">
          {answer.incidents.map((one) => (
            <li key={one.id}>
              Withholds{' '}
              <a href={router.link(incidentPath(one.id))}>
                #{one.number} {showHidden(one.title)}
              </a>{' '}
              <span class="muted">
                {showHidden(one.app)}, {one.severity}
              </span>
            </li>
          ))}
        </ul>
      )}
      {answer.spans.length > 1 && (
        <p class="small muted">
          {answer.spans
            .map((span) => `${formatRange(span.fromMs, span.toMs, zone)} ${zoneName(span.fromMs, zone)}`)
            .join('; ')}
          …
        </p>
      )}
      {[
        ['Objectives', answer.slos],
        ['Rules', answer.rules],
      ].map(([name, list]) =>
        (list as SilencePreviewAnswer['slos']).length === 0 ? null : (
          <details class="fold" key={name as string}>
            <summary>
              {name as string} ({(list as SilencePreviewAnswer['slos']).length})
            </summary>
            <ul class="plain-list">
              {(list as SilencePreviewAnswer['slos']).slice(0, 100).map((one) => (
                <li key={one.id}>
                  {showHidden(one.app)}: {showHidden(one.title)}
                </li>
              ))}
            </ul>
          </details>
        ),
      )}
    </div>
  );
}
