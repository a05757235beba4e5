/** The time range: a button that says it, and a panel with a box to type in and presets. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { IncidentListAnswer } from '../../api/contract/incidents.ts';
import type { SloListAnswer } from '../../api/contract/slos.ts';
import { DAY, MINUTE } from '../../model/time.ts';
import { formatRange, plural, zoneName } from '../format.ts';

import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { instantText, PRESETS, parseRange, rangeLabel, resolveRange } from '../state/rangeText.ts';

export function RangePicker() {
  const { range, clock, overlay, router } = useApp();
  const open = overlay.value === 'range';
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const onPress = (event: PointerEvent) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) overlay.value = 'none';
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape') close();
    };
    document.addEventListener('pointerdown', onPress);
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('pointerdown', onPress);
      document.removeEventListener('keydown', onKey);
    };
  }, [open]);
  // Another page begins with the panel closed, also one that comes after pages without a range.
  useEffect(() => {
    const shut = () => {
      if (overlay.peek() === 'range') overlay.value = 'none';
    };
    shut();
    return shut;
  }, [router.path.value]);
  function close() {
    overlay.value = 'none';
    button.current?.focus();
  }
  return (
    <div class="picker" ref={box}>
      <button
        ref={button}
        type="button"
        class="picker-button"
        aria-expanded={open}
        aria-haspopup="dialog"
        onClick={() => {
          if (open) close();
          else overlay.value = 'range';
        }}
      >
        <span class="sr">Time range: </span>
        {rangeLabel(range.text.value, clock.now(), range.zone.value)}
        <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
          <path d="M1.5 3.5 5 7l3.5-3.5" fill="none" stroke="currentColor" stroke-width="1.5" />
        </svg>
      </button>
      {open && <Panel onClose={close} />}
    </div>
  );
}

function Panel({ onClose }: { onClose(): void }) {
  const { range, clock, page, fleet } = useApp();
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const zone = range.zone.value;
  const nowMs = clock.now();
  const parsed = text.trim() ? parseRange(text, nowMs, zone) : null;
  const meant = resolveRange(parsed?.ok ? parsed.range : range.text.value, nowMs);
  // Of the app whose page this is, whatever range and release its pages show.
  const own = fleet.data.value?.apps.find((row) => row.app === page.app.value);
  const lastRelease = own?.lastRelease?.atMs ?? null;
  function choose(next: { from: string; to: string }) {
    range.set(next);
    onClose();
  }
  return (
    <div class="picker-panel" role="dialog" aria-label="Time range">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (parsed?.ok) choose(parsed.range);
        }}
      >
        <label for="range-text">Span, time, or range</label>
        <div class="row">
          <input
            id="range-text"
            ref={field}
            type="text"
            autocomplete="off"
            spellcheck={false}
            placeholder="90m, now-2h, around 10:42 ± 15m"
            value={text}
            aria-describedby="range-meant"
            aria-invalid={parsed !== null && !parsed.ok}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <button type="submit" class="primary" disabled={!parsed?.ok}>
            Apply
          </button>
        </div>
        <p id="range-meant" class={parsed && !parsed.ok ? 'fault' : 'muted'}>
          {parsed && !parsed.ok
            ? parsed.why
            : `${formatRange(meant.fromMs, meant.toMs, zone)} ${zoneName(meant.toMs, zone)}`}
        </p>
      </form>
      <ul class="presets">
        {PRESETS.map((preset) => (
          <li key={preset.span}>
            <button
              type="button"
              aria-pressed={range.text.value.from === `now-${preset.span}` && range.live.value}
              onClick={() => choose({ from: `now-${preset.span}`, to: 'now' })}
            >
              {preset.label}
            </button>
          </li>
        ))}
        {lastRelease !== null && (
          <li>
            <button type="button" onClick={() => choose({ from: instantText(lastRelease), to: 'now' })}>
              Since last release
            </button>
          </li>
        )}
        {page.app.value !== null && <PresetsOfApp app={page.app.value} onChoose={choose} />}
      </ul>
      <div class="picker-foot">
        <button type="button" class="quiet" onClick={() => range.pan(-0.5)}>
          <span aria-hidden="true">← </span>Earlier
        </button>
        <button type="button" class="quiet" onClick={() => range.zoom(0.5)}>
          Zoom in
        </button>
        <button type="button" class="quiet" onClick={() => range.zoom(2)}>
          Zoom out
        </button>
        <button type="button" class="quiet" disabled={range.live.value} onClick={() => range.pan(0.5)}>
          Later<span aria-hidden="true"> →</span>
        </button>
      </div>
    </div>
  );
}

interface PresetsProps {
  app: string;
  onChoose(range: { from: string; to: string }): void;
}

/** What was before an incident is part of it. */
const LEAD_MS = 10 * MINUTE;

/** The incident that is open, and the periods of the objectives: asked for when the panel opens. */
function PresetsOfApp({ app, onChoose }: PresetsProps) {
  const incidents = useAnswer<IncidentListAnswer>('/incidents', { query: { app, state: 'open', limit: 1 } });
  const slos = useAnswer<SloListAnswer>('/slos', { query: { app } });
  const open = incidents.data.value?.incidents[0];
  const days = [
    ...new Set(
      (slos.data.value?.slos ?? []).flatMap(({ period }) => /^(\d{1,3}) days$/.exec(period)?.[1] ?? []),
    ),
  ];
  return (
    <>
      {open && (
        <li>
          <button
            type="button"
            onClick={() => onChoose({ from: instantText(open.firingSinceMs - LEAD_MS), to: 'now' })}
          >
            This incident (#{open.number})
          </button>
        </li>
      )}
      {days
        .filter((count) => Number(count) * DAY > 7 * DAY && count !== '30')
        .map((count) => (
          <li key={count}>
            <button type="button" onClick={() => onChoose({ from: `now-${count}d`, to: 'now' })}>
              SLO period, {plural(Number(count), 'day')}
            </button>
          </li>
        ))}
    </>
  );
}
