/** Drain health of one app: how far the data goes, what was lost, doubled, left out, and who sends. */
import { useState } from 'preact/hooks';
import type { AppHealthAnswer, DrainAnswer, InstanceHealthAnswer } from '../../api/contract/health.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import {
  formatAgo,
  formatBytes,
  formatClock,
  formatCount,
  formatInstant,
  formatSpan,
  NOTHING,
  plural,
  zoneName,
  zoneSuffix,
} from '../format.ts';
import { causeSays, causeShort } from '../gapCauses.ts';
import { Fresh } from '../parts/fresh.tsx';
import { healthLevel, StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { REASONS } from './reasons.ts';

const REFRESH_MS = 5000;

export function HealthPage({ app }: { app: string }) {
  const path = `/apps/${encodeURIComponent(app)}/health`;
  const health = useAnswer<AppHealthAnswer>(path, { ranged: 'span', everyMs: REFRESH_MS, tellsNow: true });
  const instance = useAnswer<InstanceHealthAnswer>('/health', { everyMs: 6 * REFRESH_MS });
  const { page } = useApp();
  const answer = health.data.value;
  if (answer && page.health.peek() !== answer) page.health.value = answer;
  return (
    <Fresh of={health} what="drain health">
      {(data) => (
        <>
          <Head health={data} />
          <Drains health={data} onChange={() => void health.load()} />
          <Gaps health={data} />
          <Counted health={data} />
          <Skipped health={data} />
          <Refused app={app} instance={instance.data.value} />
          <Quarantine health={data} />
        </>
      )}
    </Fresh>
  );
}

const WORDS = { receiving: 'Receiving', silent: 'Silent', waiting: 'Waiting' };

function Head({ health }: { health: AppHealthAnswer }) {
  const { clock, range, instance } = useApp();
  const isAway = instance.awaySinceMs.value !== null && health.state !== 'waiting';
  const zone = range.zone.value;
  const through = health.dataThroughMs;
  const share = health.framesAccepted + health.framesDuplicate;
  return (
    <section class="verdict">
      <div class="verdict-head">
        <h1 tabIndex={-1}>Drain health</h1>
        <StateWord
          level={isAway ? 'unknown' : healthLevel(health)}
          word={isAway ? 'Not known' : WORDS[health.state]}
        />
      </div>
      <p class="verdict-text">
        {isAway && through !== null
          ? `Nothing newer than ${formatClock(through, zone)}${zoneSuffix(through, zone)} is known: the database does not answer. Until then: ${lowerFirst(sentence(health, instance.awaySinceMs.value ?? 0))}`
          : sentence(health, clock.nowMs.value)}
      </p>
      <dl class="totals">
        <div>
          <dt>Data through</dt>
          <dd>{through === null ? NOTHING : `${formatClock(through, zone)}${zoneSuffix(through, zone)}`}</dd>
        </div>
        <div>
          <dt>Lag</dt>
          <dd>{formatSpan(health.lagMs)}</dd>
        </div>
        <div>
          <dt>Lost, last hour</dt>
          <dd>{formatCount(health.lostMessages)}</dd>
        </div>
        <div>
          <dt>Counted, last hour</dt>
          <dd>{formatCount(health.messages)}</dd>
        </div>
        <div>
          <dt>Frames in range</dt>
          <dd>{formatCount(health.framesAccepted)}</dd>
        </div>
        <div>
          <dt>Sent twice, counted once</dt>
          <dd>
            {formatCount(health.framesDuplicate)}
            {share > 0 && health.framesDuplicate > 0 && <span class="muted"> of {formatCount(share)}</span>}
          </dd>
        </div>
      </dl>
    </section>
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function sentence(health: AppHealthAnswer, nowMs: number): string {
  if (health.state === 'waiting' || health.dataThroughMs === null) return 'No line has arrived yet.';
  const lost =
    health.lostMessages === 0
      ? 'nothing is known to be lost'
      : `up to ${plural(health.lostMessages, 'line')} lost in the last hour`;
  if (health.state === 'silent')
    return `No line has arrived for ${formatSpan(nowMs - health.dataThroughMs)}; ${lost}.`;
  return `Lines arrive ${formatSpan(health.lagMs)} after they were written; ${lost}.`;
}

function Drains({ health, onChange }: { health: AppHealthAnswer; onChange(): void }) {
  const { range, session } = useApp();
  const zone = range.zone.value;
  return (
    <section class="group" aria-labelledby="drains">
      <h2 id="drains">Drains and their tokens</h2>
      {health.unknownTokens > 0 && (
        <p class="banner banner-warning">
          {plural(health.unknownTokens, 'drain token')} not seen before. Lines are counted all the same; adopt
          what is yours, ban what is not.
        </p>
      )}
      {health.drains.length === 0 ? (
        <p class="chart-empty calm">No drain has sent anything yet.</p>
      ) : (
        <table class="data stack">
          <caption class="sr">Drains that send for this app</caption>
          <thead>
            <tr>
              <th scope="col">Token</th>
              <th scope="col">State</th>
              <th scope="col">Sender</th>
              <th scope="col">First seen ({zoneName(Date.now(), zone)})</th>
              <th scope="col">Last frame</th>
              <th scope="col">Data through</th>
              {session.canEdit.value && <th scope="col">Change</th>}
            </tr>
          </thead>
          <tbody>
            {health.drains.map((drain) => (
              <DrainRow key={drain.id} app={health.app} drain={drain} onChange={onChange} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function DrainRow({ app, drain, onChange }: { app: string; drain: DrainAnswer; onChange(): void }) {
  const { clock, range, session, client, toast } = useApp();
  const zone = range.zone.value;
  const [busy, setBusy] = useState(false);
  async function change(state: 'adopted' | 'banned') {
    setBusy(true);
    try {
      await client.send('PATCH', `/apps/${encodeURIComponent(app)}/drains/${drain.id}`, { state });
      toast.value =
        state === 'adopted' ? 'Drain adopted' : 'Drain banned: what it sends is refused from now on';
      onChange();
    } catch (error) {
      toast.value = errorText(error);
    }
    setBusy(false);
  }
  return (
    <tr>
      <td class="mono wrap" data-label="Token">
        {showHidden(drain.token || '(no token)')}
      </td>
      <td data-label="State">
        {drain.state === 'new' ? (
          <StateWord level="warning" word="new" />
        ) : drain.state === 'banned' ? (
          <StateWord level="critical" word="banned" />
        ) : (
          'adopted'
        )}
      </td>
      <td data-label="Sender">{showHidden(drain.sender)}</td>
      <td data-label="First seen">{formatInstant(drain.firstReceivedMs, zone)}</td>
      <td data-label="Last frame">{formatAgo(drain.lastReceivedMs, clock.nowMs.value)}</td>
      <td data-label="Data through">
        {drain.dataThroughMs === null ? NOTHING : formatInstant(drain.dataThroughMs, zone)}
      </td>
      {session.canEdit.value && (
        <td class="actions">
          {drain.state !== 'adopted' && (
            <button type="button" disabled={busy} onClick={() => void change('adopted')}>
              Adopt
            </button>
          )}
          {drain.state !== 'banned' && (
            <button type="button" class="danger" disabled={busy} onClick={() => void change('banned')}>
              Ban
            </button>
          )}
        </td>
      )}
    </tr>
  );
}

function Gaps({ health }: { health: AppHealthAnswer }) {
  const { range } = useApp();
  const zone = range.zone.value;
  const causes = [...new Set(health.gaps.map((gap) => gap.cause))].filter(causeSays);
  return (
    <section class="group" aria-labelledby="gaps">
      <h2 id="gaps">Known losses</h2>
      {health.gaps.length === 0 ? (
        <p class="chart-empty calm">No known loss in this range.</p>
      ) : (
        <table class="data stack">
          <caption class="sr">Known losses in this range</caption>
          <thead>
            <tr>
              <th scope="col">From ({zoneName(Date.now(), zone)})</th>
              <th scope="col">Until</th>
              <th scope="col" class="num">
                Lines, at most
              </th>
              <th scope="col">Cause</th>
            </tr>
          </thead>
          <tbody>
            {[...health.gaps]
              .sort((a, b) => b.from - a.from)
              .map((gap) => (
                <tr key={`${gap.from}${gap.cause}`}>
                  <td data-label="From">{formatInstant(gap.from * 1000, zone)}</td>
                  <td data-label="Until">{formatInstant(gap.to * 1000, zone)}</td>
                  <td class="num" data-label="Lines, at most">
                    {gap.messages === null ? 'unknown' : formatCount(gap.messages)}
                  </td>
                  <td data-label="Cause">{showHidden(causeShort(gap.cause))}</td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
      {causes.length > 0 && (
        <dl class="reasons causes">
          {causes.map((cause) => (
            <div key={cause}>
              <dt class="strong">{causeShort(cause)}</dt>
              <dd>{causeSays(cause)}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

const KIND_NAMES: Record<string, string> = {
  request: 'Requests (router)',
  dynoSample: 'Dyno samples',
  addonSample: 'Add-on samples',
  metric: 'Custom metrics',
  dynoEvent: 'Dyno events',
  apiEvent: 'Releases and config',
  loss: 'Loss notices',
  app: 'App lines',
  databaseLog: 'Database log',
  other: 'Other',
};

function Counted({ health }: { health: AppHealthAnswer }) {
  const kinds = Object.entries(health.messagesByKind).filter(([, count]) => count > 0);
  const total = kinds.reduce((sum, [, count]) => sum + count, 0);
  return (
    <section class="group" aria-labelledby="counted">
      <h2 id="counted">Arrived in this range</h2>
      {kinds.length === 0 ? (
        <p class="chart-empty calm">Nothing arrived in this range.</p>
      ) : (
        <ul class="bars" aria-label="Lines by kind">
          {kinds
            .sort((a, b) => b[1] - a[1])
            .map(([kind, count]) => (
              <li key={kind}>
                <span>{KIND_NAMES[kind] ?? kind}</span>
                <span class="bar" aria-hidden="true">
                  <span style={{ width: `${Math.max((count / total) * 100, 0.5)}%` }} />
                </span>
                <span class="num">{formatCount(count)}</span>
              </li>
            ))}
        </ul>
      )}
    </section>
  );
}

function Skipped({ health }: { health: AppHealthAnswer }) {
  const reasons = Object.entries(health.skipped).filter(([, count]) => count > 0);
  return (
    <section class="group" aria-labelledby="skipped">
      <h2 id="skipped">Left out, changed or doubted, by reason</h2>
      {reasons.length === 0 && health.redactions === 0 ? (
        <p class="chart-empty calm">Every line in this range was read as it stands.</p>
      ) : (
        <dl class="reasons">
          {reasons
            .sort((a, b) => b[1] - a[1])
            .map(([reason, count]) => (
              <div key={reason}>
                <dt>
                  <span class="num strong">{formatCount(count)}</span>{' '}
                  <span class="mono">{showHidden(reason)}</span>
                </dt>
                <dd>{REASONS[reason] ?? ''}</dd>
              </div>
            ))}
          {health.redactions > 0 && !('redacted' in health.skipped) && (
            <div>
              <dt>
                <span class="num strong">{formatCount(health.redactions)}</span>{' '}
                <span class="mono">redacted</span>
              </dt>
              <dd>{REASONS.redacted}</dd>
            </div>
          )}
        </dl>
      )}
    </section>
  );
}

export function Refused({ app, instance }: { app: string | null; instance: InstanceHealthAnswer | null }) {
  const { clock } = useApp();
  if (!instance) return null;
  const refused = instance.refusedSenders.filter((sender) => app === null || sender.userName === app);
  return (
    <section class="group" aria-labelledby="refused">
      <h2 id="refused">Refused senders</h2>
      {refused.length === 0 ? (
        <p class="chart-empty calm">Nobody was refused{app ? ' under this app’s name' : ''}.</p>
      ) : (
        <table class="data stack">
          <caption class="sr">Senders whose credentials were refused</caption>
          <thead>
            <tr>
              <th scope="col">Name given</th>
              <th scope="col" class="num">
                Attempts
              </th>
              <th scope="col">Why</th>
              <th scope="col">First</th>
              <th scope="col">Last</th>
            </tr>
          </thead>
          <tbody>
            {refused.map((sender) => (
              <tr key={sender.userName + sender.reason}>
                <td class="mono wrap" data-label="Name given">
                  {showHidden(sender.userName || '(none)')}
                </td>
                <td class="num" data-label="Attempts">
                  {formatCount(sender.attempts)}
                </td>
                <td data-label="Why">{showHidden(sender.reason)}</td>
                <td data-label="First">{formatAgo(sender.firstMs, clock.nowMs.value)}</td>
                <td data-label="Last">{formatAgo(sender.lastMs, clock.nowMs.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Quarantine({ health }: { health: AppHealthAnswer }) {
  const { range } = useApp();
  if (health.quarantine.length === 0) return null;
  return (
    <section class="group" aria-labelledby="quarantine">
      <h2 id="quarantine">Quarantine</h2>
      <p class="muted">Bytes that could not be read, the newest first, so that somebody can find out why.</p>
      <ul class="quarantine">
        {health.quarantine.map((entry) => (
          <li key={`${entry.receivedMs}${entry.reason}`}>
            <p>
              <span class="mono">{formatInstant(entry.receivedMs, range.zone.value)}</span> ·{' '}
              {showHidden(entry.reason)} · {formatBytes(entry.sizeBytes)}
            </p>
            <pre>{showHidden(entry.excerpt)}</pre>
          </li>
        ))}
      </ul>
    </section>
  );
}
