/** The figures behind the lanes: memory, growth, load, requests and the life of each dyno. */
import type { DynoAnswer, DynosAnswer } from '../../api/contract/dynos.ts';
import { showHidden } from '../clean.ts';
import { formatBytes, formatCount, formatMs, formatRatio, formatSpan, NOTHING, plural } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { StateGlyph } from '../parts/state.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { dynoPath, leakReading, loadReading } from '../verdict/dynos.ts';
import { appPath } from '../verdict/stream.ts';

interface Props {
  answer: DynosAnswer;
  dynos: readonly DynoAnswer[];
}

export function DynoTable({ answer, dynos }: Props) {
  const hasMetrics = answer.hasRuntimeMetrics;
  return (
    <section class="group" aria-labelledby="dyno-table">
      <h2 id="dyno-table">
        Figures and lives{' '}
        <Explain about="Figures and lives">
          Memory and load are the newest of the range, everything else covers all of it. Growth is the median
          slope of memory since the last start, its first half hour left out (Theil–Sen), told from two hours
          on. Failed is of the requests that count. A boot is from <code>starting</code> to <code>up</code>,
          and the first request after it is known to 10 s. Dynos are restarted once a day: that is no trouble.
        </Explain>
      </h2>
      <div class="scroll-x">
        <table class="data stack dyno-table">
          <caption class="sr">Dynos, worst first</caption>
          <thead>
            <tr>
              <th scope="col">Dyno</th>
              <th scope="col">State</th>
              {hasMetrics && (
                <>
                  <th scope="col" class="num">
                    Memory
                  </th>
                  <th scope="col">Growth</th>
                  <th scope="col" class="num">
                    Load
                  </th>
                </>
              )}
              <th scope="col" class="num">
                Requests
              </th>
              <th scope="col" class="num">
                Failed
              </th>
              <th scope="col" class="num">
                p95
              </th>
              <th scope="col">Life</th>
              <th scope="col" class="num">
                Boot
              </th>
            </tr>
          </thead>
          <tbody>
            {dynos.map((dyno) => (
              <Row key={dyno.dyno} answer={answer} dyno={dyno} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ answer, dyno }: { answer: DynosAnswer; dyno: DynoAnswer }) {
  const { router, clock } = useApp();
  const type = answer.types.find((one) => one.processType === dyno.processType);
  const [leak, load] = [leakReading(dyno), loadReading(dyno, type)];
  const failed = dyno.requests === 0 ? null : dyno.bad / dyno.requests;
  const isLive = answer.range.to * 1000 >= answer.nowMs - 2000 * answer.range.step;
  return (
    <tr data-row>
      <th scope="row" class="mono">
        <a href={router.link(dynoPath(answer.app, dyno.dyno))}>{showHidden(dyno.dyno)}</a>
      </th>
      <td data-label="State">
        <span>
          {dyno.state === 'crashed' && <StateGlyph level="critical" />} {dyno.state ?? NOTHING}
          {dyno.startedMs !== null && (
            <span class="muted"> {isLive && `for ${formatSpan(clock.nowMs.value - dyno.startedMs)}`}</span>
          )}
        </span>
      </td>
      {answer.hasRuntimeMetrics && (
        <>
          <td class="num" data-label="Memory">
            <span>
              {formatBytes(dyno.memoryBytes)}
              {dyno.memoryRatio !== null && <span class="muted"> {formatRatio(dyno.memoryRatio)}</span>}
            </span>
          </td>
          <td data-label="Growth" class={leak?.level === 'warning' ? 'warning-text' : 'muted'}>
            <span>
              {leak?.level === 'warning' && <StateGlyph level="warning" />} {leak?.text ?? NOTHING}
            </span>
          </td>
          <td class="num" data-label="Load">
            {load === null ? NOTHING : load.text}
          </td>
        </>
      )}
      <td class="num" data-label="Requests">
        {dyno.requests === 0 ? (
          NOTHING
        ) : (
          <a href={router.link(logsPath(answer.app, { source: 'router', dyno: dyno.dyno }))}>
            {formatCount(dyno.requests)}
          </a>
        )}
      </td>
      <td class="num" data-label="Failed">
        {formatRatio(failed)}
      </td>
      <td class="num" data-label="p95">
        {formatMs(dyno.p95Ms)}
      </td>
      <td data-label="Life">
        <Life app={answer.app} dyno={dyno} />
      </td>
      <td class="num" data-label="Boot">
        <span>
          {formatMs(dyno.life.bootMs)}
          {dyno.life.firstRequestMs !== null && (
            <span class="muted"> first request {formatMs(dyno.life.firstRequestMs)}</span>
          )}
        </span>
      </td>
    </tr>
  );
}

/** Crashes first and in words; the daily restart is grey. */
export function Life({ app, dyno }: { app: string; dyno: DynoAnswer }) {
  const { router } = useApp();
  const { life, crashes, restarts } = dyno;
  const other = restarts - life.cycles;
  const codes = (['R15', 'R14'] as const).flatMap((code) => {
    const count = dyno.marks.filter((mark) => mark.kind === code).reduce((sum, mark) => sum + mark.count, 0);
    return count > 0 ? [{ code, count }] : [];
  });
  const exits = life.exits.filter((exit) => exit.status !== 143 && exit.status !== 0);
  const isQuiet = crashes === 0 && restarts === 0 && codes.length === 0 && exits.length === 0;
  return (
    <span class="life">
      {crashes > 0 && (
        <a class="life-crash" href={router.link(logsPath(app, { dyno: dyno.dyno, source: 'heroku' }))}>
          <StateGlyph level="critical" /> {plural(crashes, 'crash', 'crashes')}
        </a>
      )}
      {exits.length > 0 && (
        <span>
          exit{' '}
          {exits
            .slice(0, 3)
            .map((exit) => `${exit.status ?? '?'}${exit.count > 1 ? ` ×${exit.count}` : ''}`)
            .join(', ')}
        </span>
      )}
      {codes.map(({ code, count }) => (
        <a key={code} href={router.link(`${appPath(app)}/codes/${code}`)}>
          {code} ×{formatCount(count)}
        </a>
      ))}
      {other > 0 && <span>{plural(other, 'restart')}</span>}
      {life.cycles > 0 && (
        <span class="muted">{life.cycles > 1 ? `${life.cycles} daily restarts` : 'daily restart'}</span>
      )}
      {isQuiet && <span class="muted">{NOTHING}</span>}
    </span>
  );
}
