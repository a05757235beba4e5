/** Inputs of forms whose values a page holds: a label, what it is for, and its fault in words beside it. */
import type { ComponentChildren } from 'preact';
import { zoneName } from '../format.ts';
import { fieldOfMs, msOfField } from '../localTime.ts';
import { useApp } from '../state/context.ts';

export interface Common {
  /** Also the id: unique on the page. */
  name: string;
  label: string;
  hint?: ComponentChildren;
  fault?: string | undefined;
}

interface Attributes {
  id: string;
  name: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

export function Labelled(
  props: Common & { wide?: boolean; children: (attributes: Attributes) => ComponentChildren },
) {
  const { name, label, hint, fault } = props;
  const notes = [hint && `${name}-hint`, fault && `${name}-fault`].filter(Boolean).join(' ');
  return (
    <div class={`field${props.wide ? ' field-wide' : ''}`}>
      <label for={name}>{label}</label>
      {props.children({
        id: name,
        name,
        'aria-describedby': notes || undefined,
        'aria-invalid': fault ? true : undefined,
      })}
      <Notes name={name} hint={hint} fault={fault} />
    </div>
  );
}

function Notes({ name, hint, fault }: Pick<Common, 'name' | 'hint' | 'fault'>) {
  return (
    <>
      {hint && (
        <p class="muted hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      {fault && (
        <p class="fault" id={`${name}-fault`}>
          {fault}
        </p>
      )}
    </>
  );
}

interface TextProps extends Common {
  value: string;
  onInput(value: string): void;
  type?: 'text' | 'url' | 'email' | 'password' | 'time' | 'date';
  placeholder?: string;
  mono?: boolean;
  unit?: string;
  inputMode?: 'decimal' | 'numeric' | 'text';
  wide?: boolean;
  list?: string;
}

export function TextBox(props: TextProps) {
  return (
    <Labelled {...props}>
      {(attributes) => (
        <div class="row">
          <input
            {...attributes}
            type={(props.type ?? 'text') as 'text'}
            class={props.mono ? 'mono' : ''}
            value={props.value}
            placeholder={props.placeholder}
            inputMode={props.inputMode}
            list={props.list}
            autocomplete={props.type === 'password' ? 'new-password' : 'off'}
            autocapitalize="none"
            spellcheck={false}
            onInput={(event) => props.onInput(event.currentTarget.value)}
          />
          {props.unit && <span class="muted unit">{props.unit}</span>}
        </div>
      )}
    </Labelled>
  );
}

interface LongTextProps extends Common {
  value: string;
  onInput(value: string): void;
  rows?: number;
  mono?: boolean;
}

export function LongText(props: LongTextProps) {
  return (
    <Labelled {...props} wide>
      {(attributes) => (
        <textarea
          {...attributes}
          rows={props.rows ?? 3}
          class={props.mono ? 'mono' : ''}
          spellcheck={!props.mono}
          value={props.value}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Labelled>
  );
}

interface ChoiceProps<Value extends string> extends Common {
  value: Value;
  options: readonly { value: NoInfer<Value>; label: string }[];
  onChange(value: NoInfer<Value>): void;
}

export function Choice<Value extends string>(props: ChoiceProps<Value>) {
  return (
    <Labelled {...props}>
      {(attributes) => (
        <select
          {...attributes}
          value={props.value}
          onChange={(event) => props.onChange(event.currentTarget.value as Value)}
        >
          {props.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

interface TickProps {
  name: string;
  label: ComponentChildren;
  hint?: ComponentChildren;
  checked: boolean;
  onChange(checked: boolean): void;
}

export function Tick({ name, label, hint, checked, onChange }: TickProps) {
  return (
    <div class="field">
      <label class="check">
        <input
          type="checkbox"
          name={name}
          checked={checked}
          aria-describedby={hint ? `${name}-hint` : undefined}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        <span>{label}</span>
      </label>
      {hint && (
        <p class="muted hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface InstantProps extends Common {
  valueMs: number | null;
  onChange(ms: number | null): void;
}

/** An instant in the zone that the page shows; the label names it. */
export function InstantBox(props: InstantProps) {
  const { range, clock } = useApp();
  const zone = range.zone.value;
  return (
    <Labelled {...props} label={`${props.label} (${zoneName(props.valueMs ?? clock.now(), zone)})`}>
      {(attributes) => (
        <input
          {...attributes}
          type="datetime-local"
          value={fieldOfMs(props.valueMs, zone)}
          onInput={(event) => props.onChange(msOfField(event.currentTarget.value, zone))}
        />
      )}
    </Labelled>
  );
}

interface ManyProps<Value extends string> {
  legend: string;
  hint?: ComponentChildren;
  fault?: string | undefined;
  name: string;
  options: readonly { value: Value; label: string }[];
  values: readonly Value[];
  onChange(values: Value[]): void;
}

/** Several of a few: a box to tick each. */
export function Many<Value extends string>(props: ManyProps<Value>) {
  const { name, hint, fault, values } = props;
  const notes = [hint && `${name}-hint`, fault && `${name}-fault`].filter(Boolean).join(' ');
  return (
    <fieldset class="field field-wide many" aria-describedby={notes || undefined}>
      <legend>{props.legend}</legend>
      <div class="many-row">
        {props.options.map((option) => (
          <label class="check" key={option.value}>
            <input
              type="checkbox"
              name={name}
              value={option.value}
              checked={values.includes(option.value)}
              onChange={(event) =>
                props.onChange(
                  event.currentTarget.checked
                    ? [...values, option.value]
                    : values.filter((value) => value !== option.value),
                )
              }
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
      <Notes name={name} hint={hint} fault={fault} />
    </fieldset>
  );
}

/** A list typed with commas; what is typed stays as typed until it is sent. */
export function splitList(text: string): string[] {
  return [
    ...new Set(
      text
        .split(/[,\n]/)
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
  ];
}
