/** How a reader likes lines to look on this browser. Nothing of it leaves the browser. */
import { type Signal, signal } from '@preact/signals';

export interface LogsPrefs {
  /** Long lines on several rows; null: as the width of the screen suggests. */
  wrap: Signal<boolean | null>;
  /** How many there were over time, above the lines. */
  chart: Signal<boolean>;
  /** Every 10 s a spoken sentence about what came live. */
  speak: Signal<boolean>;
}

const KEY = 'drainboard.logs';

/** Built once a tab; kept in local storage where the browser has one. */
export const logsPrefs: LogsPrefs = build();

function build(): LogsPrefs {
  const kept = read();
  const wrap = signal<boolean | null>(typeof kept.wrap === 'boolean' ? kept.wrap : null);
  const chart = signal(kept.chart !== false);
  const speak = signal(kept.speak === true);
  let started = false;
  const store = () => {
    const text = JSON.stringify({ wrap: wrap.value, chart: chart.value, speak: speak.value });
    if (!started) return;
    try {
      localStorage.setItem(KEY, text);
    } catch {
      // Full or switched off: it lasts as long as the tab.
    }
  };
  for (const one of [wrap, chart, speak]) one.subscribe(store);
  started = true;
  return { wrap, chart, speak };
}

function read(): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
