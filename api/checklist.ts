/** How far attaching an app has come, step by step, and the likely cause where it does not go on. */
import { HOUR, MINUTE } from '../model/time.ts';
import type { AppRow } from '../store/apps.ts';
import type { Pool } from '../store/pool.ts';
import { type AttachFacts, readAttachFacts } from '../store/reads/attach.ts';
import { causesOf } from './attach-causes.ts';
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
  const plan: (Pick<Step, 'id' | 'doneAtMs' | 'title' | 'command'> & { waiting: string })[] = [
    {
      id: 'drain',
      doneAtMs: facts.firstReceivedMs,
      title: 'Drain reaches us',
      waiting: 'Run the command; the first request comes within seconds.',
      command: null,
    },
    {
      id: 'firstLine',
      doneAtMs: facts.firstLineMs,
      title: 'First line read',
      waiting: 'The app must write a line: open it in a browser.',
      command: null,
    },
    {
      id: 'routerLine',
      doneAtMs: facts.firstRequestMs,
      title: 'A request seen by the router',
      waiting: 'Open the app in a browser.',
      command: `heroku open -a ${app.name}`,
    },
    {
      id: 'runtimeMetrics',
      doneAtMs: facts.firstMetricMs,
      title: 'Memory and load of dynos',
      waiting: 'Switch them on, then restart: they begin with new dynos and come every 20 s.',
      command: `heroku labs:enable log-runtime-metrics -a ${app.name} && heroku restart -a ${app.name}`,
    },
    {
      id: 'release',
      doneAtMs: facts.firstReleaseMs,
      title: 'A release seen',
      waiting: 'It shows at your next deploy or change of a config var. Nothing needs to be done.',
      command: null,
    },
  ];
  let beforeMs: number | null = app.createdAtMs;
  return plan.map(({ waiting, ...step }) => {
    const since = beforeMs;
    beforeMs = step.doneAtMs;
    if (step.doneAtMs !== null)
      return { ...step, state: 'done' as const, hint: '', command: null, causes: [] };
    // A release comes when somebody deploys: waiting for one is nothing to worry about.
    const isStalled = step.id !== 'release' && since !== null && nowMs - since > STALLED_AFTER_MS;
    const causes = isStalled ? causesOf(step.id, app.name, facts, baseUrl) : [];
    return { ...step, state: isStalled ? ('stalled' as const) : ('waiting' as const), hint: waiting, causes };
  });
}
