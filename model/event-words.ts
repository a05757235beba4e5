/** What was done to an app, in a few words of what its event holds. Pure. */

const NAMES_MAX = 3;

/** `Deploy 1a2b3c4d`, `Rollback`, `LANG, RACK_ENV set`, `web@5, worker@2`; '' for what says nothing more. */
export function eventText({
  kind,
  version,
  detail,
}: {
  kind: string;
  version: number | null;
  detail: Readonly<Record<string, unknown>>;
}): string {
  switch (kind) {
    case 'deploy':
      return `Deploy ${textOf(detail.commit).slice(0, 8)}`.trim();
    case 'rollback':
      return version === null ? 'Rollback' : `Rollback to v${version}`;
    case 'config':
      return `${shorten(listOf(detail.names).map(textOf)) || 'config vars'} set`;
    case 'scale':
      return shorten(listOf(detail.formation).map(formationText)) || 'a new formation';
    default:
      return '';
  }
}

function formationText(value: unknown): string {
  const { type, quantity } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  return `${textOf(type)}@${textOf(quantity)}`;
}

function shorten(names: readonly string[]): string {
  const rest = names.length - NAMES_MAX;
  return `${names.slice(0, NAMES_MAX).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 200) : '';
}
