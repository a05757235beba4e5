/** What a code of its kind is asked first: busy or waiting, restarts, the boot log, memory, lost lines. */
import type { CodeAnswer, CodePressure, CodeSpecial } from '../../api/contract/codes.ts';
import type { DynosAnswer } from '../../api/contract/dynos.ts';
import { showHidden } from '../clean.ts';
import { formatCount, formatNumber, formatRatio, formatSpan, NOTHING, plural, zoneName } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { describeSpecial } from '../verdict/code.ts';
import { worstFirst } from '../verdict/dynos.ts';
import { appPath } from '../verdict/stream.ts';
import { DynoLanes } from './dynoLanes.tsx';
import { EventList } from './dynoPage.tsx';
import { EnableMetrics } from './enableMetrics.tsx';

export function Special({ answer }: { answer: CodeAnswer }) {
  const { special } = answer;
  switch (special.kind) {
    case 'concurrency':
      return <Concurrency answer={answer} special={special} />;
    case 'restarts':
      return <Restarts answer={answer} special={special} />;
    case 'boot':
      return <Boot answer={answer} special={special} />;
    case 'memory':
      return <MemoryLanes answer={answer} dynos={special.dynos} />;
    case 'drain':
      return <Missing answer={answer} special={special} />;
    default:
      return null;
  }
}

type Of<Kind extends CodeSpecial['kind']> = Extract<CodeSpecial, { kind: Kind }>;

function Concurrency({ answer, special }: { answer: CodeAnswer; special: Of<'concurrency'> }) {
  const { router } = useApp();
  if (answer.count === 0 || special.during.points === 0) return null;
  const rows: [string, CodePressure][] = [
    [`Points with ${answer.info.code}`, special.during],
    ['All others', special.otherwise],
  ];
  return (
    <section class="group" id="special" aria-labelledby="special-head">
      <h2 id="special-head">
        Busy, or waiting?{' '}
        <Explain about="Busy, or waiting?">
          Requests at once are those a web dyno had in hand on average: requests a second times their service
          time (Little’s law). Load is <code>load_avg_1m</code>. Many requests at once with little load means
          that they wait for something else; with much load, that the dyno cannot keep up.
        </Explain>
      </h2>
      <p>{describeSpecial(special)}</p>
      <table class="data stack pressures">
        <caption class="sr">Web dynos with and without the code</caption>
        <thead>
          <tr>
            <th scope="col">Averages over</th>
            <th scope="col" class="num">
              Requests at once, a dyno
            </th>
            <th scope="col" class="num">
              Load, a dyno
            </th>
            <th scope="col" class="num">
              Requests a second
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, one]) => (
            <tr key={name}>
              <th scope="row">
                {name} <span class="muted">{plural(one.points, 'point')}</span>
              </th>
              <td class="num" data-label="Requests at once, a dyno">
                {figure(one.inFlight)}
              </td>
              <td class="num" data-label="Load, a dyno">
                {figure(one.load)}
              </td>
              <td class="num" data-label="Requests a second">
                {figure(one.requestsPerSecond)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted">
        {plural(special.dynos, 'web dyno')},{' '}
        {special.cores === null ? 'cores not known' : plural(special.cores, 'core')}.{' '}
        <a href={router.link(`${appPath(answer.app)}/dynos`)}>Dynos</a>
      </p>
      {special.during.load === null && <EnableMetrics app={answer.app} />}
    </section>
  );
}

function figure(value: number | null): string {
  return value === null ? NOTHING : formatNumber(Number(value.toPrecision(2)));
}

function Restarts({ answer, special }: { answer: CodeAnswer; special: Of<'restarts'> }) {
  const { router } = useApp();
  const says = describeSpecial(special);
  if (answer.count === 0 || says === null) return null;
  return (
    <section class="group" id="special" aria-labelledby="special-head">
      <h2 id="special-head">
        Do they fall on restarts?{' '}
        <Explain about="Do they fall on restarts?">
          Requests within {formatSpan(special.withinMs)} of a stop, exit, restart or crash of the dyno they
          name. By chance as many would be near one as such times cover of the range.
        </Explain>
      </h2>
      <p>{says}</p>
      <dl class="totals">
        <div>
          <dt>Near a restart</dt>
          <dd>
            {formatRatio(special.near)} <span class="muted">by chance {formatRatio(special.byChance)}</span>
          </dd>
        </div>
        <div>
          <dt>Restarts</dt>
          <dd>{formatCount(special.restarts)}</dd>
        </div>
        <div>
          <dt>Crashes</dt>
          <dd>{formatCount(special.crashes)}</dd>
        </div>
      </dl>
      <p>
        <a href={router.link(`${appPath(answer.app)}/dynos`)}>Dynos and their restarts</a>
      </p>
    </section>
  );
}

/** A boot may take as long before the crash. */
const BEFORE_MS = 5 * 60_000;
const AFTER_MS = 2 * 60_000;

function Boot({ answer, special }: { answer: CodeAnswer; special: Of<'boot'> }) {
  const { router, range } = useApp();
  const { app } = answer;
  if (answer.count === 0) return null;
  const { dyno, atMs, events } = special;
  const span = atMs === null ? {} : { from: atMs - BEFORE_MS, to: atMs + AFTER_MS };
  return (
    <section class="group lead-special" id="special" aria-labelledby="special-head">
      <h2 id="special-head">The boot log</h2>
      <p>
        {dyno === null
          ? 'No line of a dyno stands around the first one.'
          : `The first one came when ${dyno} ended or did not come up. Its own lines before that say why.`}
      </p>
      <p>
        <a
          class="button primary"
          href={router.link(logsPath(app, { ...span, ...(dyno !== null && { dyno }) }))}
        >
          Read the lines {dyno !== null && `of ${showHidden(dyno)}`}
        </a>
      </p>
      {events.length > 0 && (
        <EventList
          app={app}
          events={events}
          zoneText={zoneName(answer.nowMs, range.zone.value)}
          link={router.link}
        />
      )}
    </section>
  );
}

function MemoryLanes({ answer, dynos }: { answer: CodeAnswer; dynos: string[] }) {
  const { router } = useApp();
  const { app } = answer;
  const found = useAnswer<DynosAnswer>(`/apps/${encodeURIComponent(app)}/dynos`, {
    ranged: 'points',
    everyMs: 15_000,
  });
  if (answer.count === 0) return null;
  return (
    <section class="group lead-special" id="special" aria-label="Memory of the dynos that have it">
      <Fresh of={found} what="memory of dynos" ageless>
        {(data) => {
          const own = worstFirst(data.dynos.filter((dyno) => dynos.includes(dyno.dyno)));
          if (!data.hasRuntimeMetrics) return <EnableMetrics app={app} />;
          return own.length === 0 ? (
            <p class="chart-empty calm">
              No dyno with {showHidden(answer.info.code)} wrote memory samples in this range.
            </p>
          ) : (
            <>
              <DynoLanes answer={data} dynos={own} />
              <p>
                <a href={router.link(`${appPath(app)}/dynos`)}>All dynos</a>
              </p>
            </>
          );
        }}
      </Fresh>
    </section>
  );
}

function Missing({ answer, special }: { answer: CodeAnswer; special: Of<'drain'> }) {
  const { router } = useApp();
  return (
    <section class="group lead-special" id="special" aria-labelledby="special-head">
      <h2 id="special-head">What is missing</h2>
      <p>
        {special.stretches === 0
          ? 'No loss is known in this range.'
          : `${plural(special.stretches, 'stretch', 'stretches')} of this range ${special.stretches === 1 ? 'is' : 'are'} incomplete${special.lostMessages > 0 ? `: up to ${plural(special.lostMessages, 'line')} did not arrive` : ''}. Counts of that time are too low, and charts mark it.`}
      </p>
      <p>
        <a class="button primary" href={router.link(`${appPath(answer.app)}/health`)}>
          Drain health
        </a>
      </p>
    </section>
  );
}
