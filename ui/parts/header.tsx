/** The bar on top of every page: where we are, how fresh the data is, the one time range, and the reader's own switches. */
import { showHidden } from '../clean.ts';
import { zoneName } from '../format.ts';
import { useApp } from '../state/context.ts';
import type { Theme } from '../state/prefs.ts';
import { copyLink } from './copyLink.ts';
import { HealthPill } from './healthPill.tsx';
import { IncidentPill } from './incidentPill.tsx';
import { NoticeBar } from './noticeBar.tsx';
import { RangePicker } from './rangePicker.tsx';
import { Tabs } from './tabs.tsx';

/** Pages without charts have no use for a time range. */
export function Header({ timed }: { timed: boolean }) {
  const { overlay, page, router, range } = useApp();
  const app = page.app.value;
  return (
    <header class="top">
      <div class="top-row">
        <a class="brand" href={router.link('/')}>
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <path
              d="M1.5 3.5h13M1.5 8h8.5M1.5 12.5h4"
              fill="none"
              stroke="currentColor"
              stroke-width="2"
              stroke-linecap="round"
            />
          </svg>
          <span class="brand-name">Drainboard</span>
        </a>
        <button
          type="button"
          class="switcher"
          onClick={() => (overlay.value = 'palette')}
          title="Jump to an app or page ( / )"
        >
          <span class="sr">Switch app: </span>
          <span class="cut">{app ? showHidden(app) : 'All apps'}</span>
          <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
            <path d="M2 3.8 5 1l3 2.8M2 6.2 5 9l3-2.8" fill="none" stroke="currentColor" stroke-width="1.4" />
          </svg>
        </button>
        <span class="grow" />
        <IncidentPill />
        <HealthPill />
        <UserMenu />
      </div>
      <div class={`top-row top-nav${timed ? ' top-timed' : ''}`}>
        <Tabs app={app} />
        {timed && (
          <div class="top-range" data-live={range.live.value}>
            <RangePicker />
            <LiveSwitch />
            <ZoneToggle />
            <CopyLink />
          </div>
        )}
      </div>
      <NoticeBar />
    </header>
  );
}

export function LiveSwitch() {
  const { range, live, cursor, instance } = useApp();
  const on = range.live.value;
  const held = on && cursor.held.value;
  // Nothing new can come while the database is away.
  const stuck = live.away.value ? 'Reconnecting' : instance.awaySinceMs.value !== null ? 'Waiting' : null;
  const word = !on ? 'Resume live' : (stuck ?? (held ? 'Held' : 'Live'));
  return (
    <button
      type="button"
      class={`live${on && stuck === null && !held ? ' live-on' : ''}`}
      aria-pressed={on}
      onClick={() => range.toggleLive()}
      title="Live updates on or off ( l )"
    >
      <span class="live-dot" aria-hidden="true" />
      {word}
      {word === 'Held' && <span class="sr"> while you read</span>}
    </button>
  );
}

function CopyLink() {
  const state = useApp();
  return (
    <button
      type="button"
      class="quiet"
      aria-label="Copy link"
      onClick={() => void copyLink(state)}
      title="Copy a link to what is shown, with its time in UTC ( y )"
    >
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <path
          d="M6.5 9.5a3 3 0 0 0 4.2 0l2.5-2.5a3 3 0 0 0-4.2-4.2l-.8.8M9.5 6.5a3 3 0 0 0-4.2 0L2.8 9A3 3 0 0 0 7 13.2l.8-.8"
          fill="none"
          stroke="currentColor"
          stroke-width="1.4"
          stroke-linecap="round"
        />
      </svg>
    </button>
  );
}

export function ZoneToggle() {
  const { range, clock } = useApp();
  const zone = range.zone.value;
  return (
    <button
      type="button"
      class="quiet zone"
      aria-pressed={zone === 'utc'}
      onClick={() => range.toggleZone()}
      title="Browser zone or UTC ( u )"
    >
      <span class="sr">Times in </span>
      {zoneName(clock.now(), zone)}
    </button>
  );
}

const THEMES: { id: Theme; label: string }[] = [
  { id: 'auto', label: 'Auto' },
  { id: 'light', label: 'Light' },
  { id: 'dark', label: 'Dark' },
];

const MENU = [
  { path: '/incidents', label: 'Incidents' },
  { path: '/slo', label: 'Objectives' },
  { path: '/alerts', label: 'Rules' },
  { path: '/receivers', label: 'Receivers' },
  { path: '/on-call', label: 'On call and routes' },
  { path: '/silences', label: 'Silences' },
  { path: '/health', label: 'Drain health' },
];

/** Theme, help, settings, sign out: needed now and then, so behind one button. */
function UserMenu() {
  const { session, prefs, overlay, router, toast } = useApp();
  const person = session.person.value;
  async function signOut() {
    try {
      await session.signOut();
      router.push('/sign-in');
    } catch (error) {
      toast.value = `Could not sign out: ${error instanceof Error ? error.message : error}`;
    }
  }
  const closeMenu = (event: Event) =>
    (event.currentTarget as Element).closest('details')?.removeAttribute('open');
  return (
    <details
      class="menu"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !event.currentTarget.open) return;
        event.currentTarget.open = false;
        event.currentTarget.querySelector('summary')?.focus();
      }}
      onFocusOut={(event) => {
        if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget))
          event.currentTarget.open = false;
      }}
    >
      <summary aria-label="Menu">
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M2 4h12M2 8h12M2 12h12" fill="none" stroke="currentColor" stroke-width="1.6" />
        </svg>
      </summary>
      <div class="menu-panel">
        {person && (
          <p class="menu-person">
            <span class="cut strong">{showHidden(person.displayName || person.email)}</span>
            <span class="muted">{person.role}</span>
          </p>
        )}
        <a href={router.link('/')} onClick={closeMenu}>
          Fleet
        </a>
        {MENU.map(({ path, label }) => (
          <a key={path} href={router.link(path)} onClick={closeMenu}>
            {label}
          </a>
        ))}
        <a href={router.link('/settings')} onClick={closeMenu}>
          Settings
        </a>
        {person?.role === 'admin' && (
          <a href={router.link('/walls')} onClick={closeMenu}>
            Wallboards
          </a>
        )}
        <fieldset class="segmented">
          <legend>Theme</legend>
          {THEMES.map((theme) => (
            <label key={theme.id}>
              <input
                type="radio"
                name="theme"
                checked={prefs.theme.value === theme.id}
                onChange={() => (prefs.theme.value = theme.id)}
              />
              <span>{theme.label}</span>
            </label>
          ))}
        </fieldset>
        <label class="check">
          <input
            type="checkbox"
            checked={prefs.patterns.value}
            onChange={(event) => (prefs.patterns.value = event.currentTarget.checked)}
          />
          Hatch failures in charts
        </label>
        <button
          type="button"
          onClick={(event) => {
            closeMenu(event);
            overlay.value = 'help';
          }}
        >
          Keys <kbd>?</kbd>
        </button>
        {person && (
          <button type="button" onClick={() => void signOut()}>
            Sign out
          </button>
        )}
      </div>
    </details>
  );
}
