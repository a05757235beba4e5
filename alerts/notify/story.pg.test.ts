/** One incident from its page to its end through the real outbox and adapters, as its receivers see it. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AlertChange } from '../../model/alert-change.ts';
import type { ReceiverKind } from '../../model/delivery.ts';
import type { Severity } from '../../model/slo.ts';
import { MINUTE, SECOND } from '../../model/time.ts';
import { acknowledgeIncident } from '../../store/incident-actions.ts';
import { enqueueTest } from '../../store/notifications.ts';
import { withTransaction } from '../../store/pool.ts';
import { insertReceiver } from '../../store/receivers.ts';
import { alertChange, START_MS } from '../../test/alert-changes.ts';
import { addApp, addRoute, clearIncidents, seeIncidents } from '../../test/incidents.ts';
import { BOX_KEY, buildSender } from '../../test/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { startPagerduty } from '../../test/receivers/pagerduty.ts';
import { API_KEY, BOT_TOKEN, ROUTING_KEY } from '../../test/receivers/places.ts';
import { startDiscord, startJira } from '../../test/receivers/services.ts';
import { startSlack } from '../../test/receivers/slack.ts';
import { startSmtp } from '../../test/receivers/smtp.ts';
import { buildNoticeReader } from '../facts.ts';
import { applyAlertChanges } from '../incident.ts';
import { buildAdapters } from './adapters.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(() => clearIncidents(database.pool));

async function build() {
  const { pool } = database;
  const [slack, pager, discord, jira, smtp] = await Promise.all([
    startSlack(),
    startPagerduty(),
    startDiscord(),
    startJira(),
    startSmtp(),
  ]);
  const clock = { ms: START_MS };
  const server = { host: '127.0.0.1', port: smtp.port, tls: 'off', user: '', password: '' } as const;
  const { deliver } = buildSender(pool, clock, {
    adapters: buildAdapters({ email: { server, from: 'alerts@drains.example.com' } }),
    readNotice: buildNoticeReader({ pool, baseUrl: 'https://drains.example.com' }),
  });
  const receiver = async (kind: ReceiverKind, settings: object, secrets: Record<string, string>) => {
    const input = { name: kind, kind, settings: { ...settings }, secrets, tellsOwners: false, createdBy: '' };
    return (await insertReceiver(pool, BOX_KEY, input, 0))?.id ?? 0;
  };
  const receiverIds = [
    await receiver('slackBot', { channel: '#incidents', baseUrl: `${slack.url}/api` }, { token: BOT_TOKEN }),
    await receiver('pagerduty', { baseUrl: pager.url }, { routingKey: ROUTING_KEY }),
    await receiver('discord', {}, { url: `${discord.url}/api/webhooks/1/t` }),
    await receiver('jira', { service: 'jsm', baseUrl: jira.url }, { apiKey: API_KEY }),
    await receiver('email', { to: ['ann@example.com', 'ben@example.com'] }, {}),
  ];
  await addRoute(pool, { receiverIds });
  const appId = await addApp(pool, 'shop');
  const change = async (minute: number, severity: Severity | null, more: Partial<AlertChange> = {}) => {
    clock.ms = START_MS + minute * MINUTE;
    const one = alertChange(minute, severity, { appId, ...more });
    await withTransaction(pool, (client) => applyAlertChanges(client, [one], clock.ms));
    await deliver();
  };
  const close = () => Promise.all([slack, pager, discord, jira, smtp].map((fake) => fake.close()));
  return { pool, clock, deliver, change, close, receiverIds, slack, pager, discord, jira, smtp };
}

it('R-12 each receiver has one incident: opened, raised, acknowledged, over', async () => {
  const { pool, clock, deliver, change, close, slack, pager, discord, jira, smtp } = await build();
  await change(0, 'ticket');
  clock.ms += 31 * SECOND;
  await deliver();
  await change(3, 'page');
  const [incident] = await seeIncidents(pool);
  clock.ms += 30 * SECOND;
  const by = { by: 'Ann', nowMs: clock.ms };
  await withTransaction(pool, (client) =>
    acknowledgeIncident(client, incident?.id ?? '', 'rolling back', by),
  );
  await deliver();
  await change(20, null, { reason: 'recovered' });

  const [root, ...replies] = [...slack.messages.values()];
  expect(root?.text).toMatch(/^\[RESOLVED\] shop: Checkout answers – Recovered after 20 min/);
  expect(replies.map(({ threadTs, isBroadcast }) => [threadTs, isBroadcast])).toEqual([
    [root?.ts, true],
    [root?.ts, false],
    [root?.ts, false],
  ]);
  expect(replies[0]?.text).toContain('It is a page now, it was a ticket.');
  expect(replies[1]?.text).toContain('Acknowledged by Ann');
  const key = `drains.example.com/${incident?.id}`;
  expect([...pager.alerts]).toEqual([[key, { openings: 1, triggers: 2, state: 'resolved' }]]);
  expect([...jira.alerts.values()]).toMatchObject([{ state: 'closed', count: 2 }]);
  // What became a page calls again, in a message of its own.
  expect([...discord.messages.values()].map(({ edits }) => edits)).toEqual([0, 2]);
  const subjects = smtp.mails.map(({ source }) => /^Subject: (.*)$/m.exec(source)?.[1]?.trim());
  expect(subjects).toEqual([
    '[FIRING] shop: Checkout answers',
    '[FIRING] shop: Checkout answers',
    '[ACKNOWLEDGED] shop: Checkout answers',
    '[RESOLVED] shop: Checkout answers',
  ]);
  const { rows } = await pool.query<{ state: string }>('SELECT DISTINCT state FROM notifications');
  expect(rows).toEqual([{ state: 'delivered' }]);
  await close();
});

it('A-20 what was over before anybody could be told is one message, and one alert that is closed', async () => {
  const { change, close, deliver, clock, slack, pager } = await build();
  for (const fake of [slack, pager]) fake.always({ status: 503 });
  await change(0, 'page');
  await change(4, null, { reason: 'recovered' });
  for (const fake of [slack, pager]) fake.always(null);
  for (let minute = 5; minute < 9; minute++) {
    clock.ms = START_MS + minute * MINUTE;
    await deliver();
  }
  expect([...slack.messages.values()].map(({ text }) => text)).toEqual([
    expect.stringMatching(/^\[OVER\] shop: Checkout answers – It fired from 10:00 UTC to 10:04 UTC/),
  ]);
  expect([...pager.alerts.values()]).toEqual([{ openings: 1, triggers: 1, state: 'resolved' }]);
  expect(pager.arrived.at(-2)?.json.payload.severity).toBe('info');
  await close();
});

it('a mail that one of two could not take yet goes to that one alone, also when it is of no incident', async () => {
  const { pool, clock, deliver, close, receiverIds, smtp } = await build();
  smtp.script.rcpt = (address) => (address.startsWith('ben') ? '451 greylisted' : '250 ok');
  await enqueueTest(pool, { receiverId: receiverIds[4] ?? 0, by: 'Ann' }, clock.ms);
  await deliver();
  delete smtp.script.rcpt;
  clock.ms += 5 * SECOND;
  await deliver();
  expect(smtp.mails.map(({ to }) => to)).toEqual([['ann@example.com'], ['ben@example.com']]);
  await close();
});
