/** The table of the fleet: headings that sort, groups, rows. */
import { showHidden } from '../clean.ts';
import { type Group, type Grouping, nextSort, type Sort, type SortKey } from '../fleetOrder.ts';
import { plural } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { useApp } from '../state/context.ts';
import { type Around, FleetRowView } from './fleetRow.tsx';

interface Column {
  key: SortKey;
  label: string;
  /** What it is, in a tip. */
  title: string;
  /** Where it comes from, and what it does not know. */
  source: string;
  class?: string;
}

const COLUMNS: Column[] = [
  {
    key: 'state',
    label: 'State',
    title: 'Firing, then burning fastest, then silent, then by budget left',
    source:
      'Firing: an incident that pages is open. Burning: an objective is spent faster than allowed; failing: 1 % or more failed in five minutes or the hour. Silent: no line for 3 minutes.',
  },
  {
    key: 'app',
    label: 'App',
    title: 'By name',
    source: 'With its stage; labels are set by the button above.',
  },
  {
    key: 'budget',
    label: 'Budget left',
    title: 'Of the objective with the least',
    source: 'Counted by the minute; hatched where lines of the period are missing.',
    class: 'cell-slo',
  },
  {
    key: 'burn',
    label: 'Burn 1 h · 6 h',
    title: 'How fast the budget goes: at 1× it lasts exactly its period. Of the objective that burns fastest',
    source: 'Left out where there are too few requests for one failure to say much.',
    class: 'num cell-burn',
  },
  {
    key: 'rate',
    label: 'Req/min',
    title: 'Requests per minute: the last 60 minutes, and the last five closed ones as a number',
    source:
      'Router lines. A gap in the line is a minute in which nothing arrived; zero is a minute without requests.',
    class: 'num cell-rate',
  },
  {
    key: 'failed',
    label: 'Failed',
    title:
      'Requests that ended in 5xx or a platform error; small: the same hour one week ago, where it differs by more than chance',
    source:
      'Router lines, by what counts against availability. “Low traffic”: fewer than 60 requests in the hour. Failures that never reach the router are not seen.',
    class: 'num',
  },
  {
    key: 'p95',
    label: 'p95',
    title: '95 % of requests were answered within it; small: the same hour one week ago',
    source:
      'Connect and service time of router lines, from a merged histogram, error at most 2.5 %. Time in the queue of the router is not in them.',
    class: 'num',
  },
  {
    key: 'code',
    label: 'Top code',
    title: 'Most frequent in the last hour',
    source: 'One that counts against availability goes first; others are grey.',
    class: 'cell-later',
  },
  {
    key: 'memory',
    label: 'Memory',
    title: 'Dyno nearest to its quota',
    source: 'Newest sample of the last ten minutes; needs log-runtime-metrics.',
    class: 'num cell-memory',
  },
  {
    key: 'release',
    label: 'Release',
    title: 'The newest one',
    source:
      'Release lines of the platform. They name people by a hash: only those with an account here are known.',
    class: 'cell-release',
  },
  {
    key: 'age',
    label: 'Data age',
    title: 'Age of the newest line',
    source: 'Time of the line itself, by the clock of this server.',
    class: 'num cell-age',
  },
];

/** Every figure of the table in words: the `?` beside the heading of the page. */
export function ExplainColumns() {
  return (
    <Explain about="the columns">
      {COLUMNS.map(({ key, label, title, source }) => (
        <span key={key} class="column-says">
          <strong>{label}.</strong> {title}. {source}
        </span>
      ))}
    </Explain>
  );
}

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
