import { expect, describe as group, test } from 'vitest';
import { KINDS } from '../model/observation.ts';
import { MessageReader } from './reader.ts';

const reader = new MessageReader();

function read(appname: string, procid: string, text: string): string {
  const buf = Buffer.from(`<134>1 2026-03-02T09:00:00Z host ${appname} ${procid} - ${text}`);
  reader.read(buf, 0, buf.length, 'logplex');
  const { kind, otherReason } = reader.message;
  return otherReason === null ? (KINDS[kind] ?? '') : `other: ${otherReason}`;
}

const REQUEST =
  'at=info method=GET path="/" host=h request_id=r fwd="" dyno=web.1 connect=1ms service=1ms status=200 bytes=1';
const SAMPLE = 'source=web.1 dyno=heroku.1.u sample#load_avg_1m=0.1';
const ADDON = 'source=DATABASE addon=postgresql-x-1 sample#tables=1';
const DATABASE = '[DATABASE] [1-1]  sql_error_code = 00000 LOG:  x';

group('I-28 the writer decides, not the text', () => {
  for (const [appname, procid, text, kind] of [
    ['heroku', 'router', REQUEST, 'request'],
    ['heroku', 'router', 'hello', 'other: badRouterLine'],
    ['heroku', 'router.1', REQUEST, 'other: unknownEvent'],
    ['app', 'router.1', REQUEST, 'app'],
    ['app', 'router', REQUEST, 'app'],
    ['Heroku', 'router', REQUEST, 'app'],
    ['herokux', 'router', REQUEST, 'app'],
    ['heroku', 'web.1', SAMPLE, 'dynoSample'],
    ['heroku', 'web-848cd4f64d-pvpr2', SAMPLE, 'dynoSample'],
    ['app', 'web.1', SAMPLE, 'metric'],
    ['app', 'web.1', 'no#metric count#x', 'app'],
    ['heroku', 'web.1', 'source=web.1 hello', 'other: unknownEvent'],
    ['heroku', 'web.1', 'Restarting', 'dynoEvent'],
    ['app', 'web.1', 'Restarting', 'app'],
    ['app', 'run.3', 'Error R13 (Attach error) -> Failed to attach to process', 'dynoEvent'],
    ['app', 'web.3', 'Error R13 (Attach error) -> Failed to attach to process', 'app'],
    ['heroku', 'logplex', 'Error L10 (x): 1 messages dropped since 2026-03-02T08:59:00Z.', 'loss'],
    ['heroku', 'logplex', 'hello', 'other: unknownEvent'],
    ['heroku', 'logplex.1', 'Error L10 (x): 1 messages dropped', 'other: unknownEvent'],
    ['app', 'logplex', 'Error L10 (x): 1 messages dropped', 'app'],
    ['app', 'log-shuttle', 'Error L12: 1 messages dropped since 2026-03-02T08:59:00Z.', 'loss'],
    ['app', 'api', 'Release v1 created by user a@b', 'apiEvent'],
    ['heroku', 'api', 'Release v1 created by user a@b', 'apiEvent'],
    ['heroku', 'slug-compiler', 'Slug compilation started', 'apiEvent'],
    ['heroku', 'slugc', 'Slug compilation failed: x', 'apiEvent'],
    ['app', 'api.1', 'Release v1 created by user a@b', 'app'],
    ['app', 'heroku-postgres', ADDON, 'addonSample'],
    ['app', 'some-partner', ADDON, 'addonSample'],
    ['app', 'some-partner', 'count#x=1', 'metric'],
    ['app', 'some-partner', 'plan=basic', 'app'],
    ['app', '-', ADDON, 'metric'],
    ['token', 'some-partner', ADDON, 'metric'],
    ['heroku', 'heroku-postgres', ADDON, 'other: unknownSource'],
    ['app', 'postgres', DATABASE, 'databaseLog'],
    ['app', 'postgres.1127530', DATABASE, 'databaseLog'],
    ['app', 'postgres.1', 'hello', 'app'],
    ['app', 'postgresql', DATABASE, 'app'],
    ['app', 'postgres.x', DATABASE, 'app'],
    ['heroku', 'nobody', 'hello', 'other: unknownSource'],
  ] as const) {
    test(`(${appname}, ${procid}) ${text.slice(0, 40)} is ${kind}`, () => {
      expect(read(appname, procid, text)).toBe(kind);
    });
  }
});
