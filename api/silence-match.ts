/** Between what people name (apps by name, objectives and rules by uuid) and what silences are matched by. */
import { FITS_ALL, type SilenceMatch as InnerMatch } from '../model/silence.ts';
import { type AppRow, listApps } from '../store/apps.ts';
import type { Queryable } from '../store/pool.ts';
import { listRules, type RuleRow } from '../store/rules.ts';
import { listSlos, type SloRow } from '../store/slos.ts';
import type { SilenceMatch } from './contract/silences.ts';
import { ApiError } from './error.ts';
import type { Names } from './silence-text.ts';

/** Everything that can be named. */
export interface Nameable {
  apps: AppRow[];
  slos: SloRow[];
  rules: RuleRow[];
}

export async function readNameable(db: Queryable): Promise<Nameable> {
  const apps = await listApps(db);
  const rules = await listRules(
    db,
    apps.map((app) => app.id),
  );
  return { apps, slos: await listSlos(db), rules };
}

export function namesOf({ slos, rules }: Nameable): Names {
  return {
    slos: new Map(slos.map((slo) => [slo.publicId, slo.version.definition.title])),
    rules: new Map(rules.map((rule) => [rule.publicId, rule.title])),
  };
}

/** Throws for a name of nothing, at its place in the body. */
export function toInner(match: Partial<SilenceMatch>, known: Nameable): InnerMatch {
  const { apps, slos, rules } = known;
  const appIds = idsOf(match.apps, 'apps', 'app', new Map(apps.map((app) => [app.name, app.id])));
  const sloIds = idsOf(match.slos, 'slos', 'objective', new Map(slos.map((slo) => [slo.publicId, slo.id])));
  const ruleIds = idsOf(match.rules, 'rules', 'rule', new Map(rules.map((rule) => [rule.publicId, rule.id])));
  return {
    ...FITS_ALL,
    appIds,
    sloIds,
    ruleIds,
    severities: match.severities ?? [],
    keys: match.keys ?? [],
    tags: match.tags ?? [],
  };
}

/** Ids of things by their names; a name of nothing is a fault of the field `match.<name>`. */
function idsOf(
  names: readonly string[] | undefined,
  field: string,
  what: string,
  known: ReadonlyMap<string, number>,
): number[] {
  return (names ?? []).map((name, at) => {
    const id = known.get(name);
    if (id !== undefined) return id;
    const message = `"${name}" is no ${what}`;
    throw new ApiError('invalid', {
      detail: `Not accepted: ${message}.`,
      faults: [{ field: `match.${field}.${at}`, message }],
    });
  });
}

/** What was removed since is left out. */
export function toOuter(match: InnerMatch, { apps, slos, rules }: Nameable): SilenceMatch {
  return {
    apps: apps.filter((app) => match.appIds.includes(app.id)).map((app) => app.name),
    slos: slos.filter((slo) => match.sloIds.includes(slo.id)).map((slo) => slo.publicId),
    rules: rules.filter((rule) => match.ruleIds.includes(rule.id)).map((rule) => rule.publicId),
    severities: match.severities,
    keys: match.keys,
    tags: match.tags,
  };
}
