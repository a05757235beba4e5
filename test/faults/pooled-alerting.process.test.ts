import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildAlerting } from '../../bin/alerting.ts';
import { silentLog } from '../../model/log.ts';
import { MINUTE } from '../../model/time.ts';
import { buildPool, type Pool } from '../../store/pool.ts';
import { EvaluationWorld, steady } from '../evaluation.ts';
import { addRoute, seeIncidents } from '../incidents.ts';
import { addReceiver, buildSender, type Listener, listen } from '../outbox.ts';
import { type Pooler, startPooler } from '../pooler.ts';
import { startServer, type TestServer } from '../processes.ts';
import { exampleSlo } from '../slos.ts';

const START = Date.UTC(2026, 10, 21, 7, 30) / MINUTE;
let server: TestServer;
let pooler: Pooler;
let pool: Pool;
let place: Listener;
beforeAll(async () => {
  server = await startServer();
  // Fewer sessions than clients: they change hands all the time.
  pooler = await startPooler(server.url, { poolSize: 3 });
  pool = buildPool({ url: pooler.url, max: 6, applicationName: 'worker', log: silentLog });
  place = await listen();
});
afterAll(async () => {
  place.close();
  await pool.end();
  await pooler.close();
  await server.close();
});

test('P-22 A-09 through a transaction pooler two workers fold, evaluate, open one incident and tell it once', async () => {
  const world = new EvaluationWorld(pool);
  const appId = await world.app('pooled', START);
  const receiver = await addReceiver(pool, place);
  await addRoute(pool, { receiverIds: [receiver.id], subjectKinds: ['slo'] });
  const slo = await world.slo(appId, 'requests', exampleSlo({ budgetAlerts: [] }), START);
  const [versionId = 0] = await world.versionIds(slo.id);
  await world.add(steady({ appId, versionId }, { from: START, to: START + 60, events: 100 }));
  await world.add(steady({ appId, versionId }, { from: START + 60, to: START + 66, events: 100, bad: 100 }));
  const clock = { ms: 0 };
  const workers = [0, 1].map(() =>
    buildAlerting({ pool, log: silentLog, readNow: () => Promise.resolve(clock.ms) }),
  );
  const senders = [0, 1].map(() => buildSender(pool, clock));
  for (let minute = START + 58; minute <= START + 66; minute++) {
    clock.ms = EvaluationWorld.atMs(minute);
    expect(await Promise.all(workers.map((worker) => worker.tick()))).toEqual(['done', 'done']);
    await Promise.all(senders.map(({ deliver }) => deliver()));
  }
  for (const worker of workers) await worker.stop();
  const open = (await seeIncidents(pool)).filter(({ subject }) => subject === `slo:${slo.id}`);
  expect(open.map(({ severity, state }) => [severity, state])).toEqual([['page', 'open']]);
  expect(place.told.map(({ kind }) => kind)).toEqual(['trigger']);
});
