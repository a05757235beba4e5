/** Of the settings: how this instance is doing: ingest, queue, database, its slowest statements, version. */
import { useRef } from 'preact/hooks';
import type { DatabaseHealthAnswer, InstanceHealthAnswer } from '../../api/contract/health.ts';
import { showHidden } from '../clean.ts';
import { formatBytes, formatCount, formatMs, formatNumber, formatRatio, formatSpan } from '../format.ts';
import { Clauses } from '../parts/clauses.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { Meter } from '../parts/meter.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { databaseVerdict } from '../verdict/settings.ts';
import { Instance } from './instance.tsx';

export function InstanceHealth() {
  const { session } = useApp();
  const health = useAnswer<InstanceHealthAnswer>('/health', { everyMs: 15_000 });
  return (
    <>
      <Fresh of={health} what="the health of this instance">
        {(answer) => (
          <>
            {answer.notices.map((notice) => (
              <p key={notice.code} class={`banner banner-${notice.level}`}>
                {showHidden(notice.text)}
              </p>
            ))}
            <Intake answer={answer} />
            <Instance answer={answer} />
          </>
        )}
      </Fresh>
      {session.isAdmin.value && <DatabaseHealth />}
    </>
  );
}

/** What comes in and what waits, over all processes that take frames in. */
function Intake({ answer }: { answer: InstanceHealthAnswer }) {
  const { router } = useApp();
  const rate = useRate(answer);
  const all = answer.processes.flatMap(({ ingest }) => (ingest === null ? [] : [ingest]));
  if (all.length === 0) return null;
  const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + of(one), 0);
  const held = sum((one) => one.heldBytes);
  const limit = sum((one) => one.heldBytesMax);
  return (
    <section class="group" aria-labelledby="intake">
      <h2 id="intake">Taking lines in</h2>
      <dl class="totals">
        <div>
          <dt>Processes</dt>
          <dd>{all.length}</dd>
        </div>
        <div>
          <dt>Lines, a second</dt>
          <dd>{rate === null ? '…' : formatNumber(rate)}</dd>
        </div>
        <div>
          <dt>Waiting in memory</dt>
          <dd>
            <Meter value={held} max={limit} format={formatBytes} />
          </dd>
        </div>
      </dl>
      <p>
        <a href={router.link('/health')}>Drain health</a> has each process, the spool, and what gave way.
      </p>
    </section>
  );
}

/** Lines a second between the last two answers, of processes that are in both; null before the second. */
function useRate(answer: InstanceHealthAnswer): number | null {
  const seen = useRef<{ answer: InstanceHealthAnswer; rate: number | null }>({ answer, rate: null });
  if (seen.current.answer !== answer) {
    seen.current = { answer, rate: messagesPerSecond(seen.current.answer, answer) };
  }
  return seen.current.rate;
}

export function messagesPerSecond(before: InstanceHealthAnswer, now: InstanceHealthAnswer): number | null {
  const rates = now.processes.flatMap((one) => {
    const was = before.processes.find(({ holder }) => holder === one.holder);
    const spanMs = one.seenMs - (was?.seenMs ?? one.seenMs);
    if (!one.ingest || !was?.ingest || spanMs <= 0) return [];
    return (Math.max(0, one.ingest.messages - was.ingest.messages) / spanMs) * 1000;
  });
  return rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0);
}

function DatabaseHealth() {
  const database = useAnswer<DatabaseHealthAnswer>('/health/database', { everyMs: 30_000 });
  return (
    <section class="group" aria-labelledby="database">
      <h2 id="database">Database</h2>
      <Fresh of={database} what="the database">
        {(answer) => (
          <>
            <Clauses clauses={databaseVerdict(answer)} />
            <dl class="totals" id="connections">
              <div>
                <dt>Size</dt>
                <dd>{formatBytes(answer.bytes)}</dd>
              </div>
              <div>
                <dt>Connections</dt>
                <dd>
                  <Meter value={answer.connections} max={answer.maxConnections} format={formatCount} />
                </dd>
              </div>
              <div>
                <dt>Longest statement now</dt>
                <dd>{formatSpan(answer.longestMs)}</dd>
              </div>
              <div>
                <dt>PostgreSQL</dt>
                <dd class="mono">{showHidden(answer.version)}</dd>
              </div>
            </dl>
            <ul class="bars" aria-label="Connections by program">
              {answer.byApplication.map(({ application, count, active }) => (
                <li key={application}>
                  <span class="mono">{showHidden(application || '(not named)')}</span>
                  <span class="bar" aria-hidden="true">
                    <span style={{ width: `${Math.max((count / answer.connections) * 100, 0.5)}%` }} />
                  </span>
                  <span class="num">
                    {count}
                    {active > 0 && <span class="muted"> ({active} busy)</span>}
                  </span>
                </li>
              ))}
            </ul>
            <Statements slow={answer.slow} />
          </>
        )}
      </Fresh>
    </section>
  );
}

function Statements({ slow }: { slow: DatabaseHealthAnswer['slow'] }) {
  return (
    <>
      <h3 id="statements">Statements that take most time</h3>
      {slow === null ? (
        <p class="chart-empty calm">
          Not known: the server does not count statements. On Heroku Postgres run{' '}
          <code>CREATE EXTENSION pg_stat_statements</code> once.
        </p>
      ) : slow.length === 0 ? (
        <p class="chart-empty calm">None since the statistics were reset.</p>
      ) : (
        <table class="data stack statements">
          <caption class="sr">Statements by their time since the statistics were reset</caption>
          <thead>
            <tr>
              <th scope="col">Statement</th>
              <th scope="col" class="num">
                Of all time
              </th>
              <th scope="col" class="num">
                Calls
              </th>
              <th scope="col" class="num">
                Mean
              </th>
              <th scope="col" class="num">
                Longest
              </th>
            </tr>
          </thead>
          <tbody>
            {slow.map((one) => (
              <tr key={one.text}>
                <td data-label="Statement" class="wrap">
                  <code>{showHidden(one.text)}</code>
                </td>
                <td class="num" data-label="Of all time">
                  {formatRatio(one.share)}
                </td>
                <td class="num" data-label="Calls">
                  {formatCount(one.calls)}
                </td>
                <td class="num" data-label="Mean">
                  {formatMs(one.meanMs)}
                </td>
                <td class="num" data-label="Longest">
                  {formatMs(one.maxMs)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
