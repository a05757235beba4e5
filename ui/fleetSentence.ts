/** A row of the fleet as somebody would say it, for those who listen. Pure. */
import { latencyChange, ratioChange } from './fleetChange.ts';
import { burnOf, type FleetItem } from './fleetItems.ts';
import { formatCount, formatMs, formatNumber, formatRatio, formatSpan, plural } from './format.ts';
import { formatBudget, formatBurn } from './sloWords.ts';

/** `failing: 2.3 % of requests fail, up from 0.1 % a week ago; p95 2.9 s; H12 34 times; …` */
export function sayRow(item: FleetItem): string {
  const { row, word, slo, fastest } = item;
  if (row.health.state === 'waiting') return 'waiting for its first line';
  const stage = row.labels.stage ? ` in ${row.labels.stage}` : '';
  const burn = burnOf(fastest, 0);
  const parts = [
    row.incidents &&
      `${plural(row.incidents.page + row.incidents.ticket + row.incidents.info, 'incident')} open`,
    row.health.state === 'silent' && 'no line arrives',
    row.health.lostMessages > 0 && `up to ${plural(row.health.lostMessages, 'line')} lost`,
    ...trafficOf(item),
    row.topCode && `${row.topCode.code} ${plural(row.topCode.count, 'time')}`,
    slo && slo.budget.remaining !== null && `${formatBudget(slo.budget.remaining)} of the budget left`,
    burn > 1 && `burns ${formatBurn(burn)} in the last hour`,
    row.worstMemory && `${row.worstMemory.dyno} at ${formatRatio(row.worstMemory.ratio)} of its memory`,
    row.lastRelease && releaseOf(item),
  ];
  return `${word}${stage}: ${parts.filter(Boolean).join('; ')}`;
}

function trafficOf({ row }: FleetItem): (string | false)[] {
  if (row.requests === 0) return ['no requests'];
  if (row.lowTraffic) return [`${plural(row.requests, 'request')} in the hour, too few for a share`];
  const failed = ratioChange(row.failedRatio, row.failedRatioWeekAgo, row.requests, row.requestsWeekAgo);
  const slower = latencyChange(row.p95Ms, row.p95MsWeekAgo, row.requests, row.requestsWeekAgo);
  return [
    row.requestsPerMinute !== null && `${formatNumber(row.requestsPerMinute)} requests a minute`,
    `${formatRatio(row.failedRatio)} fail${failed ? `, ${failed} from ${formatRatio(row.failedRatioWeekAgo)} a week ago` : ''}`,
    `p95 ${formatMs(row.p95Ms)}${slower ? `, ${slower} from ${formatMs(row.p95MsWeekAgo)}` : ''}`,
  ];
}

function releaseOf({ row }: FleetItem): string {
  const { lastRelease } = row;
  if (!lastRelease) return '';
  const by = lastRelease.by ? ` by ${lastRelease.by}` : '';
  const through = row.health.dataThroughMs;
  const age =
    through === null ? '' : `, ${formatSpan(Math.max(0, through - lastRelease.atMs))} before the newest line`;
  return `release ${formatCount(lastRelease.version)}${by}${age}`;
}
