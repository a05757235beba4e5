import { describe, expect, test } from 'vitest';
import type { DatabaseHealthAnswer, DrainsAnswer } from '../../api/contract/health.ts';
import type { RetentionAnswer } from '../../api/contract/retention.ts';
import { databaseVerdict, drainsVerdict, fullLogsBytes, retentionVerdict } from './settings.ts';

const NOW = 1_800_000_000_000;
type AppOf = DrainsAnswer['apps'][number];
const app = (name: string, more: Partial<AppOf> = {}, health: Partial<AppOf['health']> = {}): AppOf => ({
  app: name,
  createdAtMs: NOW,
  strictTokens: false,
  customMetrics: true,
  framesAccepted: 1,
  framesDuplicate: 0,
  refused: 0,
  drains: [],
  ...more,
  health: { state: 'receiving', dataThroughMs: NOW, lagMs: 0, lostMessages: 0, messages: 9, ...health },
});
const texts = (apps: AppOf[], strangers: DrainsAnswer['strangers'] = []) =>
  drainsVerdict({ nowMs: NOW, apps, strangers }).map(({ text }) => text);

describe('apps and drains open with', () => {
  test('what a hand can mend, each with a way there', () => {
    const unknown = {
      id: 1,
      token: 'd.1',
      state: 'new',
      sender: 'logplex',
      firstReceivedMs: 0,
      lastReceivedMs: 0,
      dataThroughMs: null,
    } as const;
    const clauses = drainsVerdict({
      nowMs: NOW,
      apps: [
        app('shop', { drains: [unknown] }),
        app('blog', { refused: 3 }),
        app('api', {}, { state: 'silent' }),
      ],
      strangers: [],
    });
    expect(clauses.map(({ text }) => text)).toEqual([
      '1 drain token waits to be adopted or banned.',
      'Lines for blog come with a wrong secret and are refused.',
      'api is silent.',
    ]);
    expect(clauses.every(({ href }) => href !== undefined)).toBe(true);
  });

  test('that all is well only when nothing was lost, refused or unknown', () => {
    expect(texts([app('shop'), app('blog')])).toEqual([
      '2 apps attached; every drain is known, and nothing was lost in the last hour.',
    ]);
    expect(texts([app('shop', {}, { lostMessages: 1 })])).toEqual(['shop lost lines in the last hour.']);
    expect(texts([])).toEqual(['No app is attached yet.']);
    expect(texts([app('new', {}, { state: 'waiting' })])).toEqual(['new has not sent a line yet.']);
  });
});

describe('retention opens with', () => {
  const tier = { oldestMs: NOW, chosen: null } as RetentionAnswer['tiers'][number];
  const answer = {
    tiers: [tier],
    apps: [],
    totalBytes: 1024 ** 3,
    projectedBytes: 2 * 1024 ** 3,
    logs: null,
  } as unknown as RetentionAnswer;
  test('what is stored and what it will be, logs with it', () => {
    const logs = {
      keepHours: 24,
      bytes: 1024 ** 3,
      bytesMax: 2 * 1024 ** 3,
      bytesPerDay: 1024 ** 3,
      oldestMs: NOW,
    };
    const said = retentionVerdict({ ...answer, logs }).map(({ text }) =>
      text.replaceAll('\u202f', ' ').replaceAll('\u00a0', ' '),
    );
    expect(said).toEqual(['2 GB are stored.', 'At the rate of now it levels off at about 3 GB.']);
  });
  test('no more of logs than they may take', () => {
    const logs = { keepHours: 240, bytes: 0, bytesMax: 512, bytesPerDay: 1024, oldestMs: NOW };
    expect(fullLogsBytes(logs)).toBe(512);
    expect(fullLogsBytes({ ...logs, bytesMax: null })).toBe(10_240);
    expect(fullLogsBytes({ ...logs, bytesPerDay: null })).toBeNull();
  });
  test('that it is too early, or that nothing is there', () => {
    expect(retentionVerdict({ ...answer, projectedBytes: null })[1]?.text).toContain('too early');
    expect(retentionVerdict({ ...answer, totalBytes: 0 })[0]?.text).toContain('Nothing is stored yet');
  });
});

test('the database opens with crowded connections, long and dominant statements', () => {
  const calm: DatabaseHealthAnswer = {
    version: '18',
    bytes: 1024,
    connections: 5,
    maxConnections: 20,
    byApplication: [],
    longestMs: 10,
    slow: null,
  };
  expect(databaseVerdict(calm)).toHaveLength(1);
  const slow = [{ text: 'SELECT', calls: 1, meanMs: 1, maxMs: 1, share: 0.7 }];
  const busy = databaseVerdict({ ...calm, connections: 16, longestMs: 9_000, slow }).map(({ text }) => text);
  expect(busy[0]).toContain('16 of 20');
  expect(busy).toHaveLength(4);
});
