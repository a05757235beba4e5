/** Names of apps out of what people paste: a list, a line each, `heroku apps`, or its JSON. Pure. */

/** As in store/apps.ts: Heroku's names, and older and other ones up to 63. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** More at once is a fleet to be added from a script. */
export const NAMES_MAX = 100;

export interface NamesRead {
  names: string[];
  /** Words that are no names of apps, as they were typed. */
  rejected: string[];
}

export function readAppNames(text: string): NamesRead {
  const fromJson = readJson(text);
  const words = fromJson ?? text.split(/\r?\n/).flatMap(wordsOf);
  const names = new Set<string>();
  const rejected = new Set<string>();
  for (const word of words) {
    const name = word.toLowerCase();
    if (NAME.test(name)) names.add(name);
    else rejected.add(word);
  }
  return { names: [...names].slice(0, NAMES_MAX), rejected: [...rejected] };
}

/** A heading of `heroku apps` names nothing; behind a name there may be a region or an owner. */
function wordsOf(line: string): string[] {
  const text = line.trim();
  if (text === '' || text.startsWith('===') || text.startsWith('#')) return [];
  const bare = text
    .replace(/^[⬢*-]\s+/, '')
    .replace(/\([^)]*\)/g, ' ')
    .replace(/\s\S+@\S+/g, ' ');
  return bare.split(/[\s,;]+/).filter((word) => word !== '');
}

/** `heroku apps --json`: an array of objects with a name. null: no JSON. */
function readJson(text: string): string[] | null {
  if (!/^\s*\[/.test(text)) return null;
  try {
    const read: unknown = JSON.parse(text);
    if (!Array.isArray(read)) return null;
    return read.flatMap((one: unknown) => {
      const name = typeof one === 'object' && one !== null && 'name' in one ? one.name : one;
      return typeof name === 'string' && name !== '' ? [name] : [];
    });
  } catch {
    return null;
  }
}
