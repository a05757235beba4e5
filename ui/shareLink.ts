/** The address of what is on the screen, for somebody who opens it later or elsewhere. Pure. */
import { instantText, type RangeMs } from './state/rangeText.ts';

/**
 * `href` with the range as UTC instants, so that it shows the same tomorrow. What is only of this reader (the zone they
 * read in) becomes UTC too: two people looking at a link must speak of the same clock. `range`: null on a page without.
 */
export function shareLink(href: string, range: RangeMs | null): string {
  const url = new URL(href);
  url.hash = '';
  if (range) {
    url.searchParams.set('from', instantText(range.fromMs));
    url.searchParams.set('to', instantText(range.toMs));
    url.searchParams.set('tz', 'utc');
  }
  return url.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
}
