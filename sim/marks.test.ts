import { describe, expect, it } from 'vitest';
import { NONE } from '../drain/message.ts';
import { MessageReader } from '../drain/reader.ts';
import { KINDS } from '../model/observation.ts';
import { buildFleet } from './fleet.ts';
import { renderMessages } from './frame.ts';
import type { SimLine } from './line.ts';
import { demoIncidents } from './scenario.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 20, 15);

/** What the product's own parser makes of a line. */
function parsed(reader: MessageReader, line: SimLine): Record<string, unknown> {
  const [bytes = Buffer.alloc(0)] = renderMessages(line);
  reader.read(bytes, 0, bytes.length, 'logplex');
  const { message } = reader;
  const kind = KINDS[message.kind];
  const result: Record<string, unknown> = { kind, notes: message.notes & ~CONTINUATION };
  const { code, status, codeFamily } = message.request;
  if (kind === 'request' && codeFamily !== NONE) result.code = bytes.toString('latin1', code.start, code.end);
  if (kind === 'request' && status !== NONE) result.status = status;
  if (message.dynoEvent?.code !== undefined) result.code = message.dynoEvent.code;
  return result;
}

/** Continuations of database log entries are meant to be there. */
const CONTINUATION = 1 << 21;

describe('the marks of simulated lines', () => {
  it('agree with what the parser reads, for every line of a day with all incidents', () => {
    const reader = new MessageReader();
    const fleet = buildFleet({ seed: 7, epochMs: NOW - 26 * HOUR, incidents: demoIncidents(NOW) });
    const wrong: string[] = [];
    let count = 0;
    for (const app of fleet.apps) {
      // One minute of every seven: all of the story's kinds, a seventh of its bulk.
      for (let atMs = NOW - 24 * HOUR; atMs < NOW + HOUR / 2; atMs += 7 * 60_000) {
        for (const line of app.linesBetween(atMs, atMs + 60_000)) {
          count += 1;
          const is = parsed(reader, line);
          const { notes, ...mark } = is;
          const same = JSON.stringify(sorted(mark)) === JSON.stringify(sorted({ ...line.mark }));
          if (!same || notes !== 0) wrong.push(`${JSON.stringify(is)} for ${line.procid} ${line.text}`);
        }
      }
    }
    expect(count).toBeGreaterThan(100_000);
    expect(wrong.slice(0, 20)).toEqual([]);
  });
});

function sorted(fields: Record<string, unknown>): [string, unknown][] {
  return Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
}
