/**
 * Keys of a page with lines: j and k walk them, Enter opens, Escape closes, End follows again, f goes to the filter. They
 * are read before those of every page, so that j and k mean lines here.
 */
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useApp } from '../state/context.ts';
import type { ListControl } from './logsList.tsx';

interface Keys {
  control: { current: ListControl | null };
  field?: RefObject<HTMLInputElement | null>;
  openId: string | null;
  onOpen(id: string): void;
  onClose(): void;
  onEnd(): void;
}

/** As the map of all keys has them (parts/bindings.ts). */
const MEANT = ['j', 'k', 'f', 'End', 'Escape'] as const;

export function useLogsKeys(keys: Keys) {
  const { prefs, overlay } = useApp();
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (overlay.peek() !== 'none' || document.querySelector('dialog[open], .log-menu')) return;
      const target = event.target instanceof HTMLElement ? event.target : null;
      if (target?.closest('input, textarea, select, [contenteditable]')) return;
      const isSingle = event.key.length === 1;
      if (isSingle && (!prefs.singleKeys.peek() || prefixed.current)) return notePrefix(event);
      const changes = prefs.keyChanges.peek();
      // The reader may have other keys for these.
      const meant = MEANT.find((name) => (changes[name] ?? name) === event.key);
      if (!meant || !act(meant, target, latest.current)) return notePrefix(event);
      event.preventDefault();
      event.stopPropagation();
    };
    // The second key of `g f` or `t j` belongs to the sequence.
    const prefixed = { current: false };
    let timer: ReturnType<typeof setTimeout> | undefined;
    function notePrefix(event: KeyboardEvent) {
      clearTimeout(timer);
      prefixed.current = !prefixed.current && (event.key === 'g' || event.key === 't');
      timer = setTimeout(() => {
        prefixed.current = false;
      }, 600);
    }
    document.addEventListener('keydown', onKey, true);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('keydown', onKey, true);
    };
  }, []);
}

/** true when the key was one of ours. */
function act(key: (typeof MEANT)[number], target: HTMLElement | null, keys: Keys): boolean {
  const list = keys.control.current;
  switch (key) {
    case 'j':
    case 'k': {
      const next = list?.move(key === 'j' ? 1 : -1) ?? null;
      // What is open goes along.
      if (next !== null && keys.openId !== null) keys.onOpen(next);
      return list !== null;
    }
    case 'f':
      keys.field?.current?.focus();
      return keys.field !== undefined;
    case 'End':
      // In a chart it goes to the newest column.
      if (target?.closest('.plot')) return false;
      keys.onEnd();
      return true;
    case 'Escape':
      // From a row to the box; elsewhere it leads back from rows, and that would leave the page.
      if (keys.openId === null) {
        target?.closest('[data-row]')?.closest<HTMLElement>('.log-box')?.focus({ preventScroll: true });
        return target?.closest('.log-box') != null;
      }
      keys.onClose();
      list?.focusRow(keys.openId);
      return true;
  }
}
