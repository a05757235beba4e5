/** One code on one app: what it means, what is asked first, how often, where from, and single requests. */
import type { CodeAnswer, CodeInfo } from '../../api/contract/codes.ts';
import { TimeChart } from '../charts/timeChart.tsx';
import { showHidden } from '../clean.ts';
import { formatCount, formatInstant, formatNumber, formatRatio, NOTHING, zoneName } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import '../styles/dynos.css';
import { buildCodeVerdict } from '../verdict/code.ts';
import { isTouched } from '../verdict/doubt.ts';
import { appPath } from '../verdict/stream.ts';
import { Breakdowns, Durations, Releases } from './codeParts.tsx';
import { Samples } from './codeSamples.tsx';
import { Special } from './codeSpecial.tsx';
import { useDoubt } from './useDoubt.ts';
import { VerdictTop } from './verdictTop.tsx';

const REFRESH_MS = 15_000;

export function CodePage({ app, code }: { app: string; code: string }) {
  const path = `/apps/${encodeURIComponent(app)}/codes/${encodeURIComponent(code)}`;
  const answer = useAnswer<CodeAnswer>(path, { ranged: 'points', everyMs: REFRESH_MS });
  return (
    <Fresh of={answer} what={`${code} on ${app}`}>
      {(data) => <Code answer={data} />}
    </Fresh>
  );
}

/** What must be read before anything else: a boot log, memory, or what is missing. */
const LEADS: readonly string[] = ['boot', 'memory', 'drain'];

function Code({ answer }: { answer: CodeAnswer }) {
  const { router, range } = useApp();
  const { app, info } = answer;
  const isLead = LEADS.includes(answer.special.kind);
  return (
    <>
      <VerdictTop
        answer={answer}
        above={[{ name: 'Codes', path: `${appPath(app)}/codes` }]}
        title={
          <>
            <span class="mono">{showHidden(info.code)}</span> {info.title}
          </>
        }
        verdict={buildCodeVerdict(answer, range.zone.value)}
      >
        {answer.count > 0 && <Evidence answer={answer} />}
        <p class="jump">
          <a href={router.link(logsPath(app, { code: info.code }))}>Lines with {showHidden(info.code)}</a>
        </p>
      </VerdictTop>
      {isLead && <Special answer={answer} />}
      <Meaning answer={answer} />
      <OverTime answer={answer} />
      {!isLead && <Special answer={answer} />}
      <Releases answer={answer} />
      <Breakdowns answer={answer} />
      <Durations answer={answer} />
      {answer.kept !== null && <Samples answer={answer} />}
    </>
  );
}

function Evidence({ answer }: { answer: CodeAnswer }) {
  const { range } = useApp();
  const zone = range.zone.value;
  const { count, shareOfRequests, firstSeenMs, lastSeenMs, everFirstSeenMs, kept } = answer;
  const when = (ms: number | null) => (ms === null ? NOTHING : formatInstant(ms, zone));
  const minutes = (answer.range.to - answer.range.from) / 60;
  return (
    <dl class="totals">
      <div>
        <dt>In this range</dt>
        <dd>{formatCount(count)}</dd>
      </div>
      <div>
        <dt>Rate</dt>
        <dd>
          {formatNumber(count / minutes)}
          <span class="muted"> a minute</span>
        </dd>
      </div>
      {shareOfRequests !== null && (
        <div>
          <dt>Share of requests</dt>
          <dd>{formatRatio(shareOfRequests)}</dd>
        </div>
      )}
      <div>
        <dt>First seen ({zoneName(answer.nowMs, zone)})</dt>
        <dd>
          {when(firstSeenMs)}
          <span class="muted"> {everFirstSeenMs !== null && `ever ${when(everFirstSeenMs)}`}</span>
        </dd>
      </div>
      <div>
        <dt>Last seen</dt>
        <dd>{when(lastSeenMs)}</dd>
      </div>
      {kept?.clients != null && (
        <div>
          <dt>Networks</dt>
          <dd>
            {kept.rows < count ? 'at least ' : ''}
            {formatCount(kept.clients)}{' '}
            <Explain about="Networks">
              Different client addresses among the requests that were kept. Addresses are shortened before
              they are stored (to /24 and /48), unless the instance is set to keep them: a network may be many
              people.
            </Explain>
          </dd>
        </div>
      )}
    </dl>
  );
}

const OWNERS: Record<string, string> = {
  app: 'the app',
  client: 'the client',
  operator: 'whoever runs the app',
  platform: 'the platform',
  pipeline: 'the log pipeline',
  unknown: 'not known',
};

function Meaning({ answer }: { answer: CodeAnswer }) {
  const { info, guide } = answer;
  return (
    <section class="meaning" aria-label={`What ${info.code} means`}>
      <div>
        <h2>What it means</h2>
        <p>
          {info.meaning} {info.reason}
        </p>
        <dl class="facts facts-narrow">
          <div>
            <dt>The client saw</dt>
            <dd>{guide.clientSaw}</dd>
          </div>
          <div>
            <dt>Who usually acts</dt>
            <dd>{OWNERS[info.cause] ?? info.cause}</dd>
          </div>
          <div>
            <dt>Counts as failed</dt>
            <dd>{countsText(info)}</dd>
          </div>
          <div>
            <dt>At Heroku</dt>
            <dd>
              <a href={guide.referenceUrl} rel="noreferrer" target="_blank">
                {guide.reference[0]}
              </a>
              {guide.reference.slice(1).map((title) => ` · ${title}`)}
            </dd>
          </div>
        </dl>
      </div>
      <div>
        <h2>Check first</h2>
        <ol class="checks">
          {guide.checks.map((check) => (
            <li key={check}>{check}</li>
          ))}
        </ol>
      </div>
    </section>
  );
}

function countsText(info: CodeInfo): string {
  const grave = `${info.severity}${info.lifecycle === 'current' ? '' : `, ${info.lifecycle}`}`;
  if (!info.code.startsWith('H')) return `no: it is not a request (${grave})`;
  if (!info.known) return 'when its line says at=error or its status is 500 or more';
  return `${info.countsAgainstAvailability ? 'yes' : 'no'}, by default (${grave})`;
}

function OverTime({ answer }: { answer: CodeAnswer }) {
  const isDoubtful = isTouched(answer, useDoubt());
  const { info, counts, range, gaps, releases } = answer;
  const marks = releases.slice(1).map((stretch) => stretch.fromMs / 1000);
  // A line of nothing says less than the word.
  const isNone =
    answer.count === 0 && counts.series.some((one) => one.values.some((value) => value !== null));
  const color = info.code.startsWith('H')
    ? '--class-platform'
    : info.code.startsWith('L')
      ? '--class-4xx'
      : '--class-5xx';
  return (
    <TimeChart
      id="code"
      title={`${info.code} over time`}
      explain={<>Lines with this code per point of {range.step} s; exact. Upright lines are releases.</>}
      columns={isNone ? { t: counts.t, series: [] } : counts}
      styles={counts.series.map(() => ({ color, hatch: 'cross' as const }))}
      unit="count"
      range={range}
      gaps={gaps}
      marks={marks}
      stacked
      heightPx={150}
      summary="sum"
      empty={
        isNone ? (
          <p>
            <strong>{isDoubtful ? 'None in what arrived.' : 'None in this range.'}</strong> Lines arrived, and{' '}
            {info.code} did not occur in them.
          </p>
        ) : (
          <p>
            <strong>{answer.health.state === 'waiting' ? 'Not set up.' : 'No data.'}</strong> No line of this
            app arrived in this range, so it is not known whether {info.code} occurred.
          </p>
        )
      }
    />
  );
}
