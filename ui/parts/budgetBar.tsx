/** What is left of a budget: a bar and the figure, hatched where not all of it is known. */
import { budgetLevel, formatBudget } from '../sloWords.ts';

export function BudgetBar({ remaining, isDoubtful }: { remaining: number | null; isDoubtful?: boolean }) {
  const level = budgetLevel(remaining);
  const width = Math.min(100, Math.max(0, (remaining ?? 0) * 100));
  return (
    <span class={`budget budget-${level}${isDoubtful ? ' budget-doubtful' : ''}`}>
      <span class="budget-figure">
        {isDoubtful && remaining !== null && <span title="Lines of the period are missing">≈ </span>}
        {formatBudget(remaining)}
      </span>
      <span class="budget-bar" aria-hidden="true">
        <span style={{ width: `${width}%` }} />
      </span>
    </span>
  );
}
