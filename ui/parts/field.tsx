/** A labelled text field with its fault beside it, and a form that says what went wrong. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ClientError, errorText } from '../client.ts';

interface FieldProps {
  name: string;
  label: string;
  type?: 'text' | 'email' | 'password' | 'url';
  hint?: ComponentChildren;
  value?: string;
  autocomplete?: string;
  required?: boolean;
  minLength?: number;
  mono?: boolean;
  pattern?: string;
  fault?: string;
}

export function Field(props: FieldProps) {
  const [shown, setShown] = useState(false);
  const secret = props.type === 'password';
  const notes = [props.hint && `${props.name}-hint`, props.fault && `${props.name}-fault`]
    .filter(Boolean)
    .join(' ');
  return (
    <div class="field">
      <label for={props.name}>{props.label}</label>
      <div class="row">
        <input
          id={props.name}
          name={props.name}
          type={(secret && shown ? 'text' : (props.type ?? 'text')) as 'text'}
          class={props.mono ? 'mono' : ''}
          defaultValue={props.value}
          autocomplete={props.autocomplete ?? 'off'}
          autocapitalize="none"
          spellcheck={false}
          required={props.required ?? true}
          minLength={props.minLength}
          pattern={props.pattern}
          aria-describedby={notes || undefined}
          aria-invalid={props.fault ? true : undefined}
        />
        {secret && (
          <button type="button" class="quiet" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? 'Hide' : 'Show'}
            <span class="sr"> {props.label}</span>
          </button>
        )}
      </div>
      {props.hint && (
        <p class="muted hint" id={`${props.name}-hint`}>
          {props.hint}
        </p>
      )}
      {props.fault && (
        <p class="fault" id={`${props.name}-fault`}>
          {props.fault}
        </p>
      )}
    </div>
  );
}

interface FormProps {
  submit: string;
  busyWord?: string;
  onSend(values: Record<string, string>): Promise<void>;
  children: (faultOf: (field: string) => string | undefined) => ComponentChildren;
  inline?: boolean;
}

/** Sends once at a time; faults of the answer stand at their fields, everything else above the button. */
export function Form({ submit, busyWord, onSend, children, inline }: FormProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [faults, setFaults] = useState<{ field: string; message: string }[]>([]);
  async function send(event: SubmitEvent) {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const values: Record<string, string> = {};
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') values[name] = value;
    setBusy(true);
    setError(null);
    setFaults([]);
    try {
      await onSend(values);
      form.reset();
    } catch (thrown) {
      const found = thrown instanceof ClientError ? thrown.faults : [];
      setFaults(found);
      const named = found.filter((fault) => form.elements.namedItem(fault.field));
      // A fault without a field of its name is told in words, so that none is lost.
      const rest = found
        .filter((fault) => !named.includes(fault))
        .map((fault) => (fault.field ? `${fault.field}: ${fault.message}` : fault.message));
      setError(named.length > 0 && rest.length === 0 ? null : [errorText(thrown), ...rest].join(' '));
      const first = named[0] && form.elements.namedItem(named[0].field);
      if (first instanceof HTMLElement) first.focus();
    }
    setBusy(false);
  }
  return (
    <form class={inline ? 'form form-inline' : 'form'} onSubmit={(event) => void send(event)}>
      {children((field) => faults.find((fault) => fault.field === field)?.message)}
      {error && (
        <p class="fault" role="alert">
          {error}
        </p>
      )}
      <button type="submit" class="primary" disabled={busy}>
        {busy ? (busyWord ?? 'Sending…') : submit}
      </button>
    </form>
  );
}
