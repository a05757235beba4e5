/** What carries the failures of an app: clauses behind the sentence of its page, from what Explain ranks. Pure. */
import type { ExplainAnswer, ExplainRow } from '../../api/contract/explain.ts';
import { formatRatio } from '../format.ts';
import { dynoPath, explainPath, logsPath } from '../paths.ts';
import type { Clause } from '../verdict.ts';

/** Dynos are named together while they have most of the failures. */
const DYNOS_MAX = 3;
const MOST = 0.5;
/** A path with a smaller share of the failures is one of many. */
const PATH_SHARE = 0.3;
/** With fewer failures nobody can say that nothing stands out. */
const TELL_NONE_FROM = 20;

/** `web.3 and web.4 carry 88 % of them,` `93 % are POST /cart/{id}.`, each leading on within the same range. */
export function describeCarriers(answer: ExplainAnswer): Clause[] {
  const span = {
    from: `${new Date(answer.range.from * 1000).toISOString().slice(0, 19)}Z`,
    to: `${new Date(answer.range.to * 1000).toISOString().slice(0, 19)}Z`,
  };
  const clauses = [...dynoClause(answer, span), ...pathClause(answer, span)];
  const explain: Clause = {
    text: clauses.length > 0 ? 'What else differs.' : 'Explain it.',
    href: explainPath(answer.app),
    query: span,
  };
  if (clauses.length > 0) return [...clauses, explain];
  const isEven = answer.range.bad >= TELL_NONE_FROM;
  return isEven ? [{ text: 'No dyno and no path stands out.' }, explain] : [explain];
}

type Span = Record<'from' | 'to', string>;

function dynoClause(answer: ExplainAnswer, span: Span): Clause[] {
  const rows = ofKind(answer, 'dyno').filter((row) => row.value !== '');
  const first = rows[0];
  const named: ExplainRow[] = [];
  for (const row of rows.slice(0, DYNOS_MAX)) {
    named.push(row);
    if (shareOf(named) >= 0.8) break;
  }
  if (!first || shareOf(named) < MOST) return [];
  const names = named.map((row) => row.name);
  const text = names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  const verb = names.length === 1 ? 'carries' : 'carry';
  const share = shareOf(named);
  const amount = share > 0.995 ? 'all' : formatRatio(share);
  return [
    { text: `${text} ${verb} ${amount} of them.`, href: dynoPath(answer.app, first.value), query: span },
  ];
}

function pathClause(answer: ExplainAnswer, span: Span): Clause[] {
  const [row] = ofKind(answer, 'path');
  const share = row?.range.share ?? 0;
  if (!row || row.value === 'other' || share < PATH_SHARE) return [];
  const [, path = row.value] = row.value.split(' ');
  // What stands for an id is no text of a line.
  const q = path.replace(/\{.*$/, '');
  const amount = share > 0.995 ? 'All' : formatRatio(share);
  return [
    {
      text: `${amount} are ${row.value}.`,
      href: logsPath(answer.app, { source: 'router', ...(q.length > 1 && { q }) }),
      query: span,
    },
  ];
}

function ofKind(answer: ExplainAnswer, attribute: ExplainRow['attribute']): ExplainRow[] {
  return answer.bad
    .filter((row) => row.attribute === attribute)
    .sort((a, b) => (b.range.share ?? 0) - (a.range.share ?? 0));
}

function shareOf(rows: readonly ExplainRow[]): number {
  return rows.reduce((sum, row) => sum + (row.range.share ?? 0), 0);
}
