/** Drain health of the whole instance: every stream, the processes that take frames in, who was refused, the database. */
import { useEffect, useMemo } from 'preact/hooks';
import type { InstanceHealthAnswer, NoticeAnswer, ProcessAnswer } from '../../api/contract/health.ts';
import type { HealthMessage } from '../../api/contract/stream.ts';
import type { SpoolHealth, SpoolState } from '../../model/ingest-health.ts';
import { showHidden } from '../clean.ts';
import {
  formatAgo,
  formatBytes,
  formatClock,
  formatCount,
  formatSpan,
  NOTHING,
  plural,
  zoneSuffix,
} from '../format.ts';
import { Clauses } from '../parts/clauses.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { healthLevel, StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { instanceVerdict } from '../verdict/instance.ts';
import { Refused } from './health.tsx';
import { Pressure } from './pressure.tsx';
import { Processes } from './processes.tsx';
import { Spool } from './spool.tsx';

const REFRESH_MS = 5000;

export function InstancePage() {
  const instance = useAnswer<InstanceHealthAnswer>('/health', { everyMs: REFRESH_MS });
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Drain health</h1>
      </div>
      <Fresh of={instance} what="the health of this instance">
        {(answer) => <Whole answer={answer} />}
      </Fresh>
      {instance.data.value === null && instance.error.value !== null && <Told />}
    </>
  );
}

/** What is known without an answer: the stream goes on telling of the process it comes from. */
function Told() {
  const told = useApp().instance.told.value;
  const processes = useMemo(() => (told ? [processOf(told)] : []), [told]);
  if (!told) return null;
  return (
    <>
      <Notices notices={[]} />
      <Processes processes={processes} />
      {told.ingest && <Spool spool={told.ingest.spool} />}
      <Streams />
      {told.ingest && <Pressure all={[told.ingest]} />}
    </>
  );
}

/** A process as far as its stream tells of it: since when it runs, and as which version, is not known. */
function processOf({ holder, atMs, ingest }: HealthMessage): ProcessAnswer {
  return { holder, dyno: '', version: '', roles: 'all', startedMs: 0, seenMs: atMs, isThis: true, ingest };
}

/** What is in trouble on a bad day first. What the stream tells of its process is newer than the answer. */
function Whole({ answer }: { answer: InstanceHealthAnswer }) {
  const told = useApp().instance.told.value;
  const processes = useMemo(() => withTold(answer.processes, told), [answer, told]);
  const all = processes.flatMap(({ ingest }) => (ingest ? [ingest] : []));
  const spool = worstSpool(all.map((ingest) => ingest.spool));
  return (
    <>
      <Clauses clauses={instanceVerdict(answer, all)} />
      <Notices notices={answer.notices} />
      <Processes processes={processes} />
      {spool && <Spool spool={spool} />}
      <Streams />
      <Pressure all={all} />
      <Refused app={null} instance={answer} />
      <Database answer={answer} />
    </>
  );
}

/** All that is to be said, but for what stands in the bar on top. The stream is newer than the answer. */
function Notices({ notices }: { notices: NoticeAnswer[] }) {
  const told = useApp().instance.notices.value;
  const codes = new Set(told.map((notice) => notice.code));
  return [...told.slice(1), ...notices.filter((notice) => !codes.has(notice.code))].map((notice) => (
    <p key={notice.text} class={`banner banner-${notice.level}`}>
      {showHidden(notice.text)}
    </p>
  ));
}

/** The processes of the answer, that of the stream as it last told. */
export function withTold(processes: ProcessAnswer[], told: HealthMessage | null): ProcessAnswer[] {
  if (!told) return processes;
  return processes.map((one) =>
    one.holder === told.holder && told.atMs >= one.seenMs
      ? { ...one, seenMs: told.atMs, ingest: told.ingest }
      : one,
  );
}

const SPOOL_RANK: SpoolState[] = ['full', 'refused', 'away', 'spooling', 'moving', 'ready', 'off'];

/** All processes share one spool; the one that is worst off tells what matters. */
export function worstSpool(all: SpoolHealth[]): SpoolHealth | null {
  const sorted = [...all].sort((a, b) => SPOOL_RANK.indexOf(a.state) - SPOOL_RANK.indexOf(b.state));
  return sorted[0] ?? null;
}

function Streams() {
  const { fleet, router, clock, range, instance } = useApp();
  const isAway = instance.awaySinceMs.value !== null;
  useEffect(() => void fleet.load(), []);
  const zone = range.zone.value;
  const nowMs = clock.nowMs.value;
  return (
    <section class="group" aria-labelledby="streams">
      <h2 id="streams">Streams</h2>
      <Fresh of={fleet} what="the streams" ageless>
        {(answer) =>
          answer.apps.length === 0 ? (
            <p class="chart-empty">
              No app is registered. <a href={router.link('/setup')}>Add one</a>
            </p>
          ) : (
            <table class="data stack streams">
              <caption class="sr">Stream of each app</caption>
              <thead>
                <tr>
                  <th scope="col">App</th>
                  <th scope="col">State</th>
                  <th scope="col">Data through</th>
                  <th scope="col" class="num">
                    Age
                  </th>
                  <th scope="col" class="num">
                    Lag
                  </th>
                  <th scope="col" class="num">
                    Lines, last hour
                  </th>
                  <th scope="col" class="num">
                    Lost, last hour
                  </th>
                </tr>
              </thead>
              <tbody>
                {[...answer.apps]
                  .sort(
                    (a, b) =>
                      (b.health.lostMessages || 0) - (a.health.lostMessages || 0) ||
                      (a.health.dataThroughMs ?? 0) - (b.health.dataThroughMs ?? 0),
                  )
                  .map(({ app, health }) => (
                    <tr key={app} data-row>
                      <th scope="row" data-label="App">
                        <a href={router.link(`/a/${encodeURIComponent(app)}/health`)}>{showHidden(app)}</a>
                      </th>
                      <td data-label="State">
                        <StateWord
                          level={isAway && health.state === 'receiving' ? 'unknown' : healthLevel(health)}
                          word={isAway && health.state === 'receiving' ? 'not known' : health.state}
                        />
                      </td>
                      <td data-label="Data through">
                        {health.dataThroughMs === null
                          ? NOTHING
                          : `${formatClock(health.dataThroughMs, zone)}${zoneSuffix(health.dataThroughMs, zone)}`}
                      </td>
                      <td class="num" data-label="Age">
                        {health.dataThroughMs === null ? NOTHING : formatSpan(nowMs - health.dataThroughMs)}
                      </td>
                      <td class="num" data-label="Lag">
                        {formatSpan(health.lagMs)}
                      </td>
                      <td class="num" data-label="Lines">
                        {formatCount(health.messages)}
                      </td>
                      <td class={`num${health.lostMessages > 0 ? ' warn' : ''}`} data-label="Lost">
                        {formatCount(health.lostMessages)}
                      </td>
                    </tr>
                  ))}
              </tbody>
            </table>
          )
        }
      </Fresh>
    </section>
  );
}

/** Of the settings: what is told of the instance, and where the rest of it stands. */
export function Instance({ answer, isBrief = false }: { answer: InstanceHealthAnswer; isBrief?: boolean }) {
  const { router } = useApp();
  return (
    <>
      <Database answer={answer} isBrief={isBrief} />
      <p>
        <a href={router.link('/health')}>Drain health</a> shows its processes, its spool, and what was turned
        away.
      </p>
    </>
  );
}

/** Database, writers, work that is due, and space. */
function Database({ answer, isBrief = false }: { answer: InstanceHealthAnswer; isBrief?: boolean }) {
  const { clock, instance } = useApp();
  const isAway = instance.awaySinceMs.value !== null;
  const total = answer.storage.reduce((sum, table) => sum + table.bytes, 0);
  return (
    <section class="group" aria-labelledby="instance">
      <h2 id="instance">This instance</h2>
      <dl class="totals">
        <div>
          <dt>Database</dt>
          <dd>
            <StateWord
              level={!isAway && answer.database === 'ok' ? 'ok' : 'critical'}
              word={isAway ? 'away' : answer.database}
            />
          </dd>
        </div>
        <div>
          <dt>Writers</dt>
          <dd>{answer.writers.length}</dd>
        </div>
        <div>
          <dt>Behind</dt>
          <dd>
            {plural(
              answer.writers.reduce((sum, writer) => sum + writer.behindChunks, 0),
              'chunk',
            )}
          </dd>
        </div>
        <div>
          <dt>Compactions due</dt>
          <dd>{formatCount(answer.compactionsDue)}</dd>
        </div>
        <div>
          <dt>Stored</dt>
          <dd>{formatBytes(total)}</dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd class="mono">{showHidden(answer.version)}</dd>
        </div>
      </dl>
      {!isBrief && answer.storage.length > 0 && (
        <ul class="bars" aria-label="Space by table">
          {[...answer.storage]
            .sort((a, b) => b.bytes - a.bytes)
            .slice(0, 12)
            .map((table) => (
              <li key={table.table}>
                <span class="mono">{table.table}</span>
                <span class="bar" aria-hidden="true">
                  <span style={{ width: `${Math.max((table.bytes / Math.max(total, 1)) * 100, 0.5)}%` }} />
                </span>
                <span class="num">{formatBytes(table.bytes)}</span>
              </li>
            ))}
        </ul>
      )}
      {!isBrief && answer.writers.length > 0 && (
        <table class="data stack">
          <caption class="sr">Writers</caption>
          <thead>
            <tr>
              <th scope="col">Writer</th>
              <th scope="col">Held by</th>
              <th scope="col" class="num">
                Chunks behind
              </th>
              <th scope="col">Seen</th>
            </tr>
          </thead>
          <tbody>
            {answer.writers.map((writer) => (
              <tr key={writer.id}>
                <td class="mono" data-label="Writer">
                  {writer.id}
                </td>
                <td class="mono wrap" data-label="Held by">
                  {showHidden(writer.holder)}
                </td>
                <td class="num" data-label="Chunks behind">
                  {formatCount(writer.behindChunks)}
                </td>
                <td data-label="Seen">{formatAgo(writer.seenMs, clock.nowMs.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
