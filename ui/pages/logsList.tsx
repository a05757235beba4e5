/**
 * Lines in a scroll box of their own, newest at the bottom. Only rows in sight are drawn. Where the reader is stays where
 * it is, whatever is added above or below; at the end, and as long as nothing holds it, the box follows.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { evenRows, guessHeightPx, type Rows, unevenRows, type Window, windowOf } from '../logsWindow.ts';
import type { PauseReason } from '../state/logs.ts';
import type { Hole, Item } from '../state/logsBuffer.ts';
import type { Term } from '../state/logsFilter.ts';
import { HoleRow, LogRow, type RowLook } from './logsRow.tsx';

/** What keys and buttons of the page do with the list. */
export interface ListControl {
  /** Moves the focus among rows; the id of the row that has it now, null without rows. */
  move(step: number): string | null;
  focusRow(id: string): void;
  /** Brings a row to the top of the window, below the bar of the page. */
  lift(id: string): void;
  /** Scrolls to the newest line and gives the focus to the box. */
  toEnd(): void;
}

export interface Token {
  term: Term;
  requestId: string | null;
  /** Where the menu opens. */
  at: DOMRect;
}

interface Props {
  items: readonly Item[];
  /** Changes whenever the items do. */
  version: number;
  label: string;
  look: RowLook;
  /** The end stays in sight. */
  follows: boolean;
  openId: string | null;
  /** A new one starts at the end again (or at `startId`): other lines altogether. */
  epoch: unknown;
  /** Row that is in sight first, instead of the end. */
  startId?: string | null;
  control: { current: ListControl | null };
  onOpen(id: string): void;
  onToken(token: Token): void;
  onHold(reason: PauseReason): void;
  /** The reader scrolled down to the newest line. */
  onEnd(): void;
  /** The oldest line is near. */
  onTop(): void;
  onSelect(text: string): void;
  onFill(hole: Hole): void;
  /** Above the oldest line: how far back it goes. */
  head: ComponentChildren;
}

/** Scrolled up this far, the reader has left the end. */
const LEAVE_PX = 16;
const NEAR_TOP_PX = 400;
const LIFT_GAP_PX = 8;
const BOX_MIN_PX = 288;
/** The bar below the box, and a line of what is kept. */
const BELOW_PX = 84;
const SPARE_ROWS = 24;

/** What the style sheet makes of a row, measured once a width. */
interface Measures {
  boxPx: number;
  rowPx: number;
  linePx: number;
  /** Letters that fit beside the columns. */
  letters: number;
}

export function LogList(props: Props) {
  const { items, version, look, follows, openId } = props;
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const sample = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const heights = useRef(new Map<string, number>());
  const [measures, setMeasures] = useState<Measures | null>(null);
  const [measured, setMeasured] = useState(0);
  const [, draw] = useState(0);
  const [activeId, setActiveId] = useState<string | null>(null);
  /** The first row in sight and where it stands: it stays there. */
  const anchor = useRef<{ id: string; px: number } | null>(null);
  const own = useRef<{ top: number; epoch: unknown; focus: string | null }>({
    top: -1,
    epoch: box,
    focus: null,
  });

  const rows = useMemo(
    () => buildRows(items, look.wrap, measures, heights.current),
    [items, version, look.wrap, measures, measured],
  );
  const scrollPx = box.current ? box.current.scrollTop - (list.current?.offsetTop ?? 0) : 0;
  const boxPx = measures?.boxPx ?? 0;
  const drawn = windowOf(rows, follows ? rows.totalPx - boxPx : scrollPx, boxPx, SPARE_ROWS);
  const state = useRef<{ rows: Rows; drawn: Window }>({ rows, drawn });
  state.current = { rows, drawn };

  function scrollTo(top: number) {
    const element = box.current;
    if (!element) return;
    element.scrollTop = top;
    own.current.top = element.scrollTop;
  }

  function remember() {
    const element = box.current;
    const offset = list.current?.offsetTop ?? 0;
    if (!element) return;
    const index = state.current.rows.indexAt(element.scrollTop - offset);
    const item = latest.current.items[index];
    anchor.current = item
      ? { id: item.id, px: state.current.rows.topOf(index) + offset - element.scrollTop }
      : null;
  }

  // What a row measures changes with the width and with the size of letters.
  useEffect(() => {
    const element = box.current;
    const probe = sample.current;
    if (!element || !probe) return;
    let last = '';
    const observer = new ResizeObserver(() => {
      const next = measure(element, probe);
      const text = JSON.stringify(next);
      if (text === last) return;
      last = text;
      heights.current.clear();
      setMeasures(next);
    });
    observer.observe(element);
    observer.observe(probe);
    return () => observer.disconnect();
  }, [look.wrap]);

  // The box ends where the window ends: the newest line is in sight without scrolling the page.
  useEffect(() => {
    const element = box.current;
    const main = element?.closest('main');
    if (!element || !main) return;
    const fill = () => {
      const topPx = element.getBoundingClientRect().top + scrollY;
      const px = Math.max(BOX_MIN_PX, innerHeight - topPx - BELOW_PX);
      // On a phone that would be a slit; the style sheet gives it most of the screen instead.
      element.style.height = innerWidth < 720 ? '' : `${Math.round(px)}px`;
    };
    const observer = new ResizeObserver(fill);
    observer.observe(main);
    addEventListener('resize', fill);
    fill();
    return () => {
      observer.disconnect();
      removeEventListener('resize', fill);
    };
  }, []);

  // Heights guessed too low or too high are put right before anything is painted.
  useLayoutEffect(() => {
    if (!look.wrap || !list.current || !measures) return;
    let differs = false;
    for (const row of list.current.children) {
      const id = (row as HTMLElement).dataset.id;
      if (id === undefined) continue;
      const px = (row as HTMLElement).offsetHeight;
      if (px > 0 && heights.current.get(id) !== px) {
        heights.current.set(id, px);
        differs = true;
      }
    }
    if (differs) setMeasured((count) => count + 1);
  });

  // Rows came, went, or turned out higher: what was in sight stays in sight.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !measures) return;
    const offset = list.current?.offsetTop ?? 0;
    const { startId, epoch } = latest.current;
    if (own.current.epoch !== epoch && items.length > 0) {
      own.current.epoch = epoch;
      const index = startId ? items.findIndex((item) => item.id === startId) : -1;
      scrollTo(index < 0 ? element.scrollHeight : rows.topOf(index) + offset - measures.boxPx / 3);
    } else if (follows) scrollTo(element.scrollHeight);
    else if (anchor.current) {
      const { id, px } = anchor.current;
      const index = items.findIndex((item) => item.id === id);
      if (index >= 0) scrollTo(rows.topOf(index) + offset - px);
    }
    remember();
    // The window of this drawing was chosen before the scroll.
    draw((count) => count + 1);
  }, [rows, follows, measures, props.epoch]);

  useLayoutEffect(() => {
    const id = own.current.focus;
    if (id === null) return;
    const row = list.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"] button`);
    if (!row) return;
    own.current.focus = null;
    row.focus({ preventScroll: true });
  });

  function onScroll() {
    const element = box.current;
    if (!element) return;
    const { rows: now, drawn: have } = state.current;
    const top = element.scrollTop;
    const want = windowOf(now, top - (list.current?.offsetTop ?? 0), element.clientHeight, 0);
    if (want.from < have.from || want.to > have.to) draw((count) => count + 1);
    const wasOurs = Math.abs(top - own.current.top) < 1;
    const wentDown = top > own.current.top;
    own.current.top = top;
    remember();
    if (wasOurs) return;
    const restPx = element.scrollHeight - element.clientHeight - top;
    if (latest.current.follows) {
      if (restPx > LEAVE_PX) latest.current.onHold('scroll');
    } else if (restPx < 2 && wentDown) latest.current.onEnd();
    if (top < NEAR_TOP_PX && !wentDown) latest.current.onTop();
  }

  // A box that is not filled cannot be scrolled: what is older is fetched without being asked for.
  useEffect(() => {
    if (measures && items.length > 0 && rows.totalPx < measures.boxPx) latest.current.onTop();
  }, [rows, measures]);

  useEffect(() => {
    const onSelection = () => {
      const selection = getSelection();
      const inside = selection?.anchorNode && list.current?.contains(selection.anchorNode);
      const text = inside && !selection.isCollapsed ? selection.toString() : '';
      if (text) latest.current.onHold('selection');
      latest.current.onSelect(text);
    };
    document.addEventListener('selectionchange', onSelection);
    return () => document.removeEventListener('selectionchange', onSelection);
  }, []);

  function focusRow(id: string) {
    const element = box.current;
    const { rows: now } = state.current;
    const index = latest.current.items.findIndex((item) => item.id === id);
    if (!element || index < 0) return;
    const offset = list.current?.offsetTop ?? 0;
    const top = now.topOf(index) + offset;
    const bottom = now.topOf(index + 1) + offset;
    latest.current.onHold('focus');
    if (top < element.scrollTop) scrollTo(top);
    else if (bottom > element.scrollTop + element.clientHeight) scrollTo(bottom - element.clientHeight);
    remember();
    own.current.focus = id;
    setActiveId(id);
    draw((count) => count + 1);
  }

  useEffect(() => {
    const { control } = latest.current;
    control.current = {
      focusRow,
      lift(id) {
        const element = box.current;
        const index = latest.current.items.findIndex((item) => item.id === id);
        if (!element || index < 0) return;
        scrollTo(state.current.rows.topOf(index) + (list.current?.offsetTop ?? 0));
        remember();
        draw((count) => count + 1);
        // Below the newest line there is nothing to scroll to: the page moves instead.
        requestAnimationFrame(() => {
          const barPx = document.querySelector('header.top')?.getBoundingClientRect().height ?? 0;
          const row = list.current?.querySelector(`[data-id="${CSS.escape(id)}"]`);
          if (row) scrollBy(0, row.getBoundingClientRect().top - barPx - LIFT_GAP_PX);
        });
      },
      move(step) {
        const element = box.current;
        const all = latest.current.items;
        if (!element || all.length === 0) return null;
        const focused = element.contains(document.activeElement)
          ? document.activeElement?.closest<HTMLElement>('[data-id]')?.dataset.id
          : undefined;
        const from = latest.current.openId ?? focused ?? null;
        const at = from === null ? -1 : all.findIndex((item) => item.id === from);
        const offset = list.current?.offsetTop ?? 0;
        // From nowhere, j goes to the first row in sight and k to the last.
        const edge = element.scrollTop - offset + (step > 0 ? 1 : element.clientHeight - 2);
        const next = at < 0 ? state.current.rows.indexAt(Math.max(0, edge)) : at + step;
        const item = all[Math.min(Math.max(next, 0), all.length - 1)];
        if (item) focusRow(item.id);
        return item?.id ?? null;
      },
      toEnd() {
        const element = box.current;
        if (!element) return;
        scrollTo(element.scrollHeight);
        remember();
        element.focus({ preventScroll: true });
        draw((count) => count + 1);
      },
    };
  }, []);

  function onClick(event: MouseEvent) {
    const target = event.target as Element;
    const row = target.closest<HTMLElement>('.log-row');
    const id = row?.dataset.id;
    if (id === undefined || row?.classList.contains('log-hole')) return;
    // What was just selected is not taken for a press.
    if (getSelection()?.isCollapsed === false && !target.closest('button')) return;
    const token = target.closest<HTMLElement>('.tok[data-field]');
    // A finger cannot hit a word for sure: it opens the line, where everything has a button.
    if (token && !matchMedia('(pointer: coarse)').matches) {
      const { field, value = '', rid } = token.dataset;
      const term = { field: field as Term['field'], value, isNot: false };
      props.onHold('focus');
      return props.onToken({ term, requestId: rid ?? null, at: token.getBoundingClientRect() });
    }
    setActiveId(id);
    props.onOpen(id);
  }

  const shown = items.slice(drawn.from, drawn.to);
  // Tab reaches one row: the one last used while it is drawn, else the newest that is.
  const tabbed = shown.some((item) => item.id === activeId) ? activeId : (shown.at(-1)?.id ?? null);
  return (
    <div
      ref={box}
      class={`log-box${look.wrap ? ' log-wrap' : ''}`}
      role="log"
      aria-live="off"
      aria-label={props.label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached and scrolled with the keyboard
      tabIndex={0}
      onScroll={onScroll}
    >
      <div class="log-row log-sample" ref={sample} aria-hidden="true">
        <span class="log-at">00:00:00.000</span>
        <span class="log-from">web.1</span>
        <span class="log-tag">H12</span>
        <span class="log-text">
          <span>0123456789</span>
        </span>
      </div>
      {props.head}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: each row has a button that does the same */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: each row has a button that does the same */}
      <div
        class="log-rows"
        ref={list}
        style={{ paddingTop: `${rows.topOf(drawn.from)}px`, height: `${rows.totalPx}px` }}
        onClick={onClick}
        onFocusIn={(event) => {
          const id = (event.target as Element).closest<HTMLElement>('[data-id]')?.dataset.id;
          if (id === undefined) return;
          setActiveId(id);
          props.onHold('focus');
        }}
      >
        {shown.map((item) =>
          item.kind === 'hole' ? (
            <HoleRow key={item.id} hole={item} zone={look.zone} onFill={props.onFill} />
          ) : (
            <LogRow
              key={item.id}
              line={item}
              look={look}
              isOpen={item.id === openId}
              isActive={item.id === tabbed}
            />
          ),
        )}
      </div>
    </div>
  );
}

function measure(box: HTMLElement, probe: HTMLElement): Measures {
  const text = probe.querySelector<HTMLElement>('.log-text');
  const letters = probe.querySelector<HTMLElement>('.log-text span');
  const letterPx = (letters?.getBoundingClientRect().width ?? 70) / 10;
  return {
    boxPx: box.clientHeight,
    rowPx: probe.getBoundingClientRect().height,
    linePx: letters?.getBoundingClientRect().height ?? 18,
    letters: Math.max(10, Math.floor((text?.clientWidth ?? 300) / Math.max(letterPx, 1))),
  };
}

function buildRows(
  items: readonly Item[],
  wrap: boolean,
  measures: Measures | null,
  heights: ReadonlyMap<string, number>,
): Rows {
  if (!measures) return evenRows(0, 24);
  const { rowPx, linePx, letters } = measures;
  if (!wrap) return evenRows(items.length, rowPx);
  const restPx = Math.max(0, rowPx - linePx);
  return unevenRows(items.length, (index) => {
    const item = items[index] as Item;
    const known = heights.get(item.id);
    if (known !== undefined) return known;
    return item.kind === 'line' ? guessHeightPx(item.text.length, letters, linePx, restPx) : rowPx;
  });
}
