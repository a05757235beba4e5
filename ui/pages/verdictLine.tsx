/** The sentence on top of an app page, its clauses leading on, and the totals behind it. */
import type { OverviewAnswer } from '../../api/contract/apps.ts';
import { showHidden } from '../clean.ts';
import type { CodeTable } from '../failures.ts';
import { formatBytes, formatCount, formatMs, formatRange, formatRatio, zoneName } from '../format.ts';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { buildVerdict } from '../verdict.ts';

export function VerdictLine({ answer, table }: { answer: OverviewAnswer; table: CodeTable }) {
  const { clock, range, router, instance } = useApp();
  const awaySinceMs = instance.awaySinceMs.value;
  const zone = range.zone.value;
  // What was known when the database went away is judged as of then.
  const doubt = awaySinceMs !== null ? 'away' : instance.isMoving.value ? 'moving' : null;
  const verdict = buildVerdict(answer, awaySinceMs ?? clock.now(), zone, table, doubt);
  const { totals } = answer;
  const counting = totals.requests - totals.excluded;
  const jump = (href: string, query?: Record<string, string>) =>
    href.startsWith('#') ? href : router.link(href, query);
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
      <p class="verdict-text">
        {verdict.clauses.map((clause, index) => (
          <span key={clause.text}>
            {index > 0 && ' '}
            {clause.href ? <a href={jump(clause.href, clause.query)}>{clause.text}</a> : clause.text}
          </span>
        ))}
      </p>
      <dl class="totals">
        <Total name="Requests" value={formatCount(totals.requests)} />
        <Total
          name="Failed"
          value={counting <= 0 ? '–' : formatRatio(totals.bad / counting)}
          note={totals.bad === 0 ? undefined : formatCount(totals.bad)}
        />
        <Total name="p50" value={formatMs(totals.p50Ms)} />
        <Total name="p95" value={formatMs(totals.p95Ms)} />
        <Total name="p99" value={formatMs(totals.p99Ms)} />
        <Total name="Sent" value={formatBytes(totals.bytes)} />
      </dl>
    </section>
  );
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
