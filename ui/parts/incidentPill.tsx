/** Open incidents in the header of every page. Leads to their list. */
import { useApp } from '../state/context.ts';
import { StateGlyph } from './state.tsx';

export function IncidentPill() {
  const { live, router, page, instance } = useApp();
  const told = live.alerts.value;
  const app = page.app.value;
  const href = router.link('/incidents', app === null ? {} : { app });
  const whose = app === null ? '' : ' of this app';
  if (told === null)
    return (
      <a class="tally tally-calm" href={href} title="Incidents: not told yet how many are open">
        Incidents
      </a>
    );
  const { page: pages, ticket, info } = told.open;
  const count = pages + ticket + info;
  const stale = live.away.value || instance.awaySinceMs.value !== null;
  if (count === 0)
    return (
      <a class="tally tally-calm" href={href} title={`No open incident${whose}`}>
        {stale ? 'Incidents' : 'No incidents'}
      </a>
    );
  const level = pages > 0 ? 'critical' : ticket > 0 ? 'warning' : 'note';
  const parts = [
    pages > 0 && `${pages} that page`,
    ticket > 0 && `${ticket} that ticket`,
    info > 0 && `${info} for information`,
  ].filter(Boolean);
  return (
    <a
      class={`tally tally-${level === 'note' ? 'calm' : level}`}
      href={href}
      title={`Open incidents${whose}: ${parts.join(', ')}; ${told.unacknowledged} not acknowledged${stale ? ' (as far as known)' : ''}`}
    >
      <StateGlyph level={level} />
      <span>
        <span class="strong">{count}</span>
        <span class="sr"> open</span>
        <span class="wide"> {count === 1 ? 'incident' : 'incidents'}</span>
      </span>
    </a>
  );
}
