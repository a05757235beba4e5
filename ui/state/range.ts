/** The page's one time range, zone, filters and pin, as they stand in the URL. */
import { computed, type ReadonlySignal } from '@preact/signals';
import type { Zone } from '../format.ts';
import type { Clock } from './clock.ts';
import {
  DEFAULT_RANGE,
  instantText,
  RANGE_MAX_MS,
  RANGE_MIN_MS,
  type RangeMs,
  type RangeText,
  resolveRange,
  understandRange,
} from './rangeText.ts';
import type { Router } from './router.ts';

export interface Range {
  text: ReadonlySignal<RangeText>;
  zone: ReadonlySignal<Zone>;
  /** Live means that the range ends now. */
  live: ReadonlySignal<boolean>;
  proc: ReadonlySignal<string>;
  dyno: ReadonlySignal<string>;
  /** Pinned instant, epoch seconds. */
  pin: ReadonlySignal<number | null>;
  /** What is not as the address asks for, in a sentence; '' when it is. */
  note: ReadonlySignal<string>;
  /** The instants meant at this moment. */
  resolve(): RangeMs;
  set(range: RangeText): void;
  setMs(fromMs: number, toMs: number): void;
  pan(share: number): void;
  /** Below 1 zooms in, above 1 out, around the middle (or around the end while live). */
  zoom(factor: number): void;
  toggleLive(): void;
  makeAbsolute(): void;
  toggleZone(): void;
  setFilter(name: 'proc' | 'dyno', value: string): void;
  setPin(atS: number | null): void;
  /** Nothing beside the range, then the one just before it, then a week ago, then nothing again. */
  nextCompare(): void;
}

export function buildRange(router: Router, clock: Clock): Range {
  const from = computed(() => router.params.value.get('from') ?? DEFAULT_RANGE.from);
  const to = computed(() => router.params.value.get('to') ?? DEFAULT_RANGE.to);
  // The same object while neither end changes: a pin or the zone in the address is no other range, and fetches nothing.
  const text = computed<RangeText>(() => ({ from: from.value, to: to.value }));
  const zone = computed<Zone>(() => (router.params.value.get('tz') === 'utc' ? 'utc' : 'local'));
  const live = computed(() => text.value.to === 'now');
  const resolve = () => resolveRange(text.peek(), clock.now());
  // What live mode goes back to after a zoom: the span that was watched before.
  let lastLive: RangeText = DEFAULT_RANGE;

  function set(range: RangeText) {
    if (text.peek().to === 'now') lastLive = text.peek();
    const isDefault = range.from === DEFAULT_RANGE.from && range.to === DEFAULT_RANGE.to;
    router.setParams({ from: isDefault ? null : range.from, to: isDefault ? null : range.to }, 'push');
  }

  function setMs(fromMs: number, toMs: number) {
    const span = Math.min(Math.max(toMs - fromMs, RANGE_MIN_MS), RANGE_MAX_MS);
    const end = Math.min(toMs - fromMs < RANGE_MIN_MS ? (fromMs + toMs + span) / 2 : toMs, clock.now());
    set({ from: instantText(end - span), to: instantText(end) });
  }

  return {
    text,
    zone,
    live,
    proc: computed(() => router.params.value.get('proc') ?? ''),
    dyno: computed(() => router.params.value.get('dyno') ?? ''),
    pin: computed(() => {
      const value = Number(router.params.value.get('pin'));
      return Number.isFinite(value) && value > 0 ? value : null;
    }),
    note: computed(() => understandRange(text.value, clock.now()).note),
    resolve,
    set,
    setMs,
    pan(share) {
      const { fromMs, toMs } = resolve();
      const by = (toMs - fromMs) * share;
      setMs(fromMs + by, toMs + by);
    },
    zoom(factor) {
      const { fromMs, toMs } = resolve();
      const span = (toMs - fromMs) * factor;
      if (live.peek()) {
        const seconds = Math.round(Math.min(Math.max(span, RANGE_MIN_MS), RANGE_MAX_MS) / 1000);
        set({
          from: `now-${seconds % 3600 === 0 ? `${seconds / 3600}h` : seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`}`,
          to: 'now',
        });
      } else setMs((fromMs + toMs - span) / 2, (fromMs + toMs + span) / 2);
    },
    toggleLive() {
      if (live.peek()) {
        const { fromMs, toMs } = resolve();
        setMs(fromMs, toMs);
      } else set(lastLive);
    },
    makeAbsolute() {
      const { fromMs, toMs } = resolve();
      setMs(fromMs, toMs);
    },
    toggleZone() {
      router.setParams({ tz: zone.peek() === 'utc' ? null : 'utc' }, 'replace');
    },
    setFilter(name, value) {
      // A dyno belongs to one process type: choosing another type lets go of it.
      router.setParams(name === 'proc' ? { proc: value, dyno: null } : { dyno: value }, 'push');
    },
    nextCompare() {
      const next: Record<string, string | null> = { prev: '7d', '7d': null };
      const now = router.params.peek().get('cmp') ?? '';
      router.setParams({ cmp: now in next ? (next[now] ?? null) : 'prev' }, 'push');
    },
    setPin(atS) {
      router.setParams({ pin: atS === null ? null : String(Math.round(atS)) }, 'replace');
    },
  };
}
