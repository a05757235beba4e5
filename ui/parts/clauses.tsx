/** A verdict as one sentence after another, each a link to where its numbers can be looked at. */
import { showHidden } from '../clean.ts';
import { useApp } from '../state/context.ts';
import type { Clause } from '../verdict.ts';

export function Clauses({ clauses }: { clauses: readonly Clause[] }) {
  const { router } = useApp();
  const to = ({ href = '', query }: Clause) => (href.startsWith('#') ? href : router.link(href, query));
  return (
    <p class="verdict-text">
      {clauses.map((clause, index) => (
        <span key={clause.text}>
          {index > 0 && ' '}
          {clause.href ? <a href={to(clause)}>{showHidden(clause.text)}</a> : showHidden(clause.text)}
        </span>
      ))}
    </p>
  );
}
