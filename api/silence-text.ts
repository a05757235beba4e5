/** What a silence fits, in words. */
import type { SilenceMatch } from './contract/silences.ts';

/** Names of what is told by id. */
export interface Names {
  slos: ReadonlyMap<string, string>;
  rules: ReadonlyMap<string, string>;
}

/** `every alert`, `pages and tickets of shop`, `"Checkout succeeds" of shop, only web.1`. */
export function sayMatch(match: SilenceMatch, names: Names): string {
  const titled = (known: ReadonlyMap<string, string>) => (id: string) => `"${known.get(id) ?? 'removed'}"`;
  const subjects = [...match.slos.map(titled(names.slos)), ...match.rules.map(titled(names.rules))];
  const severities = match.severities.map((severity) =>
    severity === 'info' ? 'information' : `${severity}s`,
  );
  const what =
    subjects.length > 0
      ? [list(subjects), ...(severities.length > 0 ? [`as ${list(severities)}`] : [])].join(' ')
      : severities.length > 0
        ? list(severities)
        : 'every alert';
  const where = match.apps.length > 0 ? ` of ${list(match.apps)}` : '';
  const tags = match.tags.length > 0 ? ` tagged ${list(match.tags, 'or')}` : '';
  const keys = match.keys.length > 0 ? `, only ${list(match.keys, 'and')}` : '';
  return `${what}${where}${tags}${keys}`;
}

function list(words: readonly string[], joint = 'and'): string {
  if (words.length > 4) return `${words.slice(0, 3).join(', ')} ${joint} ${words.length - 3} more`;
  return words.length <= 1
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1) ?? ''}`;
}
