import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { buildLive } from './live.ts';

const sources: FakeSource[] = [];

/** What a browser gives: opened, told and ended by hand. */
class FakeSource {
  static readonly OPEN = 1;
  readonly listeners = new Map<string, (message: { data: string }) => void>();
  readonly url: string;
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(url: string) {
    this.url = url;
    sources.push(this);
  }
  addEventListener(name: string, listener: (message: { data: string }) => void) {
    this.listeners.set(name, listener);
  }
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
  tell(name: string, data: unknown) {
    this.listeners.get(name)?.({ data: JSON.stringify(data) });
  }
  close() {
    this.readyState = 2;
  }
}

const alerts = (pages: number) => ({ open: { page: pages, ticket: 0, info: 0 }, unacknowledged: pages });

beforeEach(() => {
  sources.length = 0;
  vi.stubGlobal('EventSource', FakeSource);
  // A tab of its own: nothing is shared between tabs.
  vi.stubGlobal('navigator', {});
});
afterEach(() => vi.unstubAllGlobals());

it('incidents of the page before are not told on this one, though its stream still listens', () => {
  const live = buildLive(() => {});
  live.open('shop');
  const [ofShop] = sources;
  ofShop?.open();
  ofShop?.tell('alerts', alerts(3));
  expect(live.alerts.value?.open.page).toBe(3);
  live.open('billing');
  expect(live.alerts.value).toBeNull();
  // The stream of billing does not stand yet; that of shop goes on until it does.
  ofShop?.tell('alerts', alerts(4));
  expect(live.alerts.value).toBeNull();
  const [, ofBilling] = sources;
  ofBilling?.open();
  ofBilling?.tell('alerts', alerts(1));
  expect(live.alerts.value?.open.page).toBe(1);
  live.close();
});
