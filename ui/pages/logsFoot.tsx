/** Around the lines: how they look and leave the page above; how long they are kept and what is not in them below. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { downloadCsv } from '../csv.ts';
import { formatBytes, formatCount, formatInstant, formatSpan, plural, zoneName } from '../format.ts';
import { herokuCommand, linesCsv, linesMarkdown, linesText } from '../logsText.ts';
import { CopyBlock } from '../parts/copy.tsx';
import { Explain } from '../parts/explain.tsx';
import { useApp } from '../state/context.ts';
import type { Logs } from '../state/logs.ts';
import type { Line } from '../state/logsBuffer.ts';
import { logsPrefs } from '../state/logsPrefs.ts';
import { leftOutText } from '../verdict/logs.ts';
import type { RowLook } from './logsRow.tsx';

const HOUR = 3_600_000;

/** How the lines look, and how they leave the page. */
export function LogsTools({ app, logs, look }: { app: string; logs: Logs; look: RowLook }) {
  return (
    <div class="log-tools">
      <Menu name="Options">
        <Check label="Wrap long lines" checked={look.wrap} onChange={(on) => (logsPrefs.wrap.value = on)} />
        <Check
          label="Chart above the lines"
          checked={logsPrefs.chart.value}
          onChange={(on) => (logsPrefs.chart.value = on)}
        />
        <Check
          label="Spoken summary of new lines every 10 s"
          checked={logsPrefs.speak.value}
          onChange={(on) => (logsPrefs.speak.value = on)}
        />
      </Menu>
      <Menu name="Copy">
        <CopyPanel app={app} logs={logs} />
      </Menu>
    </div>
  );
}

function Check(props: { label: string; checked: boolean; onChange(on: boolean): void }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={props.checked}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      {props.label}
    </label>
  );
}

/** Closes on Escape, on a press elsewhere, and when the focus leaves it. */
function Menu({ name, children }: { name: string; children: ComponentChildren }) {
  const box = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const onPress = (event: PointerEvent) => {
      if (event.target instanceof Node && !box.current?.contains(event.target))
        box.current?.removeAttribute('open');
    };
    document.addEventListener('pointerdown', onPress);
    return () => document.removeEventListener('pointerdown', onPress);
  }, []);
  return (
    <details
      class="menu log-copy"
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
      <summary>{name}</summary>
      <div class="menu-panel">{children}</div>
    </details>
  );
}

function CopyPanel({ app, logs }: { app: string; logs: Logs }) {
  const { range } = useApp();
  void logs.version.value;
  const lines = () => logs.buffer.items.filter((item): item is Line => item.kind === 'line');
  const heroku = herokuCommand(app, logs.filter.value, range.live.value);
  const count = formatCount(logs.buffer.lines);
  return (
    <>
      <p class="muted">The {count} lines that are loaded:</p>
      <div class="row">
        <LazyCopy text={() => linesText(lines())}>As text</LazyCopy>
        <LazyCopy text={() => linesMarkdown(`Logs of ${app}`, lines(), location.href)}>As Markdown</LazyCopy>
        <button type="button" onClick={() => downloadCsv(`${app}-logs`, linesCsv(lines()))}>
          CSV file
        </button>
      </div>
      <p class="muted">The same in a terminal:</p>
      <CopyBlock text={heroku.command} label="the heroku logs command" />
      {heroku.note && <p class="muted">{heroku.note}</p>}
    </>
  );
}

/** Builds its text when it is pressed: twenty thousand lines are not joined at every drawing. */
function LazyCopy({ text, children }: { text(): string; children: string }) {
  const { announce, toast } = useApp();
  const [done, setDone] = useState(false);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text());
      setDone(true);
      announce.value = 'Copied';
      setTimeout(() => setDone(false), 2500);
    } catch {
      toast.value = 'The browser did not allow copying; take the CSV file instead.';
    }
  }
  return (
    <button type="button" onClick={() => void copy()}>
      {done ? 'Copied' : children}
    </button>
  );
}

export function LogsFoot({ logs }: { logs: Logs }) {
  const { range, router } = useApp();
  const zone = range.zone.value;
  const answer = logs.answer.value;
  if (!answer || answer.empty === 'off' || answer.empty === 'notSetUp') return null;
  const { hours, keptFromMs, bytes, bytesMax } = answer.retention;
  const masked = logs.redactions.value;
  return (
    <footer class="log-foot muted" id="log-foot">
      <p>
        Kept for <a href={router.link('/settings/retention')}>{formatSpan(hours * HOUR)}</a>
        {keptFromMs !== null &&
          `, since ${formatInstant(keptFromMs, zone, false)} ${zoneName(keptFromMs, zone)}`}
        {` · ${formatBytes(bytes)} of this app; all apps have ${formatBytes(bytesMax)}`} ·{' '}
        {masked === 0 ? 'no secrets masked' : `${plural(masked, 'secret')} masked`} in the lines loaded
        <Explain about="retention and masking">
          What looks like a password, key, token, card number or e-mail address is replaced before a line is
          stored: {'{redacted}'}, {'{token}'}, {'{card}'}, {'{email}'}. The original is kept nowhere. When the
          space for all apps is full, the oldest lines go first.
        </Explain>
      </p>
      {answer.leftOut.map((part) => (
        <p key={`${part.source}${part.fromMs}`}>
          {leftOutText(part, zone)} {formatCount(part.leftOut)} of {formatCount(part.seen)} were left out.
        </p>
      ))}
    </footer>
  );
}
