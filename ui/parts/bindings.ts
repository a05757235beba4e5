/** What every key does (UX.md, "Time range, URL and keys"), for what exists. */
import { formatInstant } from '../format.ts';
import type { State } from '../state/context.ts';
import type { KeyBinding } from '../state/keys.ts';
import { copyLink } from './copyLink.ts';

export function buildBindings(state: State): KeyBinding[] {
  const { overlay, range, cursor, router, page } = state;
  const key = (group: string, keys: string, does: string, run: () => void): KeyBinding => ({
    group,
    keys,
    does,
    run,
  });
  const go = (path: string) => () => router.push(router.link(path));
  const inApp = (rest: string) => () => {
    const app = page.app.peek();
    router.push(router.link(app ? `/a/${encodeURIComponent(app)}${rest}` : '/'));
  };
  return [
    key('Everywhere', '?', 'this list', () => {
      overlay.value = 'help';
    }),
    key('Everywhere', '/', 'jump to app, page, code, release … (also Ctrl K)', () => {
      overlay.value = 'palette';
    }),
    key('Everywhere', 'j', 'next row, Enter opens it', () => walkRows(1)),
    key('Everywhere', 'k', 'row before', () => walkRows(-1)),
    {
      ...key('Everywhere', 'Escape', 'from a row: back', () => router.back()),
      when: () => document.activeElement?.closest('main [data-row]') != null,
    },
    {
      // Done by the page itself (pages/logsKeys.ts); here they are listed, and can be changed.
      ...key('Lines of logs', 'f', 'to the filter', () => document.getElementById('log-filter')?.focus()),
      when: () => document.getElementById('log-filter') !== null,
    },
    {
      ...key('Lines of logs', 'End', 'newest line; live lines go on', () =>
        document.querySelector<HTMLElement>('.log-resume')?.click(),
      ),
      when: () => document.querySelector('.log-resume') !== null,
    },
    key('Everywhere', 'y', 'copy a link with its time in UTC', () => void copyLink(state)),
    key('Everywhere', 'u', 'UTC or browser zone', () => range.toggleZone()),
    key('Go to', 'g f', 'fleet', go('/')),
    key('Go to', 'g a', 'app', inApp('')),
    key('Go to', 'g s', 'objectives: of the app, or all', () =>
      page.app.peek() ? inApp('/slo')() : go('/slo')(),
    ),
    key('Go to', 'g i', 'incidents: of the app, or all', () => {
      const app = page.app.peek();
      router.push(router.link('/incidents', app ? { app } : {}));
    }),
    key('Go to', 'g l', 'logs of the app', inApp('/logs')),
    key('Go to', 'g d', 'dynos of the app', inApp('/dynos')),
    key('Go to', 'g h', 'drain health', () => (page.app.peek() ? inApp('/health')() : go('/health')())),
    key('Go to', 'g ,', 'settings', go('/settings')),
    {
      // It waits for a second key: the page may be another one by then.
      ...key('Time', 't', 'range box', () => {
        if (hasPicker()) overlay.value = 'range';
      }),
      when: hasPicker,
      waits: true,
    },
    key('Time', 't ArrowLeft', 'earlier', () => range.pan(-0.5)),
    key('Time', 't ArrowRight', 'later', () => range.pan(0.5)),
    key('Time', 't +', 'zoom in', () => range.zoom(0.5)),
    { ...key('Time', 't =', 'zoom in', () => range.zoom(0.5)), isTwin: true },
    key('Time', 't -', 'zoom out', () => range.zoom(2)),
    key('Time', 't z', 'zoom out', () => range.zoom(2)),
    key('Time', 't a', 'make absolute', () => range.makeAbsolute()),
    key('Time', 'l', 'live on or off', () => range.toggleLive()),
    key('Time', 'c', 'compare: as long before, a week ago, nothing', () => range.nextCompare()),
    key('Time', 'x', 'pin the cursor, or let go', () => {
      range.setPin(cursor.atS.peek() ?? null);
    }),
    key('Time', 'e', 'next event', () => stepEvent(state, 1)),
    key('Time', 'E', 'event before', () => stepEvent(state, -1)),
  ];
}

const hasPicker = () => document.querySelector('.picker') !== null;

/** Moves the focus among the rows of the page, by the link that opens the row, or its first link or button. */
function walkRows(step: 1 | -1) {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next =
    rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
  // What the row is about, before what stands in front of it.
  const link =
    next?.querySelector<HTMLElement>('th[scope="row"] a, a[data-opens]') ??
    next?.querySelector<HTMLElement>('a, button');
  link?.focus();
}

/** Pins the next or previous event that is not routine and says what it is. */
function stepEvent({ page, range, cursor, announce, toast }: State, step: 1 | -1) {
  const events = page.events.peek().filter((event) => !event.routine);
  const sorted = [...events].sort((a, b) => a.atMs - b.atMs);
  const atMs = (range.pin.peek() ?? cursor.atS.peek() ?? (step > 0 ? 0 : Number.POSITIVE_INFINITY)) * 1000;
  const next =
    step > 0
      ? sorted.find((event) => event.atMs > atMs + 999)
      : sorted.findLast((event) => event.atMs < atMs - 999);
  if (!next) {
    announce.value = step > 0 ? 'No later event' : 'No earlier event';
    return;
  }
  range.setPin(next.atMs / 1000);
  toast.value = `${formatInstant(next.atMs, range.zone.peek())} ${next.title}`;
}
