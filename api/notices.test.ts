import { expect, test } from 'vitest';
import { type IngestHealth, idleIngest, SPOOL_OFF } from '../model/ingest-health.ts';
import type { OwnProcess } from '../model/process.ts';
import type { HealthMessage } from './contract/stream.ts';
import { buildHealthTeller } from './health-teller.ts';
import { type InstanceFacts, noticesOf, ownNotices } from './notices.ts';
import { processNotices } from './process-notices.ts';

const ingest = (more: Partial<IngestHealth>): IngestHealth => ({ ...idleIngest(), ...more });
const MIB = 1024 * 1024;
const own = (more: Partial<OwnProcess> = {}): OwnProcess => ({
  holder: 'web.1:4',
  dyno: 'web.1',
  version: '1',
  roles: 'all',
  startedAtMs: 0,
  database: 'ok',
  ingest: idleIngest(),
  ...more,
});
const facts = (more: Partial<InstanceFacts> = {}): InstanceFacts => ({
  nowMs: 1_000_000,
  server: { nowMs: 1_000_000, readOnly: false, maxConnections: 100, connections: 5 },
  writers: [],
  compactionsDue: 0,
  alerting: [],
  partitionLeadMs: 7_200_000,
  refusedSenders: [],
  unknownTokens: 0,
  silentApps: [],
  processes: [],
  ...more,
});

test('a process in good health has nothing to say', () => {
  expect([processNotices([idleIngest()]), ownNotices(own()), noticesOf(facts())]).toEqual([[], [], []]);
});

test.each([
  ['away', 'databaseAway', 'does not answer'],
  ['readOnly', 'readOnly', 'read-only'],
  ['planFull', 'commitsFailing', 'size of its plan'],
  ['diskFull', 'commitsFailing', 'disk is full'],
  ['noConnections', 'commitsFailing', 'no connection left'],
  ['locked', 'commitsFailing', 'lock'],
] as const)('P-06 P-07 P-08 commits that fail are told with their cause: %s', (failure, code, words) => {
  const failing = ingest({
    failingForMs: 42_000,
    failure,
    heldFrames: 12,
    heldBytes: 3 * MIB,
    heldBytesMax: 64 * MIB,
  });
  const [notice] = ownNotices(own({ ingest: failing, database: 'away' }));
  expect(notice).toMatchObject({ level: 'critical', code });
  expect(notice?.text).toContain(words);
  expect(notice?.text).toContain('42 s');
  expect(notice?.text).toContain('12 frames are held, 3.0 MB of 64 MB');
});

test('P-03 with a spool the banner says what is kept and for how much longer; full and refused it says so', () => {
  const spooling = {
    ...SPOOL_OFF,
    state: 'spooling' as const,
    entries: 1_234,
    bytes: 12 * MIB,
    bytesMax: 100 * MIB,
  };
  const [kept] = processNotices([
    ingest({ failingForMs: 600_000, failure: 'away', spool: { ...spooling, minutesLeft: 37 } }),
  ]);
  expect(kept?.text).toContain('1,234 entries, 12 MB of 100 MB');
  expect(kept?.text).toContain('room for 37 min');
  const full = processNotices([
    ingest({ failingForMs: 1, failure: 'away', spool: { ...spooling, state: 'full' } }),
  ]);
  expect(full.map(({ level, code }) => [level, code])).toEqual([
    ['critical', 'databaseAway'],
    ['critical', 'spool'],
  ]);
  const [refused] = processNotices([
    ingest({ spool: { ...SPOOL_OFF, state: 'refused', reason: 'Its policy evicts keys: set noeviction.' } }),
  ]);
  expect(refused).toEqual({
    level: 'warning',
    code: 'spool',
    text: 'Redis is not used to keep frames: Its policy evicts keys: set noeviction.',
  });
  const [moving] = processNotices([ingest({ spool: { ...spooling, state: 'moving' } })]);
  expect(moving).toMatchObject({ level: 'info', code: 'spool' });
});

test('R-09 R-10 C-05 S-21 what gave way, who was shed, what was joined and who loops is named', () => {
  const notices = processNotices([
    ingest({
      shedding: ['liveTail', 'exports', 'dashboards'],
      rssBytes: 390 * MIB,
      rssBytesMax: 400 * MIB,
      shedApps: { hog: 12 },
      overflow: { shop: { paths: 0, series: 9, drains: 0 }, blog: { paths: 4, series: 0, drains: 0 } },
      loops: { us: 40 },
      connections: 1_900,
      connectionsMax: 2_000,
    }),
    ingest({ shedApps: { hog: 3 }, overflow: { shop: { paths: 0, series: 1, drains: 2 } } }),
  ]);
  const text = (code: string) =>
    notices.filter((notice) => notice.code === code).map((notice) => notice.text);
  expect(text('shedding')[0]).toContain('390 MB of 400 MB');
  expect(text('shedding')[0]).toContain('live updates, exports, dashboards');
  expect(text('shedApps')[0]).toMatch(/^hog .*15 frames/);
  expect(text('overflow').map((one) => one.split(' ')[0])).toEqual(['shop', 'shop', 'blog']);
  expect(text('loop')[0]).toContain('us');
  expect(text('connections')[0]).toContain('1900 of 2000');
});

test('a process that stopped reporting is missed for ten minutes, and its figures count no more', () => {
  const process = { ...own(), startedMs: 0, isThis: false, ingest: ingest({ shedApps: { hog: 1 } }) };
  const at = (quietMs: number) =>
    noticesOf(facts({ processes: [{ ...process, seenMs: 1_000_000 - quietMs }] })).map(({ code }) => code);
  expect([at(5_000), at(30_000), at(700_000)]).toEqual([['shedApps'], ['processGone'], []]);
});

test('P-03 that everything is back from Redis is told, with how much, once nothing is on its way any more', () => {
  const caughtUp = ingest({
    spool: { ...SPOOL_OFF, state: 'ready', caughtUpAtMs: 5, movedMessages: 1_200 },
  });
  expect(processNotices([caughtUp, caughtUp, idleIngest()])).toEqual([
    { level: 'info', code: 'spool', text: 'Caught up: 2,400 messages moved from Redis.' },
  ]);
  const moving = ingest({ spool: { ...SPOOL_OFF, state: 'moving', entries: 3 } });
  expect(processNotices([caughtUp, moving])[0]?.text).toContain('3 entries left');
  expect(processNotices([caughtUp, moving])).toHaveLength(1);
});

test('P-21 partitions that end within the hour are a warning', () => {
  const codes = (partitionLeadMs: number) =>
    noticesOf(facts({ partitionLeadMs })).map(({ level, code }) => [level, code]);
  expect(codes(3_600_000)).toEqual([]);
  expect(codes(3_599_999)).toEqual([['warning', 'partitions']]);
});

test('the worst comes first', () => {
  const levels = noticesOf(
    facts({
      unknownTokens: 1,
      compactionsDue: 9_999,
      server: { nowMs: 0, readOnly: true, maxConnections: 10, connections: 10 },
    }),
  ).map(({ level }) => level);
  expect(levels).toEqual(['critical', 'warning', 'warning', 'warning', 'info']);
});

test('open pages are told when something changes, of mere figures every 10 s, and in an outage every 2 s', () => {
  let now = 0;
  let current = own();
  const teller = buildHealthTeller(
    () => current,
    () => now,
  );
  const tell = (): HealthMessage | null => {
    now += 2_000;
    const news = teller.news();
    return news === null ? null : (JSON.parse(news) as HealthMessage);
  };
  expect(tell()?.database).toBe('ok');
  expect([tell(), tell()]).toEqual([null, null]);
  current = own({ database: 'away', ingest: ingest({ failingForMs: 1_000, failure: 'away' }) });
  expect(tell()?.notices[0]?.code).toBe('databaseAway');
  const timesTold = (at: (look: number) => OwnProcess): number => {
    let times = 0;
    for (let look = 0; look < 10; look++) {
      current = at(look);
      if (tell() !== null) times++;
    }
    return times;
  };
  expect(
    timesTold((look) =>
      own({ database: 'away', ingest: ingest({ failingForMs: 2_000 * (look + 2), failure: 'away' }) }),
    ),
  ).toBe(10);
  expect(timesTold(() => own({ ingest: ingest({ spool: { ...SPOOL_OFF, state: 'moving' } }) }))).toBe(10);
  const busy = (look: number) => own({ ingest: ingest({ shedApps: { hog: look } }) });
  expect(timesTold(busy), 'at once, then every 10 s').toBe(2);
  current = own();
  expect(tell()).toMatchObject({ database: 'ok', notices: [] });
});

test('A-13 trouble of alerting itself is in the banner, worst first', () => {
  const alerting = ['receivers', 'workers'].map((name) => ({
    name,
    isFiring: true,
    episode: 1,
    sinceMs: 0,
    text: `About ${name}.`,
  }));
  expect(noticesOf(facts({ alerting }))).toEqual([
    { level: 'critical', code: 'alerting', text: 'About workers.' },
    { level: 'warning', code: 'alerting', text: 'About receivers.' },
  ]);
});
