/**
 * Where the demo's notifications go: a Slack and a PagerDuty that do not exist, speaking enough of the Web API
 * (chat.postMessage, chat.update) and of Events API v2 for the real adapters. Keeps the newest and shows them on a page.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** One request as it arrived. */
export interface InboxEntry {
  atMs: number;
  service: 'slack' | 'pagerduty';
  /** Last part of the address, such as `chat.update`; of PagerDuty the action. */
  action: string;
  /** First line for people. */
  text: string;
  body: Record<string, unknown>;
}

export interface Inbox {
  port: number;
  /** Newest last. */
  entries(): readonly InboxEntry[];
  close(): Promise<void>;
}

const ENTRIES_MAX = 500;
const BODY_BYTES_MAX = 1024 * 1024;

/** Listens on loopback. `port` 0: any free one. `onEntry` hears of each as it comes. */
export async function startInbox(
  port: number,
  onEntry: (entry: InboxEntry) => void = () => {},
): Promise<Inbox> {
  const entries: InboxEntry[] = [];
  let messages = 0;
  const take = (path: string, body: Record<string, unknown>): object => {
    const entry = readEntry(path, body);
    entries.push(entry);
    if (entries.length > ENTRIES_MAX) entries.shift();
    onEntry(entry);
    if (entry.service === 'pagerduty') return { status: 'success', dedup_key: body.dedup_key };
    const ts = typeof body.ts === 'string' ? body.ts : `1700000000.${String(++messages).padStart(6, '0')}`;
    return { ok: true, channel: 'C0INCIDENTS', ts };
  };
  const server = createServer((request, response) => {
    void answer(request, response, entries, take).catch(() => response.destroy());
  });
  await listen(server, port);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    entries: () => entries,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  entries: readonly InboxEntry[],
  take: (path: string, body: Record<string, unknown>) => object,
): Promise<void> {
  const path = request.url ?? '/';
  if (request.method === 'GET') {
    const isJson = path === '/messages.json';
    response.setHeader('content-type', isJson ? 'application/json' : 'text/html; charset=utf-8');
    response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
    response.end(isJson ? JSON.stringify(entries, null, 1) : renderPage(entries));
    return;
  }
  const body = await readBody(request);
  response.setHeader('content-type', 'application/json');
  response.statusCode = path.startsWith('/pagerduty/') ? 202 : 200;
  response.end(JSON.stringify(take(path, body)));
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) throw new Error('too large');
    parts.push(part);
  }
  const value: unknown = JSON.parse(Buffer.concat(parts).toString() || '{}');
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function readEntry(path: string, body: Record<string, unknown>): InboxEntry {
  const isPagerduty = path.startsWith('/pagerduty/');
  const payload = (body.payload ?? {}) as Record<string, unknown>;
  const action = isPagerduty ? textOf(body.event_action, 'change') : (path.split('/').pop() ?? '');
  const text = isPagerduty ? textOf(payload.summary, textOf(body.dedup_key)) : textOf(body.text);
  return { atMs: Date.now(), service: isPagerduty ? 'pagerduty' : 'slack', action, text, body };
}

const textOf = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value : otherwise);

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeText = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '');

function renderPage(entries: readonly InboxEntry[]): string {
  const rows = [...entries].reverse().map(renderEntry);
  const list = rows.length === 0 ? '<p>Nothing was sent yet.</p>' : rows.join('');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Inbox of the demo</title><style>body{font:15px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}
article{border-top:1px solid #ccc;padding:.75rem 0}pre{overflow:auto;font-size:12px}small{color:#555}</style>
<h1>Inbox of the demo</h1><p>What Slack and PagerDuty would have been sent, newest first.</p>${list}</html>`;
}

function renderEntry({ atMs, service, action, text, body }: InboxEntry): string {
  const json = escapeText(JSON.stringify(body, null, 2));
  return `<article><small>${new Date(atMs).toISOString()} · ${service} · ${escapeText(action)}</small>
<div>${escapeText(text)}</div><details><summary>as it was sent</summary><pre>${json}</pre></details></article>`;
}
