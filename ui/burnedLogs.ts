/** Where the lines of what burned a budget are: a filter of the logs for each kind of name. Pure. */
import type { BurnedBy } from '../api/contract/slos.ts';
import { type LogsLink, logsPath } from './paths.ts';
import { literalOf } from './verdict/incident.ts';

const DAY = 86_400_000;

/** Lines of the router that are bad by this name, over the range (of a day: over that day, in UTC as it was counted). */
export function burnedLogs(
  app: string,
  by: BurnedBy,
  name: string,
  range: { fromMs: number; toMs: number },
): string {
  const span = { from: range.fromMs, to: range.toMs };
  switch (by) {
    case 'code':
      return logsPath(app, { ...span, ...(/^[HRL]\d{2}$/.test(name) ? { code: name } : failing()) });
    case 'status':
      return logsPath(app, { ...span, source: 'router', ...(/^\d{3}$/.test(name) && { status: name }) });
    case 'pathShape':
      return logsPath(app, { ...span, ...failing(), q: literalOf(name) });
    case 'method':
      return logsPath(app, { ...span, ...failing(), q: `method=${name}` });
    case 'dyno':
    case 'processType':
      return logsPath(app, { ...span, ...failing(), ...(/^[A-Za-z0-9_.-]+$/.test(name) && { dyno: name }) });
    case 'day': {
      const fromMs = Date.parse(`${name}T00:00:00Z`);
      const day = Number.isNaN(fromMs) ? span : { from: fromMs, to: Math.min(fromMs + DAY, range.toMs) };
      return logsPath(app, { ...day, ...failing() });
    }
    case 'release':
      return logsPath(app, { ...span, ...failing() });
  }
}

function failing(): LogsLink {
  return { source: 'router', status: '5xx' };
}
