/** What adapters over HTTP share: JSON out, what is understood of the answer. */
import type { OutboundAnswer, OutboundResult } from '../outbound.ts';
import type { SendContext } from './receiver.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** One request with a JSON body. */
export function sendJson(
  context: Pick<SendContext, 'outbound'>,
  url: string,
  body: unknown,
  options: { method?: 'POST' | 'PUT' | 'PATCH'; headers?: Record<string, string> } = {},
): Promise<OutboundResult> {
  return context.outbound.request({
    method: options.method ?? 'POST',
    url,
    headers: { 'content-type': JSON_TYPE, ...options.headers },
    body: JSON.stringify(body),
  });
}

/** The object in an answer; empty when there is none. Own properties only, so that a name can be looked up. */
export function readJson(answer: Pick<OutboundAnswer, 'body'>): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(answer.body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

/** A text of an object from outside; '' when it is none, or longer than anything that we look for. */
export function textIn(value: Record<string, unknown>, name: string): string {
  const text = Object.hasOwn(value, name) ? value[name] : undefined;
  return typeof text === 'string' && text.length <= 500 ? text : '';
}

/** A base address of settings, without the slash at its end, or the usual one. */
export function baseUrl(settings: Readonly<Record<string, unknown>>, usual: string): string {
  const { baseUrl: own } = settings;
  return (typeof own === 'string' && own !== '' ? own : usual).replace(/\/+$/, '');
}

/** A text of the settings; '' when it is not set. */
export function settingText(settings: Readonly<Record<string, unknown>>, name: string): string {
  const value = Object.hasOwn(settings, name) ? settings[name] : undefined;
  return typeof value === 'string' ? value : '';
}
