/** The table of the fleet: headings that sort, groups, rows. */
import { showHidden } from '../clean.ts';
import { type Group, type Grouping, nextSort, type Sort, type SortKey } from '../fleetOrder.ts';
import { plural } from '../format.ts';
import { useApp } from '../state/context.ts';
import { type Around, FleetRowView } from './fleetRow.tsx';

interface Column {
  /** null: nothing to sort by. */
  key: SortKey;
  label: string;
  title?: string;
  class?: string;
}

const COLUMNS: Column[] = [
  { key: 'state', label: 'State', title: 'Firing, then burning fastest, then silent, then by budget left' },
  { key: 'app', label: 'App' },
  {
    key: 'budget',
    label: 'Budget left',
    title: 'Of the objective with the least',
    class: 'cell-slo',
  },
  {
    key: 'burn',
    label: 'Burn 1 h · 6 h',
    title: 'How fast the budget goes: at 1× it lasts exactly its period. Of the objective that burns fastest',
    class: 'num cell-burn',
  },
  {
    key: 'rate',
    label: 'Req/min',
    title: 'Requests per minute: the last 60 minutes, and the last five closed ones as a number',
    class: 'num cell-rate',
  },
  {
    key: 'failed',
    label: 'Failed',
    title:
      'Requests that ended in 5xx or a platform error; small: the same hour one week ago, where it differs by more than chance',
    class: 'num',
  },
  {
    key: 'p95',
    label: 'p95',
    title: 'Connect and service time that 95 % stay within (± 2.5 %)',
    class: 'num',
  },
  { key: 'code', label: 'Top code', title: 'Most frequent in the last hour', class: 'cell-later' },
  { key: 'memory', label: 'Memory', title: 'Dyno nearest to its quota', class: 'num cell-memory' },
  { key: 'release', label: 'Release', class: 'cell-release' },
  { key: 'age', label: 'Data age', title: 'Age of the newest line', class: 'num cell-age' },
];

interface Props {
  groups: readonly Group[];
  grouping: Grouping;
  sort: Sort;
  around: Around;
}

export function FleetTable({ groups, grouping, sort, around }: Props) {
  return (
    <table class={`data fleet${grouping === 'none' ? '' : ` fleet-by-${grouping}`}`}>
      <caption class="sr">
        Apps{sort.key === 'state' && !sort.reversed ? ', worst first' : ''}. Figures cover the last 60
        minutes; changes are against the same hour one week ago.
      </caption>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <Heading key={column.key} column={column} sort={sort} />
          ))}
        </tr>
      </thead>
      {groups.map((group) => (
        <tbody key={group.name}>
          {grouping !== 'none' && <GroupRow group={group} grouping={grouping} />}
          {group.items.map((item) => (
            <FleetRowView key={item.row.app} item={item} around={around} group={group.name} />
          ))}
        </tbody>
      ))}
    </table>
  );
}

function Heading({ column, sort }: { column: Column; sort: Sort }) {
  const { router } = useApp();
  const isOn = sort.key === column.key;
  // What puts the worst first rises for some figures and falls for others; a reader hears which way it runs.
  const rises = ['app', 'budget', 'age'].includes(column.key) !== sort.reversed;
  return (
    <th scope="col" class={column.class} aria-sort={isOn ? (rises ? 'ascending' : 'descending') : undefined}>
      <button
        type="button"
        class={`sort${isOn ? ' sort-on' : ''}`}
        title={column.title}
        onClick={() => router.setParams({ sort: nextSort(sort, column.key) }, 'push')}
      >
        {column.label}
        <span class="sort-mark" aria-hidden="true">
          {isOn ? (rises ? '▲' : '▼') : ''}
        </span>
      </button>
    </th>
  );
}

const NO_LABEL: Record<Grouping, string> = { none: '', stage: 'No stage', team: 'No team', tag: 'No tags' };

function GroupRow({ group, grouping }: { group: Group; grouping: Grouping }) {
  const firing = group.items.filter((item) => item.rank <= 1).length;
  return (
    <tr class="group-row">
      <th scope="rowgroup" colSpan={COLUMNS.length}>
        {group.name ? showHidden(group.name) : NO_LABEL[grouping]}{' '}
        <span class="muted">
          {plural(group.items.length, 'app')}
          {firing > 0 && `, ${firing} firing or burning`}
        </span>
      </th>
    </tr>
  );
}
