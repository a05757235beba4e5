/** Every code of an app in a range: how often, since when, what it is, and a small strip of when. */
import { useMemo } from 'preact/hooks';
import type { CodesAnswer } from '../../api/contract/codes.ts';
import { levelOf } from '../charts/codeStrip.tsx';
import { showHidden } from '../clean.ts';
import { formatCount, formatInstant, formatRatio, NOTHING, zoneName } from '../format.ts';
import { laneCells } from '../lane.ts';
import { Fresh } from '../parts/fresh.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import '../styles/dynos.css';
import { buildCodesVerdict } from '../verdict/code.ts';
import { appPath } from '../verdict/stream.ts';
import { VerdictTop } from './verdictTop.tsx';

const REFRESH_MS = 15_000;
const CELLS_MAX = 90;

export function CodeListPage({ app }: { app: string }) {
  const codes = useAnswer<CodesAnswer>(`/apps/${encodeURIComponent(app)}/codes`, {
    ranged: 'points',
    everyMs: REFRESH_MS,
  });
  return (
    <Fresh of={codes} what="codes">
      {(answer) => <Codes answer={answer} />}
    </Fresh>
  );
}

function Codes({ answer }: { answer: CodesAnswer }) {
  const { router, range } = useApp();
  const zone = range.zone.value;
  const { app } = answer;
  const most = useMemo(
    () =>
      Math.max(
        1,
        ...answer.counts.series.flatMap((one) => sums(one.values).values.map((value) => value ?? 0)),
      ),
    [answer],
  );
  return (
    <>
      <VerdictTop answer={answer} title="Codes" verdict={buildCodesVerdict(answer, zone)} />
      {answer.codes.length === 0 ? (
        <p class="chart-empty calm">
          {answer.health.state === 'waiting'
            ? 'Not set up: no line of this app has arrived yet.'
            : 'Nothing to list. H codes are requests that failed at the router, R codes come from dynos, L codes from the log stream.'}
        </p>
      ) : (
        <table class="data stack code-list">
          <caption class="sr">Codes of this range, most frequent first</caption>
          <thead>
            <tr>
              <th scope="col">Code</th>
              <th scope="col">Title</th>
              <th scope="col" class="num">
                Count
              </th>
              <th scope="col" class="num">
                Of requests
              </th>
              <th scope="col">When</th>
              <th scope="col">First ({zoneName(answer.nowMs, zone)})</th>
              <th scope="col">Last</th>
              <th scope="col">
                <span class="sr">Lines</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {answer.codes.map((code) => (
              <tr key={code.code} data-row>
                <th scope="row">
                  <a
                    class="mono"
                    href={router.link(`${appPath(app)}/codes/${encodeURIComponent(code.code)}`)}
                  >
                    {showHidden(code.code)}
                  </a>
                </th>
                <td data-label="Title">
                  <span>
                    {code.title} <span class="muted">{code.severity}</span>
                  </span>
                </td>
                <td class="num" data-label="Count">
                  {formatCount(code.count)}
                </td>
                <td class="num" data-label="Of requests">
                  {formatRatio(code.shareOfRequests)}
                </td>
                <td class="cell-strip" data-label="When">
                  <Strip
                    answer={answer}
                    code={code.code}
                    most={most}
                    isCalm={!code.countsAgainstAvailability && code.code.startsWith('H')}
                  />
                </td>
                <td data-label="First">
                  {code.firstSeenMs === null ? NOTHING : formatInstant(code.firstSeenMs, zone, false)}
                </td>
                <td data-label="Last">
                  {code.lastSeenMs === null ? NOTHING : formatInstant(code.lastSeenMs, zone, false)}
                </td>
                <td>
                  <a href={router.link(logsPath(app, { code: code.code }))}>
                    Lines<span class="sr"> with {showHidden(code.code)}</span>
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** Cells are maxima of points: a single one must be seen. */
function sums(values: readonly (number | null)[]) {
  return laneCells(values, CELLS_MAX);
}

function Strip({
  answer,
  code,
  most,
  isCalm,
}: {
  answer: CodesAnswer;
  code: string;
  most: number;
  isCalm: boolean;
}) {
  const series = answer.counts.series.find((one) => one.id === code);
  if (!series) return null;
  const points = Math.max(1, Math.round((answer.range.to - answer.range.from) / answer.range.step));
  const { per, values } = sums(series.values);
  const width = (1000 / points) * per;
  const paths = ['', '', '', '', ''];
  for (const [at, value] of values.entries()) {
    if (!value) continue;
    paths[levelOf(value, most)] +=
      `M${(at * width).toFixed(1)} 0h${Math.max(width, 8).toFixed(1)}v14h-${Math.max(width, 8).toFixed(1)}z`;
  }
  return (
    <svg
      class={`cells mini-strip family-${isCalm ? 'calm' : code.slice(0, 1)}`}
      viewBox="0 0 1000 14"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {paths.map((path, level) => path && <path key={`${code}${level}`} d={path} class={`level-${level}`} />)}
    </svg>
  );
}
