/**
 * OpenSLO files into objectives. Nothing is guessed in silence: what is read differently from how it is written is
 * a warning, what cannot be measured at the router of a Heroku app is a fault.
 */
import { ANNOTATION, NAME_FORM, Notes, nameOf, parseShorthand, ROUTER_SOURCE, TAG_LABEL } from './openslo.ts';
import {
  at,
  type Fields,
  isFields,
  listOf,
  type OpenSloFile,
  readOpenSloFile,
  textOf,
} from './openslo-document.ts';
import { readPeriod } from './openslo-period.ts';
import { readTiers } from './openslo-policies.ts';
import { checkSlo, type SloDefinition } from './slo.ts';
import { fraction, parseDecimal, targetText } from './target.ts';

export interface ImportOptions {
  /**
   * What to do with sources other than `heroku-router`, which cannot be asked: `refuse` them, or `router`: measure
   * the same promise at the app's router, with a warning.
   */
  foreignSources: 'refuse' | 'router';
}

/** One objective of a file. */
export interface ImportedSlo {
  /** metadata.name as it stands, or `document 3`. */
  name: string;
  slug: string;
  /** The app the source names, else spec.service; '' when neither does. */
  app: string;
  /** Null when there is a fault. */
  definition: SloDefinition | null;
  /** Sentences that begin with the place. */
  faults: string[];
  warnings: string[];
}

/**
 * Every objective of a file: an SLO with several objectives gives one each. A text that is no OpenSLO at all gives
 * a single entry with its fault. Never throws.
 */
export function importOpenSlo(
  text: string,
  options: ImportOptions = { foreignSources: 'refuse' },
): ImportedSlo[] {
  const file = readOpenSloFile(text);
  if (!file.ok) return [failed('the file', file.error)];
  const slos = file.value.slos.flatMap((document, index) => readSlo(file.value, document, index, options));
  return slos.length > 0 ? slos : [failed('the file', 'it has no document of kind SLO')];
}

function failed(name: string, fault: string): ImportedSlo {
  return { name, slug: '', app: '', definition: null, faults: [fault], warnings: [] };
}

function readSlo(file: OpenSloFile, document: Fields, index: number, options: ImportOptions): ImportedSlo[] {
  const objectives = listOf(at(document, 'spec').objectives).filter(isFields);
  const context = {
    file,
    document,
    options,
    name: textOf(at(document, 'metadata').name) || `document ${index + 1}`,
  };
  if (isComposite(document) || objectives.length <= 1) {
    return [readObjective({ ...context, objectives, part: 0, parts: 1, notes: new Notes() })];
  }
  return objectives.map((objective, part) =>
    readObjective({
      ...context,
      objectives: [objective],
      part,
      parts: objectives.length,
      notes: new Notes(),
    }),
  );
}

/** Composites of ours say so; those of others become one objective a part. */
function isComposite(document: Fields): boolean {
  return textOf(at(document, 'metadata', 'annotations')[ANNOTATION.kind]) === 'composite';
}

/** One objective to be read: which of the document's it is, and what has been noted of it. */
interface Reading {
  file: OpenSloFile;
  document: Fields;
  options: ImportOptions;
  name: string;
  /** One; all of them for a composite of ours. */
  objectives: Fields[];
  part: number;
  parts: number;
  notes: Notes;
}

function readObjective(reading: Reading): ImportedSlo {
  const { document, objectives, name, part, notes } = reading;
  const [objective = {}] = objectives;
  const base = nameOf(name);
  if (objectives.length === 0) notes.faults.push('spec.objectives: there is none');
  if (!NAME_FORM.test(name)) notes.warnings.push(`metadata.name: "${name}" becomes "${base}"`);
  const { indicator, scope, app } = readIndicator(reading);
  if (reading.parts > 1 && isFields(objective.indicator)) {
    notes.warnings.push(
      'a composite of indicators: its objectives become one each; make the composite of them',
    );
  }
  const spec = at(document, 'spec');
  const definition = checkDraft(notes, {
    title: titleOf(reading, objective),
    description: textOf(spec.description),
    indicator,
    scope,
    target: readTarget(objective, notes),
    period: readPeriod(spec, notes),
    budgeting: readBudgeting(spec, objective),
    ...readAnnotations(at(document, 'metadata')),
    tags: readTags(at(document, 'metadata'), notes),
    ...readTiers(reading.file, spec, notes),
  });
  const slug = part === 0 ? base : nameOf(`${base.slice(0, 58)}-${part + 1}`);
  return { name, slug, app: app || textOf(spec.service), definition, ...notes };
}

/** The draft as a definition; null with a fault, of the file or of what it says. */
function checkDraft(notes: Notes, draft: Fields): SloDefinition | null {
  const checked = checkSlo(draft);
  if (checked.ok) return notes.faults.length === 0 ? checked.value : null;
  for (const { path, text, advice } of checked.error) {
    // What could not be read at all has its own fault already.
    if (draft[path.split('.')[0] ?? ''] === undefined && notes.faults.length > 0) continue;
    notes.faults.push(`${path}: ${text}${advice === '' ? '' : ` (${advice})`}`);
  }
  return null;
}

function titleOf({ document, name, part, parts }: Reading, objective: Fields): string {
  const title = textOf(at(document, 'metadata').displayName) || name;
  return parts === 1 ? title : `${title}: ${textOf(objective.displayName) || `objective ${part + 1}`}`;
}

interface ReadIndicator {
  /** A draft for checkSlo; undefined when a fault says why there is none. */
  indicator: object | undefined;
  scope: Fields;
  app: string;
}

const NOTHING: ReadIndicator = { indicator: undefined, scope: {}, app: '' };

function readIndicator({ file, document, objectives, notes, options }: Reading): ReadIndicator {
  const [objective = {}] = objectives;
  if (isComposite(document)) {
    const members = objectives.map(({ indicatorRef }) => indicatorRef);
    return { indicator: { kind: 'composite', members }, scope: {}, app: '' };
  }
  const hasOwn = isFields(objective.indicator) || objective.indicatorRef !== undefined;
  const sli = findIndicator(file, hasOwn ? objective : at(document, 'spec'));
  if (sli === null) {
    notes.faults.push('spec.indicator: there is none, and no SLI of that name in the file');
    return NOTHING;
  }
  if (isFields(sli.thresholdMetric)) {
    return readLatency(objective, readSource(file, at(sli, 'thresholdMetric'), notes, options), notes);
  }
  const ratio = at(sli, 'ratioMetric');
  const part = ['bad', 'good', 'raw', 'total'].find((name) => isFields(ratio[name]));
  if (part !== undefined) return readRatio(readSource(file, at(ratio, part), notes, options));
  notes.faults.push(
    'spec.indicator: it has neither a thresholdMetric nor a ratioMetric with good, bad or raw',
  );
  return NOTHING;
}

/** The spec of an inline indicator or of the one referred to. */
function findIndicator(file: OpenSloFile, holder: Fields): Fields | null {
  if (isFields(holder.indicator)) return at(holder, 'indicator', 'spec');
  const found = holder.indicatorRef === undefined ? null : file.find('SLI', holder.indicatorRef);
  return found === null ? null : at(found, 'spec');
}

const SCOPE_NAMES = ['processTypes', 'methods', 'hosts', 'pathShapes', 'excludedPathShapes'];
const SOURCE_NAMES = ['app', 'badStatuses', 'codes', 'excludeLongLived', ...SCOPE_NAMES];

/** The spec of a source of ours; {} for another's that is to be measured at the router; null with a fault. */
function readSource(file: OpenSloFile, metric: Fields, notes: Notes, options: ImportOptions): Fields | null {
  const source = at(metric, 'metricSource');
  const ref = source.metricSourceRef;
  const type = textOf(source.type) || textOf(at(file.find('DataSource', ref), 'spec').type);
  if (type === ROUTER_SOURCE) {
    const spec = at(source, 'spec');
    for (const name of Object.keys(spec)) {
      if (!SOURCE_NAMES.includes(name))
        notes.warnings.push(`spec.indicator: "${name}" means nothing here and is left out`);
    }
    return spec;
  }
  const what = type === '' ? textOf(ref) || 'no type' : type;
  if (options.foreignSources === 'router') {
    notes.warnings.push(
      `spec.indicator: the source (${what}) cannot be asked; requests at the app's router are measured in its place`,
    );
    return {};
  }
  notes.faults.push(
    `spec.indicator: the source (${what}) cannot be asked: Drainboard counts what the Heroku router logs; write type ${ROUTER_SOURCE}, or import with other sources measured at the router`,
  );
  return null;
}

function readRatio(source: Fields | null): ReadIndicator {
  if (source === null) return NOTHING;
  const { codes = {}, badStatuses = [] } = source;
  return {
    indicator: { kind: 'availability', codes, badStatuses },
    scope: scopeOf(source),
    app: textOf(source.app),
  };
}

function readLatency({ op, value }: Fields, source: Fields | null, notes: Notes): ReadIndicator {
  if (source === null) return NOTHING;
  if (op !== 'lte' && op !== 'lt') {
    notes.faults.push(
      `spec.objectives: op is "${textOf(op)}"; a latency is to be lte (at or under) its value`,
    );
    return NOTHING;
  }
  if (op === 'lt') {
    notes.warnings.push(
      'spec.objectives: op lt is read as lte: a request that takes exactly the value is good',
    );
  }
  if (Object.keys(source).length === 0) {
    notes.warnings.push(`spec.objectives: the value ${textOf(value)} is taken for milliseconds`);
  }
  const { excludeLongLived = true } = source;
  return {
    indicator: { kind: 'latency', thresholdMs: value, excludeLongLived },
    scope: scopeOf(source),
    app: textOf(source.app),
  };
}

function scopeOf(source: Fields): Fields {
  return Object.fromEntries(Object.entries(source).filter(([name]) => SCOPE_NAMES.includes(name)));
}

/** The exact decimal of `target`, or of `targetPercent` ÷ 100. */
function readTarget({ target, targetPercent }: Fields, notes: Notes): string | undefined {
  if ((target === undefined) === (targetPercent === undefined)) {
    notes.faults.push('spec.objectives: exactly one of target and targetPercent is wanted');
    return undefined;
  }
  if (targetPercent === undefined) return textOf(target);
  const percent = parseDecimal(textOf(targetPercent));
  // What is no number, or not under 100, is left to the check of targets, which says so.
  if (percent === null || percent.n >= 100n * percent.d) return textOf(targetPercent);
  const share = fraction(percent.n, percent.d * 100n);
  return 10n ** 9n % share.d === 0n ? targetText(share) : `${Number(textOf(targetPercent)) / 100}`;
}

function readBudgeting(spec: Fields, { timeSliceTarget, timeSliceWindow }: Fields): object {
  const method = textOf(spec.budgetingMethod) || 'Occurrences';
  if (method === 'Occurrences') return { kind: 'occurrences' };
  const sliceMinutes = parseShorthand(timeSliceWindow)?.minutes ?? timeSliceWindow;
  if (method === 'RatioTimeslices') return { kind: 'ratioTimeslices', sliceMinutes };
  return method === 'Timeslices'
    ? { kind: 'timeslices', sliceMinutes, sliceTarget: timeSliceTarget }
    : { kind: method };
}

function readAnnotations(metadata: Fields): object {
  const annotations = at(metadata, 'annotations');
  const flag = (name: string) =>
    annotations[name] === undefined ? undefined : textOf(annotations[name]) !== 'false';
  const levels = annotations[ANNOTATION.budgetAlerts];
  return {
    useCoverage: flag(ANNOTATION.useCoverage),
    holdOnMissing: flag(ANNOTATION.holdOnMissing),
    runbookUrl: textOf(annotations[ANNOTATION.runbookUrl]),
    budgetAlerts:
      levels === undefined
        ? undefined
        : textOf(levels)
            .split(',')
            .filter((level) => level !== '')
            .map(Number),
  };
}

/** `team: [a, b]` becomes the tags `team=a` and `team=b`; those under our own label stand for themselves. */
function readTags(metadata: Fields, notes: Notes): string[] {
  const tags = new Set<string>();
  for (const [key, values] of Object.entries(at(metadata, 'labels'))) {
    for (const value of listOf(values).map(textOf)) {
      if (key === TAG_LABEL) tags.add(value);
      else tags.add(fitTag(`${key}=${value}`, notes));
    }
  }
  return [...tags];
}

function fitTag(text: string, notes: Notes): string {
  const tag = text
    .replaceAll(/[,\s]+/g, ' ')
    .trim()
    .slice(0, 63)
    .trim();
  if (tag !== text) notes.warnings.push(`metadata.labels: "${text}" becomes the tag "${tag}"`);
  return tag;
}
