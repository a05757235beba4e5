import { setTimeout as sleep } from 'node:timers/promises';
import { obeyPrimary, openSiblingChannel } from '../bin/cluster-child.ts';
import { buildLog } from '../bin/log.ts';
import { buildHttpServer, dieOnMistakes, serve } from '../bin/serve.ts';

/** A child that says who it is, and misbehaves when it is asked to. */
const log = buildLog({ out: process.stdout, readable: false });
dieOnMistakes(log);
const { SLOT = '', MODE = '' } = process.env;
if (MODE === 'dies') throw new Error('not today');
const channel = openSiblingChannel((tick) => log.info('tick', { slot: SLOT, app: tick.appId }));
const server = buildHttpServer((request, response) => {
  request.resume();
  if (request.url === '/slow') {
    log.info('asked');
    void sleep(600).then(() => response.end(`slow ${process.pid}`));
  } else if (request.url === '/hang') hang();
  else if (request.url === '/mistake') void Promise.reject(new Error('nobody caught this'));
  else if (request.url === '/tick') {
    channel?.publish({ from: SLOT, appId: 7, lastReceivedAtMs: 1, lastLineAtMs: 1, messages: 1 });
    response.end();
  } else response.end(String(process.pid));
});

/** Busy for longer than any test waits, and not for ever: nobody could stop it but with a signal. */
function hang(): void {
  for (const startedMs = performance.now(); performance.now() - startedMs < 20_000; ) Math.random();
}

const stopping = new AbortController();
const running = await serve({
  server,
  port: 0,
  host: '127.0.0.1',
  stopping,
  onStop: [],
  log,
  deadlineMs: 1_500,
});
obeyPrimary(server, running);
log.info('ready', { pid: process.pid });
