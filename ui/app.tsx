/** The shell: who may see what, which page the address means, and what surrounds every page. */
import { effect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { buildBindings } from './parts/bindings.ts';
import { ConfirmPassword } from './parts/confirmPassword.tsx';
import { Header } from './parts/header.tsx';
import { lazy } from './parts/lazy.tsx';
import { RangeNote } from './parts/rangeNote.tsx';
import { Unreachable } from './parts/unreachable.tsx';
import { routeOf } from './routes.tsx';
import { keepTrying, whenChanged } from './state/again.ts';
import { FLEET_EVERY_MS, type State, useApp } from './state/context.ts';
import { buildKeyMap } from './state/keys.ts';

const Claim = lazy(async () => (await import('./pages/setup.tsx')).ClaimPage);
const Wall = lazy(async () => (await import('./pages/wall.tsx')).WallPage);
const Palette = lazy(async () => (await import('./parts/palette.tsx')).Palette);
const Help = lazy(async () => (await import('./parts/help.tsx')).Help);
const SignIn = lazy(async () => (await import('./pages/signIn.tsx')).SignInPage);

export function Root() {
  const state = useApp();
  const { session, router } = state;
  const isWall = router.path.value === '/' && router.params.value.get('wall') === '1';
  useEffect(() => {
    // A wall asks for itself, with its link.
    if (!isWall) void session.load();
    return state.start();
  }, [isWall]);
  const known = session.answer.value;
  const path = router.path.value;
  const needsSignIn = known !== null && !known.setupNeeded && !known.person;
  // Addresses that make no sense for who we are lead to the one that does.
  useEffect(() => {
    if (!known || isWall) return;
    if (known.setupNeeded && path !== '/setup') router.replace('/setup');
    if (needsSignIn && path !== '/sign-in') {
      const here = location.pathname + location.search;
      router.replace(here === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(here)}`);
    }
  }, [known, path]);

  if (isWall) return <Wall />;
  if (!known) return <Unreachable />;
  if (known.setupNeeded) return <Claim />;
  if (needsSignIn || path === '/sign-in') return <SignIn />;
  return <Inside />;
}

const PROBE_MS = 3000;
/** Once the page itself is there. */
const OVERLAYS_AFTER_MS = 4000;

/**
 * The header says how far the data goes on every page, also on one that stands still because its range has ended or it
 * has none: the fleet is fetched beside it while the tab is seen.
 */
function keepHeaderFresh(state: State): () => void {
  const { fleet, clock, page, session } = state;
  const refresh = () => {
    const isNew = Date.now() - (fleet.loadedMs.peek() ?? 0) < FLEET_EVERY_MS / 2;
    // Signing out takes pages away one by one; nothing is asked for any more then.
    if (!clock.hidden.peek() && !isNew && session.person.peek()) fleet.refresh();
  };
  refresh();
  const stops = [
    whenChanged(() => clock.hidden.value, refresh),
    keepTrying(fleet, state),
    effect(() => {
      void page.health.value;
      page.healthMs.value = Date.now();
    }),
  ];
  const timer = setInterval(refresh, FLEET_EVERY_MS);
  return () => {
    clearInterval(timer);
    for (const stop of stops) stop();
  };
}

/** Everything a signed-in person sees. */
function Inside() {
  const state = useApp();
  const { overlay, announce, toast, live, page, prefs, router } = state;
  const bindings = useMemo(() => buildBindings(state), []);
  useEffect(
    () =>
      buildKeyMap(
        () => bindings,
        () => prefs.keyChanges.peek(),
        () => prefs.singleKeys.peek(),
        () => {
          overlay.value = 'palette';
        },
      ).start(),
    [],
  );
  useEffect(() => keepHeaderFresh(state), []);
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
  // A key must work at once, also when the network has gone.
  useEffect(() => {
    const timer = setTimeout(() => void import('./parts/palette.tsx').catch(() => {}), OVERLAYS_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  const route = routeOf(router.path.value);
  // The list of incidents is also a page of an app: its tabs stay.
  const app = route.app ?? (router.path.value === '/incidents' ? router.params.value.get('app') : null);
  // One stream a tab, on every page: also those without charts say how the instance is doing.
  useEffect(() => live.open(app ?? ''), [app]);
  useEffect(() => () => live.close(), []);
  // A server that was away may have come back as a newer one.
  useEffect(() => {
    let wasAway = false;
    return effect(() => {
      if (live.state.value === 'reconnecting') wasAway = true;
      else if (live.state.value === 'open' && wasAway) {
        wasAway = false;
        void state.version.check();
      }
    });
  }, []);
  if (page.app.peek() !== app) page.app.value = app;
  // What the page before knew ages: the page that comes says how fresh it is, or the fleet does.
  const shown = useRef(router.path.value);
  if (shown.current !== router.path.value) {
    shown.current = router.path.value;
    page.health.value = null;
  }
  useEffect(() => {
    document.title = `${route.title} · Drainboard`;
    if (app !== null) prefs.noteRecent(`/a/${encodeURIComponent(app)}`);
  }, [route.title, app]);
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
