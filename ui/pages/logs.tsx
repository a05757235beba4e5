/**
 * The logs of an app: the sentence first, the filter, how many lines over time, and the lines themselves, newest at the
 * bottom and live as long as nobody reads. The same address shows them to someone else.
 */
import '../styles/logs.css';
import { useComputed } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LogPatternsAnswer } from '../../api/contract/logs.ts';
import { showHidden } from '../clean.ts';
import { formatDay } from '../format.ts';
import { StateWord } from '../parts/state.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { buildLogs, type Logs } from '../state/logs.ts';
import { logsCall, rangeAndFilter } from '../state/logsCalls.ts';
import { buildLogsCounts, type LogsCounts } from '../state/logsCounts.ts';
import { filterQuery, type Term, withTerm } from '../state/logsFilter.ts';
import { logsPrefs } from '../state/logsPrefs.ts';
import { buildResource } from '../state/resource.ts';
import { buildLogsVerdict } from '../verdict/logs.ts';
import type { Clause } from '../verdict.ts';
import { CUTS, LogsChart } from './logsChart.tsx';
import { LogsContext } from './logsContext.tsx';
import { LogsFilters } from './logsFilters.tsx';
import { LogsTools } from './logsFoot.tsx';
import { LogsLines } from './logsLines.tsx';
import { LogsPatterns } from './logsPatterns.tsx';
import type { RowLook } from './logsRow.tsx';

export function LogsPage({ app }: { app: string }) {
  const { router } = useApp();
  const params = router.params.value;
  const rid = params.get('rid');
  const lineId = params.get('line');
  if (rid || lineId) return <ContextPage key={`${rid} ${lineId}`} app={app} rid={rid} lineId={lineId} />;
  return <RangePage app={app} />;
}

/** In the lines around a request its own are marked as a whole. */
const NO_MARKS: readonly string[] = [];
const NARROW = '(max-width: 44.9375em)';

/** true on a phone: lines wrap, and everything is in reach of a thumb. */
function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const list = matchMedia(NARROW);
    const onChange = () => setNarrow(list.matches);
    list.addEventListener('change', onChange);
    return () => list.removeEventListener('change', onChange);
  }, []);
  return narrow;
}

/** How rows look: made anew only when something about it changes, so that rows need no second look. */
function useLook(days: boolean, marks: readonly string[]): RowLook {
  const { range } = useApp();
  const narrow = useNarrow();
  const zone = range.zone.value;
  const wrap = logsPrefs.wrap.value ?? narrow;
  const key = marks.join('\n');
  return useMemo(() => ({ zone, wrap, days, marks }), [zone, wrap, days, key]);
}

function ContextPage({ app, rid, lineId }: { app: string; rid: string | null; lineId: string | null }) {
  const { router } = useApp();
  const look = useLook(false, NO_MARKS);
  const hrefOf = (term: Term) => router.link(`${logsPath(app)}?${new URLSearchParams(filterQuery([term]))}`);
  return (
    <div class="logs">
      <LogsContext app={app} rid={rid} lineId={lineId} look={look} hrefOf={hrefOf} />
    </div>
  );
}

function RangePage({ app }: { app: string }) {
  const state = useApp();
  const { router, range } = state;
  const logs = useMemo(() => buildLogs(app, state), [app]);
  const counts = useMemo(() => buildLogsCounts(app, logs, state), [logs]);
  const field = useRef<HTMLInputElement>(null);
  const narrow = useNarrow();
  useEffect(
    () => () => {
      counts.dispose();
      logs.dispose();
    },
    [logs],
  );
  const filter = logs.filter.value;
  // Lines come ten times a second; what stands around them is drawn again only when this turns.
  const days = useComputed(() => {
    void logs.version.value;
    const [first, last] = [logs.buffer.first(), logs.buffer.last()];
    const dayOf = (ms: number) => formatDay(ms, range.zone.value);
    return first !== null && last !== null && dayOf(first.atMs) !== dayOf(last.atMs);
  });
  const texts = filter.filter((term) => term.field === 'text' && !term.isNot).map((term) => term.value);
  const look = useLook(days.value, texts);
  const params = router.params.value;
  const patterns = params.get('view') === 'patterns';
  const cut = CUTS.find((one) => one === params.get('by')) ?? 'level';
  const histogram = counts.shown.value;
  const names = useRef(new Map<string, string>());
  const hrefOf = (term: Term) => hrefWith(router.params.value, router.path.value, logs, term);
  // Whatever is filtered by in a list of patterns leads to the lines of it.
  const lineHref = (term: Term) => hrefWith(router.params.value, router.path.value, logs, term, ['view']);
  const empty = logs.answer.value?.empty ?? null;
  const isBare = empty === 'off' || empty === 'notSetUp';
  return (
    <div class="logs">
      <Verdict app={app} counts={counts} logs={logs} />
      {!isBare && (
        <>
          <LogsFilters
            filter={filter}
            facets={histogram?.facets ?? null}
            patternName={(id) => names.current.get(id) ?? null}
            field={field}
            onChange={logs.setFilter}
          />
          {histogram && empty === null && logsPrefs.chart.value && (
            <LogsChart
              answer={histogram}
              cut={cut}
              narrow={narrow}
              hrefOf={(name, value) => hrefOf({ field: name as Term['field'], value, isNot: false })}
              onCut={(next) => router.setParams({ by: next === 'level' ? null : next }, 'replace')}
            />
          )}
          <div class="log-head">
            <nav class="log-views" aria-label="Views of the lines">
              <a
                href={viewHref(router.params.value, router.path.value, null)}
                aria-current={patterns ? undefined : 'page'}
              >
                Lines
              </a>
              <a
                href={viewHref(router.params.value, router.path.value, 'patterns')}
                aria-current={patterns ? 'page' : undefined}
              >
                Patterns
              </a>
            </nav>
            {empty === null && !patterns && <LogsTools app={app} logs={logs} look={look} />}
          </div>
        </>
      )}
      {patterns && !isBare ? (
        <Patterns app={app} logs={logs} names={names.current} hrefOf={lineHref} />
      ) : (
        <LogsLines app={app} logs={logs} look={look} field={field} />
      )}
    </div>
  );
}

function hrefWith(
  params: URLSearchParams,
  path: string,
  logs: Logs,
  term: Term,
  drop: string[] = [],
): string {
  const next = new URLSearchParams(params);
  for (const name of ['source', 'dyno', 'code', 'status', 'level', 'q', 'not', 'pattern', ...drop])
    next.delete(name);
  for (const [name, value] of filterQuery(withTerm(logs.filter.value, term))) next.append(name, value);
  return `${path}?${next.toString().replaceAll('%3A', ':').replaceAll('%2C', ',')}`;
}

function viewHref(params: URLSearchParams, path: string, view: string | null): string {
  const next = new URLSearchParams(params);
  if (view === null) next.delete('view');
  else next.set('view', view);
  const text = next.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  return `${path}${text && `?${text}`}`;
}

/** The sentence; until there are counts only the name. */
function Verdict({ app, counts, logs }: { app: string; counts: LogsCounts; logs: Logs }) {
  const { range, clock, router } = useApp();
  const histogram = counts.shown.value;
  const errors = counts.errors.value;
  const verdict = histogram
    ? buildLogsVerdict({
        histogram,
        errors,
        isFiltered: logs.filter.value.length > 0,
        live: range.live.value,
        nowMs: clock.now(),
        zone: range.zone.value,
      })
    : null;
  const href = (clause: Clause) => {
    if (clause.href === undefined || clause.href.startsWith('#')) return clause.href;
    const [field, value] = Object.entries(clause.query ?? {})[0] ?? [];
    if (clause.href === logsPath(app) && field && value)
      return hrefWith(router.params.value, router.path.value, logs, {
        field: field as Term['field'],
        value,
        isNot: false,
      });
    return router.link(clause.href, clause.query);
  };
  return (
    <section class="verdict" aria-label="Summary">
      <div class="verdict-head">
        <h1 tabIndex={-1}>Logs of {showHidden(app)}</h1>
        {verdict && <StateWord level={verdict.level} word={verdict.word} />}
      </div>
      {verdict && (
        <p class="verdict-text">
          {verdict.clauses.map((clause, index) => (
            <span key={clause.text}>
              {index > 0 && ' '}
              {clause.href ? <a href={href(clause)}>{clause.text}</a> : clause.text}
            </span>
          ))}
        </p>
      )}
    </section>
  );
}

interface PatternsProps {
  app: string;
  logs: Logs;
  names: Map<string, string>;
  hrefOf(term: Term): string;
}

const PATTERNS_EVERY_MS = 30_000;

function Patterns({ app, logs, names, hrefOf }: PatternsProps) {
  const state = useApp();
  const box = useRef<HTMLDivElement>(null);
  const resource = useMemo(
    () =>
      buildResource<LogPatternsAnswer>((abort) =>
        state.client.get(
          logsCall(app, '/patterns', rangeAndFilter(state, logs.filter.peek())),
          undefined,
          abort,
        ),
      ),
    [app],
  );
  const key = useComputed(() =>
    [new URLSearchParams(filterQuery(logs.filter.value)), ...Object.values(state.range.text.value)].join(' '),
  );
  useEffect(() => void resource.load(), [resource, key.value]);
  useEffect(() => {
    // Rows do not change places under a pointer or the focus.
    const isRead = () => box.current?.matches(':hover, :focus-within') ?? false;
    const timer = setInterval(() => {
      if (!state.clock.hidden.peek() && state.range.live.peek() && !isRead()) resource.refresh();
    }, PATTERNS_EVERY_MS);
    return () => {
      clearInterval(timer);
      resource.dispose();
    };
  }, [resource]);
  for (const { id, template } of resource.data.value?.patterns ?? []) names.set(id, template);
  return (
    <div ref={box}>
      <LogsPatterns resource={resource} filter={logs.filter.value} hrefOf={hrefOf} />
    </div>
  );
}
