/** One app: the sentence first, then what happened, then the charts over one time axis. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { OverviewAnswer } from '../../api/contract/apps.ts';
import type { CodeTableAnswer } from '../../api/contract/codes.ts';
import { CodeStrip } from '../charts/codeStrip.tsx';
import { EventLane } from '../charts/eventLane.tsx';
import { showHidden } from '../clean.ts';
import type { CodeTable } from '../failures.ts';
import { findHoles } from '../holes.ts';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { buildOverview, type ComparedRange } from '../state/overview.ts';
import { Addons, Custom } from './appAddons.tsx';
import { Memory, ResponseTime, Throughput } from './appCharts.tsx';
import { Filters } from './appFilters.tsx';
import { AppSlos } from './appSlos.tsx';
import { VerdictLine } from './verdictLine.tsx';

export function AppPage({ app }: { app: string }) {
  const state = useApp();
  const overview = useMemo(() => buildOverview(app, state), [app]);
  const table = useAnswer<CodeTableAnswer>('/codes');
  const infos = useMemo(
    () => new Map(table.data.value?.codes.map((info) => [info.code, info])),
    [table.data.value],
  );
  useEffect(() => () => overview.dispose(), [overview]);
  return (
    <Fresh of={overview.resource} shown={overview.shown.value} what={app}>
      {(answer) => <Overview answer={answer} infos={infos} compared={overview.compared.value} />}
    </Fresh>
  );
}

/** Before the first line there is nothing to chart: one way on instead of six empty boxes. */
function NothingYet({ app }: { app: string }) {
  const { router } = useApp();
  return (
    <section class="hello">
      <h1 tabIndex={-1}>{showHidden(app)}</h1>
      <p>
        <StateWord level="unknown" word="Waiting" />
      </p>
      <p>
        No line has arrived from this app yet. The checklist shows how far the lines get, and what usually
        holds them up.
      </p>
      <a class="button primary" href={router.link('/setup', { app })}>
        See what is missing
      </a>
    </section>
  );
}

interface OverviewProps {
  answer: OverviewAnswer;
  infos: CodeTable;
  compared: ComparedRange | null;
}

function Overview({ answer, infos, compared }: OverviewProps) {
  const { router } = useApp();
  const marks = useMemo(
    () => answer.events.filter((event) => event.lane === 'release').map((event) => event.atMs / 1000),
    [answer],
  );
  const isUnknown = useMemo(() => findHoles(answer, answer.nowMs).nothing, [answer]);
  const [highlight, setHighlight] = useState<string | null>(null);
  const base = `/a/${encodeURIComponent(answer.app)}`;
  const shared = { answer, marks, compared };
  if (answer.health.state === 'waiting') return <NothingYet app={answer.app} />;
  return (
    <>
      <VerdictLine answer={answer} table={infos} />
      <AppSlos app={answer.app} />
      <Filters answer={answer} compared={compared} />
      <EventLane events={answer.events} range={answer.range} isUnknown={isUnknown} />
      <Throughput {...shared} table={infos} />
      <ResponseTime {...shared} />
      <CodeStrip
        columns={answer.codes}
        range={answer.range}
        gaps={answer.gaps}
        marks={marks}
        isUnknown={isUnknown}
        titleOf={(code) => infos.get(code)?.title ?? ''}
        isCalm={(code) => {
          const info = infos.get(code);
          return code.startsWith('H') && info?.countsAgainstAvailability === false && info.cause !== 'client';
        }}
        hrefOf={(code) => router.link(`${base}/codes/${encodeURIComponent(code)}`)}
      />
      <Memory {...shared} highlight={highlight} onHighlight={setHighlight} />
      <Addons {...shared} />
      <Custom {...shared} />
    </>
  );
}
