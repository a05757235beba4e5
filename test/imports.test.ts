import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));

interface Source {
  path: string;
  text: string;
  /** Of ours as paths from the project's folder, of others as written. */
  imports: { target: string; typesOnly: boolean }[];
}

const ALL = globSync('{bin,model,store,drain,alerts,api,ui,sim,bench,test}/**/*.{ts,tsx}', { cwd: FOLDER })
  .sort()
  .map(readSource);
const PRODUCT = ALL.filter((source) => !/\.test\.tsx?$|^test\/|^bench\//.test(source.path));

function readSource(path: string): Source {
  const text = readFileSync(join(FOLDER, path), 'utf8');
  const found = text.matchAll(/(?:^|\n)\s*(import|export)\s+(type\s)?([^;'"]*?\sfrom\s+)?['"]([^'"]+)['"]/g);
  const dynamic = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g);
  const place = (target: string) =>
    target.startsWith('.') ? normalize(join(dirname(path), target)) : target;
  return {
    path,
    text,
    imports: [
      ...[...found].map((match) => ({ target: place(match[4] ?? ''), typesOnly: match[2] !== undefined })),
      ...[...dynamic].map((match) => ({ target: place(match[1] ?? ''), typesOnly: false })),
    ],
  };
}

const OURS = /^(bin|model|store|drain|alerts|api|ui|sim|bench|test)\//;

/** Which of our folders each may import. bin, sim, test and bench may import anything. */
const ALLOWED: Record<string, RegExp> = {
  model: /^model\//,
  store: /^(model|store)\//,
  drain: /^(model|store|drain)\//,
  alerts: /^(model|store|alerts)\//,
  api: /^(model|store|api)\//,
  ui: /^(model|ui|api\/contract)\//,
};

/** From framing to roll-up: no clock, no database, no throw. */
const PURE_DRAIN =
  /^drain\/(framing|syslog|section|classify|logfmt|scan|router|runtime|platform|api-event|addon|postgres|redis|l2met|loss|timestamp|bytes|chunk|rollup|details|intern|notes|message|app-line)\.ts$/;

describe('imports point one way', () => {
  test('the scan finds imports of every form', () => {
    const seen = (path: string) =>
      ALL.find((source) => source.path === path)?.imports.map(({ target }) => target);
    expect(seen('store/pool.ts')).toEqual(['node:net', 'pg', 'model/log.ts']);
    expect(seen('bin/embedded/server.ts')).toContain('bin/embedded/cluster.ts');
  });

  test.each(Object.keys(ALLOWED))('%s imports only what it may', (folder) => {
    const wrong = PRODUCT.filter((source) => source.path.startsWith(`${folder}/`)).flatMap((source) =>
      source.imports
        .filter(({ target }) => OURS.test(target) && !ALLOWED[folder]?.test(target))
        .map(({ target }) => `${source.path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('R-06 from a body to its observations nothing reaches for the store, the disk or the network', () => {
    const pure = PRODUCT.filter((source) => PURE_DRAIN.test(source.path));
    const wrong = pure.filter((source) =>
      source.imports.some(
        ({ target, typesOnly }) =>
          !typesOnly && /^(store\/|node:(fs|net|https?|child_process|timers|dns)|\w+$)/.test(target),
      ),
    );
    expect(pure.length).toBeGreaterThan(12);
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  test('the UI takes only types from the API', () => {
    const wrong = PRODUCT.filter((source) => source.path.startsWith('ui/')).flatMap((source) =>
      source.imports
        .filter(({ target, typesOnly }) => target.startsWith('api/') && !typesOnly)
        .map(({ target }) => `${source.path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('model does no input or output', () => {
    const wrong = PRODUCT.filter((source) => source.path.startsWith('model/')).flatMap((source) =>
      source.imports
        .filter(({ target }) => /^node:(fs|net|http|https|child_process|dns|process|timers)/.test(target))
        .map(({ target }) => `${source.path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('one place for each outside thing', () => {
  test('SEC-37 SQL and its drivers live in store alone', () => {
    const wrong = PRODUCT.filter(
      (source) =>
        !source.path.startsWith('store/') &&
        source.imports.some(({ target }) => /^(pg|pg-copy-streams|kysely)(\/|$)/.test(target)),
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  test('the environment is read in bin/env.ts alone', () => {
    const wrong = PRODUCT.filter(
      (source) => source.path !== 'bin/env.ts' && /\bprocess\.env\b|\bimport\.meta\.env\b/.test(source.text),
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });
});

describe('SEC-57 what is dangerous is not there', () => {
  // Written in pieces, so that this file does not find itself.
  const words = ['inner' + 'HTML', 'outer' + 'HTML', 'insertAdjacent' + 'HTML', 'document.' + 'write'];
  const calls = ['eval', 'new Function'].map((name) => `\\b${name}\\(`);
  const pattern = new RegExp(
    [...words.map((word) => `\\b${word.replace('.', '\\.')}\\b`), ...calls].join('|'),
  );

  test('no markup from strings, no code from strings', () => {
    const wrong = PRODUCT.filter(
      (source) => pattern.test(source.text) || source.text.includes('dangerouslySet'),
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  test('no tests are left out or singled out', () => {
    const wrong = ALL.filter((source) => /\b(test|it|describe)\.(only|skip|todo)\b/.test(source.text)).filter(
      (source) => source.path !== 'test/imports.test.ts',
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });
});
