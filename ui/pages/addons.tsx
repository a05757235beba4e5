/** Add-ons of an app: what their figures mean, against which bound, and every metric over time. */
import { useState } from 'preact/hooks';
import type { AddonAnswer, AddonsAnswer } from '../../api/contract/addons.ts';
import type { Series } from '../../api/contract/time.ts';
import { identityStyles } from '../charts/colors.ts';
import { TimeChart } from '../charts/timeChart.tsx';
import { showHidden } from '../clean.ts';
import { formatAgo, formatUnit } from '../format.ts';
import { Clauses } from '../parts/clauses.tsx';
import { CopyBlock } from '../parts/copy.tsx';
import { Explain } from '../parts/explain.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { type Level, StateWord } from '../parts/state.tsx';
import { logsPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import '../styles/dynos.css';
import {
  type AddonReading,
  addonReadings,
  addonSentence,
  buildAddonsVerdict,
  lowerFirst,
  readingId,
  serviceName,
} from '../verdict/addons.ts';
import { isTouched } from '../verdict/doubt.ts';
import { useDoubt } from './useDoubt.ts';
import { VerdictTop } from './verdictTop.tsx';

const REFRESH_MS = 15_000;

export function AddonsPage({ app }: { app: string }) {
  const addons = useAnswer<AddonsAnswer>(`/apps/${encodeURIComponent(app)}/addons`, {
    ranged: 'points',
    everyMs: REFRESH_MS,
  });
  return (
    <Fresh of={addons} what="add-ons">
      {(answer) => <Addons answer={answer} />}
    </Fresh>
  );
}

function Addons({ answer }: { answer: AddonsAnswer }) {
  const { range } = useApp();
  const verdict = buildAddonsVerdict(answer, range.zone.value);
  const isLost = answer.health.state === 'waiting';
  return (
    <>
      <VerdictTop answer={answer} title="Add-ons" verdict={verdict} />
      {answer.addons.map((addon) => (
        <Addon key={`${addon.service}${addon.source}${addon.addon}`} answer={answer} addon={addon} />
      ))}
      {answer.addons.length === 0 && !answer.everSeen && !isLost && <NotSetUp app={answer.app} />}
      {answer.addons.length === 0 && answer.everSeen && (
        <p class="chart-empty calm">
          Add-ons of this app have written metrics before, but none in this range. They write about once a
          minute: look at a longer range, or see whether the plan was changed.
        </p>
      )}
    </>
  );
}

function NotSetUp({ app }: { app: string }) {
  return (
    <section class="boxed not-set-up" aria-labelledby="addons-how">
      <h2 id="addons-how">How figures of add-ons come here</h2>
      <p>
        Heroku Postgres from the Standard plans on, PgBouncer and Key-Value Store write their figures into the
        log of the app by themselves, about once a minute; there is nothing to switch on. Essential plans of
        Postgres write none. See which plans this app has:
      </p>
      <CopyBlock label="command that lists the add-ons" text={`heroku addons -a ${app}`} />
      <p>
        Other add-ons write them when they use Heroku’s form for metrics (<code>sample#name=value</code>).
      </p>
    </section>
  );
}

function Addon({ answer, addon }: { answer: AddonsAnswer; addon: AddonAnswer }) {
  const { router, clock } = useApp();
  const readings = addonReadings(addon);
  const isDoubtful = isTouched(answer, useDoubt());
  const sentence = addonSentence(addon, readings, Math.min(answer.nowMs, answer.range.to * 1000));
  const id = `addon-${addon.service}-${addon.source ?? addon.addon}`;
  const source = SOURCES[addon.service];
  const judged = new Set(readings.flatMap((one) => one.metrics));
  const rest = addon.metrics.series.filter((series) => !judged.has(series.id));
  return (
    <section class="group addon" aria-labelledby={id}>
      <div class="addon-head">
        <h2 id={id}>
          {showHidden(serviceName(addon.service))}{' '}
          <span class="mono muted">{showHidden(addon.source ?? addon.addon)}</span>
        </h2>
        <Known {...sentence} isDoubtful={isDoubtful} />
        <span class="muted">
          {addon.lastSeenMs !== null && `last figures ${formatAgo(addon.lastSeenMs, clock.nowMs.value)}`}
        </span>
        {source && (
          <a href={router.link(logsPath(answer.app, { source }))}>
            Lines<span class="sr"> of {showHidden(serviceName(addon.service))}</span>
          </a>
        )}
      </div>
      <Clauses clauses={sentence.clauses} />
      <div class="multiples addon-readings">
        {readings.map((reading) => (
          <Reading key={reading.id} answer={answer} addon={addon} reading={reading} isDoubtful={isDoubtful} />
        ))}
      </div>
      {rest.length > 0 && <Rest id={id} answer={answer} series={rest} />}
    </section>
  );
}

/** What was well is told as what was, while newer figures may be missing. */
function Known({ level, word, isDoubtful }: { level: Level; word: string; isDoubtful: boolean }) {
  return level === 'ok' && isDoubtful ? (
    <StateWord level="unknown" word={`was ${lowerFirst(word)}`} />
  ) : (
    <StateWord level={level} word={word} />
  );
}

const SOURCES: Record<string, string> = {
  'heroku-postgres': 'postgres',
  'heroku-pgbouncer': 'postgres',
  'heroku-redis': 'redis',
};

function Reading({
  answer,
  addon,
  reading,
  isDoubtful,
}: {
  answer: AddonsAnswer;
  addon: AddonAnswer;
  reading: AddonReading;
  isDoubtful: boolean;
}) {
  const series = reading.metrics
    .map((metric) => addon.metrics.series.find((one) => one.id === metric))
    .find((one) => one?.values.some((value) => value !== null));
  return (
    <div class={`reading reading-${reading.level}`} id={readingId(addon, reading)}>
      <div class="reading-head">
        <h3>{reading.title}</h3>
        <Explain about={reading.title}>
          {reading.says} From <code>{reading.metrics.join(', ')}</code>.
        </Explain>
        <Known level={reading.level} word={LEVEL_WORDS[reading.level] ?? ''} isDoubtful={isDoubtful} />
      </div>
      <p class="reading-value">
        <strong>{reading.value}</strong> <span class="muted">{reading.bound}</span>
        {reading.was && <span class="reading-was"> {reading.was.text} in this range</span>}
      </p>
      {reading.level !== 'ok' && <p class="muted reading-says">{reading.says}</p>}
      {series && <Small answer={answer} series={series} id={readingId(addon, reading)} />}
    </div>
  );
}

const LEVEL_WORDS: Record<string, string> = {
  ok: 'ok',
  warning: 'look',
  critical: 'critical',
  unknown: 'shown only',
};

function Small({ answer, series, id }: { answer: AddonsAnswer; series: Series; id: string }) {
  return (
    <TimeChart
      id={id}
      title={showHidden(series.label)}
      compact
      heightPx={96}
      explain="A sample# value of the add-on’s own lines, about one a minute; the average of each point."
      columns={{ t: answer.addons[0]?.metrics.t ?? [], series: [series] }}
      styles={identityStyles([series], null)}
      unit={series.unit}
      range={answer.range}
      gaps={answer.gaps}
      marks={[]}
      summary="max"
    />
  );
}

/** Metrics that have no bound: their newest values, and charts when asked for. */
function Rest({ id, answer, series }: { id: string; answer: AddonsAnswer; series: Series[] }) {
  const [open, setOpen] = useState(false);
  const newest = (one: Series) => one.values.findLast((value) => value !== null) ?? null;
  return (
    <>
      <dl class="totals addon-rest">
        {series.map((one) => (
          <div key={one.id}>
            <dt>{showHidden(one.label)}</dt>
            <dd>{formatUnit(newest(one), one.unit)}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="more" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? 'Hide their charts' : 'Show these over time'}
      </button>
      {open && (
        <div class="multiples">
          {series.map((one) => (
            <Small key={one.id} id={`${id}-${one.id}`} answer={answer} series={one} />
          ))}
        </div>
      )}
    </>
  );
}
