import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** The server calls its socket this in the folder it is told, whatever the length of the folder's name. */
const SOCKET_NAME = '.s.PGSQL.5432';
/** The kernel's room for a socket's path, without its closing zero: 107 on Linux, 103 on macOS. */
const PATH_LIMIT_BYTES = process.platform === 'linux' ? 107 : 103;

/**
 * A folder name through which clients reach the server's socket. The server binds it relative to its
 * own folder, so only we meet the limit: where the path is too long, a link with a short name is made in
 * a folder of ours under the temporary folder, and its name kept in `noteFile` for other processes.
 */
export function reachSocket(databaseFolder: string, noteFile: string): string {
  if (Buffer.byteLength(join(databaseFolder, SOCKET_NAME)) <= PATH_LIMIT_BYTES) return databaseFolder;
  const noted = readNote(noteFile);
  if (noted !== undefined && leadsTo(noted, databaseFolder)) return noted;
  const link = join(makeShortFolder(databaseFolder), 'pg');
  if (!leadsTo(link, databaseFolder)) symlinkSync(databaseFolder, link);
  writeFileSync(noteFile, link, { mode: 0o600 });
  return link;
}

/** Removes the link once the server is stopped; the next start makes it again. */
export function forgetSocket(noteFile: string): void {
  const link = readNote(noteFile);
  rmSync(noteFile, { force: true });
  if (link === undefined || basename(dirname(link)).startsWith('drainboard-') === false) return;
  try {
    unlinkSync(link);
    rmdirSync(dirname(link));
  } catch {
    // Swept by others, or not ours: nothing hangs on it.
  }
}

function readNote(noteFile: string): string | undefined {
  try {
    return readFileSync(noteFile, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** A link of our own that still points there: temporary folders are swept. */
function leadsTo(link: string, folder: string): boolean {
  try {
    return lstatSync(link).uid === (process.getuid?.() ?? 0) && readlinkSync(link) === folder;
  } catch {
    return false;
  }
}

/** The name asked for if it is free or ours alone, else one that nobody could have foreseen. */
function makeShortFolder(databaseFolder: string): string {
  const digest = createHash('sha256').update(databaseFolder).digest('hex').slice(0, 10);
  const folder = join(tmpdir(), `drainboard-${process.getuid?.() ?? 0}-${digest}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  } catch {
    const { uid, mode } = lstatSync(folder);
    const ours =
      uid === (process.getuid?.() ?? uid) && (mode & 0o077) === 0 && lstatSync(folder).isDirectory();
    return ours ? folder : mkdtempSync(join(tmpdir(), 'drainboard-'));
  }
}
