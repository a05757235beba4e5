import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The user the server runs as; undefined: as ourselves. */
export interface Account {
  uid: number;
  gid: number;
}

/** What `nobody` is on Linux where /etc/passwd does not say. */
const NOBODY: Account = { uid: 65_534, gid: 65_534 };

/**
 * Postgres refuses to run as root. As root we run it as the owner of the existing database folder, so
 * that a data folder used by a normal user before stays theirs, else as `nobody`. As anyone else: as
 * ourselves (undefined).
 */
export function chooseAccount(databaseFolder: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(databaseFolder, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return readNobody();
}

function readNobody(): Account {
  try {
    const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
    return line === null ? NOBODY : { uid: Number(line[1]), gid: Number(line[2]) };
  } catch {
    return NOBODY;
  }
}

/**
 * Whether `account` may enter `path` and every folder above it, going by owner and mode bits. Access
 * lists can only make the answer too strict, which costs a copy, or too lax, which fails with EACCES.
 */
export function canEnter(path: string, account: Account | undefined): boolean {
  if (account === undefined) return true;
  const { uid, gid, mode } = statSync(path);
  const bits = uid === account.uid ? mode >> 6 : gid === account.gid ? mode >> 3 : mode;
  if ((bits & 0o1) === 0) return false;
  const parent = dirname(path);
  return parent === path || canEnter(parent, account);
}
