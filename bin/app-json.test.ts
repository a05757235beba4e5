import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT_FOLDER, SETTINGS } from './settings.ts';

interface Variable {
  description?: string;
  value?: string;
  required?: boolean;
  generator?: string;
}
interface AppJson {
  env: Record<string, Variable>;
  formation: Record<string, { quantity: number; size: string }>;
  addons: { plan: string }[];
  buildpacks: { url: string }[];
  environments: Record<string, { env?: Record<string, Variable>; scripts?: Record<string, string> }>;
  [key: string]: unknown;
}

const read = (name: string): string => readFileSync(join(PROJECT_FOLDER, name), 'utf8');
const app = JSON.parse(read('app.json')) as AppJson;
const settings = Object.values(SETTINGS);

test('app.json has every part that Heroku knows and we need', () => {
  const parts = [
    'name',
    'description',
    'keywords',
    'website',
    'repository',
    'success_url',
    'stack',
    'scripts',
  ];
  expect(parts.filter((part) => app[part] === undefined)).toEqual([]);
  expect(app.success_url).toBe('/setup');
  expect(app.addons.map((addon) => addon.plan)).toEqual(['heroku-postgresql:essential-0']);
  expect(app.buildpacks).toEqual([{ url: 'heroku/nodejs' }]);
  expect(Object.keys(app.environments).sort()).toEqual(['review', 'test']);
});

test('every setting that a person sets is in app.json with the same sentence, and nothing else is', () => {
  const expected = settings
    .filter((setting) => setting.setBy === 'person')
    .map((setting): [string, Variable] => [
      setting.name,
      {
        // The default is told, not set: an app keeps following it.
        description:
          setting.shown === undefined
            ? setting.description
            : `${setting.description} Default: ${setting.shown}.`,
        ...(setting.generated ? { generator: 'secret' } : { required: false }),
      },
    ]);
  expect(app.env).toEqual(Object.fromEntries(expected));
});

test('what app.json sets for its environments are settings', () => {
  const known = settings.map((setting) => setting.name);
  const names = Object.values(app.environments).flatMap((environment) => Object.keys(environment.env ?? {}));
  expect(names.filter((name) => !known.includes(name) && name !== 'NODE_ENV')).toEqual([]);
});

test('Procfile, formation and files in bin/ agree', () => {
  const lines = read('Procfile').trim().split('\n');
  const processes = lines.map(
    (line) => /^(\w+): node (?:--[-a-z]+=\d+ )*(bin\/\w+\.ts)$/.exec(line)?.slice(1) ?? [line, ''],
  );
  expect(processes.map(([name]) => name)).toEqual(['release', 'web', 'worker']);
  for (const [, file = ''] of processes)
    expect([file, existsSync(join(PROJECT_FOLDER, file))]).toEqual([file, true]);
  expect(Object.keys(app.formation).sort()).toEqual(['web', 'worker']);
});

test('the README names every setting', () => {
  const text = read('README.md');
  const missing = settings.filter(
    (setting) => !text.includes(`\`${setting.name}\``) && setting.setBy !== 'test',
  );
  expect(missing.map((setting) => setting.name)).toEqual([]);
});
