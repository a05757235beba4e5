/** Heroku's maintenance mode was seen (H80) and no window covers it: one is offered wherever it matters. */
import type { SilenceListAnswer } from '../../api/contract/silences.ts';
import { showHidden } from '../clean.ts';
import { formatSpan, plural } from '../format.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

/** Of one app, or of all. Says nothing where nothing is to be offered, or to people who could not take it. */
export function MaintenanceOffer({ app }: { app: string | null }) {
  const { session } = useApp();
  return session.canEdit.value ? <Offers app={app} /> : null;
}

function Offers({ app }: { app: string | null }) {
  const { router, clock } = useApp();
  const silences = useAnswer<SilenceListAnswer>('/silences', { everyMs: 60_000 });
  const offers = (silences.data.value?.offers ?? []).filter((offer) => app === null || offer.app === app);
  return (
    <>
      {offers.map((offer) => (
        <p class="banner" key={offer.app}>
          <span>
            <strong>{showHidden(offer.app)}</strong> has been in Heroku’s maintenance mode for{' '}
            {formatSpan(clock.nowMs.value - offer.sinceMs)} ({plural(offer.requests, 'request')} answered with
            H80).
          </span>{' '}
          <a class="button" href={router.link('/silences', { maintenance: offer.app })}>
            Make a window of it
          </a>
        </p>
      ))}
    </>
  );
}
