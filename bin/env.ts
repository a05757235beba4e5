import { resolve } from 'node:path';
import { err, ok, type Result } from '../model/result.ts';
import type { Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';

/** The environment as given; only this file knows where it comes from. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Values = { [Key in keyof typeof SETTINGS]: (typeof SETTINGS)[Key] extends Setting<infer T> ? T : never };

/** Everything that can be set, typed and validated; times in ms, sizes in bytes. */
export interface Config extends Values {
  /** On a dyno: TLS quirks, proxy headers and no data folder. */
  onHeroku: boolean;
}

export type ConfigKey = keyof Values;

/** A configuration in which these are certainly there. */
export type ConfigWith<Key extends ConfigKey> = Config & { [K in Key]-?: NonNullable<Config[K]> };

export interface ConfigFault {
  /** Of the environment. */
  name: string;
  problem: string;
  /** What to do. */
  remedy: string;
}

const ENTRIES = Object.entries(SETTINGS) as [ConfigKey, Setting<unknown>][];

/**
 * Reads the whole environment and reports all faults together. An empty value counts as absent. `needs`
 * are the settings without which the calling process cannot work. No fault repeats a value.
 */
export function readConfig<const Key extends ConfigKey = never>(
  env: Environment,
  needs: readonly Key[] = [],
): Result<ConfigWith<Key>, ConfigFault[]> {
  const faults: ConfigFault[] = findUnknown(env);
  const values: Partial<Record<ConfigKey, unknown>> = {};
  for (const [key, setting] of ENTRIES) {
    const text = env[setting.name]?.trim() ?? '';
    if (text === '') {
      values[key] = setting.fallback;
      if (setting.fallback === undefined && (needs as readonly ConfigKey[]).includes(key)) {
        faults.push({ name: setting.name, problem: 'is not set', remedy: setting.description });
      }
      continue;
    }
    const parsed = setting.parse(text);
    if (parsed.ok) values[key] = parsed.value;
    else faults.push({ name: setting.name, problem: parsed.error[0], remedy: parsed.error[1] });
  }
  faults.push(...findHalfSet(env));
  if (faults.length > 0) return err(faults);
  const config = { ...(values as Values), onHeroku: values.dyno !== undefined };
  return ok({ ...config, dataDir: resolve(config.dataDir) } as ConfigWith<Key>);
}

/** A typing mistake in one of our names would otherwise silently mean the default. */
function findUnknown(env: Environment): ConfigFault[] {
  const known = ENTRIES.map(([, setting]) => setting.name);
  return Object.keys(env)
    .filter((name) => name.startsWith('DRAINBOARD_') && !known.includes(name))
    .map((name) => {
      const near = known.find((candidate) => isNear(candidate, name));
      const remedy = near === undefined ? 'remove it' : `did you mean ${near}?`;
      return { name: escapeName(name), problem: 'is not a setting of Drainboard', remedy };
    });
}

function escapeName(name: string): string {
  return name.replace(/[^\w]/g, '?').slice(0, 80);
}

/** Same letters but for a few, wherever they are: enough for a hint. */
function isNear(known: string, given: string): boolean {
  const letters = (text: string) =>
    text
      .replace(/[^A-Z0-9]/g, '')
      .split('')
      .sort()
      .join('');
  const [a, b] = [letters(known), letters(given)];
  return (
    Math.abs(a.length - b.length) <= 2 &&
    (a.includes(b) || b.includes(a) || known.startsWith(given.slice(0, -2)))
  );
}

/** Settings that mean nothing alone. */
const TOGETHER: (readonly string[])[] = [
  ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET'],
  ['SMTP_URL', 'SMTP_FROM'],
];

function findHalfSet(env: Environment): ConfigFault[] {
  return TOGETHER.flatMap((names) => {
    const missing = names.filter((name) => (env[name]?.trim() ?? '') === '');
    if (missing.length === 0 || missing.length === names.length) return [];
    const given = names.filter((name) => !missing.includes(name)).join(' and ');
    return missing.map((name) => ({
      name,
      problem: `is not set although ${given} is`,
      remedy: 'set all of them or none',
    }));
  });
}

/** The faults as text for a terminal, one a line. */
export function explainFaults(faults: readonly ConfigFault[]): string {
  const lines = faults.map(({ name, problem, remedy }) => `  ${name} ${problem}: ${remedy}`);
  const count = faults.length === 1 ? 'one setting is' : `${faults.length} settings are`;
  return [`Drainboard cannot start, ${count} at fault:`, ...lines].join('\n');
}

/** The environment of this process. Nobody else asks for it. */
export function readEnvironment(): Environment {
  return process.env;
}

/** For the entry of a process: the configuration, or all faults on standard error and exit 1. */
export function loadConfig<const Key extends ConfigKey = never>(needs: readonly Key[] = []): ConfigWith<Key> {
  return unwrapConfig(readConfig(readEnvironment(), needs));
}

/** As `loadConfig`, for a configuration read from an environment that was added to. */
export function unwrapConfig<C extends Config>(read: Result<C, ConfigFault[]>): C {
  if (read.ok) return read.value;
  process.stderr.write(`${explainFaults(read.error)}\n`);
  process.exit(1);
}

/** Where people and senders reach us, without a slash at the end. */
export function findBaseUrl(config: Pick<Config, 'baseUrl' | 'herokuDomain'>, port: number): string {
  if (config.baseUrl !== undefined) return config.baseUrl;
  return config.herokuDomain === undefined ? `http://localhost:${port}` : `https://${config.herokuDomain}`;
}
