import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readDatabaseNow } from '../../store/completeness.ts';
import { type Child, startChild } from '../../test/child.ts';
import { until } from '../../test/drain.ts';
import { addReceiver, listen, outboxOf, tell } from '../../test/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { startPagerduty } from '../../test/receivers/pagerduty.ts';

let database: TestDatabase;
const children: Child[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await child.exit;
  }
  await database.pool.query('TRUNCATE receivers, notifications, attempts, delivery_buckets CASCADE');
});
afterAll(() => database.close());

/** A sender as a process of its own, with a fault; its claims last 1.5 s. */
async function sender(killPoints = ''): Promise<Child> {
  const child = startChild('test/run-sender.ts', [database.url, killPoints]);
  children.push(child);
  await child.says(/sending/);
  return child;
}

/** A page to both, sent by a process with a fault and then by one without. */
async function pageThrough(killPoints: string) {
  const { pool } = database;
  const [chat, pagerduty] = [await listen(), await startPagerduty()];
  const slack = await addReceiver(pool, chat, { kind: 'slackWebhook' });
  const keyed = await addReceiver(pool, { url: pagerduty.url }, { kind: 'pagerduty' });
  const incidentId = randomUUID();
  const nowMs = await readDatabaseNow(pool);
  for (const receiver of [slack, keyed]) {
    await tell(pool, receiver, { incidentId, sequence: 1, kind: 'trigger', nowMs });
  }
  const dying = await sender(killPoints);
  expect(await dying.exit).toBe('SIGKILL');
  expect(dying.stderr()).toContain('kill point');
  const before = { chat: chat.told.length, pagerduty: pagerduty.arrived.length };
  await sender();
  const startedMs = performance.now();
  await until(async () => {
    const rows = [...(await outboxOf(pool, slack)), ...(await outboxOf(pool, keyed))];
    return rows.length === 2 && rows.every(({ state }) => state === 'delivered');
  });
  chat.close();
  await pagerduty.close();
  return { chat, pagerduty, before, tookMs: performance.now() - startedMs, slack, keyed };
}

test('K-10 R-12 killed before the first attempt, a successor sends: one message, one page, nothing marked', async () => {
  const { chat, pagerduty, before, tookMs } = await pageThrough('notify.before:1:kill');
  expect(before).toEqual({ chat: 0, pagerduty: 0 });
  // Claims of a real sender last 20 s; the successor acts when they end.
  expect(tookMs).toBeLessThan(5_000);
  expect(chat.told.map(({ mayRepeat, attempt }) => [mayRepeat, attempt])).toEqual([[false, 1]]);
  expect([...pagerduty.alerts.values()]).toEqual([{ openings: 1, state: 'triggered', triggers: 1 }]);
});

// Which of the two is sent first is open: at the second pass both have been.
test.each(['notify.sent:1:kill', 'notify.sent:2:kill'])(
  'K-11 R-12 killed after a send, before it is recorded (%s): PagerDuty has one incident, others one repeat, marked',
  async (spot) => {
    const { chat, pagerduty, before, slack } = await pageThrough(spot);
    expect(before.chat + before.pagerduty).toBeGreaterThan(0);
    expect([...pagerduty.alerts.values()]).toMatchObject([{ openings: 1, state: 'triggered' }]);
    // Begun and not recorded: it may have arrived, whether it did or not.
    const lost = await lostAttempts(slack.id);
    const [first] = chat.told;
    expect(chat.told.slice(0, before.chat).map(({ mayRepeat }) => mayRepeat)).toEqual(
      Array(before.chat).fill(false),
    );
    const later = chat.told.slice(before.chat);
    expect(later).toHaveLength(Math.max(lost, 1 - before.chat));
    for (const message of later) {
      expect(message).toMatchObject({ mayRepeat: lost > 0, deliveryId: first?.deliveryId });
    }
    // Something was lost, or the fault proved nothing.
    const { rows } = await database.pool.query("SELECT FROM attempts WHERE outcome = 'lost'");
    expect(rows.length).toBeGreaterThan(0);
  },
);

async function lostAttempts(receiverId: number): Promise<number> {
  const { rows } = await database.pool.query<{ lost: number }>(
    `SELECT count(*) AS lost FROM attempts a JOIN notifications n ON n.id = a.notification_id
     WHERE n.receiver_id = $1 AND a.outcome = 'lost'`,
    [receiverId],
  );
  return rows[0]?.lost ?? 0;
}

test('K-15 a sender frozen after it claimed and resumed after its claim ended sends nothing', async () => {
  const { pool } = database;
  const chat = await listen();
  const receiver = await addReceiver(pool, chat);
  await tell(pool, receiver, {
    incidentId: randomUUID(),
    sequence: 1,
    kind: 'trigger',
    nowMs: await readDatabaseNow(pool),
  });
  const zombie = await sender('notify.before:1:stop');
  await zombie.says(/kill point notify\.before/);
  await sender();
  await until(() => chat.told.length === 1);
  zombie.kill('SIGCONT');
  await until(async () => (await outboxOf(pool, receiver))[0]?.state === 'delivered');
  // Time enough for it to send, if it did.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(chat.told).toHaveLength(1);
  expect((await outboxOf(pool, receiver))[0]?.attempts).toBe(1);
  chat.close();
});
