/** How far the data goes, in the header of every page. Leads to drain health. */

import type { HealthSummary } from '../../api/contract/health.ts';
import { formatClock, formatCount, formatDay, formatSpan, type Zone, zoneSuffix } from '../format.ts';
import { useApp } from '../state/context.ts';
import { healthLevel, StateGlyph } from './state.tsx';

/** One summary over all apps: the newest data, the worst lag of those that receive, all losses. */
export function fleetHealth(all: HealthSummary[]): { summary: HealthSummary | null; silent: number } {
  const known = all.filter((health) => health.state !== 'waiting');
  const receiving = known.filter((health) => health.state === 'receiving');
  const silent = known.length - receiving.length;
  if (all.length === 0) return { summary: null, silent };
  const through = known.map((health) => health.dataThroughMs ?? 0);
  return {
    silent,
    summary: {
      state: known.length === 0 ? 'waiting' : receiving.length === 0 ? 'silent' : 'receiving',
      dataThroughMs: through.length > 0 ? Math.max(...through) : null,
      lagMs: receiving.length > 0 ? Math.max(...receiving.map((health) => health.lagMs ?? 0)) : null,
      lostMessages: all.reduce((sum, health) => sum + health.lostMessages, 0),
      messages: all.reduce((sum, health) => sum + health.messages, 0),
    },
  };
}

/** What the header says is fetched every 30 s; older than this it was so, and may not be. */
const OLD_MS = 90_000;

export function HealthPill() {
  const { page, fleet, clock, range, router, instance, live } = useApp();
  const app = page.app.value;
  const whole = fleetHealth(fleet.data.value?.apps.map((row) => row.health) ?? []);
  const row = fleet.data.value?.apps.find((one) => one.app === app);
  const fleetMs = fleet.loadedMs.value ?? 0;
  // A page whose range has ended knows what was so when it was fetched.
  const isOfPage = app !== null && page.health.value !== null && (!row || page.healthMs.value >= fleetMs);
  const health = app ? (isOfPage ? page.health.value : (row?.health ?? null)) : whole.summary;
  const knownMs = isOfPage ? page.healthMs.value : fleetMs;
  // Counts every second; both are of the clock of this machine.
  const isOld = clock.nowMs.value - clock.now() + Date.now() - knownMs > OLD_MS;
  const isAway = instance.awaySinceMs.value !== null || live.away.value || isOld;
  const isMoving = !isAway && instance.isMoving.value;
  const href = router.link(app ? `/a/${encodeURIComponent(app)}/health` : '/health');
  if (!health) {
    return (
      <a class="pill" href={href}>
        <StateGlyph level="unknown" />
        <span>{fleet.data.value ? 'no drains yet' : 'drain health'}</span>
      </a>
    );
  }
  const own = healthLevel(health, isAway || isMoving);
  const level = !app && whole.silent > 0 && own !== 'critical' ? 'warning' : own;
  return (
    <a
      class={`pill pill-${level}${app ? '' : ' pill-fleet'}${health.lostMessages > 0 ? ' pill-losing' : ''}${isAway ? ' pill-away' : ''}`}
      href={href}
      title="Drain health: how far the data goes, how late it comes, what is known to be lost in the last hour"
    >
      <StateGlyph level={level} />
      <span class="pill-text">
        {pillText({
          health,
          nowMs: clock.nowMs.value,
          zone: range.zone.value,
          many: app === null,
          isAway,
          isMoving,
          silent: app ? 0 : whole.silent,
        })}
      </span>
    </a>
  );
}

interface Shown {
  health: HealthSummary;
  nowMs: number;
  zone: Zone;
  /** true over all apps. */
  many: boolean;
  /** Apps whose stream is silent, over all apps. */
  silent: number;
  /** true while nothing newer can be had (no database, no connection): what is shown was so. */
  isAway: boolean;
  /** true while frames of an outage are on their way: what is missing is not lost. */
  isMoving: boolean;
}

function pillText({ health, nowMs, zone, many, isAway, isMoving, silent }: Shown) {
  if (health.state === 'waiting' || health.dataThroughMs === null) {
    return (
      <span>
        waiting<span class="wide"> for the first line</span>
      </span>
    );
  }
  const through = health.dataThroughMs;
  const day = nowMs - through > 12 * 3_600_000 ? `${formatDay(through, zone)} ` : '';
  const at = `${day}${formatClock(through, zone)}${zoneSuffix(through, zone)}`;
  if (health.state === 'silent') {
    return (
      <>
        <span class="strong">silent</span>
        <span class="strong pill-under"> for {formatSpan(nowMs - through)}</span>
        <span class="wide"> · data through {at}</span>
      </>
    );
  }
  if (isAway) {
    return (
      <>
        <span class="wide">nothing newer than </span>
        <span class="pill-at">{at}</span>
        <span class="wide lag"> ·</span>
        <span class="pill-under"> {formatSpan(nowMs - through)} old</span>
      </>
    );
  }
  return (
    <>
      <span class="wide">data through </span>
      <span class="pill-at">{at}</span>
      <span class="wide lag">
        {' '}
        · lag {many ? '≤ ' : ''}
        {formatSpan(health.lagMs)}
      </span>
      <span class="wide"> · </span>
      <span class="pill-under">
        <span class={silent > 0 ? 'wide' : ''}>
          {isMoving ? 'filling in' : `${formatCount(health.lostMessages)} lost`}
          {silent > 0 && ' · '}
        </span>
        {silent > 0 && <span class="strong">{silent} silent</span>}
      </span>
    </>
  );
}
