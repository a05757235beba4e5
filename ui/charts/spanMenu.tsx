/**
 * What to do with a stretch of time that was drawn in a chart or a lane, or typed in here: look closer, explain it, read
 * its lines, note something on it, take it out of the objectives.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { errorText } from '../client.ts';
import { formatSpan, type Zone, zoneName } from '../format.ts';
import { explainPath, logsPath } from '../paths.ts';
import { type State, useApp } from '../state/context.ts';
import { instantText, parseInstant } from '../state/rangeText.ts';
import { boxText } from './spanText.ts';

/** Lets go of the stretch, and gives the focus back to where it was drawn. */
function close({ cursor }: State) {
  const chart = cursor.span.peek()?.chart;
  cursor.span.value = null;
  document.querySelector<HTMLElement>(`[data-chart="${chart}"]`)?.focus({ preventScroll: true });
  // Nobody reads yet: what came meanwhile, such as the note just made, may be shown.
  cursor.release();
}

export function StretchMenu({ app, fromS, toS }: { app: string; fromS: number; toS: number }) {
  const state = useApp();
  const { router, range, session, cursor } = state;
  const box = useRef<HTMLDivElement>(null);
  const [form, setForm] = useState<'none' | 'note' | 'correct'>('none');
  const zone = range.zone.value;
  useEffect(() => {
    box.current?.querySelector<HTMLElement>('button')?.focus({ preventScroll: true });
    box.current?.scrollIntoView({ block: 'nearest' });
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      close(state);
    };
    const element = box.current;
    element?.addEventListener('keydown', onKey);
    return () => element?.removeEventListener('keydown', onKey);
  }, []);
  const span = { from: instantText(fromS * 1000), to: instantText(toS * 1000) };
  return (
    <div ref={box} class="span-menu" role="dialog" aria-label="Chosen stretch of time">
      <div class="span-head">
        <Ends fromS={fromS} toS={toS} zone={zone} />
        <button type="button" class="quiet" onClick={() => close(state)}>
          Close
        </button>
      </div>
      <div class="span-actions">
        <button
          type="button"
          class="primary"
          onClick={() => {
            close(state);
            cursor.atS.value = null;
            range.setMs(fromS * 1000, toS * 1000);
          }}
        >
          Zoom
        </button>
        <a class="button" href={router.link(explainPath(app), span)} onClick={() => close(state)}>
          Explain
        </a>
        <a class="button" href={router.link(logsPath(app, span))} onClick={() => close(state)}>
          Tail
        </a>
        {session.canEdit.value && (
          <>
            <button
              type="button"
              aria-expanded={form === 'note'}
              onClick={() => setForm(form === 'note' ? 'none' : 'note')}
            >
              Annotate
            </button>
            <button
              type="button"
              aria-expanded={form === 'correct'}
              onClick={() => setForm(form === 'correct' ? 'none' : 'correct')}
            >
              Correct SLO
            </button>
          </>
        )}
      </div>
      {form === 'note' && (
        <TextForm
          label="What happened?"
          submit="Note it"
          hint="Shown to everybody among the events of this app."
          onSend={async (text) => {
            await state.client.send('POST', `/apps/${encodeURIComponent(app)}/annotations`, {
              fromMs: Math.round(fromS * 1000),
              toMs: Math.round(toS * 1000),
              text,
            });
            state.toast.value = 'Noted among the events';
            state.page.writes.value += 1;
            close(state);
          }}
        />
      )}
      {form === 'correct' && (
        <TextForm
          label="Why do these minutes not count?"
          submit="Take them out"
          hint="Of every objective of this app, good and bad requests alike. It can be taken back on an objective’s page."
          onSend={async (reason) => {
            await state.client.send('POST', `/apps/${encodeURIComponent(app)}/corrections`, {
              fromMs: Math.round(fromS * 1000),
              toMs: Math.round(toS * 1000),
              reason,
            });
            state.toast.value = 'Taken out of every objective of this app';
            close(state);
          }}
        />
      )}
    </div>
  );
}

/** Both ends as fields, so that a stretch can be set to the second without a pointer. */
function Ends({ fromS, toS, zone }: { fromS: number; toS: number; zone: Zone }) {
  const { cursor, clock } = useApp();
  const [fault, setFault] = useState('');
  function set(name: 'fromS' | 'toS', text: string) {
    const ms = parseInstant(text, clock.now(), zone);
    const span = cursor.span.peek();
    if (!span || ms === null) return setFault('A time such as 10:42 or 10:42:30.');
    const next = { ...span, [name]: ms / 1000 };
    if (next.toS <= next.fromS) return setFault('It ends before it begins.');
    cursor.span.value = next;
  }
  const field = (name: 'fromS' | 'toS', label: string, atS: number) => (
    <label>
      <span class="sr">{label}</span>
      <input
        type="text"
        autocomplete="off"
        spellcheck={false}
        aria-label={label}
        defaultValue={boxText(atS, zone, clock.now())}
        onChange={(event) => set(name, event.currentTarget.value)}
      />
    </label>
  );
  return (
    <div class="span-ends">
      {field('fromS', 'From', fromS)}
      <span aria-hidden="true">–</span>
      {field('toS', 'To', toS)}
      <span class="muted">
        {zoneName(toS * 1000, zone)} · {formatSpan((toS - fromS) * 1000)}
      </span>
      {fault && (
        <span class="fault" role="alert">
          {fault}
        </span>
      )}
    </div>
  );
}

interface TextFormProps {
  label: string;
  hint: string;
  submit: string;
  onSend(text: string): Promise<void>;
}

function TextForm({ label, hint, submit, onSend }: TextFormProps) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      class="span-form"
      onSubmit={async (event) => {
        event.preventDefault();
        const text = field.current?.value.trim() ?? '';
        if (!text || busy) return;
        setBusy(true);
        try {
          await onSend(text);
        } catch (error) {
          setFault(errorText(error));
          setBusy(false);
        }
      }}
    >
      <label>
        {label}
        <input ref={field} type="text" maxLength={500} required autocomplete="off" />
      </label>
      <button type="submit" class="primary" disabled={busy}>
        {submit}
      </button>
      <p class="muted hint">{hint}</p>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </form>
  );
}
