import { type Attributes, metrics } from '@opentelemetry/api';
import type { Log } from '../model/log.ts';
import type { Config } from './env.ts';

/** Our own measurements. Names and units are OpenTelemetry's; attributes come from closed lists. */
export const INSTRUMENTS = {
  frames: { name: 'drainboard.frames', unit: '{frame}', description: 'Frames by outcome' },
  messages: { name: 'drainboard.messages', unit: '{message}', description: 'Messages by kind' },
  skipped: {
    name: 'drainboard.messages.skipped',
    unit: '{message}',
    description: 'Messages not used, by reason',
  },
  commits: { name: 'drainboard.commits', unit: '{commit}', description: 'Group commits by outcome' },
  commitMs: {
    name: 'drainboard.commit.duration',
    unit: 'ms',
    description: 'From first waiting frame to commit',
  },
  answerMs: {
    name: 'drainboard.drain.duration',
    unit: 'ms',
    description: 'From request to answer, by status',
  },
  heldBytes: {
    name: 'drainboard.held',
    unit: 'By',
    description: 'Bytes of frames held while Postgres is away',
  },
  apiMs: { name: 'drainboard.api.duration', unit: 'ms', description: 'Duration of API requests by route' },
  tickMs: {
    name: 'drainboard.worker.duration',
    unit: 'ms',
    description: 'Duration of background steps by name',
  },
} as const;

export type InstrumentKey = keyof typeof INSTRUMENTS;

export interface Telemetry {
  /** Adds to a counter (units in braces) or records a value (ms, bytes). Costs nothing when not exported. */
  record(key: InstrumentKey, value: number, attributes?: Attributes): void;
  /** Sends what is left. */
  stop(): Promise<void>;
}

/** Not dependencies: only those who export pay for them. */
export const SDK_PACKAGES = [
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/exporter-metrics-otlp-proto',
] as const;

/** The parts of the SDK that we touch. */
interface Provider {
  shutdown(): Promise<void>;
}
interface SdkMetrics {
  MeterProvider: new (options: {
    readers: unknown[];
  }) => Provider & Parameters<typeof metrics.setGlobalMeterProvider>[0];
  PeriodicExportingMetricReader: new (options: {
    exporter: unknown;
    exportIntervalMillis: number;
  }) => unknown;
}
interface Exporter {
  OTLPMetricExporter: new () => unknown;
}

/**
 * Measurements go through @opentelemetry/api, which drops them. Only with OTEL_EXPORTER_OTLP_ENDPOINT is
 * the SDK loaded; if its packages are not installed the log says so once, and the process goes on.
 */
export async function startTelemetry(
  config: Pick<Config, 'otlpEndpoint'>,
  log: Log,
  load: (name: string) => Promise<unknown> = (name) => import(name),
): Promise<Telemetry> {
  const provider = config.otlpEndpoint === undefined ? undefined : await startSdk(log, load);
  return { record: buildRecord(), stop: async () => provider?.shutdown() };
}

async function startSdk(log: Log, load: (name: string) => Promise<unknown>): Promise<Provider | undefined> {
  try {
    const [sdk, exporter] = (await Promise.all(SDK_PACKAGES.map(load))) as [SdkMetrics, Exporter];
    // The exporter reads OTEL_* names itself, as every OpenTelemetry program does.
    const reader = new sdk.PeriodicExportingMetricReader({
      exporter: new exporter.OTLPMetricExporter(),
      exportIntervalMillis: 60_000,
    });
    const provider = new sdk.MeterProvider({ readers: [reader] });
    metrics.setGlobalMeterProvider(provider);
    log.info('telemetry.started');
    return provider;
  } catch (error) {
    const hint = `OTEL_EXPORTER_OTLP_ENDPOINT is set, but nothing is exported: npm install ${SDK_PACKAGES.join(' ')}`;
    log.warn('telemetry.notInstalled', { hint, error });
    return undefined;
  }
}

function buildRecord(): Telemetry['record'] {
  const meter = metrics.getMeter('drainboard');
  const recorders = new Map<InstrumentKey, (value: number, attributes?: Attributes) => void>();
  for (const [key, { name, unit, description }] of Object.entries(INSTRUMENTS)) {
    const options = { unit, description };
    if (unit.startsWith('{')) {
      const counter = meter.createCounter(name, options);
      recorders.set(key as InstrumentKey, (value, attributes) => counter.add(value, attributes));
    } else {
      const histogram = meter.createHistogram(name, options);
      recorders.set(key as InstrumentKey, (value, attributes) => histogram.record(value, attributes));
    }
  }
  return (key, value, attributes) => recorders.get(key)?.(value, attributes);
}
