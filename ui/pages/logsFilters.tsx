/** What is shown of the lines: typed words, fields with how often each value stands in the range, and chips to drop. */
import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { LogHistogramAnswer } from '../../api/contract/logs.ts';
import { showHidden } from '../clean.ts';
import { formatNumber } from '../format.ts';
import {
  isSame,
  LIST_FIELDS,
  type ListField,
  type LogsFilter,
  parseTyped,
  type Term,
  termText,
  withoutTerm,
  withTerm,
} from '../state/logsFilter.ts';

interface Props {
  filter: LogsFilter;
  facets: LogHistogramAnswer['facets'] | null;
  /** Names of patterns by id, as far as they are known. */
  patternName(id: string): string | null;
  field: RefObject<HTMLInputElement | null>;
  onChange(filter: LogsFilter): void;
}

const NAMES: Record<ListField, string> = {
  source: 'Source',
  dyno: 'Dyno',
  code: 'Code',
  status: 'Status',
  level: 'Level',
};

export function LogsFilters(props: Props) {
  const { filter, field, onChange } = props;
  const [text, setText] = useState('');
  function apply(event: Event) {
    event.preventDefault();
    const terms = parseTyped(text);
    if (terms.length === 0) return;
    onChange(terms.reduce(withTerm, filter));
    setText('');
  }
  return (
    <search class="log-filters" aria-label="Filter">
      <div class="log-filter-row">
        <form onSubmit={apply} class="log-filter-form">
          <label class="sr" for="log-filter">
            Filter lines
          </label>
          <input
            id="log-filter"
            ref={field}
            type="text"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            placeholder={'words, "exact words", -without, dyno:web.1'}
            title="Filter ( f )"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') event.currentTarget.blur();
            }}
          />
          <button type="submit">Filter</button>
        </form>
        <div class="log-facets">
          {LIST_FIELDS.map((name) => (
            <Facet key={name} {...props} name={name} />
          ))}
        </div>
      </div>
      {filter.length > 0 && (
        <ul class="log-chips" aria-label="Filters that are set">
          {filter.map((term) => (
            <li key={termText(term)}>
              <Chip {...props} term={term} />
            </li>
          ))}
          {filter.length > 1 && (
            <li>
              <button type="button" class="quiet" onClick={() => onChange([])}>
                Clear all
              </button>
            </li>
          )}
        </ul>
      )}
    </search>
  );
}

/** A filter that is set: the word turns it around, the cross drops it. */
function Chip({ filter, term, patternName, onChange }: Props & { term: Term }) {
  const known = term.field === 'pattern' ? patternName(term.value) : null;
  const shown = showHidden(known === null ? termText({ ...term, isNot: false }) : `pattern ${known}`);
  const turned = { ...term, isNot: !term.isNot };
  return (
    <span class={`log-chip${term.isNot ? ' log-chip-not' : ''}`}>
      {term.field === 'pattern' ? (
        <span class="log-chip-text cut" title={shown}>
          {shown}
        </span>
      ) : (
        <button
          type="button"
          class="log-chip-text cut"
          title={
            term.isNot ? 'Left out. Press to ask for it instead' : 'Asked for. Press to leave it out instead'
          }
          onClick={() => onChange(withTerm(filter, turned))}
        >
          {term.isNot && <strong>not </strong>}
          {shown}
        </button>
      )}
      <button
        type="button"
        class="log-chip-drop"
        aria-label={`Drop ${showHidden(termText(term))}`}
        onClick={() => onChange(withoutTerm(filter, term))}
      >
        ×
      </button>
    </span>
  );
}

/** Values of one field, most frequent first, each to be asked for or left out. */
function Facet({ name, filter, facets, onChange }: Props & { name: ListField }) {
  const box = useRef<HTMLDetailsElement>(null);
  const own = filter.filter((term) => term.field === name);
  const found = facets?.[name] ?? [];
  // What is set stays in sight, also where the range has nothing of it.
  const missing = own.filter((term) => !found.some((facet) => facet.value === term.value));
  const values = [...missing.map((term) => ({ value: term.value, count: 0 })), ...found];
  const toggle = (term: Term) =>
    onChange(own.some((other) => isSame(other, term)) ? withoutTerm(filter, term) : withTerm(filter, term));
  return (
    <details
      class="menu log-facet"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !event.currentTarget.open) return;
        event.preventDefault();
        event.stopPropagation();
        event.currentTarget.open = false;
        event.currentTarget.querySelector('summary')?.focus();
      }}
      onFocusOut={(event) => {
        if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget))
          event.currentTarget.open = false;
      }}
    >
      <summary class={own.length > 0 ? 'log-facet-set' : ''}>
        {NAMES[name]}
        {own.length > 0 && <span class="muted"> {own.length}</span>}
        <svg width="9" height="9" viewBox="0 0 10 10" aria-hidden="true">
          <path d="M1.5 3.5 5 7l3.5-3.5" fill="none" stroke="currentColor" stroke-width="1.5" />
        </svg>
      </summary>
      <div class="menu-panel log-facet-panel">
        {values.length === 0 && <p class="muted">None in this range.</p>}
        <ul>
          {values.map(({ value, count }) => {
            const asked = { field: name, value, isNot: false };
            const left = { field: name, value, isNot: true };
            const is = (term: Term) => own.some((other) => isSame(other, term));
            return (
              <li key={value}>
                <button
                  type="button"
                  class="quiet log-facet-value"
                  aria-pressed={is(asked)}
                  onClick={() => toggle(asked)}
                >
                  <span class="cut">{showHidden(value)}</span>
                  <span class="num muted">{formatNumber(count)}</span>
                </button>
                <button
                  type="button"
                  class="quiet log-facet-not"
                  aria-pressed={is(left)}
                  aria-label={`Leave out ${showHidden(value)}`}
                  title="Leave out"
                  onClick={() => toggle(left)}
                >
                  −
                </button>
              </li>
            );
          })}
        </ul>
      </div>
    </details>
  );
}
