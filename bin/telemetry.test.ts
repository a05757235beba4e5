import { expect, test } from 'vitest';
import type { LogFields } from '../model/log.ts';
import { silentLog } from '../model/log.ts';
import { startTelemetry } from './telemetry.ts';

const missing = (name: string) => Promise.reject(new Error(`Cannot find package '${name}'`));

test('SEC-50 without an endpoint no SDK is looked for, and recording is free of effects', async () => {
  const asked: string[] = [];
  const telemetry = await startTelemetry({ otlpEndpoint: undefined }, silentLog, async (name) =>
    asked.push(name),
  );
  telemetry.record('frames', 1, { outcome: 'committed' });
  telemetry.record('commitMs', 3.5);
  await telemetry.stop();
  expect(asked).toEqual([]);
});

test('an endpoint without the SDK is said at start with the command that installs it', async () => {
  const said: [string, LogFields | undefined][] = [];
  const log = { ...silentLog, warn: (event: string, fields?: LogFields) => void said.push([event, fields]) };
  const telemetry = await startTelemetry({ otlpEndpoint: 'http://collector:4318' }, log, missing);
  telemetry.record('frames', 1);
  await telemetry.stop();
  expect(said).toHaveLength(1);
  expect(said[0]?.[0]).toBe('telemetry.notInstalled');
  expect(said[0]?.[1]?.hint).toContain('npm install @opentelemetry/sdk-metrics');
});
