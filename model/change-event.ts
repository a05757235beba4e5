/** From what a drain said was done to an app to the changes that people are told: one a release or scaling. Pure. */
import { SECOND } from './time.ts';

/** Kinds of events that are a change, or say what a release was. */
export const CHANGE_KINDS = ['release', 'deploy', 'rollback', 'config', 'scale'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** An event as it is stored. */
export interface AppEvent {
  appId: number;
  kind: ChangeKind;
  atMs: number;
  version: number | null;
  detail: Readonly<Record<string, unknown>>;
}

/** A change, with the event that says what it was: for a release the deploy, rollback or config line beside it. */
export interface AppChange {
  /** `release:42`, `scale:1764000000000`: the same for the same change of an app. */
  key: string;
  release: AppEvent;
  said: AppEvent;
}

/** Heroku says "Deploy 1a2b3c4" and "Release v42 created" in lines of their own, a moment apart. */
export const SAID_WITHIN_MS = 5 * SECOND;

/** Changes of events, in their order. A deploy, rollback or config line without a release is none of its own. */
export function listChanges(events: readonly AppEvent[]): AppChange[] {
  return events
    .filter(({ kind }) => kind === 'release' || kind === 'scale')
    .map((release) => {
      const said = release.kind === 'scale' ? release : (nearest(events, release) ?? release);
      const key = release.version === null ? `${release.kind}:${release.atMs}` : `release:${release.version}`;
      return { key, release, said };
    });
}

function nearest(events: readonly AppEvent[], release: AppEvent): AppEvent | null {
  const away = (event: AppEvent) => Math.abs(event.atMs - release.atMs);
  return events
    .filter(({ kind, appId }) => appId === release.appId && kind !== 'release' && kind !== 'scale')
    .filter((event) => away(event) <= SAID_WITHIN_MS)
    .reduce<AppEvent | null>((best, one) => (best === null || away(one) < away(best) ? one : best), null);
}
