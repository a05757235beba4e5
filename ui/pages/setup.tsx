/** From an unclaimed instance to a first line: claim, name an app, paste two commands, watch the list tick. */
import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { AppCreatedAnswer, ChecklistAnswer } from '../../api/contract/apps.ts';
import type { SetupRequest } from '../../api/contract/session.ts';
import { showHidden } from '../clean.ts';
import { formatClock, plural } from '../format.ts';
import { CopyBlock, CopyButton } from '../parts/copy.tsx';
import { Field, Form } from '../parts/field.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateGlyph } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

/** NIST SP 800-63B: length counts, composition rules do not. */
const PASSWORD_MIN = 12;
/** Heroku's own rule for app names. */
const APP_NAME = '[a-z][a-z0-9\\-]{1,28}[a-z0-9]';
const POLL_MS = 2000;

/** Before anyone has claimed the instance. */
export function ClaimPage() {
  const { client, session, router } = useApp();
  return (
    <main class="door">
      <h1 tabIndex={-1}>Set up Drainboard</h1>
      <p class="lead">
        This instance belongs to nobody yet. The set-up token proves that you started it; it works once.
      </p>
      <Form
        submit="Claim this instance"
        busyWord="Claiming…"
        onSend={async (values) => {
          const request: SetupRequest = {
            token: (values.token ?? '').trim(),
            email: values.email ?? '',
            password: values.password ?? '',
            displayName: values.displayName || undefined,
            baseUrl: values.baseUrl || undefined,
          };
          await client.send('POST', '/setup', request);
          await session.load();
          router.push('/setup');
        }}
      >
        {(faultOf) => (
          <>
            <Field
              name="token"
              label="Set-up token"
              type="password"
              mono
              fault={faultOf('token')}
              hint={
                <>
                  Printed by <code>npm start</code>, or on Heroku:{' '}
                  <code>heroku config:get DRAINBOARD_SETUP_TOKEN</code>
                </>
              }
            />
            <Field
              name="email"
              label="Your e-mail"
              type="email"
              autocomplete="username"
              fault={faultOf('email')}
            />
            <Field
              name="displayName"
              label="Your name (optional)"
              required={false}
              autocomplete="name"
              fault={faultOf('displayName')}
            />
            <Field
              name="password"
              label="Password"
              type="password"
              autocomplete="new-password"
              minLength={PASSWORD_MIN}
              hint={`At least ${PASSWORD_MIN} characters; a few words are best.`}
              fault={faultOf('password')}
            />
            <Field
              name="baseUrl"
              label="Address of this instance"
              type="url"
              mono
              value={session.answer.value?.baseUrl || location.origin}
              hint="Heroku sends the log lines here, so it must be reachable from outside over https."
              fault={faultOf('baseUrl')}
            />
          </>
        )}
      </Form>
    </main>
  );
}

/** Adding an app, for anyone who may. */
export function AddAppPage() {
  const { client, session, router, freshCommands } = useApp();
  const app = router.params.value.get('app');
  if (app) return <Attach key={app} app={app} />;
  if (!session.canEdit.value) {
    return (
      <section class="narrow">
        <h1 tabIndex={-1}>Add an app</h1>
        <p>Your role is viewer. Someone with the role editor or admin can add apps.</p>
      </section>
    );
  }
  return (
    <section class="narrow">
      <h1 tabIndex={-1}>Add an app</h1>
      <p class="lead">
        Type the name it has on Heroku. You get two commands to paste; nothing is installed in the app.
      </p>
      <Form
        submit="Add app"
        busyWord="Adding…"
        onSend={async ({ name = '' }) => {
          const made = await client.send<AppCreatedAnswer>('POST', '/apps', { name: name.trim() });
          freshCommands.value = made;
          router.push(router.link('/setup', { app: made.app }));
        }}
      >
        {(faultOf) => (
          <Field
            name="name"
            label="Heroku app"
            mono
            pattern={APP_NAME}
            fault={faultOf('name')}
            hint="Small letters, digits and dashes, as in heroku apps."
          />
        )}
      </Form>
    </section>
  );
}

function Attach({ app }: { app: string }) {
  const { freshCommands, router, session, live } = useApp();
  const fresh = freshCommands.value?.app === app ? freshCommands.value : null;
  const checklist = useAnswer<ChecklistAnswer>(`/apps/${encodeURIComponent(app)}/checklist`, {
    everyMs: POLL_MS,
  });
  useEffect(
    () =>
      effect(() => {
        if (live.tick.value?.app === app) void checklist.load();
      }),
    [],
  );
  const done =
    checklist.data.value?.steps.some((step) => step.id === 'routerLine' && step.state === 'done') ?? false;
  return (
    <section class="narrow">
      <h1 tabIndex={-1}>
        Attach <span class="mono">{showHidden(app)}</span>
      </h1>
      {fresh ? (
        <>
          <p class="lead">Paste these into a terminal where the Heroku CLI is signed in.</p>
          {isOutOfReach(fresh.drainUrl) && (
            <p class="banner banner-warning">
              Heroku cannot reach <span class="mono">{new URL(fresh.drainUrl).origin}</span>: a drain needs an
              address that is open to the internet, over https. For a try on this machine send lines there
              yourself.
            </p>
          )}
          <ol class="commands">
            {fresh.commands.map((command, index) => (
              <li key={command}>
                <p>{purposeOf(command)}</p>
                <CopyBlock text={command} label={`command ${index + 1} of ${fresh.commands.length}`} />
              </li>
            ))}
          </ol>
          {fresh.commands.length > 1 && (
            <CopyButton text={fresh.commands.join(' && \\\n')}>
              Copy all {fresh.commands.length} commands
            </CopyButton>
          )}
          <p class="muted">
            The secret in the drain URL is shown this once. Only a keyed hash of it is stored; a new one can
            be made at any time.
          </p>
        </>
      ) : (
        <p class="lead">
          The commands were shown when the app was added.{' '}
          {session.canEdit.value && (
            <>
              Lost them? <a href={router.link('/settings')}>Make a new drain URL</a>; the old one keeps
              working for a while.
            </>
          )}
        </p>
      )}
      <h2>What has arrived</h2>
      <Fresh of={checklist} what="the checklist">
        {(answer) => <Checklist answer={answer} />}
      </Fresh>
      <div class="row">
        <a class={`button${done ? ' primary' : ''}`} href={router.link(`/a/${encodeURIComponent(app)}`)}>
          Open {showHidden(app)}
        </a>
        <a class="button" href={router.link('/setup')}>
          Add another app
        </a>
      </div>
    </section>
  );
}

/** What a command is for, so that nobody pastes what they do not know. */
function purposeOf(command: string): string {
  if (command.includes('drains:add')) return 'Send the log of the app here. Nothing in the app changes.';
  if (command.includes('log-runtime-metrics')) return 'Let every dyno report its memory and load.';
  if (command.includes('restart')) return 'Restart the app, so that its dynos begin to report.';
  return 'Then:';
}

/** Plain http and names of this machine: fine for a try, out of reach for Heroku. */
function isOutOfReach(drainUrl: string): boolean {
  const { protocol, hostname } = new URL(drainUrl);
  return protocol !== 'https:' || /^(localhost|127\.|\[::1\]|10\.|192\.168\.)/.test(hostname);
}

const STEP_WORDS = { done: 'done', waiting: 'waiting', stalled: 'stalled' };

type Step = ChecklistAnswer['steps'][number];

/** A release comes when somebody deploys: waiting for one is nothing to worry about. */
function patient(step: Step): Step {
  return step.id === 'release' && step.state === 'stalled' ? { ...step, state: 'waiting' } : step;
}

function Checklist({ answer }: { answer: ChecklistAnswer }) {
  const { range } = useApp();
  const next = answer.steps.findIndex((step) => step.state !== 'done');
  return (
    <>
      <ol class="checklist" aria-live="polite">
        {answer.steps.map(patient).map((step, index) => (
          <li key={step.id} class={`step-${step.state}`}>
            {step.state === 'done' ? (
              <StateGlyph level="ok" />
            ) : step.state === 'stalled' ? (
              <StateGlyph level="warning" />
            ) : (
              <span class={index === next ? 'pending now' : 'pending'} />
            )}
            <div>
              <p>
                <span class="strong">{step.title}</span>{' '}
                <span class="muted">
                  {step.state === 'done' && step.doneAtMs !== null
                    ? formatClock(step.doneAtMs, range.zone.value)
                    : STEP_WORDS[step.state]}
                </span>
              </p>
              {step.hint && (step.state === 'stalled' || index === next) && (
                <p class={step.state === 'stalled' ? 'hint-stalled' : 'muted'}>{step.hint}</p>
              )}
              {step.command && step.state !== 'done' && (step.state === 'stalled' || index === next) && (
                <CopyBlock text={step.command} label={`command for ${step.title}`} />
              )}
            </div>
          </li>
        ))}
      </ol>
      {answer.refused > 0 && (
        <p class="banner banner-warning">
          {plural(answer.refused, 'attempt')} with this app’s name had the wrong secret in the last hour.
          Compare the URL in <code>heroku drains -a {showHidden(answer.app)}</code>.
        </p>
      )}
    </>
  );
}
