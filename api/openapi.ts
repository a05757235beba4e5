/** The API's own description, made from the table of routes and the schemas that validate. */
import { z } from 'zod';
import { ERRORS } from './error.ts';
import type { Route } from './route.ts';

const METRICS = `\`metric\` is one of requests, bad, failed_ratio, p50, p95, p99, connect_p95, bytes, code:H12, status:503,
messages:request, dyno:memory_total, addon:NAME:METRIC, custom:NAME. Series come as columns: \`t\` in epoch seconds
ascending, one array of the same length a series, null for nothing.`;

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'Made for people.' },
    code: { type: 'string', enum: Object.keys(ERRORS) },
    requestId: { type: 'string' },
    faults: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
} as const;

type Json = Record<string, unknown>;

/** OpenAPI 3.1. */
export function buildOpenApi(routes: readonly Route[], prefix: string, version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const entry of routes) {
    const path = `${prefix}${entry.path.replace(/:(\w+)/g, '{$1}')}`;
    const operations = paths[path] ?? {};
    paths[path] = operations;
    operations[entry.method.toLowerCase()] = describeRoute(entry);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Drainboard',
      version,
      description: `Everything the dashboard shows and does. ${METRICS}`,
    },
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'An API token, dbt_…' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-drainboard',
          description: 'Of a signed-in person; changes also need Sec-Fetch-Site or Origin of this server.',
        },
      },
    },
    paths,
  };
}

function describeRoute(entry: Route): Json {
  const isPublic = entry.permission === 'public';
  const role = isPublic ? 'Open to everybody.' : `Needs the role ${entry.permission} or above.`;
  const more = [role];
  if (entry.personOnly) more.push('Not for API tokens.');
  if (entry.fresh) more.push('A session must have given its password within 15 minutes.');
  return {
    summary: entry.summary,
    description: more.join(' '),
    operationId: `${entry.method.toLowerCase()}${entry.path.replace(/[:/]+(\w)?/g, (_, letter?: string) => letter?.toUpperCase() ?? '')}`,
    security: isPublic ? [] : entry.personOnly ? [{ session: [] }] : [{ token: [] }, { session: [] }],
    parameters: [...pathParameters(entry), ...queryParameters(entry)],
    ...(entry.body && {
      requestBody: { required: true, content: { 'application/json': { schema: toJsonSchema(entry.body) } } },
    }),
    responses: {
      [String(entry.status)]: {
        description: entry.answer === '' ? 'Done' : entry.answer,
        ...(entry.answer !== '' && { content: { [answerType(entry)]: { schema: answerSchema(entry) } } }),
      },
      default: {
        description: 'What went wrong',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function isStream({ path }: Route): boolean {
  return path === '/stream' || path.endsWith('/tail');
}

function answerType(entry: Route): string {
  return isStream(entry) ? 'text/event-stream' : 'application/json';
}

function answerSchema(entry: Route): Json {
  return isStream(entry) ? { type: 'string' } : { type: 'object', title: entry.answer };
}

function toJsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json;
  return json;
}

function pathParameters(entry: Route): Json[] {
  return [...entry.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(entry: Route): Json[] {
  if (!entry.query) return [];
  const schema = toJsonSchema(entry.query) as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    schema: property,
  }));
}
