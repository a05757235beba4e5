/** The API without sockets: a browser and a program that talk to it, on a clock of the test's. */
import { buildApi } from '../api/app.ts';
import type { ApiDeps } from '../api/deps.ts';
import { buildLiveFeed } from '../api/live.ts';
import { hashPassword } from '../api/password.ts';
import { silentLog } from '../model/log.ts';
import { insertPerson, type PersonRow, type Role } from '../store/people.ts';
import type { Pool } from '../store/pool.ts';
import { KEPT_DEFAULT } from '../store/reads/plan.ts';
import { createToken } from '../store/tokens.ts';

export const TEST_KEY = 'a key for the tests of the api, long enough';
export const SETUP_TOKEN = 'set-up-token-of-the-test';
export const PASSWORD = 'violet harbour pencil tuesdayish';
const ORIGIN = 'http://localhost:5000';

export interface Answered {
  status: number;
  headers: Headers;
  /** Looked at field by field; the contract's types are checked where answers are made. */
  body: ReturnType<typeof JSON.parse>;
}

export interface TestApi {
  app: ReturnType<typeof buildApi>;
  live: ReturnType<typeof buildLiveFeed>;
  clock: { nowMs: number };
  /** A browser with a cookie jar of its own. */
  browser(address?: string): TestBrowser;
  /** Sends with an API token. */
  withToken(token: string): TestBrowser;
  /** A person with PASSWORD, and a browser signed in as them. */
  signedIn(role: Role): Promise<{ browser: TestBrowser; person: PersonRow }>;
  token(role: Role): Promise<string>;
}

export interface TestBrowser {
  cookie: string;
  get(path: string, headers?: Record<string, string>): Promise<Answered>;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  raw(path: string, init?: RequestInit): Promise<Response>;
}

let passwordHash: Promise<string> | undefined;

export function buildTestApi(pool: Pool, options: Partial<ApiDeps> = {}): TestApi {
  const clock = { nowMs: Date.UTC(2026, 10, 20, 10, 42, 17) };
  const live = buildLiveFeed();
  const app = buildApi({
    pool,
    config: { ...KEPT_DEFAULT, secret: TEST_KEY, onHeroku: false, keepDetailsMs: 21 * 86_400_000 },
    nowMs: () => clock.nowMs,
    live,
    log: silentLog,
    setupToken: SETUP_TOKEN,
    version: '0.0.0-test',
    ...options,
  });
  let people = 0;

  function browser(address = '203.0.113.7', token?: string): TestBrowser {
    const self: TestBrowser = {
      cookie: '',
      async raw(path, init = {}) {
        const headers = new Headers(init.headers);
        if (self.cookie !== '') headers.set('cookie', self.cookie);
        if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
        headers.set('host', 'localhost:5000');
        const response = await app.request(
          `${ORIGIN}${path}`,
          { ...init, headers },
          {
            incoming: { socket: { remoteAddress: address } },
          },
        );
        const set = response.headers.get('set-cookie');
        if (set !== null) self.cookie = /max-age=0/i.test(set) ? '' : (set.split(';')[0] ?? '');
        return response;
      },
      get: async (path, headers = {}) => read(await self.raw(`/api/v1${path}`, { headers })),
      send: async (method, path, body, headers) =>
        read(
          await self.raw(`/api/v1${path}`, {
            method,
            headers: headers ?? { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
            ...(method !== 'GET' && { body: typeof body === 'string' ? body : JSON.stringify(body ?? {}) }),
          }),
        ),
    };
    return self;
  }

  return {
    app,
    live,
    clock,
    browser,
    withToken: (token) => browser('203.0.113.8', token),
    async signedIn(role) {
      passwordHash ??= hashPassword(PASSWORD);
      const email = `${role}${++people}.${Math.random().toString(36).slice(2, 8)}@example.com`;
      const person = await insertPerson(pool, {
        email,
        displayName: '',
        role,
        passwordHash: await passwordHash,
        nowMs: clock.nowMs,
      });
      if (!person) throw new Error('the test person was there already');
      const own = browser(`198.51.100.${people % 250}`);
      const answer = await own.send('POST', '/sign-in', { email, password: PASSWORD });
      if (answer.status !== 200) throw new Error(`signing in failed: ${JSON.stringify(answer.body)}`);
      return { browser: own, person };
    },
    async token(role) {
      const input = { name: 'test', role, createdBy: null, key: TEST_KEY, nowMs: clock.nowMs };
      return (await createToken(pool, input)).token;
    },
  };
}

async function read(response: Response): Promise<Answered> {
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}
