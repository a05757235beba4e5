/** Whether something is a rule: every fault at once, in words. */
import { codeOf } from './codes.ts';
import { err, ok, type Result } from './result.ts';
import type { RuleDraft, RuleFault } from './rule.ts';
import { RULE_KINDS, type RuleField, type RuleKindSpec, ruleKind } from './rule-kinds.ts';
import { isZoneKnown } from './zone.ts';

const TITLE_MAX = 200;
const URL_MAX = 1000;
const MINUTES_MAX = 1440;
const LIST_TEXT_MAX = 100;
const SEVERITIES: readonly unknown[] = ['page', 'ticket', 'info'];
const ON_NO_DATA: readonly unknown[] = ['hold', 'alert', 'ok'];
const FIELDS: readonly string[] = [
  'kind',
  'title',
  'severity',
  'isOn',
  'settings',
  'forMinutes',
  'keepFiringMinutes',
  'onNoData',
  'runbookUrl',
];

type Fields = Record<string, unknown>;

/**
 * A rule as people wrote it. What is left out has the default of its kind; a name that is not known is a fault, for it
 * is a mistyped one.
 */
export function checkRule(input: unknown): Result<RuleDraft, RuleFault[]> {
  if (!isFields(input)) return err([fault('', 'A rule is a JSON object.')]);
  const spec = typeof input.kind === 'string' ? ruleKind(input.kind) : undefined;
  const faults = unknownNames(input, FIELDS, '');
  if (spec === undefined) {
    const kinds = RULE_KINDS.map(({ kind }) => kind).join(', ');
    return err([...faults, fault('kind', 'There is no such kind of rule.', `One of ${kinds}.`)]);
  }
  const draft = withDefaults(input, spec);
  faults.push(...checkCommon(draft), ...checkSettings(draft.settings, spec));
  if (faults.length === 0) faults.push(...checkTogether(draft as unknown as RuleDraft));
  return faults.length === 0 ? ok(draft as unknown as RuleDraft) : err(faults);
}

function withDefaults(input: Fields, spec: RuleKindSpec): Fields {
  const { settings, ...common } = spec.defaults;
  const given = input.settings ?? {};
  return {
    title: spec.title,
    isOn: true,
    runbookUrl: '',
    ...common,
    ...withoutUndefined(input),
    settings: isFields(given) ? { ...settings, ...withoutUndefined(given) } : given,
  };
}

function withoutUndefined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function checkCommon(draft: Fields): RuleFault[] {
  const faults: RuleFault[] = [];
  const { title, severity, isOn, onNoData, runbookUrl } = draft;
  if (typeof title !== 'string' || title.trim() === '' || title.length > TITLE_MAX) {
    faults.push(fault('title', `A title has 1 to ${TITLE_MAX} characters.`));
  }
  if (!SEVERITIES.includes(severity)) {
    faults.push(fault('severity', 'There is no such severity.', 'page, ticket or info.'));
  }
  if (typeof isOn !== 'boolean') faults.push(fault('isOn', 'A rule is on (true) or off (false).'));
  for (const name of ['forMinutes', 'keepFiringMinutes']) {
    if (isWithin(draft[name], { min: 0, max: MINUTES_MAX, isWhole: true })) continue;
    faults.push(fault(name, `Whole minutes from 0 to ${MINUTES_MAX}.`));
  }
  if (!ON_NO_DATA.includes(onNoData)) {
    faults.push(fault('onNoData', 'Missing data holds, alerts or is ok.', 'hold, alert or ok.'));
  }
  if (typeof runbookUrl !== 'string' || (runbookUrl !== '' && !isWebAddress(runbookUrl))) {
    faults.push(fault('runbookUrl', 'A runbook is a web address.', 'It begins with https:// or http://.'));
  }
  return faults;
}

function checkSettings(settings: unknown, spec: RuleKindSpec): RuleFault[] {
  if (!isFields(settings)) return [fault('settings', 'Settings are a JSON object.')];
  const names = spec.fields.map(({ name }) => name);
  return [
    ...unknownNames(settings, names, 'settings.'),
    ...spec.fields.flatMap((field) => checkField(settings[field.name], field)),
  ];
}

function checkField(value: unknown, field: RuleField): RuleFault[] {
  const path = `settings.${field.name}`;
  switch (field.type) {
    case 'number':
      return isWithin(value, field) ? [] : [fault(path, boundsText(field))];
    case 'choice': {
      if (field.choices.some((choice) => choice.value === value)) return [];
      const choices = field.choices.map((choice) => choice.value).join(', ');
      return [fault(path, 'There is no such choice.', `One of ${choices}.`)];
    }
    case 'text':
      return isText(value, field) ? [] : [fault(path, `A text of ${field.min} to ${field.max} characters.`)];
    case 'list':
      return isList(value, field)
        ? []
        : [fault(path, `A list of ${field.min} to ${field.max} different names, none of them empty.`)];
  }
}

function boundsText({ min, max, isWhole, unit }: RuleField): string {
  const number = isWhole ? 'A whole number' : 'A number';
  const shown = unit === '%' ? ` (fractions: 0.05 is 5 %)` : unit === '' ? '' : ` ${unit}`;
  return `${number} from ${min} to ${max}${shown}.`;
}

/** What only several fields together can get wrong. */
function checkTogether(draft: RuleDraft): RuleFault[] {
  switch (draft.kind) {
    case 'codeRate':
      return checkCodes(draft.settings.codes, () => true, 'H12, R14, L10 …');
    case 'memoryCode':
      return checkCodes(draft.settings.codes, (code) => code === 'R14' || code === 'R15', 'R14 and R15.');
    case 'addon': {
      const { measure, metric } = draft.settings;
      return measure === 'metric' && metric.trim() === ''
        ? [fault('settings.metric', 'Another metric needs its name.', 'As the add-on writes it: db_size.')]
        : [];
    }
    case 'incompleteData': {
      const { minutes, windowMinutes } = draft.settings;
      return minutes > windowMinutes
        ? [fault('settings.minutes', 'The window has fewer minutes than that.', `At most ${windowMinutes}.`)]
        : [];
    }
    case 'trafficCollapse':
    case 'anomaly':
      return isZoneKnown(draft.settings.zone)
        ? []
        : [fault('settings.zone', 'There is no such time zone.', 'An IANA name: UTC, Europe/Berlin.')];
    default:
      return [];
  }
}

function checkCodes(
  codes: readonly string[],
  isMeant: (code: string) => boolean,
  advice: string,
): RuleFault[] {
  const wrong = codes.filter((code) => codeOf(code) === undefined || !isMeant(code));
  return wrong.length === 0
    ? []
    : [
        fault(
          'settings.codes',
          `Not a code that can be watched here: ${wrong.join(', ').slice(0, 100)}.`,
          advice,
        ),
      ];
}

function unknownNames(fields: Fields, known: readonly string[], prefix: string): RuleFault[] {
  return Object.keys(fields)
    .filter((name) => !known.includes(name))
    .slice(0, 20)
    .map((name) =>
      fault(`${prefix}${name.slice(0, 60)}`, 'There is no such field here.', `One of ${known.join(', ')}.`),
    );
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWithin(
  value: unknown,
  { min, max, isWhole }: Pick<RuleField, 'min' | 'max' | 'isWhole'>,
): value is number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (isWhole && !Number.isInteger(value)) return false;
  return value >= (min ?? -Infinity) && value <= (max ?? Infinity);
}

function isText(value: unknown, { min, max }: RuleField): boolean {
  if (typeof value !== 'string' || hasControls(value)) return false;
  return value.trim().length >= (min ?? 0) && value.length <= (max ?? 0);
}

function isList(value: unknown, { min, max }: RuleField): boolean {
  if (!Array.isArray(value) || value.length < (min ?? 0) || value.length > (max ?? 0)) return false;
  const isName = (item: unknown) =>
    typeof item === 'string' && item.trim() !== '' && item.length <= LIST_TEXT_MAX && !hasControls(item);
  return value.every(isName) && new Set(value).size === value.length;
}

/** Tabs part the keys of series; NUL is refused by the database. */
function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text) || !text.isWellFormed();
}

function isWebAddress(text: string): boolean {
  if (text.length > URL_MAX || !URL.canParse(text)) return false;
  return ['http:', 'https:'].includes(new URL(text).protocol);
}

function fault(path: string, text: string, advice = ''): RuleFault {
  return { path, text, advice };
}
