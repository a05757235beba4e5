/**
 * Whether something from outside is a definition of an objective. Every fault is found at once, each with its
 * place, in words, and with what to write instead; what is left out gets its default.
 */
import { HEROKU_CODES } from './codes.ts';
import { FieldCheck } from './field-check.ts';
import { ROLLING_DAYS_MAX } from './period.ts';
import { err, ok, type Result } from './result.ts';
import type { Budgeting, Indicator, Period, SloDefinition, SloFault, SloScope, Tier } from './slo.ts';
import {
  COMPOSITE_MEMBERS_MAX,
  COMPOSITE_MEMBERS_MIN,
  DEFAULT_BUDGET_ALERTS,
  DESCRIPTION_MAX,
  SLICE_MINUTES,
  TIERS_MAX,
  TITLE_MAX,
} from './slo-bounds.ts';
import { type Fraction, parseTarget, TARGET_FAULTS, targetText } from './target.ts';
import {
  DEFAULT_KEEP_FIRING_MINUTES,
  DEFAULT_MIN_BAD,
  defaultTiersFor,
  impossibleTier,
  LONG_PER_SHORT,
} from './tiers.ts';
import { isZoneKnown } from './zone.ts';

const DAY_MINUTES = 24 * 60;
/** A window longer than that says nothing an alert could be about. */
const WINDOW_MAX_MINUTES = 30 * DAY_MINUTES;
const WAIT_MAX_MINUTES = DAY_MINUTES;
const MIN_BAD_MAX = 1_000_000_000;
const THRESHOLD_MAX_MS = 600_000;
const DEFAULT_PERIOD: Period = { kind: 'rolling', days: 30 };

/** A definition with its defaults filled in, or everything that is wrong with it. */
export function readDefinition(value: unknown): Result<SloDefinition, SloFault[]> {
  const check = new FieldCheck();
  const definition = checkDefinition(check, value);
  return check.faults.length === 0 ? ok(definition) : err(check.faults);
}

const FIELDS = [
  'title',
  'description',
  'indicator',
  'scope',
  'target',
  'period',
  'budgeting',
  'tiers',
  'useCoverage',
  'holdOnMissing',
  'tags',
  'runbookUrl',
  'budgetAlerts',
] as const satisfies readonly (keyof SloDefinition)[];

function checkDefinition(check: FieldCheck, value: unknown): SloDefinition {
  const fields = check.fields('', value, FIELDS);
  const title = check.text('title', fields.title, TITLE_MAX).trim();
  if (typeof fields.title === 'string' && title === '') check.fault('title', 'is empty');
  const period = fields.period === undefined ? DEFAULT_PERIOD : checkPeriod(check, fields.period);
  const target = checkTarget(check, 'target', fields.target);
  const indicator = checkIndicator(check, fields.indicator);
  const scope = checkScope(check, fields.scope ?? {});
  if (indicator.kind === 'composite' && Object.values(scope).some((list) => list.length > 0)) {
    check.fault('scope', 'of a composite is that of its members', 'leave it out');
  }
  return {
    title,
    description: check.text('description', fields.description, DESCRIPTION_MAX, ''),
    indicator,
    scope,
    target: target.text,
    period,
    budgeting: checkBudgeting(check, fields.budgeting ?? { kind: 'occurrences' }),
    tiers: checkTiers(check, fields.tiers, target.fraction, period),
    useCoverage: check.flag('useCoverage', fields.useCoverage, true),
    holdOnMissing: check.flag('holdOnMissing', fields.holdOnMissing, true),
    tags: check.texts('tags', fields.tags, /^[^\s,][^,\n]{0,62}$/, 'a tag: 1 to 63 characters, no comma'),
    runbookUrl: checkUrl(check, 'runbookUrl', fields.runbookUrl),
    budgetAlerts: checkBudgetAlerts(check, fields.budgetAlerts ?? DEFAULT_BUDGET_ALERTS),
  };
}

function checkTarget(
  check: FieldCheck,
  path: string,
  value: unknown,
): { text: string; fraction: Fraction | null } {
  // A number is taken as it prints: 0.999 is 999/1000, whatever its float is.
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') {
    check.fault(path, value === undefined ? 'is missing' : 'is not a decimal number', 'such as 0.999');
    return { text: '', fraction: null };
  }
  const target = parseTarget(text);
  if (target.ok) return { text: targetText(target.value), fraction: target.value };
  const asPercent = /^\d{1,2}(\.\d+)?\s*%?$/.test(text) && Number.parseFloat(text) > 1;
  check.fault(
    path,
    TARGET_FAULTS[target.error],
    asPercent
      ? `per cent are written as a fraction: ${Number((Number.parseFloat(text) / 100).toFixed(9))}`
      : '',
  );
  return { text, fraction: null };
}

function checkPeriod(check: FieldCheck, value: unknown): Period {
  const fields = check.fields('period', value, ['kind', 'days', 'unit', 'zone']);
  const kind = check.oneOf('period.kind', fields.kind, ['rolling', 'calendar']);
  if (kind === 'calendar') {
    const unit = check.oneOf('period.unit', fields.unit, ['week', 'month', 'quarter']) ?? 'month';
    const zone = check.text('period.zone', fields.zone, 64, 'UTC');
    if (!isZoneKnown(zone))
      check.fault('period.zone', 'is not a time zone', 'an IANA name such as Europe/Berlin');
    return { kind, unit, zone };
  }
  return { kind: 'rolling', days: check.whole('period.days', fields.days, 1, ROLLING_DAYS_MAX, 30) };
}

const CONFIGURABLE_CODES = HEROKU_CODES.filter(
  ({ code, counts }) => code.startsWith('H') && counts === 'configurable',
).map(({ code }) => code);

function checkIndicator(check: FieldCheck, value: unknown): Indicator {
  const known = ['kind', 'codes', 'badStatuses', 'thresholdMs', 'excludeLongLived', 'members'];
  const fields = check.fields('indicator', value, known);
  const kind = check.oneOf('indicator.kind', fields.kind, ['availability', 'latency', 'composite']);
  if (kind === 'latency') {
    return {
      kind,
      thresholdMs: check.whole('indicator.thresholdMs', fields.thresholdMs, 1, THRESHOLD_MAX_MS),
      excludeLongLived: check.flag('indicator.excludeLongLived', fields.excludeLongLived, true),
    };
  }
  if (kind === 'composite') {
    const form = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    const path = 'indicator.members';
    const members = check.texts(path, fields.members, form, 'the id of an objective', COMPOSITE_MEMBERS_MAX);
    if (members.length < COMPOSITE_MEMBERS_MIN) {
      check.fault(path, `has ${members.length} entries, at least ${COMPOSITE_MEMBERS_MIN} make a composite`);
    }
    return { kind, members };
  }
  return {
    kind: 'availability',
    codes: checkCodes(check, fields.codes ?? {}),
    badStatuses: check.texts(
      'indicator.badStatuses',
      fields.badStatuses,
      /^[1-5](?:\d\d|xx)$/,
      'a status such as 404, or a class such as 4xx',
    ),
  };
}

function checkCodes(check: FieldCheck, value: unknown): Record<string, boolean> {
  const codes: Record<string, boolean> = {};
  const fields = check.fields('indicator.codes', value, CONFIGURABLE_CODES);
  for (const code of CONFIGURABLE_CODES) {
    if (fields[code] !== undefined) codes[code] = check.flag(`indicator.codes.${code}`, fields[code], true);
  }
  return codes;
}

const PATH_SHAPE = /^(?:\*|\/[^\s?#]{0,119})$/;

function checkScope(check: FieldCheck, value: unknown): SloScope {
  const names = ['processTypes', 'methods', 'hosts', 'pathShapes', 'excludedPathShapes'] as const;
  const fields = check.fields('scope', value, names);
  const texts = (name: (typeof names)[number], form: RegExp, what: string) =>
    check.texts(`scope.${name}`, fields[name], form, what);
  const shape = 'a path shape such as /cart/{id}, or /api/* for all that begin so';
  return {
    processTypes: texts('processTypes', /^[A-Za-z0-9_-]{1,64}$/, 'a process type such as web'),
    methods: texts('methods', /^[A-Z]{3,20}$/, 'a method in capitals such as GET'),
    hosts: texts('hosts', /^[a-z0-9*][a-z0-9.:_-]{0,252}$/, 'a host in small letters'),
    pathShapes: texts('pathShapes', PATH_SHAPE, shape),
    excludedPathShapes: texts('excludedPathShapes', PATH_SHAPE, shape),
  };
}

function checkBudgeting(check: FieldCheck, value: unknown): Budgeting {
  const fields = check.fields('budgeting', value, ['kind', 'sliceMinutes', 'sliceTarget']);
  const kinds = ['occurrences', 'timeslices', 'ratioTimeslices'] as const;
  const kind = check.oneOf('budgeting.kind', fields.kind, kinds);
  if (kind === null || kind === 'occurrences') return { kind: 'occurrences' };
  const sliceMinutes = check.whole('budgeting.sliceMinutes', fields.sliceMinutes, 1, 60, 5);
  if (!SLICE_MINUTES.includes(sliceMinutes)) {
    check.fault('budgeting.sliceMinutes', 'does not divide an hour', `one of ${SLICE_MINUTES.join(', ')}`);
  }
  // Only time slices have a bar that each slice must reach, and it may be 1: no bad event at all.
  if (kind === 'ratioTimeslices' && fields.sliceTarget === undefined)
    return { kind, sliceMinutes, sliceTarget: '1' };
  const isOne = /^1(?:\.0+)?$/.test(String(fields.sliceTarget));
  const sliceTarget = isOne ? '1' : checkTarget(check, 'budgeting.sliceTarget', fields.sliceTarget).text;
  return { kind, sliceMinutes, sliceTarget };
}

function checkTiers(check: FieldCheck, value: unknown, target: Fraction | null, period: Period): Tier[] {
  if (value === undefined) return target === null ? [] : defaultTiersFor(period, target);
  return check.list('tiers', value, TIERS_MAX).map((entry, at) => {
    const path = `tiers.${at}`;
    const tier = checkTier(check, path, entry);
    const impossible = target === null ? null : impossibleTier(tier, target, period);
    if (impossible) check.fault(`${path}.factor`, impossible.text, impossible.advice);
    return tier;
  });
}

const TIER_FIELDS = [
  'severity',
  'longMinutes',
  'shortMinutes',
  'factor',
  'forMinutes',
  'keepFiringMinutes',
  'minBad',
] as const satisfies readonly (keyof Tier)[];

function checkTier(check: FieldCheck, path: string, value: unknown): Tier {
  const fields = check.fields(path, value, TIER_FIELDS);
  const whole = (name: keyof Tier, min: number, max: number, fallback?: number) =>
    check.whole(`${path}.${name}`, fields[name], min, max, fallback);
  const longMinutes = whole('longMinutes', 1, WINDOW_MAX_MINUTES);
  const shortDefault = Math.max(1, Math.round(longMinutes / LONG_PER_SHORT));
  const shortMinutes = whole('shortMinutes', 1, WINDOW_MAX_MINUTES, shortDefault);
  if (shortMinutes > longMinutes) {
    check.fault(`${path}.shortMinutes`, 'is longer than the long window', `a twelfth of it: ${shortDefault}`);
  }
  const { factor } = fields;
  const isFactor = typeof factor === 'number' && Number.isFinite(factor) && factor > 0;
  if (!isFactor) check.fault(`${path}.factor`, 'is not a number above 0');
  return {
    severity: check.oneOf(`${path}.severity`, fields.severity, ['page', 'ticket']) ?? 'ticket',
    longMinutes,
    shortMinutes,
    factor: isFactor ? factor : 0,
    forMinutes: whole('forMinutes', 0, WAIT_MAX_MINUTES, 0),
    keepFiringMinutes: whole('keepFiringMinutes', 0, WAIT_MAX_MINUTES, DEFAULT_KEEP_FIRING_MINUTES),
    minBad: whole('minBad', 0, MIN_BAD_MAX, DEFAULT_MIN_BAD),
  };
}

function checkUrl(check: FieldCheck, path: string, value: unknown): string {
  const text = check.text(path, value, 2000, '');
  const isUrl = text === '' || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol));
  if (!isUrl) check.fault(path, 'is not an address', 'it begins with https://');
  return text;
}

function checkBudgetAlerts(check: FieldCheck, value: unknown): number[] {
  const levels = check
    .list('budgetAlerts', value, 10)
    .map((entry, at) => check.whole(`budgetAlerts.${at}`, entry, 0, 99));
  return [...new Set(levels)].sort((a, b) => b - a);
}
