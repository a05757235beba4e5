/** OpenSLO's alert policies and conditions as tiers. */
import { ANNOTATION, type Notes, parseShorthand, severityOf } from './openslo.ts';
import { at, type Fields, listOf, type OpenSloFile, textOf } from './openslo-document.ts';
import { LONG_PER_SHORT } from './tiers.ts';

/** Nothing said of alert policies leaves the default tiers; an empty list means none. */
export function readTiers(file: OpenSloFile, spec: Fields, notes: Notes): { tiers?: object[] } {
  if (!Array.isArray(spec.alertPolicies)) {
    notes.warnings.push('spec.alertPolicies: there are none, the default tiers of the period are taken');
    return {};
  }
  return { tiers: spec.alertPolicies.flatMap((policy, index) => readPolicy(file, policy, index, notes)) };
}

function readPolicy(file: OpenSloFile, value: unknown, index: number, notes: Notes): object[] {
  const place = `spec.alertPolicies.${index}`;
  const policy = at({ value }, 'value');
  const ref = policy.alertPolicyRef;
  const found = ref === undefined ? policy : file.find('AlertPolicy', ref);
  if (found === null) {
    notes.faults.push(`${place}: there is no AlertPolicy "${textOf(ref)}" in the file`);
    return [];
  }
  const spec = at(found, 'spec');
  if (spec.alertWhenBreaching === false) {
    notes.warnings.push(`${place}: it does not alert when breaching and is left out`);
    return [];
  }
  return listOf(spec.conditions).flatMap((condition) => readCondition(file, condition, place, notes));
}

function readCondition(file: OpenSloFile, value: unknown, place: string, notes: Notes): object[] {
  const inline = at({ value }, 'value');
  const ref = inline.conditionRef;
  const found = ref === undefined ? inline : file.find('AlertCondition', ref);
  if (found === null) {
    notes.faults.push(`${place}: there is no AlertCondition "${textOf(ref)}" in the file`);
    return [];
  }
  const {
    kind = 'burnrate',
    op,
    threshold,
    lookbackWindow,
    alertAfter = '0m',
  } = at(found, 'spec', 'condition');
  if (kind !== 'burnrate') {
    notes.faults.push(`${place}: the condition is "${textOf(kind)}", only burnrate is known`);
    return [];
  }
  const long = parseShorthand(lookbackWindow);
  const wait = parseShorthand(alertAfter);
  if (long === null || wait === null) {
    notes.faults.push(`${place}: lookbackWindow and alertAfter are shorthands such as 1h`);
    return [];
  }
  // The specification's own samples say lte where a burn rate above the threshold is meant.
  if (op !== 'gt') notes.warnings.push(`${place}: op ${textOf(op)} is read as gt, above the threshold`);
  return [
    {
      severity: readSeverity(at(found, 'spec').severity, place, notes),
      longMinutes: long.minutes,
      factor: threshold,
      forMinutes: wait.minutes,
      ...readTierAnnotations(at(found, 'metadata', 'annotations'), long.minutes, place, notes),
    },
  ];
}

function readSeverity(value: unknown, place: string, notes: Notes): 'page' | 'ticket' {
  const severity = severityOf(textOf(value));
  if (severity === null) notes.warnings.push(`${place}: the severity "${textOf(value)}" is taken as ticket`);
  return severity ?? 'ticket';
}

function readTierAnnotations(annotations: Fields, longMinutes: number, place: string, notes: Notes): object {
  const short = parseShorthand(annotations[ANNOTATION.shortWindow]);
  const keep = parseShorthand(annotations[ANNOTATION.keepFiring]);
  const minBad = annotations[ANNOTATION.minBad];
  const shortMinutes = short?.minutes ?? Math.max(1, Math.round(longMinutes / LONG_PER_SHORT));
  if (short === null)
    notes.warnings.push(`${place}: no short window, a twelfth of the long one is taken: ${shortMinutes}m`);
  return {
    shortMinutes,
    ...(keep !== null && { keepFiringMinutes: keep.minutes }),
    ...(minBad !== undefined && { minBad: Number(textOf(minBad)) }),
  };
}
