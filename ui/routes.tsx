/**
 * Which page an address means. To add a page: one `lazy` line, one line of the table, both beside their like. The page
 * is given the named parts of its pattern as props; a more special pattern stands before one with a name in its place.
 * Agreed addresses: /a/:app/{logs,dynos,dynos/:dyno,addons,codes/:code,explain,releases/:version,slo…,health}, /i/:id,
 * /settings/:section. Tabs of an app are in parts/tabs.tsx, keys in parts/bindings.ts.
 */
import type { ComponentChild, ComponentType } from 'preact';
import { lazy } from './parts/lazy.tsx';
import { useApp } from './state/context.ts';
import { matchPath } from './state/router.ts';

const Fleet = lazy(async () => (await import('./pages/fleet.tsx')).FleetPage);
const App = lazy(async () => (await import('./pages/appPage.tsx')).AppPage);
const ExplainOf = lazy(async () => (await import('./pages/explainPage.tsx')).ExplainPage);
const Release = lazy(async () => (await import('./pages/releasePage.tsx')).ReleasePage);
const Code = lazy(async () => (await import('./pages/codePage.tsx')).CodePage);
const CodeList = lazy(async () => (await import('./pages/codeList.tsx')).CodeListPage);
const Dynos = lazy(async () => (await import('./pages/dynos.tsx')).DynosPage);
const Dyno = lazy(async () => (await import('./pages/dynoPage.tsx')).DynoPage);
const Addons = lazy(async () => (await import('./pages/addons.tsx')).AddonsPage);
const Logs = lazy(async () => (await import('./pages/logs.tsx')).LogsPage);
const Health = lazy(async () => (await import('./pages/health.tsx')).HealthPage);
const Instance = lazy(async () => (await import('./pages/instance.tsx')).InstancePage);
const Settings = lazy(async () => (await import('./pages/settings.tsx')).SettingsPage);
const WallLinks = lazy(async () => (await import('./pages/wallLinks.tsx')).WallLinksPage);
const AddApp = lazy(async () => (await import('./pages/setup.tsx')).AddAppPage);
const Incidents = lazy(async () => (await import('./pages/incidents.tsx')).IncidentsPage);
const Incident = lazy(async () => (await import('./pages/incidentPage.tsx')).IncidentPage);
const SloList = lazy(async () => (await import('./pages/sloList.tsx')).SloListPage);
const Slo = lazy(async () => (await import('./pages/sloPage.tsx')).SloPage);
const SloNew = lazy(async () => (await import('./pages/sloForm.tsx')).SloNewPage);
const SloEdit = lazy(async () => (await import('./pages/sloForm.tsx')).SloEditPage);
const Rules = lazy(async () => (await import('./pages/rules.tsx')).RulesPage);
const RuleNew = lazy(async () => (await import('./pages/ruleForm.tsx')).RuleNewPage);
const Rule = lazy(async () => (await import('./pages/ruleForm.tsx')).RulePage);
const Receivers = lazy(async () => (await import('./pages/receivers.tsx')).ReceiversPage);
const Receiver = lazy(async () => (await import('./pages/receiverPage.tsx')).ReceiverPage);
const Silences = lazy(async () => (await import('./pages/silences.tsx')).SilencesPage);
const OnCall = lazy(async () => (await import('./pages/onCall.tsx')).OnCallPage);

export interface Route {
  /** The app that the page is about; null for pages over all. */
  app: string | null;
  title: string;
  /** Has the one time range in its header. */
  timed: boolean;
  wide: boolean;
  element: ComponentChild;
}

/** `/a/:app/codes/:code` → { app: string; code: string } */
type PartsOf<Path extends string> = Path extends `${infer Head}/${infer Rest}`
  ? PartsOf<Head> & PartsOf<Rest>
  : Path extends `:${infer Name}`
    ? Record<Name, string>
    : unknown;

interface Shape {
  /** The page is about the one time range, and has it in its header. */
  timed?: boolean;
  /** Uses the whole width of the screen. */
  wide?: boolean;
}

type Row = (path: string) => Route | null;

function page<Path extends string>(
  pattern: Path,
  Page: ComponentType<PartsOf<Path>>,
  title: string | ((parts: PartsOf<Path>) => string),
  { timed = false, wide = false }: Shape = {},
): Row {
  return (path) => {
    const found = matchPath(pattern, path);
    if (!found) return null;
    // matchPath gives exactly the names of the pattern.
    const parts = found as PartsOf<Path> & Record<string, string>;
    return {
      app: found.app ?? null,
      title: typeof title === 'string' ? title : title(parts),
      timed,
      wide,
      element: <Page key={path} {...parts} />,
    };
  };
}

const OBJECTIVES = { wide: true };
const CHARTS = { timed: true };

const TABLE: Row[] = [
  page('/', Fleet, 'Fleet', { wide: true }),
  page('/health', Instance, 'Drain health'),
  page('/settings', () => <Settings />, 'Settings'),
  page('/settings/:section', Settings, 'Settings'),
  page('/setup', AddApp, 'Add an app'),
  page('/walls', WallLinks, 'Wallboards'),

  page('/a/:app', App, ({ app }) => app, { timed: true, wide: true }),
  page('/a/:app/explain', ExplainOf, ({ app }) => `What differs on ${app}`, CHARTS),
  page('/a/:app/releases/:version', Release, ({ app, version }) => `v${version.replace(/^v/, '')} of ${app}`),
  page('/a/:app/codes', CodeList, ({ app }) => `Codes of ${app}`, CHARTS),
  page('/a/:app/codes/:code', Code, ({ app, code }) => `${code} on ${app}`, CHARTS),
  page('/a/:app/dynos', Dynos, ({ app }) => `Dynos of ${app}`, CHARTS),
  page('/a/:app/dynos/:dyno', Dyno, ({ app, dyno }) => `${dyno} of ${app}`, CHARTS),
  page('/a/:app/addons', Addons, ({ app }) => `Add-ons of ${app}`, CHARTS),
  page('/a/:app/logs', Logs, ({ app }) => `Logs of ${app}`, { timed: true, wide: true }),
  page('/a/:app/health', Health, ({ app }) => `Drain health of ${app}`, CHARTS),

  page('/slo', () => <SloList app={null} />, 'Objectives', OBJECTIVES),
  page('/a/:app/slo', SloList, ({ app }) => `Objectives of ${app}`, OBJECTIVES),
  page('/a/:app/slo/new', SloNew, ({ app }) => `New objective for ${app}`),
  page('/a/:app/slo/:slug', Slo, ({ app, slug }) => `${slug} of ${app}`, OBJECTIVES),
  page('/a/:app/slo/:slug/edit', SloEdit, ({ slug }) => `Edit ${slug}`),

  page('/incidents', Incidents, 'Incidents'),
  page('/i/:id', Incident, 'Incident'),
  page('/alerts', () => <Rules app={null} />, 'Rules'),
  page('/a/:app/alerts', Rules, ({ app }) => `Rules of ${app}`),
  page('/a/:app/alerts/new', RuleNew, ({ app }) => `New rule for ${app}`),
  page('/a/:app/alerts/:id', Rule, ({ app }) => `Rule of ${app}`),
  page('/receivers', Receivers, 'Receivers'),
  page('/receivers/:id', Receiver, 'Receiver'),
  page('/silences', Silences, 'Silences'),
  page('/on-call', OnCall, 'On call and routes'),
];

/** The page of a path (without query); one that says so where there is none. */
export function routeOf(path: string): Route {
  for (const row of TABLE) {
    const found = row(path);
    if (found) return found;
  }
  return { app: null, title: 'Not found', timed: false, wide: false, element: <NotFound /> };
}

function NotFound() {
  const { router } = useApp();
  return (
    <section class="hello">
      <h1 tabIndex={-1}>There is no such page</h1>
      <p>
        <a href={router.link('/')}>Back to the fleet</a>
      </p>
    </section>
  );
}
