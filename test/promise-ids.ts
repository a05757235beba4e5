/**
 * Which promise and fault of docs/promises.md has a test: an id counts as proved where a test's title carries it.
 *
 *   node test/promise-ids.ts    prints the count of each family, and the ids without a test
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));
/** Titles of tests, of `test(…)`, `test.concurrent(…)`, `test.each(…)(…)`. */
const TITLE = /\b(?:test|describe|it)(?:\.\w+)*(?:\([^)]*\))?\(\s*(['"`])((?:(?!\1)[^\\]|\\.)*)\1/g;
const IDS = /\b([RKPDSTACU])-(\d\d)(?:[–-](\d\d))?\b/g;

/** Single ids of a text; `K-01–02` and `K-01-02` are two. */
export function idsIn(text: string): string[] {
  const ids: string[] = [];
  for (const [, family = '', first = '', last = first] of text.matchAll(IDS)) {
    for (let n = Number(first); n <= Number(last); n++) ids.push(`${family}-${String(n).padStart(2, '0')}`);
  }
  return ids;
}

export interface Promised {
  /** Every id of the tables. */
  all: string[];
  /** Ids that the last section excuses, each with its reason. */
  excused: string[];
}

/** The ids of docs/promises.md. */
export function readPromises(): Promised {
  const text = readFileSync(join(FOLDER, 'docs/promises.md'), 'utf8');
  const [tables = '', excuses = ''] = text.split('## Without a test');
  const first = (part: string) =>
    part
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .flatMap((line) => idsIn(line.split('|')[1] ?? ''));
  return { all: [...new Set(first(tables))], excused: first(excuses) };
}

/** Ids in titles of tests, anywhere in the product. */
export function readProvedIds(): Set<string> {
  const files = globSync('{bin,model,store,drain,alerts,api,ui,sim,bench,test}/**/*.test.ts', {
    cwd: FOLDER,
  });
  const proved = new Set<string>();
  for (const file of files) {
    for (const [, , title = ''] of readFileSync(join(FOLDER, file), 'utf8').matchAll(TITLE)) {
      for (const id of idsIn(title)) proved.add(id);
    }
  }
  return proved;
}

if (import.meta.main) {
  const proved = readProvedIds();
  const { all } = readPromises();
  for (const family of new Set(all.map((id) => id[0]))) {
    const ids = all.filter((id) => id.startsWith(`${family}-`));
    const missing = ids.filter((id) => !proved.has(id));
    console.log(`${family}: ${ids.length - missing.length} of ${ids.length}`, missing.join(' '));
  }
}
