/** The shell: who may see what, which page the address means, and what surrounds every page. */
import { effect } from '@preact/signals';
import type { ComponentChild, ComponentType } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { buildBindings } from './parts/bindings.ts';
import { ConfirmPassword } from './parts/confirmPassword.tsx';
import { Header } from './parts/header.tsx';
import { Help } from './parts/help.tsx';
import { Palette } from './parts/palette.tsx';
import { RangeNote } from './parts/rangeNote.tsx';
import { Unreachable } from './parts/unreachable.tsx';
import { useApp } from './state/context.ts';
import { buildKeyMap } from './state/keys.ts';
import { matchPath } from './state/router.ts';

/** A page in a file of its own, fetched when it is first needed. */
function lazy<P>(load: () => Promise<ComponentType<P>>) {
  let ready: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [page, setPage] = useState<{ Page: ComponentType<P> } | null>(ready ? { Page: ready } : null);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (page) return;
      load().then(
        (Page) => {
          ready = Page;
          setPage({ Page });
        },
        () => setFailed(true),
      );
    }, []);
    if (failed) {
      return (
        <div class="trouble" role="alert">
          <h2>Could not load this page</h2>
          <p>Drainboard may have been updated since this tab was opened.</p>
          <button type="button" class="primary" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      );
    }
    const Page = page?.Page as ComponentType<unknown> | undefined;
    return Page ? <Page {...(props as object)} /> : <div class="unloaded" />;
  };
}

const Fleet = lazy(async () => (await import('./pages/fleet.tsx')).FleetPage);
const App = lazy(async () => (await import('./pages/appPage.tsx')).AppPage);
const Code = lazy(async () => (await import('./pages/codePage.tsx')).CodePage);
const Health = lazy(async () => (await import('./pages/health.tsx')).HealthPage);
const Instance = lazy(async () => (await import('./pages/instance.tsx')).InstancePage);
const Settings = lazy(async () => (await import('./pages/settings.tsx')).SettingsPage);
const AddApp = lazy(async () => (await import('./pages/setup.tsx')).AddAppPage);
const Claim = lazy(async () => (await import('./pages/setup.tsx')).ClaimPage);
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
const SignIn = lazy(async () => (await import('./pages/signIn.tsx')).SignInPage);

export function Root() {
  const state = useApp();
  const { session, router } = state;
  useEffect(() => {
    void session.load();
    return state.start();
  }, []);
  const known = session.answer.value;
  const path = router.path.value;
  const needsSignIn = known !== null && !known.setupNeeded && !known.person;
  // Addresses that make no sense for who we are lead to the one that does.
  useEffect(() => {
    if (!known) return;
    if (known.setupNeeded && path !== '/setup') router.replace('/setup');
    if (needsSignIn && path !== '/sign-in') {
      const here = location.pathname + location.search;
      router.replace(here === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(here)}`);
    }
  }, [known, path]);

  if (!known) return <Unreachable />;
  if (known.setupNeeded) return <Claim />;
  if (needsSignIn || path === '/sign-in') return <SignIn />;
  return <Inside />;
}

const PROBE_MS = 3000;

/** Everything a signed-in person sees. */
function Inside() {
  const state = useApp();
  const { overlay, announce, toast, live, page, prefs, fleet, clock, router } = state;
  const bindings = useMemo(() => buildBindings(state), []);
  useEffect(
    () =>
      buildKeyMap(
        () => bindings,
        () => prefs.singleKeys.peek(),
        () => {
          overlay.value = 'palette';
        },
      ).start(),
    [],
  );
  // Where the page itself does not say how fresh the data is, the header takes it from the fleet.
  useEffect(() => {
    const load = () => {
      if (!clock.hidden.peek() && page.health.peek() === null) void fleet.load();
    };
    const stop = effect(() => {
      // Signing out takes pages away one by one; nothing is asked for any more then.
      if (page.health.value === null && !fleet.data.peek() && state.session.person.peek()) void fleet.load();
    });
    const timer = setInterval(load, 30_000);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, []);
  // While the database is away, this finds out that it is back; the stream may have gone with it.
  useEffect(
    () =>
      effect(() => {
        if (state.instance.awaySinceMs.value === null) return;
        const timer = setInterval(() => void state.session.load(), PROBE_MS);
        return () => clearInterval(timer);
      }),
    [],
  );
  const route = routeOf(router.path.value);
  // One stream a tab, on every page: also those without charts say how the instance is doing.
  useEffect(() => live.open(route.app ?? ''), [route.app]);
  useEffect(() => () => live.close(), []);
  if (page.app.peek() !== route.app) page.app.value = route.app;
  useEffect(() => {
    document.title = `${route.title} · Drainboard`;
    if (route.app === null) page.health.value = null;
  }, [route.title, route.app]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Header timed={route.timed} />
      <main id="main" class={route.wide ? 'wide-page' : ''}>
        {route.timed && <RangeNote />}
        {route.element}
      </main>
      {overlay.value === 'palette' && <Palette />}
      {overlay.value === 'help' && <Help bindings={bindings} />}
      {state.confirming.value && <ConfirmPassword onDone={state.confirming.value} />}
      <Toast />
      <div class="sr" aria-live="polite">
        {announce.value}
        {toast.value}
      </div>
    </>
  );
}

interface Route {
  /** The app that the page is about; null for pages over all. */
  app: string | null;
  title: string;
  /** Has the one time range in its header. */
  timed: boolean;
  wide: boolean;
  element: ComponentChild;
}

type Parts = Record<string, string>;

/** Pages about objectives and alerts; their charts have ranges of their own. */
const ALERT_PAGES: [pattern: string, page: (parts: Parts, path: string) => Omit<Route, 'app' | 'timed'>][] = [
  ['/incidents', () => ({ title: 'Incidents', wide: false, element: <Incidents /> })],
  [
    '/i/:id',
    ({ id = '' }, path) => ({ title: 'Incident', wide: false, element: <Incident key={path} id={id} /> }),
  ],
  ['/slo', () => ({ title: 'Objectives', wide: true, element: <SloList key="/slo" app={null} /> })],
  [
    '/a/:app/slo',
    ({ app = '' }, path) => ({
      title: `Objectives of ${app}`,
      wide: true,
      element: <SloList key={path} app={app} />,
    }),
  ],
  [
    '/a/:app/slo/new',
    ({ app = '' }, path) => ({
      title: `New objective for ${app}`,
      wide: false,
      element: <SloNew key={path} app={app} />,
    }),
  ],
  [
    '/a/:app/slo/:slug',
    ({ app = '', slug = '' }, path) => ({
      title: `${slug} of ${app}`,
      wide: true,
      element: <Slo key={path} app={app} slug={slug} />,
    }),
  ],
  [
    '/a/:app/slo/:slug/edit',
    ({ app = '', slug = '' }, path) => ({
      title: `Edit ${slug}`,
      wide: false,
      element: <SloEdit key={path} app={app} slug={slug} />,
    }),
  ],
  ['/alerts', () => ({ title: 'Rules', wide: false, element: <Rules key="/alerts" app={null} /> })],
  [
    '/a/:app/alerts',
    ({ app = '' }, path) => ({
      title: `Rules of ${app}`,
      wide: false,
      element: <Rules key={path} app={app} />,
    }),
  ],
  [
    '/a/:app/alerts/new',
    ({ app = '' }, path) => ({
      title: `New rule for ${app}`,
      wide: false,
      element: <RuleNew key={path} app={app} />,
    }),
  ],
  [
    '/a/:app/alerts/:id',
    ({ app = '', id = '' }, path) => ({
      title: `Rule of ${app}`,
      wide: false,
      element: <Rule key={path} app={app} id={id} />,
    }),
  ],
  ['/receivers', () => ({ title: 'Receivers', wide: false, element: <Receivers /> })],
  [
    '/receivers/:id',
    ({ id = '' }, path) => ({ title: 'Receiver', wide: false, element: <Receiver key={path} id={id} /> }),
  ],
  ['/silences', () => ({ title: 'Silences', wide: false, element: <Silences /> })],
  ['/on-call', () => ({ title: 'On call and routes', wide: false, element: <OnCall /> })],
];

function alertRoute(path: string): Route | null {
  for (const [pattern, page] of ALERT_PAGES) {
    const parts = matchPath(pattern, path);
    if (parts) return { app: parts.app ?? null, timed: false, ...page(parts, path) };
  }
  return null;
}

function routeOf(path: string): Route {
  const alert = alertRoute(path);
  if (alert) return alert;
  const code = matchPath('/a/:app/codes/:code', path);
  if (code)
    return {
      app: code.app ?? '',
      title: `${code.code} on ${code.app}`,
      timed: true,
      wide: false,
      element: <Code key={path} app={code.app ?? ''} code={code.code ?? ''} />,
    };
  const health = matchPath('/a/:app/health', path);
  if (health)
    return {
      app: health.app ?? '',
      title: `Drain health of ${health.app}`,
      timed: true,
      wide: false,
      element: <Health key={path} app={health.app ?? ''} />,
    };
  const app = matchPath('/a/:app', path);
  if (app)
    return {
      app: app.app ?? '',
      title: app.app ?? '',
      timed: true,
      wide: true,
      element: <App key={path} app={app.app ?? ''} />,
    };
  const plain = { app: null, timed: false };
  if (path === '/') return { ...plain, title: 'Fleet', wide: true, element: <Fleet /> };
  if (path === '/health') return { ...plain, title: 'Drain health', wide: false, element: <Instance /> };
  if (path === '/settings') return { ...plain, title: 'Settings', wide: false, element: <Settings /> };
  if (path === '/setup') return { ...plain, title: 'Add an app', wide: false, element: <AddApp /> };
  return { ...plain, title: 'Not found', wide: false, element: <NotFound /> };
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

function Toast() {
  const { toast } = useApp();
  const text = toast.value;
  useEffect(() => {
    if (!text) return;
    const timer = setTimeout(() => {
      toast.value = '';
    }, 6000);
    return () => clearTimeout(timer);
  }, [text]);
  if (!text) return null;
  return (
    <div class="toast">
      <span>{text}</span>
      <button type="button" class="quiet" onClick={() => (toast.value = '')}>
        Close
      </button>
    </div>
  );
}
