import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { authorizationOf, openConnection } from '../sim/post.ts';
import { addApp, startDrain, until } from '../test/drain.ts';
import { frameId, requests } from '../test/lines.ts';
import { createTestDatabase } from '../test/pg.ts';
import { startProxy } from '../test/proxy.ts';

test('P-13 a commit without an answer is told within seconds, long before it is given up', async ({
  onTestFinished,
}) => {
  const database = await createTestDatabase();
  const proxy = await startProxy(database.url, 'late-answer');
  const drain = await startDrain(database, { databaseUrl: proxy.url, commitReplyMs: 30_000 });
  onTestFinished(async () => {
    proxy.heal();
    await drain.stop();
    await proxy.close();
    await database.close();
  });
  const app = await addApp(database.pool);
  const url = drain.urlOf(app);
  const limits = { connectMs: 3_000, answerMs: 15_000, idleMs: 60_000, connections: 1 };
  const connection = openConnection(url, limits);
  const send = () => {
    const body = requests(1);
    return connection.post(
      {
        Authorization: authorizationOf(url) ?? '',
        'Content-Type': 'application/logplex-1',
        'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-000000000001',
        'Logplex-Frame-Id': frameId(),
        'Content-Length': String(body.length),
        'User-Agent': 'Logplex/v72',
      },
      body,
    );
  };
  const failing = () => drain.drain.status().failingForMs;
  expect(await send()).toMatchObject({ status: 204 });
  expect(failing()).toBeNull();
  proxy.blackHole();
  const sent = send();
  await sleep(1_000);
  expect(failing(), 'a slow answer is none that is missing').toBeNull();
  await until(() => failing() !== null, 3_000);
  expect(failing()).toBeGreaterThan(2_000);
  expect(drain.drain.status().failure).toBe('away');
  expect(drain.logged.map(({ event }) => event)).not.toContain('commit.waiting');
  proxy.heal();
  await sent;
  await until(() => failing() === null, 10_000);
  connection.close();
});
