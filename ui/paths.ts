/** Addresses of the pages about objectives, alerts and logs, in one place. */
import { instantText } from './state/rangeText.ts';

const of = encodeURIComponent;

export const sloListPath = (app: string | null) => (app === null ? '/slo' : `/a/${of(app)}/slo`);
export const sloPath = (app: string, slug: string) => `/a/${of(app)}/slo/${of(slug)}`;
export const sloNewPath = (app: string) => `/a/${of(app)}/slo/new`;
export const sloEditPath = (app: string, slug: string) => `${sloPath(app, slug)}/edit`;
export const incidentPath = (id: string) => `/i/${of(id)}`;
export const rulesPath = (app: string | null) => (app === null ? '/alerts' : `/a/${of(app)}/alerts`);
export const rulePath = (app: string, id: string) => `/a/${of(app)}/alerts/${of(id)}`;
export const ruleNewPath = (app: string) => `/a/${of(app)}/alerts/new`;
export const receiverPath = (id: string) => `/receivers/${of(id)}`;
export const releasePath = (app: string, version: number) => `/a/${of(app)}/releases/${version}`;
export const dynoPath = (app: string, dyno: string) => `/a/${of(app)}/dynos/${of(dyno)}`;
export const codePath = (app: string, code: string) => `/a/${of(app)}/codes/${of(code)}`;
export const RETENTION_PATH = '/settings/retention';
export const explainPath = (app: string) => `/a/${of(app)}/explain`;

/** What a link to the logs asks for. Lists are joined by commas; `-` before a value leaves it out (`-router`). */
export interface LogsLink {
  /** Epoch ms, or a text of the range box (`now-1h`). Without both the range of the page is kept by `router.link`. */
  from?: number | string;
  to?: number | string;
  /** app, heroku, router, postgres, redis, other. */
  source?: string;
  /** `web.3`, or a type: `web`. */
  dyno?: string;
  /** H12, R14, L10 … */
  code?: string;
  /** `503`, or a class: `5xx`. */
  status?: string;
  /** error, warn, info, debug. */
  level?: string;
  /** Text the line contains, whatever its case. */
  q?: string;
  /** A request id: lines 30 s around it across sources, its own marked. */
  rid?: string;
  /** Id of a line (api/contract/logs.ts): lines 30 s around it. */
  line?: string;
  /** About when that request or line was, epoch ms: it is found sooner. Alone it is nothing. */
  at?: number;
}

/**
 * The logs of an app. Give it to `router.link(…)` to keep the range and zone of the page:
 * `router.link(logsPath('shop', { code: 'H12' }))`.
 */
export function logsPath(app: string, filter: LogsLink = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined || value === '') continue;
    const instant = (name === 'from' || name === 'to') && typeof value === 'number';
    params.set(name, instant ? instantText(value) : String(value));
  }
  const text = params.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  return `/a/${of(app)}/logs${text && `?${text}`}`;
}
