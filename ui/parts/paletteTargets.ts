/** Everything the palette can jump to or do, in the order it is shown when nothing is typed. */
import type { CodeTableAnswer } from '../../api/contract/codes.ts';
import type { IncidentListAnswer } from '../../api/contract/incidents.ts';
import type { SloListAnswer } from '../../api/contract/slos.ts';
import type { Findable } from '../fuzzy.ts';
import { incidentPath, sloPath } from '../paths.ts';
import type { State } from '../state/context.ts';
import { copyLink } from './copyLink.ts';
import { appTabs } from './tabs.tsx';

export interface Target extends Findable {
  kind: 'app' | 'page' | 'code' | 'release' | 'SLO' | 'incident' | 'action';
  run(): void;
}

/** What the server tells besides the fleet; null until it has. */
export interface Told {
  codes: CodeTableAnswer | null;
  slos: SloListAnswer | null;
  incidents: IncidentListAnswer | null;
}

export function listTargets(state: State, told: Told): Target[] {
  const app = state.page.app.peek();
  return [
    ...incidentsOf(state, told, true),
    ...appsOf(state),
    ...(app === null ? [] : [...pagesOf(state, app), ...releasesOf(state, app)]),
    ...pagesOverAll(state),
    ...actionsOf(state),
    ...(app === null ? [] : codesOf(state, app, told)),
    ...slosOf(state, told),
    ...incidentsOf(state, told, false),
  ];
}

function leading(state: State, href: string, query?: Record<string, string>) {
  return () => state.router.push(state.router.link(href, query));
}

function appsOf(state: State): Target[] {
  return (state.fleet.data.peek()?.apps ?? []).map(({ app, labels }) => {
    const href = `/a/${encodeURIComponent(app)}`;
    const also = [labels.stage, labels.team, ...labels.tags].filter(Boolean).join(' ');
    return { id: href, label: app, also, kind: 'app', run: leading(state, href) };
  });
}

function pagesOf(state: State, app: string): Target[] {
  return appTabs(app, '').map(({ href, label, query }) => ({
    id: `${href} ${label}`,
    label: `${label} of ${app}`,
    kind: 'page',
    run: leading(state, href, query),
  }));
}

/** Of the charts that are open, else the newest that the fleet knows. */
function releasesOf(state: State, app: string): Target[] {
  const row = state.fleet.data.peek()?.apps.find((one) => one.app === app);
  const seen = state.page.events
    .peek()
    .flatMap((event) => (event.lane === 'release' && event.version !== null ? [event.version] : []));
  const versions = new Set([...seen, ...(row?.lastRelease ? [row.lastRelease.version] : [])]);
  return [...versions]
    .sort((a, b) => b - a)
    .map((version) => {
      const href = `/a/${encodeURIComponent(app)}/releases/${version}`;
      return {
        id: href,
        label: `v${version} of ${app}`,
        also: 'release',
        kind: 'release',
        run: leading(state, href),
      };
    });
}

function codesOf(state: State, app: string, { codes }: Told): Target[] {
  return (codes?.codes ?? []).map(({ code, title }) => {
    const href = `/a/${encodeURIComponent(app)}/codes/${encodeURIComponent(code)}`;
    return { id: href, label: `${code} on ${app}`, also: title, kind: 'code', run: leading(state, href) };
  });
}

function slosOf(state: State, { slos }: Told): Target[] {
  return (slos?.slos ?? []).map(({ app, slug, title, objective }) => {
    const href = sloPath(app, slug);
    return {
      id: href,
      label: `${title} (${app})`,
      also: `${objective} slo objective`,
      kind: 'SLO',
      run: leading(state, href),
    };
  });
}

function incidentsOf(state: State, { incidents }: Told, open: boolean): Target[] {
  return (incidents?.incidents ?? [])
    .filter((row) => (row.state !== 'resolved') === open)
    .map(({ id, number, app, title, state: stands }) => ({
      id: incidentPath(id),
      label: `#${number} ${title}`,
      also: `${app} ${stands}`,
      kind: 'incident',
      run: leading(state, incidentPath(id)),
    }));
}

const PAGES: [href: string, label: string, also?: string][] = [
  ['/', 'Fleet', 'overview all apps home'],
  ['/incidents', 'Incidents', 'alerts'],
  ['/slo', 'SLOs', 'objectives budgets'],
  ['/alerts', 'Rules', 'alerting'],
  ['/receivers', 'Receivers', 'slack pagerduty webhook'],
  ['/on-call', 'On call and routes', 'schedule escalation'],
  ['/silences', 'Silences and maintenance', 'mute'],
  ['/health', 'Drain health', 'lag lost'],
  ['/settings', 'Settings', 'tokens people'],
  ['/setup', 'Add an app', 'attach drain'],
  ['/walls', 'Wallboards', 'tv screen'],
];

function pagesOverAll(state: State): Target[] {
  return PAGES.map(([href, label, also]) => ({
    id: href,
    label,
    also,
    kind: 'page',
    run: leading(state, href),
  }));
}

function actionsOf(state: State): Target[] {
  const { prefs, range, overlay, page } = state;
  const action = (id: string, label: string, also: string, run: () => void): Target => ({
    id: `do ${id}`,
    label,
    also,
    kind: 'action',
    run,
  });
  const timed = page.app.peek() !== null;
  const always = [
    action('copy', 'Copy link', 'share address url utc', () => void copyLink(state)),
    action(
      'zone',
      range.zone.peek() === 'utc' ? 'Times in the zone of this browser' : 'Times in UTC',
      'zone',
      () => range.toggleZone(),
    ),
    ...(['light', 'dark', 'auto'] as const)
      .filter((theme) => theme !== prefs.theme.peek())
      .map((theme) =>
        action(
          `theme ${theme}`,
          `${theme === 'auto' ? 'Theme of the system' : `${theme === 'light' ? 'Light' : 'Dark'} theme`}`,
          'colour mode',
          () => {
            prefs.theme.value = theme;
          },
        ),
      ),
    action('keys', 'Keys', 'help shortcuts keyboard', () => {
      overlay.value = 'help';
    }),
  ];
  if (!timed) return always;
  return [
    ...always,
    action('live', range.live.peek() ? 'Stop live updates' : 'Resume live updates', 'pause tail', () =>
      range.toggleLive(),
    ),
    action('compare', 'Compare', 'previous week', () => range.nextCompare()),
    action('absolute', 'Make the range absolute', 'time', () => range.makeAbsolute()),
  ];
}
