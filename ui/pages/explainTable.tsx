/** Values whose share of the bad, or of the slow, requests grew: a bar with the share before as a tick, and the numbers. */
import type { ExplainRow } from '../../api/contract/explain.ts';
import { showHidden } from '../clean.ts';
import { formatCount, formatRatio, NOTHING } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { useApp } from '../state/context.ts';
import { hrefOf, shareBefore } from '../verdict/explain.ts';

const KINDS: Record<ExplainRow['attribute'], string> = {
  code: 'Code',
  status: 'Status',
  release: 'Release',
  dyno: 'Dyno',
  path: 'Path',
  method: 'Method',
  host: 'Host',
};

interface Props {
  id: string;
  lens: 'bad' | 'slow';
  title: string;
  app: string;
  rows: readonly ExplainRow[];
  /** The range, as it stands in links. */
  span: { from: string; to: string };
  /** What is told where nothing ranks. */
  none: string;
  /** How the ranking is made. */
  about: string;
}

export function ExplainTable({ id, lens, title, app, rows, span, none, about }: Props) {
  const word = lens === 'bad' ? 'fail' : 'are slow';
  return (
    <section class="group" aria-labelledby={id}>
      <h2 id={id}>
        {title}
        <Explain about={title}>{about}</Explain>
      </h2>
      {rows.length === 0 ? (
        <p class="muted">{none}</p>
      ) : (
        <table class="data stack explain-table">
          <caption class="sr">{title}: values whose share grew, most grown first</caption>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Share before and now</th>
              <th scope="col" class="num">
                Now
              </th>
              <th scope="col" class="num">
                Of its requests {word}
              </th>
              <th scope="col" class="num">
                Of the others
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={`${row.attribute} ${row.value}`} app={app} row={row} span={span} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ app, row, span }: { app: string; row: ExplainRow; span: Props['span'] }) {
  const { router } = useApp();
  const { href, query } = hrefOf(app, row, span);
  const [then, now] = [row.baseline.share ?? 0, row.range.share ?? 0];
  const before = shareBefore(row.baseline);
  const about = row.isEstimate ? '≈ ' : '';
  return (
    <tr data-row title={row.sentence}>
      <th scope="row" data-label="What">
        <span class="kind muted">{KINDS[row.attribute]}</span>{' '}
        {href ? (
          <a class="wrap" href={router.link(href, query)}>
            {showHidden(row.name)}
          </a>
        ) : (
          showHidden(row.name)
        )}
      </th>
      <td data-label="Share" class="share">
        <span class="shift" aria-hidden="true">
          <span class="shift-now" style={{ width: `${now * 100}%` }} />
          <span class="shift-then" style={{ left: `${then * 100}%` }} />
        </span>
        <span class="shift-text">
          {before} → <strong>{about + formatRatio(now)}</strong>
        </span>
      </td>
      <td class="num" data-label="Now">
        {about + formatCount(row.range.hits)}
      </td>
      <td class="num" data-label="Of its own">
        {row.range.ratio === null ? NOTHING : formatRatio(row.range.ratio)}
      </td>
      <td class="num" data-label="Of others">
        {row.others?.ratio == null ? NOTHING : formatRatio(row.others.ratio)}
      </td>
    </tr>
  );
}
