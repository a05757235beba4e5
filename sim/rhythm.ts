/** How busy an app is at an instant: time of day, day of week and a wandering of its own. */
import type { AppSpec, TrafficSpec } from './app.ts';
import { fraction } from './random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A smooth curve in [−1, 1] that passes a new value every period; the same for the same seed. */
export function wander(seed: string, timeMs: number, periodMs: number): number {
  const step = Math.floor(timeMs / periodMs);
  const within = timeMs / periodMs - step;
  const weight = (1 - Math.cos(Math.PI * within)) / 2;
  return 2 * (fraction(seed, step) * (1 - weight) + fraction(seed, step + 1) * weight) - 1;
}

/** Hour of the app's local day, 0–24 with fraction. */
export function localHour(app: AppSpec, timeMs: number): number {
  const local = timeMs / HOUR + app.utcOffsetHours;
  return ((local % 24) + 24) % 24;
}

function isWeekend(app: AppSpec, timeMs: number): boolean {
  const day = new Date(timeMs + app.utcOffsetHours * HOUR).getUTCDay();
  return day === 0 || day === 6;
}

/** Whether an hour lies in [from, to), which may pass midnight. */
export function inHours(hour: number, [from, to]: [number, number]): boolean {
  return from <= to ? hour >= from && hour < to : hour >= from || hour < to;
}

/** Share of the peak by time of day alone, 0–1. */
function dailyShape({ nightRatio, peakHour }: TrafficSpec, hour: number): number {
  const wave = (1 + Math.cos((2 * Math.PI * (hour - peakHour)) / 24)) / 2;
  return nightRatio + (1 - nightRatio) * wave ** 1.4;
}

/** How busy the app is, 1 at its usual peak; noise may carry it a little beyond. */
export function busyness(app: AppSpec, seed: string, timeMs: number): number {
  const { traffic } = app;
  const hour = localHour(app, timeMs);
  if (traffic.idleHours !== undefined && inHours(hour, traffic.idleHours)) return 0;
  const name = `${seed}/${app.name}/rate`;
  const noise =
    0.6 * wander(`${name}/slow`, timeMs, 80 * MINUTE) + 0.4 * wander(`${name}/fast`, timeMs, 4 * MINUTE);
  const week = isWeekend(app, timeMs) ? traffic.weekendRatio : 1;
  return Math.max(0, dailyShape(traffic, hour) * week * (1 + traffic.noiseRatio * noise));
}
