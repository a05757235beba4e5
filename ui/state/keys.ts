/** The keyboard map: single keys and two-key sequences, inert while someone types. */
import { type KeyChanges, keysOf } from './keyMap.ts';

export interface KeyBinding {
  /** `l`, `E`, `t ArrowLeft`, `g f`: in the product; a reader may have changed them (keyMap.ts). */
  keys: string;
  /** A second way of another one, not listed. */
  isTwin?: boolean;
  /** May be the first of two keys: it acts when no second one follows. */
  waits?: boolean;
  does: string;
  group: string;
  run(): void;
  /** false: the key is left to the browser. */
  when?(): boolean;
}

/** How long the second key of a sequence may take. `t` alone opens the range box after it. */
const SEQUENCE_MS = 600;

export interface KeyMap {
  start(): () => void;
}

/**
 * `bindings` and the reader's changes are asked at each key. `enabled` is the preference for single keys; Ctrl-K works
 * without it.
 */
export function buildKeyMap(
  bindings: () => KeyBinding[],
  changes: () => KeyChanges,
  enabled: () => boolean,
  openPalette: () => void,
): KeyMap {
  let first: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function find(keys: string): KeyBinding | undefined {
    return bindings().find((binding) => keysOf(binding, changes()) === keys && (binding.when?.() ?? true));
  }

  function onKey(event: KeyboardEvent) {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
    if (!enabled() || isTyping(event.target) || document.querySelector('dialog[open]')) return;
    const prefix = first;
    clearTimeout(timer);
    first = null;
    const binding = find(prefix ? `${prefix} ${event.key}` : event.key);
    const opens = !prefix && bindings().some((other) => keysOf(other, changes()).startsWith(`${event.key} `));
    if (opens) {
      first = event.key;
      timer = setTimeout(() => {
        first = null;
        binding?.run();
      }, SEQUENCE_MS);
      event.preventDefault();
    } else if (binding) {
      event.preventDefault();
      binding.run();
    }
  }

  return {
    start() {
      document.addEventListener('keydown', onKey);
      return () => {
        clearTimeout(timer);
        document.removeEventListener('keydown', onKey);
      };
    },
  };
}

/** Text fields, lists of choices and anything editable keep their keys. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
