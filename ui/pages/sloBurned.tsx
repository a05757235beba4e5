/** Of an objective: who burned its budget, ranked. */
import { useRef, useState } from 'preact/hooks';
import type { BurnedAnswer, BurnedBy, SloDetailAnswer } from '../../api/contract/slos.ts';
import { burnedLogs } from '../burnedLogs.ts';
import { showHidden } from '../clean.ts';
import { formatCount, formatRatio, NOTHING } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { explainPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { instantText } from '../state/rangeText.ts';
import type { Resource } from '../state/resource.ts';

const NAMES: Record<BurnedBy, string> = {
  code: 'Code',
  pathShape: 'Path',
  processType: 'Process type',
  release: 'Release',
  day: 'Day',
  dyno: 'Dyno',
  method: 'Method',
  status: 'Status',
};
const ROWS_FIRST = 8;

interface Props {
  of: Resource<BurnedAnswer>;
  data: SloDetailAnswer;
}

export function Burned({ of, data }: Props) {
  // A new range is fetched while the one before stays in sight.
  const last = useRef<BurnedAnswer | null>(null);
  if (of.data.value) last.current = of.data.value;
  if (data.definition.indicator.kind === 'composite') return null;
  return (
    <section class="group" aria-labelledby="burned">
      <h2 id="burned">
        Who burned it
        <Explain about="Who burned it">
          Bad events of the range above, by what they have in common. “Budget spent” is the share of the whole
          period’s budget. A name leads to its page, “Logs” to its lines as far as they are kept.
        </Explain>
      </h2>
      <Fresh of={of} shown={of.data.value ?? last.current} what="who burned it">
        {(answer) => <Tables answer={answer} app={data.slo.app} />}
      </Fresh>
    </section>
  );
}

function Tables({ answer, app }: { answer: BurnedAnswer; app: string }) {
  const { router } = useApp();
  const [chosen, setChosen] = useState<BurnedBy | null>(null);
  const tables = answer.tables.filter((table) => table.rows.length > 0);
  const by = chosen ?? tables[0]?.by ?? null;
  const table = tables.find((one) => one.by === by) ?? tables[0];
  if (answer.bad === 0 || !table)
    return <p class="muted">Nothing was bad in this range, so nobody burned anything.</p>;
  return (
    <>
      <div class="row burned-head">
        <fieldset class="chips" aria-label="Ranked by">
          {tables.map((one) => (
            <button
              key={one.by}
              type="button"
              class="quiet"
              aria-pressed={one.by === table.by}
              onClick={() => setChosen(one.by)}
            >
              {NAMES[one.by]}
            </button>
          ))}
        </fieldset>
        <a
          class="small"
          href={router.link(explainPath(app), {
            from: instantText(answer.range.fromMs),
            to: instantText(answer.range.toMs),
          })}
        >
          Explain this range
        </a>
      </div>
      <Ranking key={table.by} table={table} app={app} range={answer.range} />
    </>
  );
}

interface RankingProps {
  table: BurnedAnswer['tables'][number];
  app: string;
  range: BurnedAnswer['range'];
}

function Ranking({ table, app, range }: RankingProps) {
  const { router } = useApp();
  const [all, setAll] = useState(false);
  const rows = all ? table.rows : table.rows.slice(0, ROWS_FIRST);
  return (
    <>
      <table class="data stack burned">
        <caption class="sr">Bad events by {NAMES[table.by].toLowerCase()}, most first</caption>
        <thead>
          <tr>
            <th scope="col">{NAMES[table.by]}</th>
            <th scope="col">Share of the bad</th>
            <th scope="col" class="num">
              Bad
            </th>
            <th scope="col" class="num">
              Of
            </th>
            <th scope="col" class="num">
              <abbr title="Of the whole period's budget">Budget spent</abbr>
            </th>
            <th scope="col">Lines</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name} data-row>
              <th scope="row" class="wrap mono" data-label={NAMES[table.by]}>
                {row.link ? (
                  // The page of a path is its lines.
                  <a
                    href={
                      table.by === 'pathShape'
                        ? router.link(burnedLogs(app, table.by, row.name, range))
                        : linkOf(router.link, row.link)
                    }
                  >
                    {showHidden(row.name)}
                  </a>
                ) : (
                  showHidden(row.name)
                )}
              </th>
              <td data-label="Share of the bad">
                <span class="share">
                  <span class="bar" aria-hidden="true">
                    <span style={{ width: `${Math.max(1, row.share * 100)}%` }} />
                  </span>
                  <span>{formatRatio(row.share)}</span>
                </span>
              </td>
              <td class="num" data-label="Bad">
                {formatCount(row.bad)}
              </td>
              <td class="num" data-label="Of">
                {row.events === null ? NOTHING : formatCount(row.events)}
              </td>
              <td class="num" data-label="Budget spent">
                {formatRatio(row.budgetShare)}
              </td>
              <td data-label="Lines">
                <a href={router.link(burnedLogs(app, table.by, row.name, range))}>
                  Logs<span class="sr"> of {showHidden(row.name)}</span>
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {table.rows.length > ROWS_FIRST && (
        <button type="button" class="quiet" onClick={() => setAll(!all)}>
          {all ? 'Fewer' : `and ${table.rows.length - ROWS_FIRST} more`}
        </button>
      )}
      <p class="small muted">
        {table.method === 'sampled' ? 'From kept requests, scaled: near, not exact. ' : ''}
        {table.note}
      </p>
    </>
  );
}

/** Links of the server lead to pages of ours and hold their own range; a bare one takes the page's. */
function linkOf(link: (path: string) => string, to: string): string {
  return to.includes('?') ? to : link(to);
}
