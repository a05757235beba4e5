/** Jump to an app, page, code, release, objective or incident, or do something, by typing a part of its name. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { CodeTableAnswer } from '../../api/contract/codes.ts';
import type { IncidentListAnswer } from '../../api/contract/incidents.ts';
import type { SloListAnswer } from '../../api/contract/slos.ts';
import { showHidden } from '../clean.ts';
import { rankTargets } from '../fuzzy.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { Dialog } from './dialog.tsx';
import { listTargets, type Target } from './paletteTargets.ts';

const SHOWN_MAX = 12;
const LATEST = { limit: 50 };

export function Palette() {
  const state = useApp();
  const { fleet, overlay, prefs, router } = state;
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const codes = useAnswer<CodeTableAnswer>('/codes').data.value;
  const slos = useAnswer<SloListAnswer>('/slos').data.value;
  const incidents = useAnswer<IncidentListAnswer>('/incidents', { query: LATEST }).data.value;
  const apps = fleet.data.value;
  useEffect(() => {
    field.current?.focus();
    if (!fleet.data.peek()) void fleet.load();
  }, []);
  const all = useMemo(() => listTargets(state, { codes, slos, incidents }), [apps, codes, slos, incidents]);
  // Where one is already is nowhere to jump to.
  const recent = prefs.recent.value.filter((id) => id !== router.path.peek());
  const targets = rankTargets(all, text, recent).slice(0, SHOWN_MAX);
  const at = Math.min(chosen, Math.max(0, targets.length - 1));
  function close() {
    overlay.value = 'none';
  }
  function go(target: Target | undefined) {
    if (!target) return;
    close();
    prefs.noteRecent(target.id);
    target.run();
  }
  function onKey(event: KeyboardEvent) {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && targets.length > 0) {
      event.preventDefault();
      setChosen((at + step + targets.length) % targets.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      go(targets[at]);
    }
  }
  return (
    <Dialog title="Jump to" bare onClose={close}>
      <input
        ref={field}
        class="palette-field"
        type="text"
        role="combobox"
        aria-label="Jump to app, page, code, release, SLO or incident, or do something"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={targets.length > 0 ? `palette-${at}` : undefined}
        autocomplete="off"
        spellcheck={false}
        placeholder="App, page, code, release, SLO, incident, action"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKey}
      />
      <div id="palette-list" role="listbox" aria-label="Results" class="palette-list">
        {targets.map((target, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the field (combobox)
          <div
            key={target.id}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            class="palette-item"
            onClick={() => go(target)}
          >
            <span class="cut">{showHidden(target.label)}</span>
            <span class="muted">{target.kind}</span>
          </div>
        ))}
      </div>
      {targets.length === 0 && <p class="muted palette-none">Nothing is called that.</p>}
    </Dialog>
  );
}
