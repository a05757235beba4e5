/** The live tail of an app's log, as server-sent events. */
import type { z } from 'zod';
import { callerId } from '../auth.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../error.ts';
import type { LogFactsReader } from '../log-facts.ts';
import { logFilterKey, logTailQuery, readLogCursor, readLogFilter } from '../log-query.ts';
import { LogReader } from '../log-reader.ts';
import { LogTails } from '../log-tails.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route, SHED_RETRY_S } from '../route.ts';
import type { Streams } from '../streams.ts';
import { eventStream, isStillThere, requireOwnPage } from './stream.ts';

const RATE_PER_S = 50;
const RATE_MAX_PER_S = 500;
const FULL_RETRY_S = 30;
/** An app whose lines are not kept is asked about again by a page that is opened anew. */
const OFF_RETRY_MS = 60_000;

type TailCall = Call<undefined, z.output<typeof logTailQuery>>;

export function logTailRoutes(streams: Streams, facts: LogFactsReader): Route[] {
  // Made with the first one: what it is made of comes with a call.
  let tails: LogTails | null = null;
  streams.onEndOf((caller) => tails?.endOf(caller));
  return [
    route({
      method: 'GET',
      path: '/apps/:app/logs/tail',
      permission: 'viewer',
      summary: 'Server-sent events: lines, sampled, skipped, ping, bye',
      answer: 'LogTailLines',
      query: logTailQuery,
      handle: async (call) => {
        requireOwnPage(call);
        tails ??= buildTails(call.deps);
        return openTail(call, tails, facts);
      },
    }),
  ];
}

function buildTails({ pool, nowMs, log, stopping, gaveWay }: ApiDeps): LogTails {
  return new LogTails({
    read: (work) => reading(pool, work),
    nowMs,
    log,
    stopping,
    gaveWay: gaveWay && (() => gaveWay('liveTail')),
  });
}

async function openTail(call: TailCall, tails: LogTails, facts: LogFactsReader): Promise<Response> {
  const { c, deps, app, query, nowMs, caller } = call;
  const after = query.after ?? c.req.header('last-event-id');
  const filter = readLogFilter(c.req.url);
  const cursor = readLogCursor('after', after);
  const { retention } = await facts.read((work) => reading(deps.pool, work), deps.config, app.id, nowMs);
  if (retention.hours === 0) {
    const reader = new LogReader(() => {});
    reader.bye('off', OFF_RETRY_MS);
    return eventStream(reader.stream);
  }
  const body = tails.open({
    appId: app.id,
    filter,
    filterKey: logFilterKey(c.req.url),
    ratePerS: Math.min(RATE_MAX_PER_S, Number(query.rate ?? RATE_PER_S)),
    caller: callerId(caller),
    cursor,
    isAllowed: () => isStillThere(call),
  });
  if (body === 'tooMany') {
    const detail = 'Too many live logs are being read. Close one, or wait until others do.';
    throw new ApiError('tooMany', { detail, retryAfterS: FULL_RETRY_S });
  }
  if (body === 'shed') throw new ApiError('shed', { retryAfterS: SHED_RETRY_S });
  return eventStream(body);
}
