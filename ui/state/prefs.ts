/** What a reader prefers on this browser: theme, single-letter keys. Nothing of it leaves the browser. */
import { type Signal, signal } from '@preact/signals';
import { areChanges, type KeyChanges } from './keyMap.ts';

/** More is no longer lately. */
const RECENT_MAX = 20;

export type Theme = 'auto' | 'light' | 'dark';

export interface Prefs {
  theme: Signal<Theme>;
  /** Single-letter keys on or off (WCAG 2.1.4). */
  singleKeys: Signal<boolean>;
  /** Keys the reader has changed. */
  keyChanges: Signal<KeyChanges>;
  /** Ids of what was chosen in the palette or opened lately, newest first. */
  recent: Signal<string[]>;
  noteRecent(id: string): void;
  /** Hatches on the bad classes of stacked charts, for those who cannot tell the colours apart. */
  patterns: Signal<boolean>;
  /** By what the fleet is grouped: `none`, `stage`, `team`, `tag`. */
  grouping: Signal<string>;
  /** Counts up whenever colours may have changed: theme, system scheme, contrast. */
  themeVersion: Signal<number>;
  start(): () => void;
}

export function buildPrefs(): Prefs {
  const themeVersion = signal(0);
  const theme = stored<Theme>(
    'theme',
    'auto',
    (value) => value === 'auto' || value === 'light' || value === 'dark',
  );
  const singleKeys = stored<boolean>('keys', true, (value) => typeof value === 'boolean');
  const keyChanges = stored<KeyChanges>('keyChanges', {}, areChanges);
  const recent = stored<string[]>(
    'recent',
    [],
    (value) => Array.isArray(value) && value.every((id) => typeof id === 'string'),
  );
  const patterns = stored<boolean>('patterns', false, (value) => typeof value === 'boolean');
  const grouping = stored<string>('group', 'none', (value) => typeof value === 'string');
  return {
    theme,
    grouping,
    singleKeys,
    keyChanges,
    recent,
    noteRecent(id) {
      const before = recent.peek();
      if (before[0] !== id) recent.value = [id, ...before.filter((one) => one !== id)].slice(0, RECENT_MAX);
    },
    patterns,
    themeVersion,
    start() {
      const stopTheme = theme.subscribe((value) => {
        if (value === 'auto') delete document.documentElement.dataset.theme;
        else document.documentElement.dataset.theme = value;
        themeVersion.value = themeVersion.peek() + 1;
      });
      const stopPatterns = patterns.subscribe(() => {
        themeVersion.value = themeVersion.peek() + 1;
      });
      const media = [
        '(prefers-color-scheme: dark)',
        '(prefers-contrast: more)',
        '(forced-colors: active)',
        'print',
      ].map((query) => matchMedia(query));
      const onChange = () => {
        themeVersion.value = themeVersion.peek() + 1;
      };
      for (const list of media) list.addEventListener('change', onChange);
      return () => {
        stopTheme();
        stopPatterns();
        for (const list of media) list.removeEventListener('change', onChange);
      };
    },
  };
}

/** A signal kept in local storage; a value that does not fit counts as not there. */
function stored<T>(name: string, fallback: T, fits: (value: unknown) => boolean): Signal<T> {
  const key = `drainboard.${name}`;
  let first = fallback;
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    if (value !== null && fits(value)) first = value as T;
  } catch {
    // Storage switched off, or not JSON: the default stands.
  }
  const kept = signal(first);
  let started = false;
  kept.subscribe((value) => {
    if (!started) {
      started = true;
      return;
    }
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      // Full or switched off: the preference lasts as long as the tab.
    }
  });
  return kept;
}
