import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { applyAlertChanges } from '../alerts/incident.ts';
import type { ActionBy } from '../model/incident-actions.ts';
import { FITS_ALL } from '../model/silence.ts';
import { MINUTE } from '../model/time.ts';
import { alertChange, START_MS } from '../test/alert-changes.ts';
import { addApp, addRoute, clearIncidents, seeIncidents, seeOutbox } from '../test/incidents.ts';
import { addReceiver } from '../test/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import {
  acknowledgeIncident,
  noteIncident,
  resolveIncident,
  setIncidentCause,
  snoozeIncident,
} from './incident-actions.ts';
import { insertIncidentEvents, listIncidentEvents } from './incident-events.ts';
import { deleteOldIncidents } from './incident-writes.ts';
import { countOpenIncidents, listIncidents, readIncident } from './incidents.ts';
import { withTransaction } from './pool.ts';
import {
  endSilence,
  insertSilence,
  listLiveSilences,
  listPastSilences,
  type NewSilence,
  readSilence,
  updateSilence,
} from './silences.ts';

const at = (minute: number) => START_MS + minute * MINUTE;
const by = (minute: number): ActionBy => ({ by: 'Ann', nowMs: at(minute) });

let database: TestDatabase;
let appId = 0;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  const { pool } = database;
  await clearIncidents(pool);
  appId = await addApp(pool, 'shop');
  const receiver = await addReceiver(pool, { url: 'https://receiver.example.com' });
  await addRoute(pool, { receiverIds: [receiver.id] });
});

async function fire(
  minute: number,
  sloId: number,
  severity: 'page' | 'ticket' | 'info' | null,
  ofApp = appId,
): Promise<void> {
  const change = { ...alertChange(minute, severity, { subject: { kind: 'slo', sloId } }), appId: ofApp };
  await withTransaction(database.pool, (client) => applyAlertChanges(client, [change], at(minute)));
}
async function only(): Promise<string> {
  return (await seeIncidents(database.pool))[0]?.id ?? '';
}

test('an acknowledgement needs a reason, is told, and is refused once it is over', async () => {
  const { pool } = database;
  await fire(0, 1, 'page');
  const id = await only();
  const acknowledge = (reason: string, minute: number) =>
    withTransaction(pool, (client) => acknowledgeIncident(client, id, reason, by(minute)));
  expect(await acknowledge('  ', 1)).toMatchObject({ ok: false, error: { fault: 'noReason' } });
  expect(await acknowledge('x'.repeat(1001), 1)).toMatchObject({ ok: false, error: { fault: 'tooLong' } });
  expect(await acknowledge(' rolling back ', 2)).toMatchObject({
    ok: true,
    value: { id, number: expect.any(Number), state: 'acknowledged' },
  });
  expect(await readIncident(pool, id)).toMatchObject({
    state: 'acknowledged',
    acknowledged: { by: 'Ann', atMs: at(2), reason: 'rolling back' },
  });
  await fire(9, 1, null);
  expect(await acknowledge('again', 10)).toMatchObject({ ok: false, error: { fault: 'over' } });
  expect(await seeOutbox(pool)).toEqual(['trigger opened', 'acknowledge acknowledged', 'resolve recovered']);
});

test('a snooze ends in the future, within a week, and can be taken back', async () => {
  const { pool } = database;
  await fire(0, 1, 'page');
  const id = await only();
  const snooze = (untilMs: number | null) =>
    withTransaction(pool, (client) => snoozeIncident(client, id, { untilMs, reason: 'tonight' }, by(1)));
  expect(await snooze(at(1))).toMatchObject({ ok: false, error: { fault: 'badTime' } });
  expect(await snooze(at(1 + 7 * 24 * 60) + 1)).toMatchObject({ ok: false, error: { fault: 'badTime' } });
  expect(await snooze(null)).toMatchObject({ ok: false, error: { fault: 'notSnoozed' } });
  expect(await snooze(at(600))).toMatchObject({ ok: true, value: { snoozed: { untilMs: at(600) } } });
  expect(await snooze(null)).toMatchObject({ ok: true, value: { snoozed: null } });
});

test('ended by hand: told, and written down with who and why; notes and the cause too', async () => {
  const { pool } = database;
  await fire(0, 1, 'page');
  const id = await only();
  await withTransaction(pool, (client) => noteIncident(client, id, 'looks like v214', by(1)));
  await withTransaction(pool, (client) => setIncidentCause(client, id, { release: 214, text: '' }, by(2)));
  await withTransaction(pool, (client) => resolveIncident(client, id, 'rolled back', by(3)));
  const incident = await readIncident(pool, id);
  expect(incident).toMatchObject({
    state: 'resolved',
    resolved: { by: 'Ann', reason: 'rolled back', atMs: at(3) },
    cause: { release: 214, text: '', author: 'Ann', atMs: at(2) },
  });
  const timeline = await listIncidentEvents(pool, id);
  expect(timeline.map(({ kind, actor }) => [kind, actor])).toEqual([
    ['opened', ''],
    ['note', 'Ann'],
    ['cause', 'Ann'],
    ['resolved', 'Ann'],
  ]);
  expect(await seeOutbox(pool)).toEqual(['trigger opened', 'resolve byHand']);
});

test("an id that is no incident's, or no id at all, is nobody's", async () => {
  const { pool } = database;
  for (const id of ['00000000-0000-4000-8000-000000000000', '../1', '', `'; --`]) {
    expect(await withTransaction(pool, (client) => noteIncident(client, id, 'x', by(1)))).toBeNull();
    expect(await readIncident(pool, id)).toBeNull();
  }
});

test('lists: open ones first, then the newest; by app, state, severity, time; page after page', async () => {
  const { pool } = database;
  const other = await addApp(pool, 'api');
  await fire(0, 1, 'page');
  await fire(5, 2, 'ticket');
  await fire(6, 2, null);
  await fire(10, 3, 'page', other);
  await fire(20, 4, 'info');
  const all = { appIds: null, states: [], severities: [] };
  const subjects = async (filter: Parameters<typeof listIncidents>[1]) =>
    (await listIncidents(pool, filter, { limit: 10 })).map(
      ({ subject }) => 'sloId' in subject && subject.sloId,
    );
  expect(await subjects(all)).toEqual([4, 3, 1, 2]);
  expect(await subjects({ ...all, appIds: [other] })).toEqual([3]);
  expect(await subjects({ ...all, states: ['resolved'] })).toEqual([2]);
  expect(await subjects({ ...all, severities: ['page'] })).toEqual([3, 1]);
  expect(await subjects({ ...all, fromMs: at(7), toMs: at(15) })).toEqual([3, 1]);
  expect(await subjects({ ...all, sloId: 3 })).toEqual([3]);
  const seen: number[] = [];
  let after: Parameters<typeof listIncidents>[2]['after'];
  for (;;) {
    const page = await listIncidents(pool, all, { limit: 1, after });
    const [one] = page;
    if (one === undefined) break;
    seen.push(one.number);
    after = { isOver: one.state === 'resolved', startedAtMs: one.startedAtMs, number: one.number };
  }
  expect(seen).toEqual((await listIncidents(pool, all, { limit: 10 })).map(({ number }) => number));
  expect(await countOpenIncidents(pool, null)).toEqual({
    bySeverity: { page: 2, ticket: 0, info: 1 },
    unacknowledged: 3,
    unrouted: 0,
    changedAtMs: at(20),
  });
  expect((await countOpenIncidents(pool, [other])).bySeverity).toEqual({ page: 1, ticket: 0, info: 0 });
});

test('a line that is entered twice is there once, and old incidents go with theirs', async () => {
  const { pool } = database;
  await fire(0, 1, 'page');
  await fire(5, 1, null);
  await fire(6, 2, 'page');
  const id = await only();
  const event = {
    incidentId: id,
    atMs: at(1),
    kind: 'told',
    actor: 'Chat',
    detail: {},
    dedupeKey: 'told:1',
  } as const;
  await insertIncidentEvents(pool, [event, { ...event, incidentId: '00000000-0000-4000-8000-000000000000' }]);
  await insertIncidentEvents(pool, [event]);
  expect((await listIncidentEvents(pool, id)).map(({ kind }) => kind)).toEqual([
    'opened',
    'told',
    'recovered',
  ]);
  expect(await deleteOldIncidents(pool, at(100), 10)).toBe(1);
  expect(await readIncident(pool, id)).toBeNull();
  expect(await seeIncidents(pool)).toHaveLength(1);
});

test('silences are kept: changed while they last, ended once, listed as live or past', async () => {
  const { pool } = database;
  const wanted: NewSilence = {
    kind: 'maintenance',
    title: 'Move',
    reason: 'new database',
    author: 'Ann',
    match: { ...FITS_ALL, appIds: [appId], keys: ['web.*'] },
    startsAtMs: at(10),
    endsAtMs: at(100),
    recurrence: { weekdays: [6], at: '10:30', minutes: 30, zone: 'Europe/Berlin' },
    correctsBudgets: true,
  };
  const made = await insertSilence(pool, wanted, at(0));
  expect(made).toMatchObject({ ...wanted, endedAtMs: null, createdAtMs: at(0) });
  expect(await readSilence(pool, made.id)).toEqual(made);
  const longer = await updateSilence(pool, made.id, { ...made, endsAtMs: at(200), recurrence: null }, at(50));
  expect(longer).toMatchObject({ endsAtMs: at(200), recurrence: null, author: 'Ann' });
  expect(await listLiveSilences(pool, at(150))).toHaveLength(1);
  expect(await endSilence(pool, made.id, { by: 'Bob', nowMs: at(160) })).toMatchObject({
    endedAtMs: at(160),
    endedBy: 'Bob',
  });
  expect(await endSilence(pool, made.id, { by: 'Bob', nowMs: at(161) })).toBeNull();
  expect(await updateSilence(pool, made.id, made, at(161))).toBeNull();
  expect(await listLiveSilences(pool, at(161))).toEqual([]);
  expect((await listPastSilences(pool, at(161), 10)).map(({ id }) => id)).toEqual([made.id]);
});
