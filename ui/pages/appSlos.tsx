/** Of an app page: its objectives in one strip, each leading to its page. Loaded beside the charts, never before them. */
import type { SloListAnswer, SloRow } from '../../api/contract/slos.ts';
import { showHidden } from '../clean.ts';
import { BudgetBar } from '../parts/budgetBar.tsx';
import { StateWord } from '../parts/state.tsx';
import { sloListPath, sloPath } from '../paths.ts';
import { isDoubtful, sloState } from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

const SHOWN_MAX = 6;

export function AppSlos({ app }: { app: string }) {
  const { router, session } = useApp();
  const slos = useAnswer<SloListAnswer>('/slos', { query: { app }, everyMs: 30_000 });
  const rows = slos.data.value?.slos;
  if (rows === undefined)
    return slos.error.value === null ? null : (
      <p class="slo-strip small muted">Objectives could not be loaded: {slos.error.value}</p>
    );
  if (rows.length === 0)
    return session.canEdit.value ? (
      <p class="slo-strip small">
        <a href={router.link(sloListPath(app))}>Set an objective for this app</a>
      </p>
    ) : null;
  return (
    <nav class="slo-strip" aria-label="Objectives">
      {rows.slice(0, SHOWN_MAX).map((row) => (
        <Chip key={row.id} row={row} />
      ))}
      {rows.length > SHOWN_MAX && (
        <a class="slo-more" href={router.link(sloListPath(app))}>
          and {rows.length - SHOWN_MAX} more
        </a>
      )}
    </nav>
  );
}

function Chip({ row }: { row: SloRow }) {
  const { router, instance } = useApp();
  const isAway = instance.awaySinceMs.value !== null;
  const state = sloState(row, isAway);
  return (
    <a class="slo-chip" href={router.link(sloPath(row.app, row.slug))} title={row.objective}>
      <span class="slo-chip-head">
        <span class="cut">{showHidden(row.title)}</span>
        <StateWord level={state.level} word={state.word} />
      </span>
      <BudgetBar remaining={row.budget.remaining} isDoubtful={isDoubtful(row, isAway)} />
    </a>
  );
}
