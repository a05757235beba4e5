/** Where a page stands, its name, its word and its sentence: the same head for codes, dynos and add-ons. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { showHidden } from '../clean.ts';
import { formatRange, zoneName } from '../format.ts';
import { Clauses } from '../parts/clauses.tsx';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { withDoubt } from '../verdict/doubt.ts';
import { appPath, type Heard } from '../verdict/stream.ts';
import type { Verdict } from '../verdict.ts';
import { useDoubt } from './useDoubt.ts';

interface Props {
  /** What the page is about, and how fresh it is, for the header. */
  answer: Heard;
  /** Pages between the app and this one. */
  above?: { name: string; path: string }[];
  title: ComponentChildren;
  /** What the answer says; what the instance goes through is added here. */
  verdict: Verdict;
  children?: ComponentChildren;
}

export function VerdictTop({ answer, above = [], title, verdict: known, children }: Props) {
  const { app, range, health } = answer;
  const {
    router,
    page,
    range: { zone },
  } = useApp();
  useEffect(() => {
    page.health.value = health;
  }, [health]);
  const toMs = range.to * 1000;
  const verdict = withDoubt(answer, zone.value, known, useDoubt());
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
