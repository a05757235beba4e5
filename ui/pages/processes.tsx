/** The web processes of this instance: who they are, what they hold, and whether they can commit. */
import { useMemo, useRef } from 'preact/hooks';
import type { ProcessAnswer } from '../../api/contract/health.ts';
import { showHidden } from '../clean.ts';
import { formatAgo, formatBytes, formatCount, formatNumber, formatSpan, NOTHING } from '../format.ts';
import { Meter } from '../parts/meter.tsx';
import { type Level, StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { FAILURES, PARTS } from './ingestWords.ts';

/** A process reports every 5 s (api/contract/health.ts). */
const GONE_AFTER_MS = 20_000;

export function Processes({ processes }: { processes: ProcessAnswer[] }) {
  const rates = useRates(processes);
  return (
    <section class="group" aria-labelledby="processes">
      <h2 id="processes">Processes</h2>
      {processes.length === 0 ? (
        <p class="chart-empty calm">No process has reported itself within the last hour.</p>
      ) : (
        <table class="data stack processes">
          <caption class="sr">Web processes that reported themselves within the last hour</caption>
          <thead>
            <tr>
              <th scope="col">Process</th>
              <th scope="col">State</th>
              <th scope="col">Version</th>
              <th scope="col">Running for</th>
              <th scope="col" class="num">
                Messages
              </th>
              <th scope="col">Held</th>
              <th scope="col">Connections</th>
              <th scope="col">Memory</th>
            </tr>
          </thead>
          <tbody>
            {processes.map((one) => (
              <Row key={one.holder} process={one} rate={rates.get(one.holder) ?? null} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ process, rate }: { process: ProcessAnswer; rate: number | null }) {
  const { clock, instance } = useApp();
  const nowMs = clock.nowMs.value;
  const { ingest } = process;
  const state = processState(process, nowMs, instance.awaySinceMs.value !== null);
  return (
    <tr>
      <th scope="row" data-label="Process">
        <span class="mono">{showHidden(process.dyno || process.holder)}</span>
        {process.isThis && <span class="muted"> (this one)</span>}
        {process.dyno && process.dyno !== process.holder && (
          <span class="holder mono muted">{showHidden(process.holder)}</span>
        )}
      </th>
      <td data-label="State" class="wrap">
        <StateWord level={state.level} word={state.word} />
        {state.why && <span class="why">{state.why}</span>}
      </td>
      <td class="mono" data-label="Version">
        {showHidden(process.version || NOTHING)}
      </td>
      <td data-label="Running for">
        {process.startedMs === 0 ? NOTHING : formatSpan(nowMs - process.startedMs)}
      </td>
      <td class="num" data-label="Messages">
        {ingest === null ? (
          <span class="muted">pages only</span>
        ) : (
          <>
            {rate === null ? NOTHING : `${formatNumber(rate)}/s`}
            <span class="under muted">{formatCount(ingest.messages)} in all</span>
          </>
        )}
      </td>
      <td data-label="Held">
        {ingest ? <Meter value={ingest.heldBytes} max={ingest.heldBytesMax} format={formatBytes} /> : NOTHING}
      </td>
      <td data-label="Connections">
        {ingest ? (
          <Meter value={ingest.connections} max={ingest.connectionsMax} format={formatCount} />
        ) : (
          NOTHING
        )}
      </td>
      <td data-label="Memory">
        {ingest ? <Meter value={ingest.rssBytes} max={ingest.rssBytesMax} format={formatBytes} /> : NOTHING}
      </td>
    </tr>
  );
}

/** The worst that can be said of a process, and why. */
export function processState(
  process: ProcessAnswer,
  nowMs: number,
  isAway: boolean,
): { level: Level; word: string; why: string } {
  const { ingest } = process;
  const silentMs = nowMs - process.seenMs;
  // While the database is away reports cannot be written, and a process of which none came may be as well as ever.
  if (silentMs > GONE_AFTER_MS)
    return {
      level: isAway ? 'unknown' : 'warning',
      word: isAway ? 'not known' : 'gone',
      why: `last heard of ${formatAgo(process.seenMs, nowMs)}`,
    };
  if (!ingest) return { level: 'ok', word: 'ok', why: '' };
  if (ingest.failingForMs !== null) {
    const isKept = ingest.spool.state === 'spooling';
    return {
      level: isKept ? 'warning' : 'critical',
      word: isKept ? 'spooling' : 'cannot commit',
      why: `for ${formatSpan(ingest.failingForMs)}: ${FAILURES[ingest.failure ?? 'other']}`,
    };
  }
  if (ingest.shedding.length > 0)
    return {
      level: 'warning',
      word: 'short of room',
      why: `gives way: ${ingest.shedding.map((part) => PARTS[part].name.toLowerCase()).join(', ')}`,
    };
  if (ingest.spool.state === 'moving')
    return { level: 'note', word: 'catching up', why: 'moves what waited in Redis' };
  return { level: 'ok', word: 'ok', why: '' };
}

interface Sample {
  messages: number;
  atMs: number;
  startedMs: number;
}

/** Messages per second of each process between its two newest reports; none before the second. */
function useRates(processes: ProcessAnswer[]): ReadonlyMap<string, number> {
  const before = useRef(new Map<string, Sample>());
  const rates = useRef(new Map<string, number>());
  return useMemo(() => {
    for (const { holder, startedMs, seenMs, ingest } of processes) {
      if (!ingest) continue;
      const sample = { messages: ingest.messages, atMs: seenMs, startedMs };
      const last = before.current.get(holder);
      const rate = last ? rateBetween(last, sample) : null;
      if (rate === 'same') continue;
      before.current.set(holder, sample);
      if (rate === null) rates.current.delete(holder);
      else rates.current.set(holder, rate);
    }
    return new Map(rates.current);
  }, [processes]);
}

/** null when the process began anew in between; `same` when there is no newer report. */
export function rateBetween(last: Sample, next: Sample): number | null | 'same' {
  if (last.startedMs !== next.startedMs || next.messages < last.messages) return null;
  const spanMs = next.atMs - last.atMs;
  return spanMs < 900 ? 'same' : ((next.messages - last.messages) / spanMs) * 1000;
}
