/** Copies the address of what is on the screen, with its range as UTC instants. */
import { shareLink } from '../shareLink.ts';
import type { State } from '../state/context.ts';

export async function copyLink({ range, toast }: State): Promise<void> {
  const params = new URLSearchParams(location.search);
  // The header knows whether the page has a range; others have one where the address carries it, and links keep it.
  const timed = document.querySelector('.top-timed') !== null || params.has('from') || params.has('to');
  const link = shareLink(location.href, timed ? range.resolve() : null);
  try {
    await navigator.clipboard.writeText(link);
    toast.value = timed ? 'Link copied, with its time in UTC' : 'Link copied';
  } catch {
    // Without permission, or over http, the reader copies by hand.
    toast.value = `The browser did not let the link be copied: ${link}`;
  }
}
