/** What is left of a budget: a bar and the figure, hatched where not all of it is known. */
import { budgetLevel, formatBudget } from '../sloWords.ts';

interface Props {
  remaining: number | null;
  isDoubtful?: boolean;
  /** Doubtful because it is what was, not because lines are missing. */
  isOld?: boolean;
}

export function BudgetBar({ remaining, isDoubtful, isOld }: Props) {
  const level = budgetLevel(remaining);
  const width = Math.min(100, Math.max(0, (remaining ?? 0) * 100));
  return (
    <span class={`budget budget-${level}${isDoubtful ? ' budget-doubtful' : ''}`}>
      <span class="budget-figure">
        {isDoubtful && remaining !== null && (
          <span title={isOld ? 'Newer ones could not be loaded' : 'Lines of the period are missing'}>≈ </span>
        )}
        {formatBudget(remaining)}
      </span>
      <span class="budget-bar" aria-hidden="true">
        <span style={{ width: `${width}%` }} />
      </span>
    </span>
  );
}
