/** The sentence on top of an app page, its clauses leading on, and the totals behind it. */
import type { OverviewAnswer } from '../../api/contract/apps.ts';
import type { ExplainAnswer } from '../../api/contract/explain.ts';
import { showHidden } from '../clean.ts';
import type { CodeTable } from '../failures.ts';
import {
  formatBytes,
  formatCount,
  formatMs,
  formatRange,
  formatRatio,
  NOTHING,
  zoneName,
} from '../format.ts';
import { findHoles } from '../holes.ts';
import { Clauses } from '../parts/clauses.tsx';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { describeCarriers } from '../verdict/app.ts';
import { buildVerdict, type Clause } from '../verdict.ts';
import { useDoubt } from './useDoubt.ts';

export function VerdictLine({ answer, table }: { answer: OverviewAnswer; table: CodeTable }) {
  const { clock, range, instance } = useApp();
  const awaySinceMs = instance.awaySinceMs.value;
  const doubt = useDoubt();
  const zone = range.zone.value;
  // What was known when the database went away is judged as of then.
  const verdict = buildVerdict(answer, awaySinceMs ?? clock.now(), zone, table, doubt);
  // Which dynos carry the failures is told of the whole app.
  const isFiltered = range.proc.value !== '' || range.dyno.value !== '';
  const { totals } = answer;
  // Of a range of which nothing is known, none is no figure.
  const isKnown = totals.requests > 0 || !findHoles(answer, clock.now()).nothing;
  const counting = totals.requests - totals.excluded;
  return (
    <section class={`verdict verdict-${verdict.level}`} aria-label="Summary">
      <div class="verdict-head">
        <h1 tabIndex={-1}>{showHidden(answer.app)}</h1>
        <StateWord level={verdict.level} word={verdict.word} />
        <span class="muted verdict-range">
          {formatRange(answer.range.from * 1000, answer.range.to * 1000, zone)}{' '}
          {zoneName(answer.range.to * 1000, zone)}
        </span>
      </div>
      {verdict.span && doubt === null && !isFiltered ? (
        <Carried app={answer.app} clauses={verdict.clauses} span={verdict.span} />
      ) : (
        <Clauses clauses={verdict.clauses} />
      )}
      <dl class="totals">
        <Total name="Requests" value={isKnown ? formatCount(totals.requests) : NOTHING} />
        <Total
          name="Failed"
          value={counting <= 0 ? NOTHING : formatRatio(totals.bad / counting)}
          note={totals.bad === 0 ? undefined : formatCount(totals.bad)}
        />
        <Total name="p50" value={formatMs(totals.p50Ms)} />
        <Total name="p95" value={formatMs(totals.p95Ms)} />
        <Total name="p99" value={formatMs(totals.p99Ms)} />
        <Total name="Sent" value={isKnown ? formatBytes(totals.bytes) : NOTHING} />
      </dl>
    </section>
  );
}

interface CarriedProps {
  app: string;
  clauses: Clause[];
  span: { fromS: number; toS: number | null };
}

/** With which dynos and paths carry the failures: asked for beside the page, which never waits for it. */
function Carried({ app, clauses, span }: CarriedProps) {
  // On whole minutes, so that the same question is not asked anew with each bucket.
  const fromS = Math.floor(span.fromS / 60) * 60;
  const toS = span.toS === null ? null : Math.ceil(span.toS / 60) * 60;
  const found = useAnswer<ExplainAnswer>(`/apps/${encodeURIComponent(app)}/explain`, {
    query: { from: fromS, to: toS ?? 'now' },
    ...(toS === null && { everyMs: 60_000 }),
  });
  const answer = found.data.value;
  return <Clauses clauses={answer ? [...clauses, ...describeCarriers(answer)] : clauses} />;
}

function Total({ name, value, note }: { name: string; value: string; note?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {note && <span class="muted"> {note}</span>}
      </dd>
    </div>
  );
}
