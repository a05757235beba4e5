/** Every kind of rule: what it is good for, the form of its settings, and what stands there before anybody typed. */
import type { OnNoData, RuleKind, SettingsByKind } from './rule.ts';
import type { Severity } from './slo.ts';

/** One setting of a kind, as a form shows it and as it is checked. */
export interface RuleField {
  /** Name inside `settings`. */
  name: string;
  label: string;
  type: 'number' | 'text' | 'choice' | 'list';
  /** `%` stands for a fraction that people read as per cent; '' for a plain number or a text. */
  unit: string;
  fallback: number | string | string[];
  /** Of numbers, both included; of lists and texts, how many. */
  min: number | null;
  max: number | null;
  isWhole: boolean;
  choices: { value: string; label: string }[];
  help: string;
}

export interface RuleKindSpec<Kind extends RuleKind = RuleKind> {
  kind: Kind;
  title: string;
  /** What it is good for, one sentence. */
  help: string;
  fields: RuleField[];
  defaults: {
    severity: Severity;
    forMinutes: number;
    keepFiringMinutes: number;
    onNoData: OnNoData;
    settings: SettingsByKind[Kind];
  };
  /** Whether stored history can say what it would have done. */
  canBacktest: boolean;
}

/** Windows are read from the finest rows each minute: an hour is the most that stays cheap. */
export const RULE_WINDOW_MAX_MINUTES = 60;

const WINDOW = { min: 1, max: RULE_WINDOW_MAX_MINUTES };

function number(
  name: string,
  label: string,
  unit: string,
  fallback: number,
  bounds: { min: number; max: number; isWhole?: boolean },
  help = '',
): RuleField {
  const { min, max, isWhole = false } = bounds;
  return { name, label, type: 'number', unit, fallback, min, max, isWhole, choices: [], help };
}

function windowField(fallback: number): RuleField {
  return number(
    'windowMinutes',
    'Over the last',
    'min',
    fallback,
    { ...WINDOW, isWhole: true },
    'Judged together; a longer window is calmer and later.',
  );
}

function text(name: string, label: string, max: number, help: string, min = 0): RuleField {
  return {
    name,
    label,
    type: 'text',
    unit: '',
    fallback: '',
    min,
    max,
    isWhole: false,
    choices: [],
    help,
  };
}

function zoneField(): RuleField {
  return {
    ...text(
      'zone',
      'Time zone',
      64,
      'Whose hours the traffic follows; an IANA name such as Europe/Berlin.',
      1,
    ),
    fallback: 'UTC',
  };
}

function choice(
  name: string,
  label: string,
  choices: readonly (readonly [string, string])[],
  fallback: string,
): RuleField {
  return {
    name,
    label,
    type: 'choice',
    unit: '',
    fallback,
    min: null,
    max: null,
    isWhole: false,
    choices: choices.map(([value, shown]) => ({ value, label: shown })),
    help: '',
  };
}

function list(name: string, label: string, fallback: string[], help: string, min = 0): RuleField {
  return {
    name,
    label,
    type: 'list',
    unit: '',
    fallback,
    min,
    max: 20,
    isWhole: false,
    choices: [],
    help,
  };
}

const DIRECTION = [
  ['over', 'at or over'],
  ['under', 'under'],
] as const;
const PROCESS_TYPES = list('processTypes', 'Process types', [], 'Empty: all of them.');
const MIN_REQUESTS = number(
  'minRequests',
  'With at least',
  'requests',
  20,
  { min: 0, max: 1e6, isWhole: true },
  'Fewer requests in the window say nothing.',
);

/** Field lists say the same as SettingsByKind; a test holds them together. */
const SPECS: { [Kind in RuleKind]: RuleKindSpec<Kind> } = {
  codeRate: spec('codeRate', {
    title: 'Rate of error codes',
    help: 'A Heroku error code that comes more often than it should.',
    fields: [
      list('codes', 'Codes', ['H12'], 'H, R or L codes; each is watched for itself.', 1),
      number('perMinute', 'At or over', 'per min', 5, { min: 0.01, max: 1e6 }),
      windowField(5),
    ],
    defaults: ['ticket', 0, 10, 'hold'],
  }),
  failedShare: spec('failedShare', {
    title: 'Failed requests',
    help: 'A share of requests that fail, however long that has been so.',
    fields: [number('ratio', 'At or over', '%', 0.05, { min: 0.0001, max: 1 }), MIN_REQUESTS, windowField(5)],
    defaults: ['ticket', 0, 10, 'hold'],
  }),
  latency: spec('latency', {
    title: 'Response time',
    help: 'A percentile of the time the router waited, at or over a limit.',
    fields: [
      choice(
        'quantile',
        'Percentile',
        [
          ['p50', 'p50'],
          ['p95', 'p95'],
          ['p99', 'p99'],
        ],
        'p95',
      ),
      number('ms', 'At or over', 'ms', 1000, { min: 1, max: 500_000, isWhole: true }),
      MIN_REQUESTS,
      windowField(5),
    ],
    defaults: ['ticket', 0, 10, 'hold'],
  }),
  requestRate: spec('requestRate', {
    title: 'Request rate',
    help: 'Requests a minute above or below a fixed number.',
    fields: [
      choice('direction', 'When', DIRECTION, 'under'),
      number('perMinute', 'Requests', 'per min', 1, { min: 0.01, max: 1e7 }),
      windowField(10),
    ],
    defaults: ['ticket', 0, 10, 'hold'],
  }),
  memory: spec('memory', {
    title: 'Memory against quota',
    help: 'The dyno of a process type that is nearest to its memory quota.',
    fields: [number('ratio', 'At or over', '%', 0.95, { min: 0.05, max: 5 }), PROCESS_TYPES, windowField(5)],
    defaults: ['ticket', 5, 15, 'hold'],
  }),
  swap: spec('swap', {
    title: 'Swap',
    help: 'A dyno that swaps is slow long before it is stopped.',
    fields: [number('mb', 'At or over', 'MB', 50, { min: 1, max: 1e6 }), PROCESS_TYPES, windowField(5)],
    defaults: ['ticket', 5, 15, 'hold'],
  }),
  load: spec('load', {
    title: 'Load',
    help: 'Load average (1 min) of the busiest dyno of a process type.',
    fields: [number('load', 'At or over', '', 4, { min: 0.01, max: 1000 }), PROCESS_TYPES, windowField(5)],
    defaults: ['ticket', 5, 15, 'hold'],
  }),
  restarts: spec('restarts', {
    title: 'Restarts',
    help: 'Dynos that start again although neither the daily cycle nor a release asked for it.',
    fields: [
      number('count', 'At or over', 'restarts', 5, { min: 1, max: 1e4, isWhole: true }),
      PROCESS_TYPES,
      windowField(30),
    ],
    defaults: ['ticket', 0, 15, 'hold'],
  }),
  crashes: spec('crashes', {
    title: 'Crashes',
    help: 'Processes that ended by themselves.',
    fields: [
      number('count', 'At or over', 'crashes', 3, { min: 1, max: 1e4, isWhole: true }),
      PROCESS_TYPES,
      windowField(10),
    ],
    defaults: ['ticket', 0, 15, 'hold'],
  }),
  memoryCode: spec('memoryCode', {
    title: 'Memory quota exceeded',
    help: 'R14 that lasts, and R15 at once: the dyno swaps or was stopped.',
    fields: [
      list('codes', 'Codes', ['R14', 'R15'], 'R14, R15.', 1),
      number('minMinutes', 'R14 for', 'min', 5, { min: 0, max: 1440, isWhole: true }),
      PROCESS_TYPES,
    ],
    defaults: ['ticket', 0, 15, 'hold'],
  }),
  memoryLeak: spec('memoryLeak', {
    title: 'Memory leak',
    help: 'Memory that grows steadily since the last restart and reaches its quota before the next daily one.',
    fields: [PROCESS_TYPES],
    defaults: ['ticket', 10, 30, 'hold'],
  }),
  addon: spec('addon', {
    title: 'Add-on metric',
    help: 'What Postgres, Key-Value Store and other add-ons report about themselves.',
    fields: [
      choice(
        'measure',
        'What',
        [
          ['connections', 'Connections in use'],
          ['waitingConnections', 'Connections waiting for locks'],
          ['cacheHits', 'Cache hits'],
          ['evictions', 'Evicted keys'],
          ['disk', 'Disk in use'],
          ['replicationLag', 'Replication lag, commits'],
          ['load', 'Load'],
          ['memory', 'Memory in use'],
          ['iops', 'I/O in use'],
          ['metric', 'Another metric'],
        ],
        'connections',
      ),
      text('metric', 'Metric', 100, 'Its name as the add-on writes it, when “Another metric” is chosen.'),
      text('addon', 'Add-on', 100, 'Such as postgresql-flat-10001; empty: all of them.'),
      choice('direction', 'When', DIRECTION, 'over'),
      number(
        'value',
        'Value',
        '',
        0.9,
        { min: -1e15, max: 1e15 },
        'Shares are fractions: 0.9 is 90 %; bytes are bytes.',
      ),
      windowField(5),
    ],
    defaults: ['ticket', 5, 15, 'hold'],
  }),
  custom: spec('custom', {
    title: 'Own metric',
    help: 'A metric that the app writes to its log: counts a minute, others on average.',
    fields: [
      text('metric', 'Metric', 100, 'Its name, such as orders.created.', 1),
      choice('direction', 'When', DIRECTION, 'over'),
      number('value', 'Value', '', 1, { min: -1e15, max: 1e15 }),
      windowField(5),
    ],
    defaults: ['ticket', 0, 10, 'hold'],
  }),
  drainSilent: spec('drainSilent', {
    title: 'Drain silent',
    help: 'No line of the app for longer than is usual for it: nothing else can alert meanwhile.',
    fields: [
      number(
        'silentMinutes',
        'Silent for',
        'min',
        0,
        { min: 0, max: 1440, isWhole: true },
        '0: 5 min for an app that writes each minute, else three times its own longest usual pause.',
      ),
    ],
    defaults: ['page', 0, 2, 'alert'],
  }),
  drainDropping: spec('drainDropping', {
    title: 'Drain dropping',
    help: 'Heroku reports log lines that it could not deliver (L10 and its like): numbers are too low.',
    fields: [
      number('messages', 'At or over', 'lines', 100, { min: 1, max: 1e9, isWhole: true }),
      windowField(10),
    ],
    defaults: ['ticket', 0, 10, 'hold'],
  }),
  incompleteData: spec('incompleteData', {
    title: 'Incomplete data',
    help: 'Minutes with known losses of any cause: objectives are not judged over them.',
    fields: [number('minutes', 'At or over', 'min', 10, { min: 1, max: 60, isWhole: true }), windowField(60)],
    defaults: ['info', 0, 30, 'hold'],
  }),
  trafficCollapse: spec('trafficCollapse', {
    title: 'Traffic collapse',
    help: 'Requests all but stop although the drain is alive: the outage that no failed request shows.',
    fields: [
      number(
        'ratio',
        'Below',
        '%',
        0.2,
        { min: 0.01, max: 0.9 },
        'Of what is usual at this time of the week.',
      ),
      number(
        'score',
        'And this unusual',
        '',
        6,
        { min: 4, max: 20 },
        'Distance from usual, in its own scatter.',
      ),
      zoneField(),
    ],
    defaults: ['page', 0, 0, 'hold'],
  }),
  anomaly: spec('anomaly', {
    title: 'Unusual for this time',
    help: 'A metric far from what it is at this time of the week.',
    fields: [
      choice(
        'metric',
        'Metric',
        [
          ['requests', 'Requests'],
          ['p50', 'Response time p50'],
          ['p95', 'Response time p95'],
          ['failedShare', 'Share of failed requests'],
          ['memory', 'Memory'],
          ['load', 'Load'],
        ],
        'requests',
      ),
      choice(
        'direction',
        'When',
        [
          ['both', 'above or below usual'],
          ['over', 'above usual'],
          ['under', 'below usual'],
        ],
        'both',
      ),
      number(
        'score',
        'This unusual',
        '',
        4,
        { min: 3.5, max: 20 },
        'Distance from usual, in its own scatter.',
      ),
      zoneField(),
    ],
    defaults: ['ticket', 0, 0, 'hold'],
  }),
  releasePhaseFailed: spec('releasePhaseFailed', {
    title: 'Release phase failed',
    help: 'The command of the release phase ended with an error, so the release was not deployed.',
    fields: [number('clearAfterMinutes', 'Over after', 'min', 60, { min: 1, max: 1440, isWhole: true }, '')],
    defaults: ['ticket', 0, 0, 'hold'],
  }),
};

/** In the order of a list to choose from. */
export const RULE_KINDS: readonly RuleKindSpec[] = Object.values(SPECS);

/** The kind of that name; undefined when there is none. */
export function ruleKind(kind: string): RuleKindSpec | undefined {
  return Object.hasOwn(SPECS, kind) ? SPECS[kind as RuleKind] : undefined;
}

function spec<Kind extends RuleKind>(
  kind: Kind,
  said: {
    title: string;
    help: string;
    fields: RuleField[];
    defaults: [severity: Severity, forMinutes: number, keepFiringMinutes: number, onNoData: OnNoData];
  },
): RuleKindSpec<Kind> {
  const [severity, forMinutes, keepFiringMinutes, onNoData] = said.defaults;
  // The fields are the settings by construction; a test compares each with the form that is written down.
  const settings = Object.fromEntries(said.fields.map((field) => [field.name, field.fallback])) as unknown;
  return {
    kind,
    title: said.title,
    help: said.help,
    fields: said.fields,
    defaults: {
      severity,
      forMinutes,
      keepFiringMinutes,
      onNoData,
      settings: settings as SettingsByKind[Kind],
    },
    canBacktest: true,
  };
}
