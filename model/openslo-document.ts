/**
 * The documents of an OpenSLO file, YAML or JSON, and the names they refer to each other by. v2alpha is brought
 * into the words of v1, so that the rest reads one version.
 */
import { parseAllDocuments } from 'yaml';
import { API_VERSION, API_VERSION_V2 } from './openslo.ts';
import { err, ok, type Result } from './result.ts';

export type Fields = Record<string, unknown>;

/** Longer texts are refused: an objective is some 60 lines. */
export const OPENSLO_TEXT_MAX = 1024 * 1024;
export const OPENSLO_DOCUMENTS_MAX = 1000;

const KINDS = [
  'DataSource',
  'SLO',
  'SLI',
  'AlertPolicy',
  'AlertCondition',
  'AlertNotificationTarget',
  'Service',
] as const;
type Kind = (typeof KINDS)[number];

export interface OpenSloFile {
  /** In the order of the file. */
  slos: Fields[];
  /** A document of a kind by its metadata.name; null when the file has none. */
  find(kind: Kind, name: unknown): Fields | null;
}

/** The object at a path; {} where there is none, so that a look never throws. */
export function at(value: unknown, ...path: string[]): Fields {
  const found = path.reduce<unknown>(
    (inner, name) => (isFields(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined),
    value,
  );
  return isFields(found) ? found : {};
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list, `null` and nothing as an empty one, anything else as its only entry. */
export function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

/** Text of a scalar; '' for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}

/** The documents of a file, or one sentence about why it cannot be read. */
export function readOpenSloFile(text: string): Result<OpenSloFile, string> {
  if (text.length > OPENSLO_TEXT_MAX) return err(`the file is larger than ${OPENSLO_TEXT_MAX} characters`);
  const values = parseValues(text);
  if (!values.ok) return values;
  const documents: Fields[] = [];
  for (const [index, value] of values.value.entries()) {
    const fault = faultOf(value);
    if (fault !== null) return err(`document ${index + 1} ${fault}`);
    if (isFields(value)) documents.push(value.apiVersion === API_VERSION_V2 ? fromV2(value) : value);
  }
  if (documents.length === 0) return err('there is no document in it');
  if (documents.length > OPENSLO_DOCUMENTS_MAX) return err(`more than ${OPENSLO_DOCUMENTS_MAX} documents`);
  return ok({
    slos: documents.filter(({ kind }) => kind === 'SLO'),
    find: (kind, name) =>
      documents.find((document) => document.kind === kind && at(document, 'metadata').name === name) ?? null,
  });
}

/** JSON is YAML too; a list stands for that many documents. */
function parseValues(text: string): Result<unknown[], string> {
  const values: unknown[] = [];
  // Dates stay text and numbers numbers (core schema); aliases are bounded by the library.
  for (const document of parseAllDocuments(text, { schema: 'core', prettyErrors: true })) {
    const [error] = document.errors;
    if (error) return err(`the text is no YAML or JSON: ${error.message.split('\n')[0]?.replace(/:$/, '')}`);
    try {
      values.push(...listOf(document.toJS({ maxAliasCount: 100 })));
    } catch (error) {
      return err(`the text is no YAML that can be read: ${(error as Error).message}`);
    }
  }
  return ok(values);
}

function faultOf(value: unknown): string | null {
  if (!isFields(value)) return 'is not an object';
  const { apiVersion, kind } = value;
  if (apiVersion !== API_VERSION && apiVersion !== API_VERSION_V2) {
    return `has the apiVersion "${textOf(apiVersion)}"; ${API_VERSION} and ${API_VERSION_V2} are read`;
  }
  return KINDS.some((known) => known === kind) ? null : `is of the unknown kind "${textOf(kind)}"`;
}

/** v2alpha: `sli` and `sliRef`, data sources in place of metric sources, a displayName nowhere but in objectives. */
function fromV2(document: Fields): Fields {
  if (document.kind === 'SLI') return { ...document, spec: metricsFromV2(at(document, 'spec')) };
  if (document.kind !== 'SLO') return document;
  const spec = at(document, 'spec');
  return {
    ...document,
    spec: { ...indicatorFromV2(spec), objectives: listOf(spec.objectives).map(indicatorFromV2) },
  };
}

function indicatorFromV2(value: unknown): Fields {
  if (!isFields(value)) return {};
  const { sli, sliRef, ...rest } = value;
  return {
    ...rest,
    ...(isFields(sli) && { indicator: { ...sli, spec: metricsFromV2(at(sli, 'spec')) } }),
    ...(sliRef !== undefined && { indicatorRef: sliRef }),
  };
}

function metricsFromV2(spec: Fields): Fields {
  const ratio = at(spec, 'ratioMetric');
  const parts = ['good', 'bad', 'total', 'raw'].filter((name) => isFields(ratio[name]));
  const ratioMetric = {
    ...ratio,
    ...Object.fromEntries(parts.map((name) => [name, sourceFromV2(at(ratio, name))])),
  };
  return {
    ...spec,
    ...(isFields(spec.thresholdMetric) && { thresholdMetric: sourceFromV2(at(spec, 'thresholdMetric')) }),
    ...(isFields(spec.ratioMetric) && { ratioMetric }),
  };
}

function sourceFromV2(metric: Fields): Fields {
  const { dataSourceRef, dataSourceSpec, spec } = metric;
  const { type } = at({ dataSourceSpec }, 'dataSourceSpec');
  return { metricSource: { metricSourceRef: dataSourceRef, ...(type !== undefined && { type }), spec } };
}
