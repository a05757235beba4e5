/** What a change of shares says, in words. Pure. */
import type { Attribute, ExplainFinding } from './explain.ts';
import { sayCount, sayShare } from './notice-numbers.ts';

export type Lens = 'bad' | 'slow';

/** Code of requests without one: the app answered 5xx by itself. */
export const NO_CODE = 'no code';

/** What a value is called in a sentence: `web.3`, `GET /cart/{id}`, `v214`, `status 503`. */
export function nameOfValue(attribute: Attribute, value: string): string {
  switch (attribute) {
    case 'code':
      return value === NO_CODE ? 'Without a code' : value;
    case 'status':
      return value === 'none' ? 'No status' : `Status ${value}`;
    case 'release':
      return value === '' ? 'Before the first release seen' : `v${value}`;
    case 'dyno':
      return value === '' ? 'No dyno reached' : value;
    case 'method':
      return `Method ${value}`;
    case 'host':
      return value === '' ? 'No host' : value;
    case 'path':
      return value === 'other' ? 'Other paths' : value;
  }
}

/** `web.3: 2 % → 61 % of the bad requests; 38 % of its requests fail, others 0.2 %.` */
export function sayFinding(finding: ExplainFinding, lens: Lens): string {
  const { range, baseline, others } = finding;
  const name = nameOfValue(finding.attribute, finding.value);
  const before = baseline.share === null || baseline.hits === 0 ? 'none' : sayShare(baseline.share);
  const about = finding.isEstimate ? 'about ' : '';
  const head = `${name}: ${before} → ${about}${sayShare(range.share ?? 0)} of the ${lens} requests`;
  if (range.ratio === null) return `${head} (${about}${sayCount(range.hits)}).`;
  const verb = lens === 'bad' ? 'fail' : 'are slow';
  const rest =
    others === null || others.ratio === null || others.requests < 20
      ? ratioBefore(finding)
      : `, others ${sayShare(others.ratio)}`;
  return `${head}; ${sayShare(range.ratio)} of its requests ${verb}${rest}.`;
}

function ratioBefore({ baseline }: ExplainFinding): string {
  return baseline.ratio === null ? '' : `, before ${sayShare(baseline.ratio)}`;
}
