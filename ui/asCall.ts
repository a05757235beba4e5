/** A write of a page as a person would do it from a script: the call and, where there is one, the command. Pure. */
import type { Write } from './client.ts';

/** What is never shown, whatever it holds: a variable stands in its place. */
const SECRET = /password|secret|token|key|credential/i;
/** Of receivers every secret is beneath this name. */
const SECRETS = 'secrets';
/** Routes for people alone: no token can take their place (SEC-28). */
const PEOPLE_ONLY = /^\/(people|tokens|sessions|password|session|walls|sign-out)(\/|$)/;

export interface AsCall {
  /** For a shell, with what is secret as `$NAME`. */
  curl: string;
  /** null: the command line has none for this. */
  command: string | null;
  /** Whether an API token may do it. */
  forTokens: boolean;
}

/** `origin`: scheme and host of this instance. */
export function asCall({ method, path, body }: Write, origin: string): AsCall {
  if (path === '/config') return configCall({ method, path, body }, origin);
  const hidden = body === undefined ? undefined : withoutSecrets(body);
  const json = hidden === undefined || isEmpty(hidden) ? null : JSON.stringify(hidden);
  const parts = [
    `curl -X ${method} ${quoted(`${origin}/api/v1${path}`)}`,
    `-H "Authorization: Bearer $DRAINBOARD_TOKEN"`,
    `-H 'Content-Type: application/json'`,
    `-d ${shellJson(json ?? '{}')}`,
  ];
  return {
    curl: parts.join(' \\\n  '),
    command: commandOf({ method, path, body }),
    forTokens: !PEOPLE_ONLY.test(path),
  };
}

/** The file is too long to stand in a command: it is read from where it was saved. */
function configCall(write: Write, origin: string): AsCall {
  const dryRun = (write.body as { dryRun?: boolean } | undefined)?.dryRun === true;
  const curl = [
    `jq '{file: ., dryRun: ${dryRun}}' drainboard.json`,
    `| curl -X POST ${quoted(`${origin}/api/v1/config`)}`,
    `-H "Authorization: Bearer $DRAINBOARD_TOKEN"`,
    `-H 'Content-Type: application/json' -d @-`,
  ].join(' \\\n  ');
  return { curl, command: commandOf(write), forTokens: true };
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** `{"password":"…"}` becomes `{"password":"$PASSWORD"}`; long parts are cut, for a call is to be read. */
function withoutSecrets(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one, name));
  if (typeof value === 'object' && value !== null) {
    const isSecrets = name === SECRETS;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, isSecrets ? variable(key) : withoutSecrets(one, key)]),
    );
  }
  return typeof value === 'string' && SECRET.test(name) ? variable(name) : value;
}

function variable(name: string): string {
  const upper = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase();
  return `$${upper}`;
}

/** Single quotes for a shell; where a variable stands, double ones, so that it is filled in. */
function shellJson(json: string): string {
  if (!/\$[A-Z_]+/.test(json)) return quoted(json);
  return json
    .split(/(\$[A-Z][A-Z0-9_]*)/)
    .map((part, at) => (at % 2 === 1 ? `"${part}"` : part === '' ? '' : quoted(part)))
    .join('');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const NAME = '([a-z0-9-]+)';

/** Only what the command line really has. */
function commandOf({ method, path, body }: Write): string | null {
  const given = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const app = (rest: string) => new RegExp(`^/apps/${NAME}${rest}$`).exec(path)?.[1];
  if (method === 'POST' && path === '/apps' && typeof given.name === 'string')
    return `npx drainboard app add ${word(given.name)}`;
  if (method === 'POST' && app('/rotate'))
    return `npx drainboard app rotate ${app('/rotate')}${given.now === true ? ' --now' : ''}`;
  if (method === 'DELETE' && app('')) return `npx drainboard app remove ${app('')}`;
  if (method === 'POST' && path === '/tokens' && typeof given.role === 'string')
    return `npx drainboard token create --role ${word(given.role)}`;
  if (method === 'POST' && path === '/config')
    return `npx drainboard config import drainboard.json${given.dryRun === true ? ' --dry-run' : ''}`;
  return null;
}

function word(text: string): string {
  return /^[\w.@/-]+$/.test(text) ? text : quoted(text);
}
