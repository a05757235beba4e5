/**
 * What a form that is being filled in would have done: asked for by itself once nobody types, one question at a time,
 * the last answer kept in sight until the next one.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ClientError, errorText } from '../client.ts';
import { useApp } from './context.ts';

/** Rest after the last key before it is asked. */
const REST_MS = 600;

export interface Backtest<Answer> {
  answer: Answer | null;
  /** What the answer was asked with. */
  of: string;
  busy: boolean;
  /** Why it could not be tried as it stands; empty when it could. */
  faults: string[];
}

/** `body`: JSON of the request, or null while nothing can be asked. */
export function useBacktest<Answer>(path: string, body: string | null): Backtest<Answer> {
  const { client } = useApp();
  const [state, setState] = useState<Backtest<Answer>>({ answer: null, of: '', busy: false, faults: [] });
  const flight = useRef({ busy: false, next: null as string | null, gone: false });

  async function ask(text: string) {
    // A history of weeks takes the server seconds: what was asked is waited for, then only the newest is.
    if (flight.current.busy) {
      flight.current.next = text;
      return;
    }
    flight.current.busy = true;
    setState((before) => ({ ...before, busy: true }));
    let told: Partial<Backtest<Answer>>;
    try {
      told = { answer: await client.send<Answer>('POST', path, JSON.parse(text)), of: text, faults: [] };
    } catch (error) {
      told = { faults: faultsOf(error) };
    }
    const { next, gone } = flight.current;
    flight.current = { busy: false, next: null, gone };
    if (gone) return;
    setState((before) => ({ ...before, ...told, busy: next !== null }));
    if (next !== null && next !== text) void ask(next);
  }

  useEffect(() => {
    if (body === null) return;
    const timer = setTimeout(() => void ask(body), REST_MS);
    return () => clearTimeout(timer);
  }, [path, body]);
  useEffect(
    () => () => {
      flight.current.gone = true;
    },
    [],
  );
  return state;
}

function faultsOf(error: unknown): string[] {
  if (error instanceof ClientError && error.faults.length > 0) {
    return error.faults.map(({ field, message }) =>
      message.startsWith('This ')
        ? `${nameOf(field)} ${message.slice('This '.length)}`
        : `${nameOf(field)}: ${message}`,
    );
  }
  return [errorText(error)];
}

/** The last part of `definition.tiers.0.factor` that says something. */
function nameOf(field: string): string {
  return field.split('.').findLast((part) => !/^\d+$/.test(part)) ?? field;
}
