/** The event stream of a tab. */
import { z } from 'zod';
import { listApps } from '../../store/apps.ts';
import { callerId, identify } from '../auth.ts';
import { ownOrigin } from '../client.ts';
import { ApiError, toApiError } from '../error.ts';
import { type Call, type Route, route, SHED_RETRY_S } from '../route.ts';
import type { Streams } from '../streams.ts';

const APPS_MAX = 100;

const streamQuery = z.strictObject({
  apps: z.string().max(8000).optional().describe('Names of apps, separated by commas; none: all'),
});

export function streamRoutes(streams: Streams): Route[] {
  return [
    route({
      method: 'GET',
      path: '/stream',
      permission: 'viewer',
      wall: true,
      summary: 'Server-sent events: ping, tick, event, health, bye',
      answer: 'TickMessage',
      query: streamQuery,
      handle: (call) => openStream(call, streams),
    }),
  ];
}

async function openStream(
  call: Call<undefined, z.output<typeof streamQuery>>,
  streams: Streams,
): Promise<Response> {
  const { c, caller } = call;
  requireOwnPage(call);
  const lastEventId = Number(c.req.header('last-event-id') ?? Number.NaN);
  const body = streams.open({
    apps: await appsOf(call),
    caller: callerId(caller),
    lastEventId: Number.isSafeInteger(lastEventId) ? lastEventId : null,
    isAllowed: () => isStillThere(call),
  });
  if (body === 'tooMany') {
    throw new ApiError('tooMany', { detail: 'Too many live streams are open.', retryAfterS: 30 });
  }
  if (body === 'shed') throw new ApiError('shed', { retryAfterS: SHED_RETRY_S });
  return eventStream(body);
}

export function eventStream(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    },
  });
}

/** Whether who opened a stream may still listen: what was taken away by another process ends it, too. */
export async function isStillThere({
  c,
  deps,
  caller,
}: Pick<Call<unknown, unknown>, 'c' | 'deps' | 'caller'>): Promise<boolean> {
  const now = await identify(c, deps).catch((error: unknown) => {
    if (error instanceof ApiError) return null;
    throw error;
  });
  return now !== null && now.kind === caller.kind;
}

/** null: all of them. Names that do not exist are left out, as foreign ones will be. */
async function appsOf(
  call: Call<undefined, z.output<typeof streamQuery>>,
): Promise<ReadonlySet<string> | null> {
  const { apps } = call.query;
  if (apps === undefined || apps === '') return null;
  const asked = apps.split(',').slice(0, APPS_MAX);
  const known = await listApps(call.deps.pool).catch((error: unknown) => {
    // A stream that only tells how this process is doing is what an open page needs now.
    if (toApiError(error).code === 'databaseAway') return null;
    throw error;
  });
  const names = new Set(known?.map((app) => app.name) ?? asked);
  return new Set(asked.filter((name) => names.has(name)));
}

/** EventSource of another page would ride on the cookie; its answers could not be read, but would cost us (SEC-59). */
export function requireOwnPage({ c, deps }: Pick<Call<unknown, unknown>, 'c' | 'deps'>): void {
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  const isForeign =
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && origin !== ownOrigin(c, deps.config) && origin !== deps.config.baseUrl);
  if (isForeign) throw new ApiError('crossOrigin');
}
