/**
 * One POST to a drain as a strict, old HTTP client makes it: bounded connect and answer times, a
 * keep-alive connection that ignores hints, and no understanding of chunked answers or bodies.
 */
import http from 'node:http';
import https from 'node:https';
import { TLSSocket } from 'node:tls';

/** What in an answer the clients on the other side cannot read (FORMATS 1.4). */
export type AnswerFlaw = 'chunkedAnswer' | 'answerBody' | 'noContentLength';

export type PostOutcome =
  | { kind: 'answered'; status: number; flaw?: AnswerFlaw }
  /** Nothing of the request has left. */
  | { kind: 'notConnected'; cause: string }
  /** Connected, but no complete answer: the frame may or may not have been taken. */
  | { kind: 'broken'; cause: string }
  | { kind: 'timedOut' };

export interface PostLimits {
  connectMs: number;
  answerMs: number;
  /** An idle connection is closed after this. */
  idleMs: number;
  connections: number;
}

export interface Connection {
  post(headers: Record<string, string>, body: Buffer): Promise<PostOutcome>;
  /** Drops all sockets; the next post connects anew. */
  close(): void;
}

/**
 * Basic credentials from the user info of a drain URL, cut at `:` as Logplex does; `https://:pass@…`
 * becomes user = pass with an empty password.
 * @returns undefined when there is no user info
 * @throws when the user info holds more than one `:`: such a URL cannot be delivered to
 */
export function authorizationOf(url: string): string | undefined {
  const userInfo = /^https?:\/\/([^/?#@]*)@/.exec(url)?.[1];
  if (userInfo === undefined) return undefined;
  const parts = userInfo.split(':');
  if (parts.length > 2) throw new Error('more than one colon in the user info of the drain URL');
  const [user = '', password = ''] = parts;
  const pair = user === '' ? `${password}:` : `${user}:${password}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** @param url drain URL; its user info is left out of the request line, its query string is sent */
export function openConnection(url: string, limits: PostLimits): Connection {
  const target = new URL(url);
  const secure = target.protocol === 'https:';
  const options = { keepAlive: true, maxSockets: limits.connections, timeout: limits.idleMs };
  let agent = buildAgent(secure, options);
  return {
    post: (headers, body) => postOnce({ target, secure, agent, limits, headers, body }),
    close: () => {
      agent.destroy();
      agent = buildAgent(secure, options);
    },
  };
}

function buildAgent(secure: boolean, options: http.AgentOptions): http.Agent {
  const agent = secure ? new https.Agent(options) : new http.Agent(options);
  // Node would obey a `Keep-Alive: timeout=` hint of the answer; Logplex never reads it. (It does not read
  // `Connection: close` either, and would burn a try on the closed connection: that is not imitated.)
  agent.keepSocketAlive = () => true;
  return agent;
}

interface Attempt {
  target: URL;
  secure: boolean;
  agent: http.Agent;
  limits: PostLimits;
  headers: Record<string, string>;
  body: Buffer;
}

function postOnce(attempt: Attempt): Promise<PostOutcome> {
  const { target, secure, agent, limits, headers, body } = attempt;
  return new Promise((resolve) => {
    let connected = false;
    let settled = false;
    const settle = (outcome: PostOutcome): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      resolve(outcome);
      // A complete answer goes back to the pool by itself; anything else must not be used again.
      if (outcome.kind !== 'answered' || outcome.status < 200) request.destroy();
    };
    const fail = (cause: string): void =>
      settle(connected ? { kind: 'broken', cause } : { kind: 'notConnected', cause });
    let timer = setTimeout(() => fail('connect timeout'), limits.connectMs);
    const onConnected = (): void => {
      connected = true;
      clearTimeout(timer);
      if (!settled) timer = setTimeout(() => settle({ kind: 'timedOut' }), limits.answerMs);
    };

    const request = (secure ? https : http).request(target, { method: 'POST', agent, auth: '', headers });
    request.on('socket', (socket) => {
      if (!socket.connecting && (!(socket instanceof TLSSocket) || request.reusedSocket)) onConnected();
      else socket.once(secure ? 'secureConnect' : 'connect', onConnected);
    });
    request.on('error', (error) => fail(error.message));
    request.on('information', ({ statusCode }) => settle({ kind: 'answered', status: statusCode }));
    request.on('response', (response) => readAnswer(response, settle, fail));
    sendBody(request, body);
  });
}

function sendBody(request: http.ClientRequest, body: Buffer): void {
  if (body.length === 0) {
    // An empty body goes without any length (FORMATS 1.1); Node adds one unless told twice.
    request.removeHeader('Content-Length');
    request.removeHeader('Transfer-Encoding');
    request.end();
    return;
  }
  request.end(body);
}

function readAnswer(
  response: http.IncomingMessage,
  settle: (outcome: PostOutcome) => void,
  fail: (cause: string) => void,
): void {
  const status = response.statusCode ?? 0;
  let bodyBytes = 0;
  response.on('data', (part: Buffer) => {
    bodyBytes += part.length;
  });
  response.on('error', (error) => fail(error.message));
  response.on('end', () => {
    const flaw = findFlaw(response, status, bodyBytes);
    settle(flaw === undefined ? { kind: 'answered', status } : { kind: 'answered', status, flaw });
  });
}

function findFlaw(response: http.IncomingMessage, status: number, bodyBytes: number): AnswerFlaw | undefined {
  if (response.headers['transfer-encoding'] !== undefined) return 'chunkedAnswer';
  if (bodyBytes > 0) return 'answerBody';
  // Without a length the client reads until the connection closes, that is, until its time is up.
  if (status !== 204 && response.headers['content-length'] === undefined) return 'noContentLength';
  return undefined;
}
