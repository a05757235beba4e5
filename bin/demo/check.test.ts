import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { CountsAnswer } from '../../api/contract/health.ts';
import { type AppLedger, Ledger } from '../../sim/ledger.ts';
import type { LineMark } from '../../sim/line.ts';
import { compareApp, renderTable } from './check.ts';

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

async function answering(answer: Partial<CountsAnswer>): Promise<{ baseUrl: string; token: string }> {
  server = createServer((_request, response) => response.end(JSON.stringify(answer)));
  await new Promise<void>((resolve) => {
    server?.listen(0, '127.0.0.1', resolve);
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 't' };
}

const MARKS: LineMark[] = [
  { kind: 'request', status: 200 },
  { kind: 'request', status: 503, code: 'H12' },
  { kind: 'app' },
];

function account(fate: 'delivered' | 'unknown' = 'delivered'): AppLedger {
  const ledger = new Ledger();
  for (const mark of MARKS) ledger.recordGenerated('shop', mark);
  ledger.recordFrame({
    id: 'A',
    app: 'shop',
    node: 'node-1',
    messages: 3,
    tries: 1,
    fate,
    outcomes: ['204'],
    marks: MARKS,
    noticeDropped: 0,
    noticeUncertain: false,
  });
  return ledger.snapshot().apps.shop as AppLedger;
}

const COUNTED = {
  messages: 3,
  messagesByKind: { request: 2, app: 1 },
  requests: 2,
  bad: 1,
  statuses: { '200': 1, '503': 1 },
  codes: { H12: 1 },
  framesAccepted: 1,
  lossMessages: 0,
};
const RANGE = { fromMs: 0, toMs: 1_000 };

describe('the comparison of what was sent with what was counted', () => {
  it('finds equal what is equal', async () => {
    const rows = await compareApp(await answering(COUNTED), 'shop', account(), RANGE);
    expect(rows.filter((row) => !row.equal)).toEqual([]);
    expect(rows.map((row) => row.what)).toContain('code H12');
  });

  it('finds one message too many, too few, and a code nobody sent', async () => {
    const wrong = { ...COUNTED, messages: 4, statuses: { '200': 1 }, codes: { H12: 1, H10: 1 } };
    const rows = await compareApp(await answering(wrong), 'shop', account(), RANGE);
    expect(rows.filter((row) => !row.equal).map((row) => row.what)).toEqual([
      'messages',
      'status 503',
      'code H10',
    ]);
    expect(renderTable(rows)).toMatch(/^shop\s+status 503\s+1\s+0\s+DIFFERS$/m);
  });

  it('lets what was never answered count or not', async () => {
    const none = { ...COUNTED, messages: 0, requests: 0, bad: 0, framesAccepted: 0 };
    const empty = { ...none, messagesByKind: {}, statuses: {}, codes: {} };
    const rows = await compareApp(await answering(empty), 'shop', account('unknown'), RANGE);
    expect(rows.every((row) => row.equal)).toBe(true);
    server?.close();
    const all = await compareApp(await answering(COUNTED), 'shop', account('unknown'), RANGE);
    expect(all.every((row) => row.equal)).toBe(true);
  });
});
