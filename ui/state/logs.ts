/**
 * What the page of an app's logs stands on: the newest lines of the range, older ones on demand, live lines behind them,
 * held back while somebody reads. Nothing is lost in between: what a stream could not tell is fetched, and what was not
 * fetched is a hole that says so.
 */

import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { LogLineAnswer, LogSearch, LogsAnswer, LogTailSampled } from '../../api/contract/logs.ts';
import { countMasks } from '../../model/log-mask.ts';
import { ClientError, errorText } from '../client.ts';
import { keepTrying } from './again.ts';
import type { State } from './context.ts';
import { buildLogsBuffer, type Hole, type LogsBuffer } from './logsBuffer.ts';
import { logsCall, rangeAndFilter } from './logsCalls.ts';
import { FILTER_PARAMS, filterQuery, type LogsFilter, readFilter } from './logsFilter.ts';
import { buildLogsTail, type LogsTail } from './logsTail.ts';
import { mayPass } from './resource.ts';

/** Why new lines wait: the reader scrolled away, selected text, opened or focused a line, or pressed the button. */
export type PauseReason = 'scroll' | 'selection' | 'line' | 'focus' | 'hand';

/** How far back the lines reach, and how to go on. */
export interface Older {
  /** null: nothing more in the range. */
  cursor: string | null;
  stopped: LogSearch['stopped'];
  reachedMs: number;
  busy: boolean;
  error: string | null;
}

export interface Logs {
  filter: ReadonlySignal<LogsFilter>;
  setFilter(filter: LogsFilter): void;
  buffer: LogsBuffer;
  /** Counts changes of the buffer. */
  version: ReadonlySignal<number>;
  /** The newest answer about the range; null until there is one. */
  answer: ReadonlySignal<LogsAnswer | null>;
  busy: ReadonlySignal<boolean>;
  error: ReadonlySignal<{ text: string; status: number | null } | null>;
  older: ReadonlySignal<Older>;
  /** Secrets masked in the lines that came. */
  redactions: ReadonlySignal<number>;
  paused: ReadonlySignal<PauseReason | null>;
  /** Lines that came since the pause. */
  pending: ReadonlySignal<number>;
  sampled: ReadonlySignal<LogTailSampled | null>;
  tail: LogsTail;
  /** Lines and errors that came live, counted up: for a spoken summary. */
  heard: { lines: number; errors: number };
  load(): void;
  loadOlder(): Promise<void>;
  fillHole(hole: Hole): Promise<void>;
  /** Holds new lines back; the first reason stays, unless the line that has the focus is opened. Nothing to hold where the range has ended. */
  pause(reason: PauseReason): void;
  resume(): void;
  dispose(): void;
}

const PAGE = 200;
const PAGE_MAX = 500;
/** Lines a page keeps: scrolled through without effort, some 20 MB at most. */
const ITEMS_MAX = 20_000;
const ITEMS_KEPT = 15_000;
/** Lines held back while somebody reads; beyond that they are counted, and fetched when the reader goes on. */
const PENDING_MAX = 5000;
/** Pages fetched behind a stream that was away, before a hole is left. */
const BACKFILL_PAGES = 6;
/** A search that finds little goes on by itself until there are so many lines, or so often. */
const SCREEN_LINES = 40;
const SEARCH_ROUNDS = 10;
/** Lines go onto the page together: more often than this nobody sees a difference. */
const FLUSH_MS = 100;
/** Lines a second the tail may bring. */
const RATE = 200;
const RATE_NARROW = 50;

const NO_OLDER: Older = { cursor: null, stopped: 'end', reachedMs: 0, busy: false, error: null };

export function buildLogs(app: string, state: State): Logs {
  const { client, range, clock, router } = state;
  const filter = computed(() => readFilter(router.params.value));
  // Filters that read the same are the same: a pinned instant or the zone in the address fetch nothing.
  const filterKey = computed(() => new URLSearchParams(filterQuery(filter.value)).toString());
  const buffer = buildLogsBuffer();
  const version = signal(0);
  const answer = signal<LogsAnswer | null>(null);
  const busy = signal(false);
  const error = signal<{ text: string; status: number | null } | null>(null);
  const older = signal<Older>(NO_OLDER);
  const redactions = signal(0);
  const paused = signal<PauseReason | null>(null);
  const pending = signal(0);
  const sampled = signal<LogTailSampled | null>(null);
  const heard = { lines: 0, errors: 0 };
  let flight: AbortController | null = null;
  let held: LogLineAnswer[] = [];
  let heldIds = new Set<string>();
  let holes: Omit<Hole, 'kind' | 'id' | 'atMs'>[] = [];
  /** Lines at the end are not here: too many came while somebody read, or looked back far. */
  let isBehind = false;
  /** Behind this everything is told or fetched. */
  let newest: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tail = buildLogsTail({
    onLines(lines, place) {
      for (const line of lines) {
        heard.lines++;
        if (line.level === 'error' || line.code !== null || (line.status ?? 0) >= 500) heard.errors++;
      }
      redactions.value = redactions.peek() + countMasks(lines);
      hold(lines);
      newest = place ?? lines.at(-1)?.id ?? newest;
    },
    onSampled(message) {
      sampled.value = message.oneIn > 1 || message.atIntake ? message : null;
    },
    onSkipped({ lines, fromMs, toMs }) {
      holes.push({ fromMs, toMs, lines, why: 'skipped' });
      flushSoon();
    },
    onPing({ atMs }) {
      clock.correct(atMs);
    },
    onReturn: () => void backfill(),
  });

  function changed() {
    version.value = version.peek() + 1;
  }

  function hold(lines: readonly LogLineAnswer[]) {
    for (const line of lines) {
      if (heldIds.has(line.id) || buffer.has(line.id)) continue;
      heldIds.add(line.id);
      if (held.length < PENDING_MAX) held.push(line);
      else isBehind = true;
    }
    flushSoon();
  }

  function flushSoon() {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (paused.peek() === null) flush();
      else pending.value = heldIds.size;
    }, FLUSH_MS);
  }

  function flush() {
    if (isBehind) return load();
    buffer.add(held);
    for (const hole of holes) buffer.addHole(hole);
    forgetHeld();
    if (buffer.items.length > ITEMS_MAX) {
      buffer.trim('oldest', ITEMS_KEPT);
      const first = buffer.first();
      if (first) older.value = { ...NO_OLDER, cursor: first.id, stopped: 'limit', reachedMs: first.atMs };
    }
    changed();
  }

  function forgetHeld() {
    held = [];
    heldIds = new Set();
    holes = [];
    isBehind = false;
    pending.value = 0;
  }

  function ask(query: readonly (readonly [string, string | number | null])[], abort: AbortSignal) {
    return client.get<LogsAnswer>(
      logsCall(app, '', [...rangeAndFilter(state, filter.peek()), ...query]),
      undefined,
      abort,
    );
  }

  /** The newest lines could not be had. While somebody reads what there is, they are not asked for again. */
  const isFailing = () => error.value !== null && mayPass(error.value.status) && paused.value === null;

  /**
   * The newest lines of the range, from nothing. What is shown stays until they are there. Where they do not come, there
   * is nothing that live lines could go on from: none are listened to until another try brings them.
   */
  function load() {
    // Signing out changes the address before this page is taken away.
    if (!state.session.person.peek()) return;
    tail.close();
    flight?.abort();
    const mine = new AbortController();
    flight = mine;
    busy.value = true;
    void ask([['limit', PAGE]], mine.signal).then(
      (found) => {
        if (mine !== flight) return;
        clock.correct(found.nowMs);
        forgetHeld();
        buffer.clear();
        buffer.add(found.lines);
        newest = found.newer ?? found.lines.at(-1)?.id ?? null;
        paused.value = null;
        sampled.value = null;
        redactions.value = found.redactions;
        older.value = olderOf(found);
        error.value = null;
        busy.value = false;
        answer.value = found;
        changed();
        listen();
        void searchOn();
      },
      (thrown: unknown) => {
        if (mine !== flight) return;
        busy.value = false;
        // Older lines that were on their way were given up with the call before.
        older.value = { ...older.peek(), busy: false };
        // Whoever asked has let go of the lines before, whether or not there are others.
        paused.value = null;
        error.value = {
          text: errorText(thrown),
          status: thrown instanceof ClientError ? thrown.status : null,
        };
      },
    );
  }

  function listen() {
    if (!range.live.peek() || clock.hidden.peek() || answer.peek()?.empty === 'off') return;
    const rate = innerWidth < 720 ? RATE_NARROW : RATE;
    tail.open(`/api/v1${logsCall(app, '/tail', [...filterQuery(filter.peek()), ['rate', rate]])}`, newest);
  }

  /** Fetches what came while nobody listened, oldest first; leaves a hole where that is more than a reader waits for. */
  async function backfill() {
    const mine = flight;
    if (!mine) return;
    for (let page = 0; page < BACKFILL_PAGES; page++) {
      const after = newest;
      if (after === null) return;
      try {
        const found = await ask(
          [
            ['after', after],
            ['limit', PAGE_MAX],
          ],
          mine.signal,
        );
        if (mine !== flight) return;
        redactions.value = redactions.peek() + found.redactions;
        const lastMs = found.lines.at(-1)?.atMs ?? found.search.reachedMs;
        hold(found.lines);
        newest = found.newer ?? newest;
        if (found.search.complete) return;
        if (page === BACKFILL_PAGES - 1)
          holes.push({ fromMs: lastMs, toMs: found.nowMs, lines: null, why: 'notFetched' });
      } catch (thrown) {
        if (mine !== flight || mine.signal.aborted) return;
        const fromMs = buffer.last()?.atMs ?? clock.now();
        holes.push({ fromMs, toMs: Math.max(clock.now(), fromMs), lines: null, why: 'notFetched' });
        state.toast.value = `Some lines could not be fetched: ${errorText(thrown)}`;
        return flushSoon();
      }
    }
  }

  async function loadOlder() {
    const { cursor, busy: isBusy } = older.peek();
    const mine = flight;
    if (cursor === null || isBusy || !mine) return;
    older.value = { ...older.peek(), busy: true, error: null };
    try {
      const found = await ask(
        [
          ['before', cursor],
          ['limit', PAGE],
        ],
        mine.signal,
      );
      if (mine !== flight) return;
      buffer.add(found.lines, 'older');
      // Somebody looks far back: the newest lines make room, and are fetched when the reader returns.
      if (buffer.items.length > ITEMS_MAX && buffer.trim('newest', ITEMS_MAX) > 0) isBehind = true;
      redactions.value = redactions.peek() + found.redactions;
      older.value = olderOf(found);
      // What the search has come to may say more about nothing than its beginning did.
      const first = answer.peek();
      if (first && buffer.lines === 0) answer.value = { ...first, empty: found.empty };
      changed();
    } catch (thrown) {
      if (mine === flight) older.value = { ...older.peek(), busy: false, error: errorText(thrown) };
    }
  }

  /** A search has a second at a time: it goes on by itself until there is a screen of lines, or for long enough. */
  async function searchOn() {
    const mine = flight;
    for (let round = 0; round < SEARCH_ROUNDS && mine === flight; round++) {
      const { cursor, stopped, error: failed } = older.peek();
      const isShort = stopped === 'time' || stopped === 'bytes';
      if (!isShort || cursor === null || failed !== null || buffer.lines >= SCREEN_LINES) return;
      await loadOlder();
    }
  }

  async function fillHole(hole: Hole) {
    const mine = flight;
    if (!mine) return;
    try {
      const span = [
        ['from', String(Math.floor(hole.fromMs))],
        ['to', String(Math.ceil(hole.toMs) + 1)],
        ['limit', String(PAGE_MAX)],
      ] as const;
      const call = logsCall(app, '', [...span, ...filterQuery(filter.peek())]);
      const found = await client.get<LogsAnswer>(call, undefined, mine.signal);
      if (mine !== flight) return;
      buffer.add(found.lines);
      buffer.removeHole(hole.id);
      // More than a page, or than a search has time for: what was not looked at stays a hole, lines found or not.
      const toMs = Math.min(hole.toMs, found.search.reachedMs);
      if (found.older !== null && toMs > hole.fromMs)
        buffer.addHole({ fromMs: hole.fromMs, toMs, lines: null, why: 'notFetched' });
      changed();
    } catch (thrown) {
      if (mine === flight) state.toast.value = `Could not load these lines: ${errorText(thrown)}`;
    }
  }

  const returnsBefore = state.instance.returns.peek();
  const stops = [
    effect(() => {
      void [filterKey.value, range.text.value];
      load();
    }),
    effect(() => {
      if (state.instance.returns.value > returnsBefore) load();
    }),
    keepTrying({ isFailing, busy, refresh: load }, state),
    // A hidden tab costs nobody anything; what came meanwhile is fetched when it is looked at.
    effect(() => {
      if (clock.hidden.value) tail.close();
      else if (answer.peek() && !error.peek() && range.live.peek() && tail.state.peek() === 'off') {
        listen();
        void backfill();
      }
    }),
  ];

  return {
    filter,
    setFilter(next) {
      const params = new URLSearchParams(router.params.peek());
      for (const name of FILTER_PARAMS) params.delete(name);
      for (const [name, value] of filterQuery(next)) params.append(name, value);
      const text = params.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
      router.push(`${router.path.peek()}${text && `?${text}`}`);
    },
    buffer,
    version,
    answer,
    busy,
    error,
    older,
    redactions,
    paused,
    pending,
    sampled,
    tail,
    heard,
    load,
    loadOlder,
    fillHole,
    pause(reason) {
      if (!range.live.peek()) return;
      // Opening a line focuses it, too; what was meant is that it is open.
      if (paused.peek() !== null && !(paused.peek() === 'focus' && reason === 'line')) return;
      paused.value = reason;
    },
    resume() {
      paused.value = null;
      if (isFailing()) load();
      else flush();
    },
    dispose() {
      for (const stop of stops) stop();
      clearTimeout(timer);
      flight?.abort();
      flight = null;
      tail.close();
    },
  };
}

function olderOf({ older, search }: LogsAnswer): Older {
  return { cursor: older, stopped: search.stopped, reachedMs: search.reachedMs, busy: false, error: null };
}
