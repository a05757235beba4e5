/** All state of the page, built once. Components read signals and call actions; nothing else is global. */
import { type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { FleetAnswer } from '../../api/contract/apps.ts';
import type { EventAnswer } from '../../api/contract/events.ts';
import type { HealthSummary } from '../../api/contract/health.ts';
import { buildClient, type Client, type Write } from '../client.ts';
import { buildClock, type Clock } from './clock.ts';
import { buildCursor, type Cursor } from './cursor.ts';
import { buildInstance, type Instance } from './instance.ts';
import { buildLive, type Live } from './live.ts';
import { buildPrefs, type Prefs } from './prefs.ts';
import { buildRange, type Range } from './range.ts';
import { buildResource, type Resource } from './resource.ts';
import { buildRouter, type Router } from './router.ts';
import { buildSession, type Session } from './session.ts';
import { buildVersion, type Version } from './version.ts';

/** How often the fleet is fetched on whatever page: what the header says must not be older. */
export const FLEET_EVERY_MS = 30_000;

/** What the open page offers to the shell: events to step through, rows to walk. */
export interface PageOffers {
  app: Signal<string | null>;
  health: Signal<HealthSummary | null>;
  /** When `health` was offered, epoch ms of this machine: the fleet may know something newer. */
  healthMs: Signal<number>;
  events: Signal<EventAnswer[]>;
  /** Counts what was written from the page, such as a note: reason to fetch again at once. */
  writes: Signal<number>;
}

export interface State {
  client: Client;
  router: Router;
  clock: Clock;
  range: Range;
  prefs: Prefs;
  session: Session;
  live: Live;
  instance: Instance;
  version: Version;
  cursor: Cursor;
  /** The fleet: rows of its page, names for the switcher, health for the header of pages without an app. */
  fleet: Resource<FleetAnswer>;
  page: PageOffers;
  /** Which of the overlays is open. */
  overlay: Signal<'none' | 'palette' | 'help' | 'range'>;
  /** One short message in the corner of the screen, also spoken. */
  toast: Signal<string>;
  /** What the one polite live region says: values under the cursor, changes of state. */
  announce: Signal<string>;
  /** Drain URLs and commands of apps made in this tab: shown once, never stored. */
  freshCommands: Signal<{ app: string; drainUrl: string; commands: string[] }[]>;
  /** The last write that was taken, for those who want it in a script. */
  lastWrite: Signal<Write | null>;
  /** Set while the password is asked for again; called with whether it was given. */
  confirming: Signal<((confirmed: boolean) => void) | null>;
  start(): () => void;
}

export function buildState(): State {
  const router = buildRouter();
  const clock = buildClock();
  const prefs = buildPrefs();
  const instance = buildInstance();
  const version = buildVersion();
  const live = buildLive((message) => instance.take(message));
  const lastWrite = signal<Write | null>(null);
  const confirming = signal<((confirmed: boolean) => void) | null>(null);
  const client: Client = buildClient({
    onSignedOut: () => session.forget(),
    onDatabaseAway: (detail) => instance.refused(detail, clock.now()),
    onAnswered: () => instance.answered(clock.now()),
    onWritten: (write) => {
      lastWrite.value = write;
    },
    onFreshLoginNeeded: () =>
      new Promise((done) => {
        confirming.value = (confirmed) => {
          confirming.value = null;
          done(confirmed);
        };
      }),
  });
  const session = buildSession(() => client);
  const fleet = buildResource<FleetAnswer>(
    async (abort) => {
      const answer = await client.get<FleetAnswer>('/apps', undefined, abort);
      clock.correct(answer.nowMs);
      return answer;
    },
    () => FLEET_EVERY_MS,
  );
  return {
    client,
    router,
    clock,
    prefs,
    live,
    instance,
    version,
    session,
    fleet,
    range: buildRange(router, clock),
    cursor: buildCursor(),
    page: {
      app: signal(null),
      health: signal(null),
      healthMs: signal(0),
      events: signal([]),
      writes: signal(0),
    },
    overlay: signal('none'),
    toast: signal(''),
    announce: signal(''),
    freshCommands: signal([]),
    lastWrite,
    confirming,
    start() {
      const stops = [router.start(), clock.start(), prefs.start(), version.start(), () => live.close()];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

export const StateContext = createContext<State | null>(null);

/** The state of the page; only inside the provider of main.tsx. */
export function useApp(): State {
  const state = useContext(StateContext);
  if (!state) throw new Error('useApp outside of StateContext');
  return state;
}
