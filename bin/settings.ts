import type { BlockList } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseRanges } from '../alerts/outbound-address.ts';
import { LOG_HOURS_MAX } from '../model/log-line.ts';
import { err, ok, type Result } from '../model/result.ts';
import { DAY, HOUR } from '../model/time.ts';
import { parseDatabaseUrl } from '../store/pool.ts';
import {
  certificate,
  oneOf,
  onOff,
  optional,
  origin,
  text,
  url,
  wholeNumber,
  withDefault,
} from './setting.ts';

const MEBIBYTE = 1024 * 1024;
const YEARS_10_IN_DAYS = 3_660;

/** The folder of package.json, wherever the command was called. */
export const PROJECT_FOLDER = fileURLToPath(new URL('..', import.meta.url));

/**
 * Every name of the environment that Drainboard reads: nothing else is configuration. app.json and the
 * README are checked against this table. Keys are the names in `Config`; units stand last in them.
 */
export const SETTINGS = {
  port: withDefault('PORT', wholeNumber(0, 65_535), '5000', {
    setBy: 'platform',
    description: 'Port the web process listens on; Heroku sets it.',
  }),
  databaseUrl: optional('DATABASE_URL', databaseUrl, {
    setBy: 'platform',
    secret: true,
    description:
      'Postgres 15 or newer. The heroku-postgresql add-on sets it; when absent, npm start runs an embedded Postgres.',
  }),
  databaseCa: optional('DATABASE_CA', certificate, {
    description:
      'PEM certificate to verify the database with; without it Heroku Postgres is encrypted but unverified.',
  }),
  redisUrl: optional('REDIS_URL', url('redis', 'rediss'), {
    setBy: 'platform',
    secret: true,
    description: 'Optional Redis: takes frames in while Postgres is away. The heroku-redis add-on sets it.',
  }),
  secret: optional(
    'DRAINBOARD_SECRET',
    text(32, 'give at least 32 random characters: openssl rand -hex 32'),
    {
      secret: true,
      generated: true,
      description:
        'Key for the hashes of drain secrets and tokens and for secrets at rest. Keep it: with another one they all end.',
    },
  ),
  setupToken: optional('DRAINBOARD_SETUP_TOKEN', text(16, 'give at least 16 random characters'), {
    secret: true,
    generated: true,
    description: 'One-time token that lets its holder create the first admin; of no use afterwards.',
  }),
  baseUrl: optional('DRAINBOARD_BASE_URL', origin, {
    description: 'Public address, such as https://drains.example.com, used in drain URLs and links.',
  }),
  roles: withDefault('DRAINBOARD_ROLES', oneOf('drain', 'api', 'all'), 'all', {
    description: 'What the web process serves: drain (log intake only), api (dashboard and API only) or all.',
  }),
  worker: withDefault('DRAINBOARD_WORKER', oneOf('in-web', 'separate'), 'in-web', {
    description:
      'Where the background loops run: in-web (inside the web process) or separate (only in a worker dyno).',
  }),
  dataDir: withDefault('DRAINBOARD_DATA_DIR', text(), `${PROJECT_FOLDER}data`, {
    shown: 'data, in the project folder',
    setBy: 'platform',
    description: 'Folder of the embedded database and of generated secrets; used by npm start only.',
  }),
  webConcurrency: withDefault('WEB_CONCURRENCY', wholeNumber(1, 64), '1', {
    setBy: 'platform',
    description:
      "Web processes that share the port; Heroku's buildpack sets it to the dyno's memory divided by WEB_MEMORY.",
  }),
  webMemoryMib: optional('WEB_MEMORY', wholeNumber(64, 65_536), {
    setBy: 'platform',
    description:
      "Mebibytes meant for one of several web processes; half of it bounds its heap. Heroku's buildpack takes 512.",
  }),

  keep10sMs: withDefault('DRAINBOARD_KEEP_10S_HOURS', wholeNumber(1, 24 * 92, HOUR), '48', {
    description: 'Hours to keep buckets of 10 seconds.',
  }),
  keep1minMs: withDefault('DRAINBOARD_KEEP_1MIN_DAYS', wholeNumber(1, YEARS_10_IN_DAYS, DAY), '30', {
    description: 'Days to keep buckets of one minute.',
  }),
  keep1hMs: withDefault('DRAINBOARD_KEEP_1H_DAYS', wholeNumber(1, YEARS_10_IN_DAYS, DAY), '396', {
    description: 'Days to keep buckets of one hour (396 days are 13 months).',
  }),
  keepChunksMs: withDefault('DRAINBOARD_KEEP_CHUNKS_HOURS', wholeNumber(1, 24 * 31, HOUR), '24', {
    description: 'Hours to keep every single request.',
  }),
  keepDetailsMs: withDefault('DRAINBOARD_KEEP_DETAILS_DAYS', wholeNumber(1, 366, DAY), '21', {
    description: 'Days to keep details of bad, slow and sampled requests.',
  }),
  keepQuarantineMs: withDefault('DRAINBOARD_KEEP_QUARANTINE_DAYS', wholeNumber(1, 92, DAY), '7', {
    description: 'Days to keep the bytes of unreadable messages.',
  }),
  keepLogsHours: withDefault('DRAINBOARD_KEEP_LOGS_HOURS', wholeNumber(0, LOG_HOURS_MAX), '24', {
    description: 'Hours to keep lines of logs, for apps that say nothing else; 0 keeps none.',
  }),
  logsBytes: withDefault('DRAINBOARD_LOGS_MIB', wholeNumber(16, 1_048_576, MEBIBYTE), '512', {
    description:
      'Mebibytes that kept lines may take in the database, all apps together; beyond it the oldest go first.',
  }),
  logLinesPerSecond: withDefault('DRAINBOARD_LOG_LINES', wholeNumber(1, 100_000), '200', {
    description:
      'Lines of an app kept of each second before only one in ten, in a hundred and so on is; codes and errors are all kept.',
  }),
  logRouterLinesPerSecond: withDefault('DRAINBOARD_LOG_ROUTER_LINES', wholeNumber(1, 100_000), '50', {
    description: 'The same for router lines, whose requests are counted and kept apart in any case.',
  }),
  frameMemoryMs: withDefault('DRAINBOARD_FRAME_MEMORY_HOURS', wholeNumber(1, 72, HOUR), '6', {
    description: 'Hours in which a frame that is delivered again is recognised and counted once.',
  }),

  heldBytes: withDefault('DRAINBOARD_HELD_MIB', wholeNumber(1, 4_096, MEBIBYTE), '64', {
    description: 'Mebibytes of frames held in memory while Postgres is away.',
  }),
  spoolBytes: withDefault('DRAINBOARD_SPOOL_MIB', wholeNumber(1, 65_536, MEBIBYTE), '256', {
    description:
      'Planned size of the Redis spool in mebibytes, used where the server sets no maxmemory; frames are held from 80 % on.',
  }),
  memoryMib: optional('DRAINBOARD_MEMORY_MIB', wholeNumber(32, 65_536), {
    description:
      'Mebibytes a web process may use; near them pages, then charts, then alerts give way to taking logs in. Without it 78 % of what the dyno has for it.',
  }),
  maxConnections: withDefault('DRAINBOARD_MAX_CONNECTIONS', wholeNumber(50, 100_000), '2000', {
    description: 'Connections a web process keeps open; near the bound idle ones are ended first.',
  }),
  maxBodyBytes: withDefault('DRAINBOARD_MAX_BODY_KIB', wholeNumber(128, 65_536, 1024), '1024', {
    description: 'Largest body of a drain request in kibibytes; a larger one is refused with 413.',
  }),
  maxMessages: withDefault('DRAINBOARD_MAX_MESSAGES', wholeNumber(1_024, 1_000_000), '10000', {
    description: 'Most messages of a drain request; one with more is refused with 413.',
  }),
  ingestConnections: withDefault('DRAINBOARD_INGEST_CONNECTIONS', wholeNumber(2, 100), '4', {
    description: 'Database connections of a web process reserved for the drain.',
  }),
  apiConnections: withDefault('DRAINBOARD_API_CONNECTIONS', wholeNumber(1, 100), '6', {
    description: 'Database connections of a web process for the dashboard and the API.',
  }),
  workerConnections: withDefault('DRAINBOARD_WORKER_CONNECTIONS', wholeNumber(1, 100), '3', {
    description: 'Database connections for the background loops.',
  }),
  storeClientAddresses: withDefault('DRAINBOARD_STORE_CLIENT_ADDRESSES', onOff, 'false', {
    description: "Keep visitors' whole addresses instead of shortened ones (/24, /48).",
  }),

  heartbeatUrl: optional('HEARTBEAT_URL', url('https', 'http'), {
    secret: true,
    description: 'Address of an outside watchdog, called each minute while everything works.',
  }),
  probe: withDefault('DRAINBOARD_PROBE', onOff, 'true', {
    description:
      'Send a log line of our own through the whole path three times a minute, so that a path that stands still is told.',
  }),
  outboundAllow: optional('DRAINBOARD_OUTBOUND_ALLOW', addressRanges, {
    description:
      'Private address ranges receivers may be in, such as 10.0.0.0/8,fd00::/8; there http is allowed as well. Others are refused.',
  }),
  outboundPorts: optional('DRAINBOARD_OUTBOUND_PORTS', ports, {
    description: 'Ports besides 80 and 443 that receivers may be called on, such as 8443,9443; or any.',
  }),
  outboundProxy: optional('DRAINBOARD_OUTBOUND_PROXY', url('http'), {
    secret: true,
    description:
      'HTTP proxy for everything sent to receivers, such as http://user:password@proxy.example.com:9293.',
  }),
  smtpUrl: optional('SMTP_URL', url('smtps', 'smtp'), {
    secret: true,
    description:
      'Mail server for notifications and invitations, such as smtps://user:password@mail.example.com. With smtp:// the connection is upgraded (STARTTLS) or refused; ?tls=off at its end sends in the clear, for a relay on the same machine.',
  }),
  smtpFrom: optional('SMTP_FROM', mailAddress, { description: 'Sender address of the mail we send.' }),
  oidcIssuer: optional('OIDC_ISSUER', url('https', 'http'), {
    description: 'Issuer URL of the OpenID Connect provider for single sign-on.',
  }),
  oidcClientId: optional('OIDC_CLIENT_ID', text(), {
    description: 'Client id at the OpenID Connect provider.',
  }),
  oidcClientSecret: optional('OIDC_CLIENT_SECRET', text(), {
    secret: true,
    description: 'Client secret at the OpenID Connect provider.',
  }),
  otlpEndpoint: optional('OTEL_EXPORTER_OTLP_ENDPOINT', url('https', 'http'), {
    description:
      "OpenTelemetry collector for Drainboard's own metrics; OTEL_* names are OpenTelemetry's own.",
  }),

  dyno: optional('DYNO', text(), {
    setBy: 'platform',
    description: 'Name of the dyno we run on; Heroku sets it.',
  }),
  herokuAppName: optional('HEROKU_APP_NAME', text(), {
    setBy: 'platform',
    description: 'Our own app; it may not drain into itself. Set by the runtime-dyno-metadata feature.',
  }),
  herokuDomain: optional('HEROKU_APP_DEFAULT_DOMAIN_NAME', text(), {
    setBy: 'platform',
    description:
      'Our own domain on Heroku, used when DRAINBOARD_BASE_URL is absent. Set by runtime-dyno-metadata.',
  }),
  herokuRelease: optional('HEROKU_RELEASE_VERSION', text(), {
    setBy: 'platform',
    description: 'Our own release, for logs. Set by the runtime-dyno-metadata feature.',
  }),
  killPoints: optional('DRAINBOARD_KILL_POINTS', text(), {
    setBy: 'test',
    description: 'For tests of crashes: name:pass:action, separated by commas, of named spots in the code.',
  }),
};

function databaseUrl(value: string): Result<string, [string, string]> {
  try {
    const { port, host } = parseDatabaseUrl(value);
    if (Number.isInteger(port) && host !== '') return ok(value);
  } catch {
    // Said below, without the value.
  }
  return err(['is not a Postgres URL', 'use postgres://user:password@host:5432/database']);
}

function addressRanges(value: string): Result<BlockList, [string, string]> {
  const parsed = parseRanges(value);
  if (parsed.ok) return parsed;
  return err(['is not a list of address ranges', 'use 10.0.0.0/8,fd00::/8 or single addresses']);
}

function ports(value: string): Result<number[] | 'any', [string, string]> {
  if (value === 'any') return ok('any');
  const numbers = value.split(',').map((part) => (/^ *\d{1,5} *$/.test(part) ? Number(part) : 0));
  if (numbers.every((port) => port > 0 && port <= 65_535)) return ok(numbers);
  return err(['is not a list of ports', 'use 8443,9443 or any']);
}

function mailAddress(value: string): Result<string, [string, string]> {
  if (/^[^\s@<>]+@[^\s@<>]+$/.test(value)) return ok(value);
  return err(['is not a mail address', 'use name@example.com']);
}
