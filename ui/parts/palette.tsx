/** Jump to an app, a page or a code by typing a part of its name. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { showHidden } from '../clean.ts';
import { useApp } from '../state/context.ts';
import { Dialog } from './dialog.tsx';

interface Target {
  label: string;
  kind: string;
  href: string;
}

const SHOWN_MAX = 12;

export function Palette() {
  const state = useApp();
  const { fleet, router, overlay } = state;
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    if (!fleet.data.peek()) void fleet.load();
  }, []);
  const targets = rankTargets(listTargets(state), text).slice(0, SHOWN_MAX);
  const at = Math.min(chosen, Math.max(0, targets.length - 1));
  function close() {
    overlay.value = 'none';
  }
  function go(target: Target | undefined) {
    if (!target) return;
    close();
    router.push(target.href);
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
        aria-label="Jump to app, page or code"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={targets.length > 0 ? `palette-${at}` : undefined}
        autocomplete="off"
        spellcheck={false}
        placeholder="App, page or code"
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
            key={target.href + target.label}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            class="palette-item"
            onClick={() => go(target)}
          >
            <span>{showHidden(target.label)}</span>
            <span class="muted">{target.kind}</span>
          </div>
        ))}
      </div>
      {targets.length === 0 && <p class="muted palette-none">Nothing is called that.</p>}
    </Dialog>
  );
}

function listTargets({ fleet, router, page }: ReturnType<typeof useApp>): Target[] {
  const app = page.app.value;
  const base = app ? `/a/${encodeURIComponent(app)}` : '';
  const rows = fleet.data.value?.apps ?? [];
  const codes = new Set(rows.flatMap((row) => (row.app === app && row.topCode ? [row.topCode.code] : [])));
  for (const code of ['H10', 'H12', 'H13', 'H14', 'H18', 'H20', 'R14', 'R15']) codes.add(code);
  return [
    ...rows.map((row) => ({
      label: row.app,
      kind: 'app',
      href: router.link(`/a/${encodeURIComponent(row.app)}`),
    })),
    ...(app
      ? [
          { label: `Objectives of ${app}`, kind: 'page', href: router.link(`${base}/slo`) },
          { label: `Rules of ${app}`, kind: 'page', href: router.link(`${base}/alerts`) },
          { label: `Drain health of ${app}`, kind: 'page', href: router.link(`${base}/health`) },
        ]
      : []),
    ...(app
      ? [...codes].map((code) => ({
          label: `${code} on ${app}`,
          kind: 'code',
          href: router.link(`${base}/codes/${code}`),
        }))
      : []),
    { label: 'Fleet', kind: 'page', href: router.link('/') },
    { label: 'Incidents', kind: 'page', href: router.link('/incidents') },
    { label: 'Objectives (SLOs)', kind: 'page', href: router.link('/slo') },
    { label: 'Rules', kind: 'page', href: router.link('/alerts') },
    { label: 'Receivers', kind: 'page', href: router.link('/receivers') },
    { label: 'On call and routes', kind: 'page', href: router.link('/on-call') },
    { label: 'Silences and maintenance', kind: 'page', href: router.link('/silences') },
    { label: 'Drain health', kind: 'page', href: router.link('/health') },
    { label: 'Settings', kind: 'page', href: router.link('/settings') },
    { label: 'Add an app', kind: 'page', href: router.link('/setup') },
  ];
}

/** Targets whose label contains the letters in order; those that start with the text first, then those that contain it. */
export function rankTargets<T extends { label: string }>(targets: T[], text: string): T[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return targets;
  const scored = targets.map((target) => ({ target, score: scoreLabel(target.label.toLowerCase(), wanted) }));
  return scored
    .filter((one) => one.score < 3)
    .sort((a, b) => a.score - b.score)
    .map((one) => one.target);
}

function scoreLabel(label: string, wanted: string): number {
  if (label.startsWith(wanted)) return 0;
  if (label.includes(wanted)) return 1;
  let at = 0;
  for (const character of label) if (character === wanted[at]) at++;
  return at === wanted.length ? 2 : 3;
}
