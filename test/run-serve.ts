import { setTimeout as sleep } from 'node:timers/promises';
import { buildLog } from '../bin/log.ts';
import { buildHttpServer, dieOnMistakes, serve } from '../bin/serve.ts';

/** A process with a slow answer and a mistake, for the tests of stopping. */
const log = buildLog({ out: process.stdout, readable: false });
dieOnMistakes(log);
const server = buildHttpServer((request, response) => {
  if (request.url === '/mistake') void Promise.reject(new Error('nobody caught this\nat all'));
  else if (request.url !== '/hang') void sleep(400).then(() => response.end('done'));
});
const closing = { name: 'pool', stop: async () => log.info('closed') };
const stopping = new AbortController();
const { port } = await serve({ server, port: 0, host: '127.0.0.1', stopping, onStop: [closing], log });
log.info('ready', { port });
