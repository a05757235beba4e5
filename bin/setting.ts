import { err, ok, type Result } from '../model/result.ts';

/** One name of the environment. */
export interface Setting<T> {
  name: string;
  /** A sentence for the person who sets it, as shown by app.json and the README. */
  description: string;
  /** What an absent value means, in words, when `parse` is not asked. */
  fallback: T;
  /** The default as one would write it; absent when there is none. */
  shown?: string;
  /**
   * Who sets it: a person (in app.json), the platform or an add-on (there by itself), or tests only.
   */
  setBy: 'person' | 'platform' | 'test';
  /** Its value is never shown, not even in a fault. */
  secret: boolean;
  /** Made by Heroku when the app is created. */
  generated: boolean;
  /** Text to value; the failure is what is wrong, then what to do. Never repeats the text. */
  parse(text: string): Result<T, [problem: string, remedy: string]>;
}

export type Parse<T> = Setting<T>['parse'];

type Described<T> = Pick<Setting<T>, 'description'> &
  Partial<Pick<Setting<T>, 'setBy' | 'secret' | 'generated' | 'shown'>>;

const COMMON = { setBy: 'person', secret: false, generated: false } as const;

/** A setting that may be absent. */
export function optional<T>(name: string, parse: Parse<T>, rest: Described<T>): Setting<T | undefined> {
  return { ...COMMON, ...rest, name, fallback: undefined, parse };
}

/** A setting with a default, given as one would write it. Throws when the default itself is at fault. */
export function withDefault<T>(name: string, parse: Parse<T>, shown: string, rest: Described<T>): Setting<T> {
  const fallback = parse(shown);
  if (!fallback.ok) throw new Error(`the default of ${name} is at fault: ${fallback.error[0]}`);
  return { ...COMMON, ...rest, name, shown, fallback: fallback.value, parse };
}

/** A whole number between two bounds, multiplied (to milliseconds, to bytes) by `factor`. */
export function wholeNumber(min: number, max: number, factor = 1): Parse<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return ok(value * factor);
    return err(['is not a whole number in its range', `give a number from ${min} to ${max}`]);
  };
}

/** One word of a closed list. */
export function oneOf<const Words extends readonly string[]>(...words: Words): Parse<Words[number]> {
  return (text) => {
    const word = words.find((candidate) => candidate === text.toLowerCase());
    return word === undefined ? err(['is not a known word', `use one of: ${words.join(', ')}`]) : ok(word);
  };
}

/** A switch. */
export function onOff(text: string): Result<boolean, [string, string]> {
  if (/^(true|on|yes|1)$/i.test(text)) return ok(true);
  if (/^(false|off|no|0)$/i.test(text)) return ok(false);
  return err(['is neither on nor off', 'use true or false']);
}

/** Any text of at least `min` characters. */
export function text(min = 1, what = `give at least ${min} characters`): Parse<string> {
  return (value) => (value.length >= min ? ok(value) : err([`is shorter than ${min} characters`, what]));
}

/** An absolute URL with one of these schemes and a host; given back as written. */
export function url(...schemes: string[]): Parse<string> {
  return (value) => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    const example = `give a URL such as ${schemes[0]}://host.example.com`;
    if (parsed === undefined || parsed.hostname === '') return err(['is not a URL', example]);
    if (!schemes.includes(parsed.protocol.slice(0, -1))) {
      return err([`does not begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`, example]);
    }
    return ok(value);
  };
}

/** Scheme and host alone, such as `https://drains.example.com`, without a slash at the end. */
export function origin(value: string): Result<string, [string, string]> {
  const parsed = url('https', 'http')(value);
  if (!parsed.ok) return parsed;
  const { origin: own, pathname, search, hash, username } = new URL(value);
  if (pathname !== '/' || search !== '' || hash !== '' || username !== '') {
    return err(['has more than scheme, host and port', 'leave path, query and credentials out']);
  }
  return ok(own);
}

/** One or more PEM certificates; a single line with `\n` in it will do. */
export function certificate(value: string): Result<string, [string, string]> {
  const pem = value.replaceAll('\\n', '\n');
  if (/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.test(pem)) return ok(pem);
  return err(['is not a PEM certificate', 'paste the text from BEGIN CERTIFICATE to END CERTIFICATE']);
}
