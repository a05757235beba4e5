/** Where a page stands, its name, its word and its sentence: the same head for codes, dynos and add-ons. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { HealthSummary } from '../../api/contract/health.ts';
import type { RangeAnswer } from '../../api/contract/time.ts';
import { showHidden } from '../clean.ts';
import { formatRange, zoneName } from '../format.ts';
import { Clauses } from '../parts/clauses.tsx';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { appPath } from '../verdict/stream.ts';
import type { Verdict } from '../verdict.ts';

interface Props {
  app: string;
  /** Pages between the app and this one. */
  above?: { name: string; path: string }[];
  title: ComponentChildren;
  verdict: Verdict;
  range: RangeAnswer;
  /** How fresh the data is, for the header. */
  health: HealthSummary;
  children?: ComponentChildren;
}

export function VerdictTop({ app, above = [], title, verdict, range, health, children }: Props) {
  const {
    router,
    page,
    range: { zone },
  } = useApp();
  useEffect(() => {
    page.health.value = health;
  }, [health]);
  const toMs = range.to * 1000;
  return (
    <section class="verdict verdict-top" aria-label="Summary">
      <p class="crumb">
        <a href={router.link(appPath(app))}>{showHidden(app)}</a>
        {above.map(({ name, path }) => (
          <span key={path}>
            {' / '}
            <a href={router.link(path)}>{name}</a>
          </span>
        ))}
      </p>
      <div class="verdict-head">
        <h1 tabIndex={-1}>{title}</h1>
        <StateWord level={verdict.level} word={verdict.word} />
        <span class="muted verdict-range">
          {formatRange(range.from * 1000, toMs, zone.value)} {zoneName(toMs, zone.value)}
        </span>
      </div>
      <Clauses clauses={verdict.clauses} />
      {children}
    </section>
  );
}
