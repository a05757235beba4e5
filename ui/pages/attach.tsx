/** The minutes after apps were named: paste, watch, promise, be called, drill. Each step says when it is done. */
import { effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { AppCreatedAnswer, ChecklistAnswer } from '../../api/contract/apps.ts';
import { attachLoop, isRestart } from '../attachScript.ts';
import { showHidden } from '../clean.ts';
import { plural } from '../format.ts';
import { Checklist, doneSteps } from '../parts/checklist.tsx';
import { CopyBlock, CopyButton } from '../parts/copy.tsx';
import { FireDrillPanel } from '../parts/drillSteps.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { Choice } from '../parts/inputs.tsx';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { ObjectivesStep } from './attachObjectives.tsx';
import { ReceiversStep } from './attachReceivers.tsx';

const POLL_MS = 2_000;
/** With more apps their lists are folded: what has come far is of little interest. */
const UNFOLDED_MAX = 2;

export function Attach({ apps }: { apps: string[] }) {
  const { freshCommands, router } = useApp();
  const fresh = freshCommands.value.filter(({ app }) => apps.includes(app));
  const [chosen, setChosen] = useState(apps[0] ?? '');
  const [only = ''] = apps;
  return (
    <section class="narrow">
      <h1 tabIndex={-1}>
        {apps.length === 1 ? (
          <>
            Attach <span class="mono">{showHidden(only)}</span>
          </>
        ) : (
          `Attach ${apps.length} apps`
        )}
      </h1>
      <ol class="steps">
        <li>
          <h2>Paste into a terminal where the Heroku CLI is signed in</h2>
          <Paste apps={apps} fresh={fresh} />
        </li>
        <li>
          <h2>Watch the lines arrive</h2>
          <p class="muted">
            Nothing to reload. There is no test traffic to send: what you see is what your visitors do, so
            open the app once.
          </p>
          {apps.map((app) => (
            <AppProgress key={app} app={app} isFolded={apps.length > UNFOLDED_MAX} />
          ))}
          <p>
            <a href={router.link('/setup')}>Add another app</a>
          </p>
        </li>
        <li>
          <h2>Promise something</h2>
          <Which apps={apps} chosen={chosen} onChange={setChosen} name="promise-app" />
          <ObjectivesStep key={chosen} app={chosen} />
        </li>
        <li>
          <h2>Be called</h2>
          <ReceiversStep />
        </li>
        <li>
          <h2>Fire drill</h2>
          <p class="muted">
            See the worst day once, now: a real alert labelled DRILL goes out, you acknowledge it where it
            arrives, and it is deleted.
          </p>
          <Which apps={apps} chosen={chosen} onChange={setChosen} name="drill-app" />
          <FireDrillPanel key={chosen} app={chosen} />
        </li>
      </ol>
    </section>
  );
}

interface WhichProps {
  apps: string[];
  chosen: string;
  onChange(app: string): void;
  name: string;
}

function Which({ apps, chosen, onChange, name }: WhichProps) {
  if (apps.length === 1) return null;
  const options = apps.map((app) => ({ value: app, label: app }));
  return <Choice name={name} label="App" value={chosen} options={options} onChange={onChange} />;
}

function Paste({ apps, fresh }: { apps: string[]; fresh: AppCreatedAnswer[] }) {
  const { router, session } = useApp();
  if (fresh.length === 0) {
    return (
      <p>
        The commands were shown when {apps.length === 1 ? 'the app was' : 'the apps were'} added.{' '}
        {session.canEdit.value && (
          <>
            Lost them? <a href={router.link('/settings')}>Make a new drain URL</a>; the old one keeps working
            for a day.
          </>
        )}
      </p>
    );
  }
  const [first] = fresh;
  return (
    <>
      {first && isOutOfReach(first.drainUrl) && (
        <div class="banner banner-warning">
          <p>
            Heroku cannot reach <span class="mono">{new URL(first.drainUrl).origin}</span>: a drain needs an
            address that is open to the internet, over https. For a try on this machine send recorded lines,
            such as those that come with Drainboard:
          </p>
          <CopyBlock
            text={`npx drainboard replay test/fixtures/corpus/router.log --to "${first.drainUrl}"`}
            label="command for a try"
          />
        </div>
      )}
      {fresh.map((made) => (
        <Block key={made.app} made={made} isAlone={fresh.length === 1} />
      ))}
      {fresh.length > 1 && (
        <details class="as-call" open={fresh.length > UNFOLDED_MAX}>
          <summary>All {fresh.length} in one loop</summary>
          <CopyBlock text={attachLoop(fresh)} label="loop for all apps" />
        </details>
      )}
      <p class="muted">
        The secret in {fresh.length === 1 ? 'the drain URL' : 'each drain URL'} is shown this once. Only a
        keyed hash of it is stored; a new one can be made at any time.
      </p>
    </>
  );
}

/** The commands of one app. A restart is felt by its visitors, so that nobody gets it along with the others. */
function Block({ made, isAlone }: { made: AppCreatedAnswer; isAlone: boolean }) {
  const needed = made.commands.filter((command) => !isRestart(command));
  const restart = made.commands.find(isRestart);
  return (
    <div class="app-block">
      <div class="app-block-head">
        {!isAlone && <strong class="mono">{showHidden(made.app)}</strong>}
        <span class="grow" />
        {needed.length > 1 && (
          <CopyButton text={needed.join(' && \\\n')}>
            Copy {needed.length === 2 ? 'both' : `all ${needed.length}`}
          </CopyButton>
        )}
      </div>
      <ol class="commands">
        {needed.map((command, index) => (
          <li key={command}>
            <p>{purposeOf(command)}</p>
            <CopyBlock text={command} label={`command ${index + 1} of ${needed.length} for ${made.app}`} />
          </li>
        ))}
        {restart && (
          <li>
            <p>
              When it suits you: dynos report memory and load from their next restart on. Without this it
              comes by itself within a day, or with your next deploy.
            </p>
            <CopyBlock text={restart} label={`restart of ${made.app}`} />
          </li>
        )}
      </ol>
    </div>
  );
}

/** What a command is for, so that nobody pastes what they do not know. */
function purposeOf(command: string): string {
  if (command.includes('drains:add')) return 'Send the log of the app here. Nothing in the app changes.';
  if (command.includes('log-runtime-metrics')) return 'Let every dyno report its memory and load.';
  return 'Then:';
}

/** Plain http and names of this machine: fine for a try, out of reach for Heroku. */
function isOutOfReach(drainUrl: string): boolean {
  const { protocol, hostname } = new URL(drainUrl);
  return protocol !== 'https:' || /^(localhost|127\.|\[::1\]|10\.|192\.168\.)/.test(hostname);
}

function AppProgress({ app, isFolded }: { app: string; isFolded: boolean }) {
  const { router, live } = useApp();
  const checklist = useAnswer<ChecklistAnswer>(`/apps/${encodeURIComponent(app)}/checklist`, {
    everyMs: POLL_MS,
  });
  useEffect(
    () =>
      effect(() => {
        if (live.tick.value?.app === app) checklist.refresh();
      }),
    [],
  );
  const answer = checklist.data.value;
  const isStarted = answer?.steps.some(({ id, state }) => id === 'firstLine' && state === 'done') ?? false;
  return (
    <div class="app-block">
      <div class="app-block-head">
        <strong class="mono">{showHidden(app)}</strong>
        {answer && <Progress answer={answer} />}
        <span class="grow" />
        <a class={`button${isStarted ? ' primary' : ''}`} href={router.link(`/a/${encodeURIComponent(app)}`)}>
          Open {showHidden(app)}
        </a>
      </div>
      <Fresh of={checklist} what="the checklist">
        {(data) =>
          isFolded ? (
            <details open={data.steps.some(({ state }) => state === 'stalled')}>
              <summary>What has arrived of {showHidden(app)}</summary>
              <Checklist answer={data} />
            </details>
          ) : (
            <Checklist answer={data} />
          )
        }
      </Fresh>
    </div>
  );
}

function Progress({ answer }: { answer: ChecklistAnswer }) {
  const done = doneSteps(answer);
  const total = answer.steps.length;
  if (answer.steps.some(({ state }) => state === 'stalled'))
    return <StateWord level="warning" word="look here" />;
  if (done === total) return <StateWord level="ok" word="all there" />;
  return (
    <span class="muted">
      {done} of {plural(total, 'step')}
    </span>
  );
}
