/** The API, health and the pages as one server; every route of it is in one of the tables here. */
import { type Context, Hono } from 'hono';
import { readOpenIncidents } from '../store/reads/open-incidents.ts';
import { buildAlertsTeller } from './alerts-teller.ts';
import { isSecure } from './client.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError, renderProblem, toApiError } from './error.ts';
import { requestIdOf, setHeaders } from './headers.ts';
import { buildHealthTeller } from './health-teller.ts';
import { KeptNow } from './kept.ts';
import { buildOpenApi } from './openapi.ts';
import { RememberedCallers } from './remembered.ts';
import { mountRoutes, type Route, route } from './route.ts';
import { addonRoutes } from './routes/addons.ts';
import { alertingRoutes } from './routes/alerting.ts';
import { mountAlertingHealth } from './routes/alerting-health.ts';
import { annotationRoutes } from './routes/annotations.ts';
import { appRoutes } from './routes/apps.ts';
import { chartRoutes } from './routes/charts.ts';
import { codeRoutes } from './routes/codes.ts';
import { configRoutes } from './routes/config.ts';
import { correctionRoutes } from './routes/corrections.ts';
import { dynoRoutes } from './routes/dynos.ts';
import { explainRoutes } from './routes/explain.ts';
import { fireDrillRoutes } from './routes/fire-drill.ts';
import { healthRoutes } from './routes/health.ts';
import { incidentRoutes } from './routes/incidents.ts';
import { latencyRoutes } from './routes/latency.ts';
import { logRoutes } from './routes/logs.ts';
import { peopleRoutes } from './routes/people.ts';
import { receiverRoutes } from './routes/receivers.ts';
import { releaseRoutes } from './routes/releases.ts';
import { retentionRoutes } from './routes/retention.ts';
import { ruleRoutes } from './routes/rules.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { sessionRoutes } from './routes/session.ts';
import { silenceRoutes } from './routes/silences.ts';
import { sloBurnedRoutes } from './routes/slo-burned.ts';
import { sloDetailRoutes } from './routes/slo-detail.ts';
import { sloPreviewRoutes } from './routes/slo-preview.ts';
import { sloTextRoutes } from './routes/slo-text.ts';
import { sloRoutes } from './routes/slos.ts';
import { streamRoutes } from './routes/stream.ts';
import { tellingRoutes } from './routes/telling.ts';
import { wallRoutes } from './routes/wall.ts';
import { findFile, loadStaticFiles, sendFile } from './static.ts';
import { Streams } from './streams.ts';

export const API_PREFIX = '/api/v1';

/** Every route of the API with who may use it. */
export function listRoutes(streams: Streams, version: string): Route[] {
  const routes: Route[] = [
    ...sessionRoutes(streams),
    ...peopleRoutes(streams),
    ...appRoutes,
    ...chartRoutes,
    ...codeRoutes,
    ...dynoRoutes,
    ...addonRoutes,
    ...explainRoutes,
    ...releaseRoutes,
    ...latencyRoutes,
    ...annotationRoutes,
    ...sloRoutes,
    ...sloTextRoutes,
    ...sloPreviewRoutes,
    ...sloDetailRoutes,
    ...sloBurnedRoutes,
    ...correctionRoutes,
    ...ruleRoutes,
    ...incidentRoutes,
    ...configRoutes,
    ...alertingRoutes,
    ...receiverRoutes(),
    ...silenceRoutes,
    ...scheduleRoutes,
    ...tellingRoutes,
    ...fireDrillRoutes,
    ...retentionRoutes,
    ...logRoutes(streams),
    ...healthRoutes,
    ...wallRoutes(streams),
    ...streamRoutes(streams),
  ];
  routes.push(
    route({
      method: 'GET',
      path: '/openapi.json',
      permission: 'viewer',
      summary: 'This description',
      answer: 'OpenAPI',
      handle: async () => buildOpenApi(routes, API_PREFIX, version),
    }),
  );
  return routes;
}

type Variables = { Variables: { requestId: string } };

/** Throws when a route lacks a permission: then the process must not start (SEC-08). */
export function buildApi(given: ApiDeps): Hono<Variables> {
  const kept = new KeptNow(given.pool, given.config);
  const deps: ApiDeps = { remembered: new RememberedCallers(), ...given, config: kept.config, kept };
  const server = new Hono<Variables>();
  const { live, stopping, ownProcess, nowMs, streamGauge, gaveWay } = deps;
  const streams = new Streams({
    live,
    stopping,
    health: ownProcess && buildHealthTeller(ownProcess, nowMs),
    alerts: buildAlertsTeller(() => readOpenIncidents(deps.pool), nowMs),
    gaveWay: gaveWay && (() => gaveWay('liveTail')),
    gauge: streamGauge,
  });
  const files = deps.uiDir === undefined ? new Map() : loadStaticFiles(deps.uiDir);

  server.use('*', async (c, next) => {
    kept.refreshNowAndThen();
    const requestId = requestIdOf(c, deps.config);
    c.set('requestId', requestId);
    await next();
    setHeaders(c, deps.config, requestId);
  });
  server.use('*', async (c, next) => (mustRedirect(c, deps) ? redirectToHttps(c) : next()));
  mountHealth(server, deps);
  mountAlertingHealth(server, deps);
  const routes = listRoutes(streams, deps.version ?? '');
  mountRoutes(server as unknown as Hono, API_PREFIX, routes, deps);
  server.get('*', (c) => {
    const { pathname } = new URL(c.req.url);
    const file = isReserved(pathname) ? null : findFile(files, pathname);
    if (!file) throw new ApiError('notFound');
    return sendFile(c, file);
  });
  server.notFound((c) => problem(c, new ApiError(knowsPath(routes, c) ? 'methodNotAllowed' : 'notFound')));
  server.onError((thrown, c) => {
    const error = toApiError(thrown);
    if (error.status >= 500) {
      deps.log.error('api.failed', {
        requestId: c.get('requestId'),
        code: error.code,
        error: error.cause ?? thrown,
      });
    }
    return problem(c, error);
  });
  return server;
}

function isReserved(pathname: string): boolean {
  return pathname.startsWith('/api/') || pathname === '/api' || pathname.startsWith('/drain');
}

function problem(c: Context<Variables>, error: ApiError): Response {
  const body = JSON.stringify(renderProblem(error, c.get('requestId')));
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (error.retryAfterS !== undefined) headers['retry-after'] = String(error.retryAfterS);
  return c.body(body, error.status as 400, headers);
}

function knowsPath(routes: readonly Route[], c: Context): boolean {
  const parts = new URL(c.req.url).pathname.split('/');
  return routes.some((entry) => {
    const own = `${API_PREFIX}${entry.path}`.split('/');
    return own.length === parts.length && own.every((part, n) => part.startsWith(':') || part === parts[n]);
  });
}

/** On Heroku both http and https arrive here; a page must not be used over the first. */
function mustRedirect(c: Context, deps: ApiDeps): boolean {
  return (
    deps.config.onHeroku &&
    !isSecure(c, deps.config) &&
    !/^\/(healthz|readyz|health\/alerting)$/.test(new URL(c.req.url).pathname)
  );
}

function redirectToHttps(c: Context): Response {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
    throw new ApiError('crossOrigin', { detail: 'Use https: nothing is taken over plain http here.' });
  }
  const url = new URL(c.req.url);
  return c.redirect(`https://${c.req.header('host') ?? url.host}${url.pathname}${url.search}`, 308);
}

/** Strangers are told "ok" and no more (SEC-60). */
function mountHealth(server: Hono<Variables>, deps: ApiDeps): void {
  server.get('/healthz', (c) => (deps.stopping?.aborted ? c.text('stopping', 503) : c.text('ok')));
  server.get('/readyz', async (c) => {
    if (deps.stopping?.aborted) return c.text('stopping', 503);
    const isReady = await deps.pool.query('SELECT 1').then(
      () => true,
      () => false,
    );
    return isReady ? c.text('ok') : c.text('not ready', 503);
  });
}
