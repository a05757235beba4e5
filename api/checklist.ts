/** How far attaching an app has come, step by step, and the likely cause where it does not go on. */
import { HOUR, MINUTE } from '../model/time.ts';
import type { AppRow } from '../store/apps.ts';
import type { Pool } from '../store/pool.ts';
import { type AttachFacts, readAttachFacts } from '../store/reads/attach.ts';
import type { ChecklistAnswer } from './contract/apps.ts';

const STALLED_AFTER_MS = MINUTE;

type Step = ChecklistAnswer['steps'][number];

export async function readChecklist(
  pool: Pool,
  app: AppRow,
  baseUrl: string,
  nowMs: number,
): Promise<ChecklistAnswer> {
  const facts = await readAttachFacts(pool, { id: app.id, name: app.name }, nowMs - HOUR);
  return { app: app.name, steps: stepsOf(app, facts, baseUrl, nowMs), refused: facts.refused };
}

/** Pure, so that every state can be shown. */
export function stepsOf(
  app: Pick<AppRow, 'name' | 'createdAtMs'>,
  facts: AttachFacts,
  baseUrl: string,
  nowMs: number,
): Step[] {
  const host = new URL(baseUrl).host;
  const refused = facts.refused > 0 ? refusedHint(facts.refused, facts.refusedReason) : '';
  const plan: (Omit<Step, 'state' | 'hint'> & { waiting: string; stalled: string })[] = [
    {
      id: 'drain',
      doneAtMs: facts.firstReceivedMs,
      title: 'Drain reaches us',
      waiting: 'Run the command; the first request comes within seconds.',
      stalled:
        refused ||
        `Nothing has arrived. Check that the drain was added to ${app.name} and that Heroku can reach ${host} (a public name, port 443). Fir apps have telemetry drains instead.`,
      command: `heroku drains -a ${app.name}`,
    },
    {
      id: 'firstLine',
      doneAtMs: facts.firstLineMs,
      title: 'First line read',
      waiting: 'The app must write a line: open it in a browser.',
      stalled:
        'Requests of the drain arrive without readable lines. See drain health for what was left out and why.',
      command: `heroku logs -n 5 -a ${app.name}`,
    },
    {
      id: 'routerLine',
      doneAtMs: facts.firstRequestMs,
      title: 'A request seen by the router',
      waiting: 'Open the app in a browser.',
      stalled:
        'Lines arrive but none from the router: the app has no web dyno, or nobody has visited it yet.',
      command: `heroku open -a ${app.name}`,
    },
    {
      id: 'runtimeMetrics',
      doneAtMs: facts.firstMetricMs,
      title: 'Memory and load of dynos',
      waiting: 'Switch them on, then restart: they begin with new dynos and come every 20 s.',
      stalled: 'No dyno has reported memory or load. The switch works only after a restart of the dynos.',
      command: `heroku labs:enable log-runtime-metrics -a ${app.name} && heroku restart -a ${app.name}`,
    },
    {
      id: 'release',
      doneAtMs: facts.firstReleaseMs,
      title: 'A release seen',
      waiting: 'It shows at your next deploy or change of a config var.',
      stalled: 'None yet: it shows at your next deploy or change of a config var. Nothing needs to be done.',
      command: null,
    },
  ];
  let beforeMs: number | null = app.createdAtMs;
  return plan.map(({ waiting, stalled, ...step }) => {
    const since = beforeMs;
    beforeMs = step.doneAtMs;
    if (step.doneAtMs !== null) return { ...step, state: 'done' as const, hint: '', command: null };
    const isStalled = since !== null && nowMs - since > STALLED_AFTER_MS;
    const state = isStalled ? ('stalled' as const) : ('waiting' as const);
    return { ...step, state, hint: isStalled ? stalled : waiting };
  });
}

function refusedHint(refused: number, reason: string): string {
  return `${refused} ${refused === 1 ? 'request was' : 'requests were'} refused with 401 (${reason}): the drain URL carries another secret. Add the one shown here, and remove the old drain.`;
}
