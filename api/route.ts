/** What a route is, and how the table of routes becomes a server. */
import type { Context, Hono } from 'hono';
import type { z } from 'zod';
import type { AppRow } from '../store/apps.ts';
import { readApp } from '../store/apps.ts';
import type { Role } from '../store/people.ts';
import { type Caller, callerId, FRESH_MS, hasRole, identify } from './auth.ts';
import { readJsonBody } from './body.ts';
import { clientAddress } from './client.ts';
import { sendJson } from './compress.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError } from './error.ts';
import { requireSameOrigin } from './origin.ts';
import { RateLimit } from './throttle.ts';

/** Who may use a route: everybody, or a role and those above it. */
export type Permission = 'public' | Role;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a handler is given. */
export interface Call<Body, Query> {
  c: Context;
  deps: ApiDeps;
  caller: Caller;
  nowMs: number;
  body: Body;
  query: Query;
  /** Of the address. */
  params: Record<string, string>;
  /** The app named in the address; set on every route with `:app`. */
  app: AppRow;
  address: string;
}

export interface Route {
  method: Method;
  /** Under /api/v1, with `:name` for parts. */
  path: string;
  permission: Permission;
  /** Only people with a session, never API tokens (SEC-28). */
  personOnly?: boolean;
  /** A screen on a wall may read it too, with its link alone. */
  wall?: boolean;
  /** A session must have given its password within FRESH_MS (SEC-24). */
  fresh?: boolean;
  /** Answered 503 while this part gives way to taking frames in. */
  part?: 'exports' | 'dashboards';
  summary: string;
  /** Name of the answer's type in api/contract. */
  answer: string;
  status: 200 | 201 | 204;
  body?: z.ZodType;
  query?: z.ZodType;
  handle: (call: Call<never, never>) => Promise<unknown>;
}

export interface RouteSpec<Body extends z.ZodType, Query extends z.ZodType, Answer>
  extends Omit<Route, 'body' | 'query' | 'handle' | 'status'> {
  status?: Route['status'];
  body?: Body;
  query?: Query;
  /** Gives the JSON answer, nothing for 204, or a whole Response. */
  handle: (call: Call<z.output<Body>, z.output<Query>>) => Promise<Answer | Response>;
}

/** Declares a route; its handler's body and query have the types their schemas give. */
export function route<
  Answer,
  Body extends z.ZodType = z.ZodType<undefined>,
  Query extends z.ZodType = z.ZodType<undefined>,
>(spec: RouteSpec<Body, Query, Answer>): Route {
  return { ...spec, status: spec.status ?? 200, handle: spec.handle as Route['handle'] };
}

const PERMISSIONS: readonly unknown[] = ['public', 'viewer', 'editor', 'admin'] satisfies Permission[];
const UNSAFE: readonly Method[] = ['POST', 'PUT', 'PATCH', 'DELETE'];

/** Shedding lasts some seconds at least. */
export const SHED_RETRY_S = 10;

/** A signed-in page makes a handful of requests a second at most; scripts are slowed to this. */
const KNOWN_CALLERS = { burst: 300, perSecond: 30 };
const STRANGERS = { burst: 60, perSecond: 5 };

/** Throws when a route does not say who may use it: then the process must not start (SEC-08). */
export function checkRoutes(routes: readonly Route[]): void {
  const seen = new Set<string>();
  for (const entry of routes) {
    const name = `${entry.method} ${entry.path}`;
    if (!PERMISSIONS.includes(entry.permission)) throw new Error(`route ${name} declares no permission`);
    if (seen.has(name)) throw new Error(`route ${name} is declared twice`);
    if (entry.wall && (entry.method !== 'GET' || entry.permission !== 'viewer'))
      throw new Error(`route ${name} is no reading of a viewer, and open to walls`);
    if (UNSAFE.includes(entry.method) && entry.method !== 'DELETE' && !entry.body) {
      throw new Error(`route ${name} changes something and has no schema for its body`);
    }
    seen.add(name);
  }
}

/** Mounts the routes on a server, each behind the same steps in the same order. */
export function mountRoutes(server: Hono, prefix: string, routes: readonly Route[], deps: ApiDeps): void {
  checkRoutes(routes);
  const limits = { known: new RateLimit(KNOWN_CALLERS), strangers: new RateLimit(STRANGERS) };
  for (const entry of routes) {
    server.on(entry.method, `${prefix}${entry.path}`, (c) => answer(c, entry, deps, limits));
  }
}

type Limits = { known: RateLimit; strangers: RateLimit };

async function answer(c: Context, entry: Route, deps: ApiDeps, limits: Limits): Promise<Response> {
  const nowMs = deps.nowMs();
  const address = clientAddress(c, deps.config);
  const caller = await identifyWithin(c, deps, limits, address, nowMs);
  requirePermission(c, entry, caller, deps, nowMs);
  // After permission: how busy we are is none of a stranger's business (SEC-60).
  if (entry.part && deps.gaveWay?.(entry.part)) throw new ApiError('shed', { retryAfterS: SHED_RETRY_S });
  const query = entry.query
    ? parse(entry.query, Object.fromEntries(new URL(c.req.url).searchParams), 'badRequest')
    : undefined;
  const body = entry.body ? parse(entry.body, await readJsonBody(c), 'invalid') : undefined;
  const params = c.req.param() as Record<string, string>;
  const app = entry.path.includes(':app') ? await needApp(deps, params.app ?? '') : undefined;
  const call = { c, deps, caller, nowMs, query, body, params, app, address };
  const given = await entry.handle(call as unknown as Call<never, never>);
  // A right that was taken away here is gone at once, also from memory (SEC-10).
  if (entry.method !== 'GET' && entry.permission !== 'public') deps.remembered?.forget();
  if (given instanceof Response) return given;
  return entry.status === 204 ? c.body(null, 204) : sendJson(c, given, entry.status);
}

/** A stranger's wrong token costs a look-up each, so strangers are bound before anything is looked up. */
async function identifyWithin(
  c: Context,
  deps: ApiDeps,
  limits: Limits,
  address: string,
  nowMs: number,
): Promise<Caller> {
  const caller = await identify(c, deps).catch((error: unknown) => {
    if (error instanceof ApiError) waitOrThrow(limits.strangers, address, nowMs);
    throw error;
  });
  if (caller.kind === 'nobody') waitOrThrow(limits.strangers, address, nowMs);
  else waitOrThrow(limits.known, callerId(caller), nowMs);
  return caller;
}

function waitOrThrow(limit: RateLimit, name: string, nowMs: number): void {
  const retryAfterS = limit.take(name, nowMs);
  if (retryAfterS > 0) throw new ApiError('tooMany', { retryAfterS });
}

function requirePermission(c: Context, entry: Route, caller: Caller, deps: ApiDeps, nowMs: number): void {
  if (entry.permission !== 'public') {
    if (caller.kind === 'nobody') throw new ApiError('notSignedIn');
    if (caller.kind === 'wall' && !entry.wall) throw new ApiError('notAllowed');
    if (entry.personOnly && caller.kind !== 'person') throw new ApiError('personNeeded');
    if (!hasRole(caller, entry.permission)) throw new ApiError('notAllowed');
  }
  // A token is sent by a program that chose to; only what browsers send by themselves can be ridden on.
  if (UNSAFE.includes(entry.method) && caller.kind !== 'token') requireSameOrigin(c, deps.config);
  if (entry.fresh && caller.kind === 'person' && nowMs - caller.session.freshAtMs > FRESH_MS) {
    throw new ApiError('freshLoginNeeded');
  }
}

function parse(schema: z.ZodType, value: unknown, code: 'badRequest' | 'invalid'): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.slice(0, 20).map((issue) => ({
    field:
      issue.path.join('.') || (issue.code === 'unrecognized_keys' ? (issue.keys[0] ?? '').slice(0, 64) : ''),
    message: issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message,
  }));
  const detail = faults.map((fault) => `${fault.field} ${fault.message}`.trim()).join('; ');
  throw new ApiError(code, { detail: `Not accepted: ${detail}.`.slice(0, 500), faults });
}

/** Absent, removed and impossible names are answered alike (SEC-11). */
async function needApp(deps: ApiDeps, name: string): Promise<AppRow> {
  const app = await readApp(deps.pool, name);
  if (!app) throw new ApiError('notFound', { detail: 'There is no app by that name.' });
  return app;
}
