/** Wires a command to this machine: the environment, the data folder, the database. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEnvironment } from '../env.ts';
import { PROJECT_FOLDER } from '../settings.ts';
import type { CliStore, CommandContext, Terminal } from './command.ts';

export function buildContext(terminal: Terminal, json: boolean, nowMs: number): CommandContext {
  return { terminal, json, nowMs, openStore };
}

async function openStore(): Promise<CliStore> {
  // Loaded here: `parse`, `help` and `version` must not wait for a database driver.
  const { openStoreForCli } = await import('../local.ts');
  const { pool, config, baseUrl, close } = await openStoreForCli(readEnvironment());
  return { pool, key: config.secret, baseUrl, ownAppName: config.herokuAppName, close };
}

/** Of package.json. */
export function readVersion(): string {
  const text = readFileSync(join(PROJECT_FOLDER, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
