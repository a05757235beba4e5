/** What a benchmark asks the database server. */
import { readdirSync, readFileSync } from 'node:fs';
import { silentLog } from '../model/log.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { listSizes, readServerPid } from '../store/sizes.ts';

const TICKS_PER_SECOND = 100;

/** CPU seconds of the server and all its children so far, dead ones included; null where /proc cannot tell. */
export async function readServerCpuSeconds(url: string): Promise<number | null> {
  const pool = buildPool({ url, max: 1, applicationName: 'bench-cpu', log: silentLog });
  try {
    const backendPid = await readServerPid(pool);
    const postmaster = readParent(backendPid);
    if (postmaster === null) return null;
    let ticks = 0;
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const stat = readStat(Number(entry));
      if (stat === null) continue;
      if (stat.pid === postmaster) ticks += stat.own + stat.deadChildren;
      else if (stat.parent === postmaster) ticks += stat.own;
    }
    return ticks / TICKS_PER_SECOND;
  } catch {
    return null;
  } finally {
    await pool.end();
  }
}

function readParent(pid: number): number | null {
  return readStat(pid)?.parent ?? null;
}

function readStat(pid: number): { pid: number; parent: number; own: number; deadChildren: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in brackets may hold anything; what counts comes after it.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return {
      pid,
      parent: fields[1]!,
      own: fields[11]! + fields[12]!,
      deadChildren: fields[13]! + fields[14]!,
    };
  } catch {
    return null;
  }
}

/** Lines on how large the tables became, with the bytes a message takes in the durable log. */
export async function tableSizes(pool: Pool): Promise<string[]> {
  const { tables, chunkMessages, chunkBytes } = await listSizes(pool);
  const lines = tables.map(
    ({ table, bytes, rows }) => `${table}: ${(bytes / 1024 / 1024).toFixed(1)} MiB, ${rows} rows`,
  );
  lines.push(`durable log: ${(chunkBytes / chunkMessages).toFixed(1)} bytes a message`);
  return lines;
}
