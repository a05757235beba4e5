import { PROJECT_FOLDER, SETTINGS } from './settings.ts';

/** Prints the table of settings for the README: `node bin/settings-table.ts`. */
export function renderSettingsTable(): string {
  const rows = Object.values(SETTINGS)
    .filter((setting) => setting.setBy !== 'test')
    .map(
      ({ name, shown, description }) =>
        `| \`${name}\` | ${(shown ?? '').replace(PROJECT_FOLDER, './')} | ${description} |`,
    );
  return ['| name | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

if (import.meta.main) process.stdout.write(`${renderSettingsTable()}\n`);
