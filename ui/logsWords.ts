/** Words about lines of logs that several places share. */
import { formatCount, formatNumber, plural } from './format.ts';

/** `214 lines a minute`; below one a minute `3 lines an hour`. */
export function rateText(perMinute: number): string {
  if (perMinute === 0) return 'no lines';
  if (perMinute < 0.95) return `${plural(Math.max(1, Math.round(perMinute * 60)), 'line')} an hour`;
  const shown = perMinute >= 1e4 ? formatNumber(perMinute) : formatCount(perMinute);
  return `${shown} ${Math.round(perMinute) === 1 ? 'line' : 'lines'} a minute`;
}
