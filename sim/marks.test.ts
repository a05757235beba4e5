import { describe, expect, it } from 'vitest';
import { runParse } from '../bin/parse.ts';
import { buildFleet } from './fleet.ts';
import { renderBody } from './frame.ts';
import type { SimLine } from './line.ts';
import { demoIncidents } from './scenario.ts';
import { isBad } from './tally.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 20, 15);

/** What `drainboard parse` says of a message, as far as a mark says it too. */
interface Parsed {
  kind: string;
  status?: number;
  code?: string;
  outcome?: string;
  notes?: string[];
}

async function parse(lines: SimLine[]): Promise<Parsed[]> {
  let text = '';
  const stdout = { write: (piece: string) => (text += piece) };
  const stdin = (async function* () {
    yield renderBody(lines);
  })();
  await runParse(['-'], { stdin, stdout, stderr: process.stderr, nowMs: NOW });
  return text
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => JSON.parse(row) as Parsed);
}

/** How a line differs from its mark; undefined when it does not. */
function difference(line: SimLine, parsed: Parsed | undefined): string | undefined {
  const { mark } = line;
  const said = { kind: parsed?.kind, status: parsed?.status, code: parsed?.code };
  const meant = { kind: mark.kind, status: mark.status, code: mark.code };
  // A continuation is a note of the form, not of a fault.
  const notes = (parsed?.notes ?? []).filter((note) => note !== 'continuation' && note !== 'redacted');
  const bad = mark.kind === 'request' && isBad(mark);
  const same = JSON.stringify(said) === JSON.stringify(meant) && (parsed?.outcome === 'bad') === bad;
  return same && notes.length === 0 ? undefined : `${JSON.stringify(parsed)} for ${line.text}`;
}

describe('the marks of simulated lines', () => {
  it('agree with what the parser reads, for every kind of line of a day with all incidents', async () => {
    const fleet = buildFleet({ seed: 7, epochMs: NOW - 26 * HOUR, incidents: demoIncidents(NOW) });
    const wrong: string[] = [];
    let count = 0;
    for (const app of fleet.apps) {
      // One minute of every eleven: all of the story's kinds without its bulk.
      for (let atMs = NOW - 24 * HOUR; atMs < NOW + HOUR / 2; atMs += 11 * MINUTE) {
        const lines = app.linesBetween(atMs, atMs + MINUTE);
        const parsed = await parse(lines);
        count += parsed.length;
        for (const [i, line] of lines.entries()) wrong.push(difference(line, parsed[i]) ?? '');
      }
    }
    expect(count).toBeGreaterThan(80_000);
    expect(wrong.filter((text) => text !== '').slice(0, 20)).toEqual([]);
  }, 30_000);
});
