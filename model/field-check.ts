/** Reads something from outside field by field, and notes every fault with its place. */
import type { SloFault } from './slo.ts';
import { LIST_MAX } from './slo-bounds.ts';

export type Fields = Record<string, unknown>;

/** Reads fields one by one; a fault is noted, and something of the right shape given so that the rest can be read. */
export class FieldCheck {
  readonly faults: SloFault[] = [];

  fault(path: string, text: string, advice = ''): void {
    this.faults.push({ path, text, advice });
  }

  fields(path: string, value: unknown, known: readonly string[]): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.fault(path, 'is not an object');
      return {};
    }
    for (const name of Object.keys(value)) {
      if (!known.includes(name)) this.fault(join(path, name), 'is not a field', `known: ${known.join(', ')}`);
    }
    return value as Fields;
  }

  text(path: string, value: unknown, max: number, fallback?: string): string {
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value !== 'string') this.fault(path, value === undefined ? 'is missing' : 'is not text');
    else if (value.length > max) this.fault(path, `has ${value.length} characters, ${max} are allowed`);
    return typeof value === 'string' ? value : '';
  }

  whole(path: string, value: unknown, min: number, max: number, fallback?: number): number {
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max)
      return value;
    this.fault(path, `is not a whole number from ${min} to ${max}`);
    return fallback ?? min;
  }

  flag(path: string, value: unknown, fallback: boolean): boolean {
    if (typeof value === 'boolean') return value;
    if (value !== undefined) this.fault(path, 'is neither true nor false');
    return fallback;
  }

  oneOf<Word extends string>(path: string, value: unknown, words: readonly Word[]): Word | null {
    const found = words.find((word) => word === value);
    if (found === undefined) this.fault(path, `is not one of ${words.join(', ')}`);
    return found ?? null;
  }

  list(path: string, value: unknown, max: number): unknown[] {
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.fault(path, 'is not a list');
      return [];
    }
    if (value.length > max) this.fault(path, `has ${value.length} entries, ${max} are allowed`);
    return value.slice(0, max);
  }

  /** Texts that fit a form, each once. */
  texts(path: string, value: unknown, form: RegExp, what: string, max = LIST_MAX): string[] {
    const texts: string[] = [];
    for (const [at, entry] of this.list(path, value, max).entries()) {
      if (typeof entry !== 'string' || !form.test(entry)) this.fault(join(path, at), `is not ${what}`);
      else if (texts.includes(entry)) this.fault(join(path, at), 'stands there twice');
      else texts.push(entry);
    }
    return texts;
  }
}

/** The place of a field inside another. */
export function join(path: string, name: string | number): string {
  return path === '' ? String(name) : `${path}.${name}`;
}
