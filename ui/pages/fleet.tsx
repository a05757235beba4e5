/** All apps: what burns and where to go first, in a sentence, four counts and one dense table. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { FleetRow } from '../../api/contract/apps.ts';
import type { SloRow } from '../../api/contract/slos.ts';
import { showHidden } from '../clean.ts';
import { buildItems, CONCERNS, type Concern, type ObjectivesDoubt } from '../fleetItems.ts';
import { GROUPS, type Grouping, groupItems, parseSort } from '../fleetOrder.ts';
import { plural } from '../format.ts';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { keepFleetFresh } from '../state/fleet.ts';
import type { Router } from '../state/router.ts';
import { type FleetVerdict, fleetVerdict } from '../verdict/fleet.ts';
import type { Clause } from '../verdict.ts';
import { LabelsDialog } from './fleetLabels.tsx';
import { useFleetObjectives } from './fleetObjectives.ts';
import type { Around } from './fleetRow.tsx';
import { Strip } from './fleetStrip.tsx';
import { ExplainColumns, FleetTable } from './fleetTable.tsx';
import { useSteadyOrder } from './steadyOrder.ts';

const GROUP_WORDS: Record<Grouping, string> = { none: 'No groups', stage: 'Stage', team: 'Team', tag: 'Tag' };

/** How long the rows wait for what objectives say, so that all of a row is drawn at once. */
const TOGETHER_MS = 250;

export function FleetPage() {
  const state = useApp();
  useEffect(() => keepFleetFresh(state), []);
  const { rows, doubt, isSettled } = useFleetObjectives();
  const answer = state.fleet.data.value;
  const waited = useWaited(answer !== null, TOGETHER_MS);
  // Kept while nothing of it changes: the age around it counts every second.
  const body = useMemo(
    () =>
      answer &&
      (answer.apps.length === 0 ? (
        <NoApps />
      ) : (
        <Fleet rows={answer.apps} slos={rows} objectives={doubt} atMs={answer.nowMs} />
      )),
    [answer, rows, doubt],
  );
  const isReady = isSettled || waited;
  return (
    <Fresh of={state.fleet} what="the fleet">
      {() => (isReady ? body : <div class="unloaded" />)}
    </Fresh>
  );
}

/** true from `ms` after `begun` on. */
function useWaited(begun: boolean, ms: number): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!begun) return;
    const timer = setTimeout(() => setOver(true), ms);
    return () => clearTimeout(timer);
  }, [begun]);
  return over;
}

function NoApps() {
  const { router, session } = useApp();
  return (
    <section class="hello">
      <h1 tabIndex={-1}>No apps yet</h1>
      <p>
        Attach the log drain of a Heroku app and its requests, latency, error codes, memory and releases
        appear here, usually within ten seconds.
      </p>
      {session.canEdit.value ? (
        <a class="button primary" href={router.link('/setup')}>
          Add the first app
        </a>
      ) : (
        <p class="muted">Someone with the role editor or admin can add one.</p>
      )}
    </section>
  );
}

interface FleetProps {
  rows: FleetRow[];
  slos: SloRow[];
  objectives: ObjectivesDoubt | null;
  atMs: number;
}

function Fleet({ rows, slos, objectives, atMs }: FleetProps) {
  const { router, prefs, range, instance, clock } = useApp();
  const isAway = instance.awaySinceMs.value !== null;
  const isMoving = instance.isMoving.value;
  const items = useMemo(() => buildItems(rows, slos, { isAway, isMoving }), [rows, slos, isAway, isMoving]);
  const params = router.params.value;
  const sort = parseSort(params.get('sort'));
  const only = CONCERNS.find((one) => one === params.get('only')) ?? null;
  const grouping =
    GROUPS.find((one) => one === params.get('group')) ??
    GROUPS.find((one) => one === prefs.grouping.value) ??
    'none';
  const steady = useSteadyOrder(items, sort);
  const verdict = fleetVerdict(steady.urgent, atMs, range.zone.value, {
    isAway,
    isMoving,
    objectives,
  });
  const around = useMemo(
    () => ({ link: linkAt(router), clock, isAway, objectives }),
    [range.text.value, range.zone.value, isAway, objectives],
  );
  const shown = only ? steady.items.filter((item) => item.concerns.includes(only)) : steady.items;
  return (
    <>
      <Summary verdict={verdict} />
      <div {...steady.region}>
        <div class="fleet-bar">
          <Strip items={items} only={only} doubt={{ isAway, isMoving, objectives }} />
          <p class="resort" role="status">
            {only && <Narrowed only={only} count={shown.length} of={items.length} />}
            {steady.moved && (
              <button type="button" class="quiet" onClick={steady.resort}>
                The order has changed. Sort again
              </button>
            )}
          </p>
          <Tools
            grouping={grouping}
            apps={rows}
            onGroup={(next) => {
              prefs.grouping.value = next;
              router.setParams({ group: null }, 'replace');
            }}
          />
        </div>
        {shown.length > 0 && (
          <FleetTable groups={groupItems(shown, grouping)} grouping={grouping} sort={sort} around={around} />
        )}
      </div>
    </>
  );
}

/** Links as of now, without asking the address again for each of thousands. */
function linkAt(router: Router): Around['link'] {
  const kept = router.link('');
  return (path, query) => (query ? router.link(path, query) : path + kept);
}

function Summary({ verdict }: { verdict: FleetVerdict }) {
  const [lead, ...others] = verdict.lines;
  return (
    <section class={`verdict fleet-page verdict-${verdict.level}`} aria-label="Summary of the fleet">
      <div class="verdict-head">
        <h1 tabIndex={-1}>Fleet</h1>
        <StateWord level={verdict.level} word={verdict.word} />
        <span class="muted verdict-range">last 60 minutes</span>
        <ExplainColumns />
      </div>
      <p class="verdict-text">{lead && <Sentence clauses={lead} />}</p>
      {others.length > 0 && (
        <ul class="fleet-others">
          {others.map((line) => (
            <li key={line[0]?.text}>
              <Sentence clauses={line} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Sentence({ clauses }: { clauses: Clause[] }) {
  const { router } = useApp();
  return (
    <>
      {clauses.map((clause, index) => (
        <span key={`${index} ${clause.text}`}>
          {index > 0 && ' '}
          {clause.href ? (
            <a href={router.link(clause.href, clause.query)}>{showHidden(clause.text)}</a>
          ) : (
            showHidden(clause.text)
          )}
        </span>
      ))}
    </>
  );
}

const ONLY_WORDS: Record<Concern, string> = {
  firing: 'with open alerts',
  burning: 'burning',
  silent: 'silent',
  dropping: 'with lost lines',
};

function Narrowed({ only, count, of }: { only: Concern; count: number; of: number }) {
  const { router } = useApp();
  return (
    <span class="narrowed">
      {count} of {plural(of, 'app')}: {ONLY_WORDS[only]}{' '}
      <button type="button" class="quiet" onClick={() => router.setParams({ only: null }, 'push')}>
        Show all
      </button>
    </span>
  );
}

interface ToolsProps {
  grouping: Grouping;
  apps: FleetRow[];
  onGroup(grouping: Grouping): void;
}

function Tools({ grouping, apps, onGroup }: ToolsProps) {
  const { session, router } = useApp();
  const [labelling, setLabelling] = useState(false);
  return (
    <div class="fleet-tools">
      <label class="group-by">
        <span>Group by </span>
        <select value={grouping} onChange={(event) => onGroup(event.currentTarget.value as Grouping)}>
          {GROUPS.map((one) => (
            <option key={one} value={one}>
              {GROUP_WORDS[one]}
            </option>
          ))}
        </select>
      </label>
      {session.canEdit.value && (
        <>
          <button type="button" onClick={() => setLabelling(true)}>
            Labels
          </button>
          <a class="button" href={router.link('/setup')}>
            Add app
          </a>
        </>
      )}
      {labelling && <LabelsDialog apps={apps} onClose={() => setLabelling(false)} />}
    </div>
  );
}
