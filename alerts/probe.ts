/**
 * A line of our own through the whole path (A-22): sent to the drain as an app's would be, and looked for where
 * objectives are evaluated. What it shows nothing else does: that what arrives is counted.
 */
import { randomUUID } from 'node:crypto';
import { SECOND } from '../model/time.ts';
import type { Pool } from '../store/pool.ts';
import { ensureProbeApp, type ProbeApp, readProbeApp, readSeenMinute } from '../store/probe.ts';
import { claimSign, writeSign } from '../store/watch.ts';
import type { Outbound } from './outbound.ts';

export interface ProbeDeps {
  pool: Pool;
  /** Key of the instance: the probe's credentials follow from it. */
  key: string;
  /** May call ourselves. */
  outbound: Outbound;
  /** Where the drain listens, `http://127.0.0.1:5000`; absent: others send, here is only looked. */
  drainUrl?: string | undefined;
}

/** So that each minute has one whenever its rounds fall. */
const EVERY_MS = 20 * SECOND;
const TIMEOUT_MS = 5 * SECOND;

export class Probe {
  readonly #deps: ProbeDeps;
  #app: ProbeApp | undefined;

  constructor(deps: ProbeDeps) {
    this.#deps = deps;
  }

  /** Sends a line when none was sent lately, by whichever process; false when it was not taken. */
  async send(nowMs: number): Promise<boolean> {
    const { pool, key, outbound, drainUrl } = this.#deps;
    if (drainUrl === undefined) return true;
    this.#app ??= await ensureProbeApp(pool, key, nowMs);
    if (!(await claimSign(pool, 'probe', nowMs, EVERY_MS))) return true;
    const { userName, secret } = this.#app;
    const result = await outbound.request({
      method: 'POST',
      url: `${drainUrl}/drain`,
      headers: {
        authorization: `Basic ${Buffer.from(`${userName}:${secret}`).toString('base64')}`,
        'content-type': 'application/logplex-1',
        'logplex-msg-count': '1',
        'logplex-frame-id': randomUUID().replaceAll('-', ''),
        'logplex-drain-token': 'd.probe',
      },
      body: frame(nowMs),
      timeoutMs: TIMEOUT_MS,
    });
    const isTaken = result.kind === 'answer' && result.status === 204;
    const reason = isTaken ? '' : result.kind === 'answer' ? `it answered ${result.status}` : result.reason;
    await writeSign(pool, 'probe', nowMs, { reason });
    return isTaken;
  }

  /** Newest minute of which a line came through, null: none yet; undefined when nobody ever sent one. */
  async seen(nowMs: number): Promise<{ seenMinute: number | null } | undefined> {
    const { pool, key } = this.#deps;
    this.#app ??= (await readProbeApp(pool, key)) ?? undefined;
    if (this.#app === undefined) return undefined;
    return { seenMinute: await readSeenMinute(pool, this.#app.appId, nowMs) };
  }
}

function frame(nowMs: number): string {
  const line = `<190>1 ${new Date(nowMs).toISOString().replace('Z', '+00:00')} host app probe.1 - through the whole path\n`;
  return `${Buffer.byteLength(line)} ${line}`;
}
