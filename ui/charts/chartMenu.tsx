/** What else can be done with a chart: taken along as text, table or picture, or a stretch of it chosen by hand. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Columns, RangeAnswer } from '../../api/contract/time.ts';
import { downloadCsv } from '../csv.ts';
import { useApp } from '../state/context.ts';
import { chartCsv } from './chartTable.tsx';

interface Props {
  chart: string;
  title: string;
  columns: Columns;
  range: RangeAnswer;
  /** The chart in a sentence. */
  summary: string;
  canSelect: boolean;
  /** Where there is no room for a switch of its own. */
  table: { isOpen: boolean; toggle(): void } | null;
  /** Draws the plot; null where a table stands in its place. */
  pictureOf: (() => HTMLCanvasElement | null) | null;
}

export function ChartMenu({ chart, title, columns, range, summary, canSelect, table, pictureOf }: Props) {
  const state = useApp();
  const { page, toast, cursor } = state;
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>('.menu-items button')?.focus({ preventScroll: true });
    const onPress = (event: PointerEvent) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', onPress);
    return () => document.removeEventListener('pointerdown', onPress);
  }, [open]);
  const name = `${page.app.peek() ?? 'drainboard'}-${title}`;
  const item = (text: string, does: () => void) => (
    <li>
      <button
        type="button"
        onClick={() => {
          setOpen(false);
          button.current?.focus({ preventScroll: true });
          does();
        }}
      >
        {text}
      </button>
    </li>
  );
  async function copyMarkdown() {
    const { chartMarkdown } = await import('./markdown.ts');
    const text = chartMarkdown({
      title,
      app: page.app.peek(),
      columns,
      range,
      summary,
      zone: state.range.zone.peek(),
      address: absoluteAddress(range),
    });
    try {
      await navigator.clipboard.writeText(text);
      toast.value = `${title} copied as Markdown`;
    } catch {
      toast.value = 'The browser did not allow copying.';
    }
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the list from anywhere in it
    <div
      class="menu"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        setOpen(false);
        button.current?.focus();
      }}
    >
      <button
        ref={button}
        type="button"
        class="quiet menu-button"
        aria-expanded={open}
        aria-label={`More about ${title}`}
        onClick={() => setOpen(!open)}
      >
        <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
          <path
            d="M2 7h.01M7 7h.01M12 7h.01"
            stroke="currentColor"
            stroke-width="2.5"
            stroke-linecap="round"
          />
        </svg>
      </button>
      {open && (
        <ul class="menu-items" aria-label={`More about ${title}`}>
          {table && item(table.isOpen ? 'View as chart' : 'View as table', table.toggle)}
          {canSelect &&
            page.app.value !== null &&
            item('Choose a stretch', () => {
              const third = (range.to - range.from) / 3;
              const at = cursor.atS.peek() ?? state.range.pin.peek();
              const fromS = at === null ? range.from + third : Math.max(range.from, at - third / 2);
              cursor.choose(chart, Math.round(fromS), Math.round(Math.min(range.to, fromS + third)));
            })}
          {item('Copy as Markdown', () => void copyMarkdown())}
          {item('Download CSV', () => downloadCsv(name, chartCsv(columns)))}
          {pictureOf && item('Download PNG', () => downloadPicture(name, pictureOf()))}
        </ul>
      )}
    </div>
  );
}

/** The page with its range as instants, so that a link pasted somewhere shows tomorrow what it shows now. */
function absoluteAddress(range: RangeAnswer): string {
  const url = new URL(location.href);
  const text = (atS: number) => `${new Date(atS * 1000).toISOString().slice(0, 19)}Z`;
  url.searchParams.set('from', text(range.from));
  url.searchParams.set('to', text(range.to));
  return url.href.replaceAll('%3A', ':');
}

function downloadPicture(name: string, canvas: HTMLCanvasElement | null) {
  canvas?.toBlob((blob) => {
    if (!blob) return;
    const url = URL.createObjectURL(blob);
    const link = document.createElement('a');
    link.href = url;
    link.download = `${name.replace(/[^\w.-]+/g, '-')}.png`;
    link.click();
    // The download has its own reference by the next turn of the loop.
    setTimeout(() => URL.revokeObjectURL(url), 0);
  }, 'image/png');
}
