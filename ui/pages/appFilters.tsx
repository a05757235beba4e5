/** Narrowing an app page to a process type or a dyno, and what its range is compared with. Stands in the URL. */
import type { OverviewAnswer } from '../../api/contract/apps.ts';
import { readCompare } from '../charts/compare.ts';
import { showHidden } from '../clean.ts';
import { useApp } from '../state/context.ts';
import type { ComparedRange } from '../state/overview.ts';

interface Props {
  answer: OverviewAnswer;
  compared: ComparedRange | null;
}

export function Filters({ answer, compared }: Props) {
  const { range, router } = useApp();
  const proc = range.proc.value;
  const dyno = range.dyno.value;
  const dynos = answer.dynos.filter((name) => !proc || name.startsWith(`${proc}.`));
  // A filter that is set stays visible even when the range has nothing of it.
  const withCurrent = (names: string[], current: string) =>
    current && !names.includes(current) ? [current, ...names] : names;
  const hasDynos = answer.dynos.length >= 2 || proc !== '' || dyno !== '';
  const cmp = readCompare(router.params.value.get('cmp'));
  return (
    <fieldset class="filters">
      <legend class="sr">Filters</legend>
      {hasDynos && (
        <>
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
        </>
      )}
      <label>
        Compare
        <select
          value={cmp ?? ''}
          onChange={(event) => router.setParams({ cmp: event.currentTarget.value }, 'push')}
        >
          <option value="">with nothing</option>
          <option value="prev">with as long before</option>
          <option value="7d">with a week ago</option>
        </select>
      </label>
      {cmp !== null && compared !== null && isEmpty(compared) && (
        <span class="muted">Nothing is known of {compared.label}.</span>
      )}
      {(proc || dyno) && (
        <button type="button" class="quiet" onClick={() => range.setFilter('proc', '')}>
          Clear
        </button>
      )}
    </fieldset>
  );
}

function isEmpty({ requests }: ComparedRange): boolean {
  return !requests.series.some((series) => series.values.some((value) => value !== null && value > 0));
}
