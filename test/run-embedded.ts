import { startEmbedded } from '../bin/embedded/server.ts';
import { buildLog } from '../bin/log.ts';

/** A process that runs the embedded server of a folder until it is told to stop, for the tests of it. */
const log = buildLog({ out: process.stdout, readable: false });
try {
  const server = await startEmbedded({ dataDir: process.argv[2] ?? '', log, lockWaitMs: 500 });
  const stop = (): void => void server.stop().then(() => process.exit(0));
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // Not through the log, which leaves user names out of URLs.
  const { url, adopted } = server;
  process.stdout.write(`${JSON.stringify({ event: 'ready', url, pid: server.pid(), adopted })}\n`);
  setInterval(() => {}, 60_000);
} catch (error) {
  log.error('refused', { error });
  process.exitCode = 1;
}
