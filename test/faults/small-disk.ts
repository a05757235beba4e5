/** A disk of a few megabytes in memory, to be filled up; where mounting is not allowed there is none. */
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  folder: string;
  /** Not a byte is free any more. */
  fill(): void;
  free(): void;
  close(): void;
}

/**
 * @param like the disk belongs to the owner of this folder
 * @returns null where this process may not mount
 */
export function mountSmallDisk(megabytes: number, like: string): SmallDisk | null {
  const folder = mkdtempSync(join(tmpdir(), 'drainboard-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  if (status !== 0) {
    rmdirSync(folder);
    return null;
  }
  const { uid, gid } = statSync(like);
  chownSync(folder, uid, gid);
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: () => {
      const { status: left } = spawnSync('dd', [
        'if=/dev/zero',
        `of=${filler}`,
        'bs=64k',
        'oflag=append',
        'conv=notrunc',
      ]);
      // It ends because there is no room: that is the point.
      if (left === 0) throw new Error('the small disk could not be filled');
      try {
        for (let i = 0; i < 64; i++) writeFileSync(filler, Buffer.alloc(1024), { flag: 'a' });
      } catch {
        // The last kilobytes are taken.
      }
    },
    free: () => rmSync(filler, { force: true }),
    close: () => {
      spawnSync('umount', ['-l', folder]);
      rmdirSync(folder);
    },
  };
}
