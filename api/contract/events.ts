/** Releases, scaling, dyno states, episodes of R codes. */

/** Lane of the event lane: `release`, `config` (config, scale, add-on, build), `dyno`, `platform`, `note` (of people). */
export type EventLane = 'release' | 'config' | 'dyno' | 'platform' | 'note';

export interface EventAnswer {
  id: string;
  atMs: number;
  /** End of an episode; equals atMs for a point event. */
  untilMs: number;
  kind: string;
  lane: EventLane;
  dyno: string | null;
  code: string | null;
  version: number | null;
  count: number;
  /** One plain sentence: `Release v42 (Deploy 1a2b3c4d)`. */
  title: string;
  /** Normal life of a dyno (cycling, restarts at a release): drawn grey. */
  routine: boolean;
  detail: Record<string, unknown>;
}

/** GET /api/v1/apps/:app/events?from&to&kind&limit&cursor */
export interface EventsAnswer {
  events: EventAnswer[];
  cursor: string | null;
}
