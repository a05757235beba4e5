/** Narrowing an app page to a process type or a dyno. Stands in the URL. */
import type { OverviewAnswer } from '../../api/contract/apps.ts';
import { showHidden } from '../clean.ts';
import { useApp } from '../state/context.ts';

export function Filters({ answer }: { answer: OverviewAnswer }) {
  const { range } = useApp();
  const proc = range.proc.value;
  const dyno = range.dyno.value;
  const dynos = answer.dynos.filter((name) => !proc || name.startsWith(`${proc}.`));
  // A filter that is set stays visible even when the range has nothing of it.
  const withCurrent = (names: string[], current: string) =>
    current && !names.includes(current) ? [current, ...names] : names;
  if (answer.dynos.length < 2 && !proc && !dyno) return null;
  return (
    <fieldset class="filters">
      <legend class="sr">Filters</legend>
      <label>
        Process
        <select value={proc} onChange={(event) => range.setFilter('proc', event.currentTarget.value)}>
          <option value="">all</option>
          {withCurrent(answer.processTypes, proc).map((name) => (
            <option key={name} value={name}>
              {showHidden(name)}
            </option>
          ))}
        </select>
      </label>
      <label>
        Dyno
        <select value={dyno} onChange={(event) => range.setFilter('dyno', event.currentTarget.value)}>
          <option value="">all</option>
          {withCurrent(dynos, dyno).map((name) => (
            <option key={name} value={name}>
              {showHidden(name)}
            </option>
          ))}
        </select>
      </label>
      {(proc || dyno) && (
        <button type="button" class="quiet" onClick={() => range.setFilter('proc', '')}>
          Clear
        </button>
      )}
    </fieldset>
  );
}
