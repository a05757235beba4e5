import { signal } from '@preact/signals';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keepTrying, whenChanged } from './again.ts';
import type { State } from './context.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** What fails until it is told not to, in a tab that may be hidden, beside a stream. */
function stage() {
  const failing = signal(false);
  const busy = signal(false);
  const hidden = signal(false);
  const nudges = signal(0);
  let asked = 0;
  const state = {
    clock: { hidden },
    live: { nudges },
    session: { mayRead: signal(true) },
  } as unknown as State;
  const stop = keepTrying(
    {
      isFailing: () => failing.value,
      busy,
      refresh() {
        asked++;
        // Every try fails at once.
        busy.value = true;
        busy.value = false;
      },
    },
    state,
  );
  return { failing, hidden, nudges, stop, asked: () => asked };
}

it('what fails is asked for every 10 s, until it comes', () => {
  const { failing, asked, stop } = stage();
  vi.advanceTimersByTime(60_000);
  expect(asked()).toBe(0);
  failing.value = true;
  vi.advanceTimersByTime(30_500);
  expect(asked()).toBe(3);
  failing.value = false;
  vi.advanceTimersByTime(60_000);
  expect(asked()).toBe(3);
  failing.value = true;
  stop();
  vi.advanceTimersByTime(60_000);
  expect(asked()).toBe(3);
});

it('a hidden tab asks for nothing', () => {
  const { failing, hidden, asked, stop } = stage();
  failing.value = true;
  hidden.value = true;
  vi.advanceTimersByTime(60_000);
  expect(asked()).toBe(0);
  hidden.value = false;
  vi.advanceTimersByTime(10_500);
  expect(asked()).toBe(1);
  stop();
});

it('a stream that stands again asks at once, and only for what fails', () => {
  const { failing, nudges, asked, stop } = stage();
  nudges.value++;
  expect(asked()).toBe(0);
  failing.value = true;
  nudges.value++;
  expect(asked()).toBe(1);
  stop();
});

it('acts on changes alone', () => {
  const value = signal(1);
  let acted = 0;
  const stop = whenChanged(
    () => value.value,
    () => acted++,
  );
  expect(acted).toBe(0);
  value.value = 2;
  expect(acted).toBe(1);
  stop();
  value.value = 3;
  expect(acted).toBe(1);
});
