/** Which key does what for this reader: the map of the product with their own changes. Pure. */
import type { KeyBinding } from './keys.ts';

/** By the keys of the product: those of the reader; '' for none. */
export type KeyChanges = Record<string, string>;

const NAMES: Record<string, string> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
};

export function keysOf(binding: KeyBinding, changes: KeyChanges): string {
  return changes[binding.keys] ?? binding.keys;
}

/** `t ←`, `Shift E`: each part on its own. */
export function showKeys(keys: string): string[] {
  return keys
    .split(' ')
    .filter(Boolean)
    .flatMap((key) => (/^[A-Z]$/.test(key) ? ['Shift', key] : [NAMES[key] ?? key]));
}

/** What was typed as keys of the map: one character, or two with a blank between; null when it is neither. */
export function readKeys(text: string): string | null {
  const keys = text.trim();
  if (keys === '') return '';
  return /^[^\s]( [^\s])?$/u.test(keys) ? keys : null;
}

/** Why a binding cannot have these keys, in words; null when it can. */
export function keysFault(
  bindings: readonly KeyBinding[],
  changes: KeyChanges,
  binding: KeyBinding,
  keys: string,
): string | null {
  if (keys === '') return null;
  const taken = bindings.find((other) => other.keys !== binding.keys && keysOf(other, changes) === keys);
  if (taken) return `${showKeys(keys).join(' ')} is taken: ${taken.does}`;
  // A first key that does something by itself waits for a second one: only the range box is made for that.
  const opens = bindings.find(
    (other) => other.keys !== binding.keys && keysOf(other, changes).startsWith(`${keys} `),
  );
  return opens && !binding.waits ? `${keys} begins other keys: ${opens.does}` : null;
}

/** Changes with one more; what is as in the product is not kept. */
export function changeKeys(changes: KeyChanges, binding: KeyBinding, keys: string): KeyChanges {
  const { [binding.keys]: _, ...rest } = changes;
  return keys === binding.keys ? rest : { ...rest, [binding.keys]: keys };
}

/** Changes out of storage: anything else counts as none. */
export function areChanges(value: unknown): value is KeyChanges {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((keys) => typeof keys === 'string' && keys.length < 30)
  );
}
