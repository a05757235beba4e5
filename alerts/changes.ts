/** Releases and scalings are told to receivers that keep changes beside incidents. Nobody is called by them. */

import { type AppChange, listChanges, SAID_WITHIN_MS } from '../model/change-event.ts';
import type { NewNotification } from '../model/delivery.ts';
import { eventText } from '../model/event-words.ts';
import type { NoticeEvent } from '../model/notice.ts';
import type { Route } from '../model/routing.ts';
import { MINUTE } from '../model/time.ts';
import { enqueueNotifications } from '../store/notifications.ts';
import { type Pool, withTransaction } from '../store/pool.ts';
import { listChangeEvents, listChangeReceivers } from '../store/reads/change-events.ts';
import { listRoutes } from '../store/routes.ts';

/** Looked at again and again, told once for their keys: lines may come late, and workers stand still. */
const LOOK_BACK_MS = 15 * MINUTE;

/** One look; any number of workers may do it at once. Gives how many messages are new. */
export async function tellChanges(pool: Pool, nowMs: number): Promise<number> {
  const receivers = await listChangeReceivers(pool);
  if (receivers.length === 0) return 0;
  // What a release was may be said in the line after it.
  const events = await listChangeEvents(pool, { fromMs: nowMs - LOOK_BACK_MS, toMs: nowMs - SAID_WITHIN_MS });
  const changes = listChanges(events);
  if (changes.length === 0) return 0;
  const routes = await listRoutes(pool);
  const messages = receivers.flatMap(({ id, sinceMs }) =>
    changes
      .filter(({ release }) => release.atMs >= sinceMs && takes(routes, id, release.appId))
      .map((change) => toMessage(change, id, nowMs)),
  );
  return withTransaction(pool, (client) => enqueueNotifications(client, messages, nowMs));
}

/** Routes that lead there say of which apps; without any it takes all. */
function takes(routes: readonly Route[], receiverId: number, appId: number): boolean {
  const leading = routes.filter(
    ({ isEnabled, receiverIds }) => isEnabled && receiverIds.includes(receiverId),
  );
  if (leading.length === 0) return true;
  return leading.some(({ appIds }) => appIds.length === 0 || appIds.includes(appId));
}

function toMessage({ key, release, said }: AppChange, receiverId: number, nowMs: number): NewNotification {
  const { user } = said.detail.user === undefined ? release.detail : said.detail;
  const event: NoticeEvent = {
    key,
    kind: said.kind,
    version: release.version,
    what: eventText(said),
    by: typeof user === 'string' ? user : '',
    atMs: release.atMs,
  };
  return {
    dedupeKey: `change/${release.appId}/${key}/${receiverId}`,
    incidentId: null,
    sequence: 0,
    receiverId,
    kind: 'change',
    severity: null,
    dueAtMs: nowMs,
    details: { appId: release.appId, event },
  };
}
