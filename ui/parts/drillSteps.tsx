/** A fire drill of one app: whom it will call, its start, its steps as they tick, its end. */
import { useState } from 'preact/hooks';
import type { FireDrill, FireDrillAnswer } from '../../api/contract/fire-drill.ts';
import type { DrillStep } from '../../model/fire-drill.ts';
import type { Severity } from '../../model/slo.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatAgo, formatClock, zoneSuffix } from '../format.ts';
import { incidentPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { AsCall } from './asCall.tsx';
import { Fresh } from './fresh.tsx';
import { Choice } from './inputs.tsx';
import { StateGlyph } from './state.tsx';

const POLL_MS = 2_000;
const SEVERITIES: { value: Severity; label: string }[] = [
  { value: 'page', label: 'Page: whoever is called at night' },
  { value: 'ticket', label: 'Ticket: seen in working hours' },
  { value: 'info', label: 'Info' },
];

export function FireDrillPanel({ app }: { app: string }) {
  const { client } = useApp();
  const path = `/apps/${encodeURIComponent(app)}/fire-drill`;
  const drill = useAnswer<FireDrillAnswer>(path, { everyMs: POLL_MS });
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  async function send(work: () => Promise<unknown>) {
    setBusy(true);
    setError('');
    try {
      await work();
    } catch (thrown) {
      setError(errorText(thrown));
    }
    setBusy(false);
    await drill.load();
  }
  return (
    <Fresh of={drill} what="the fire drill">
      {(answer) => (
        <>
          {answer.drill && (
            <Course
              drill={answer.drill}
              busy={busy}
              onStop={() => void send(() => client.send('DELETE', path))}
            />
          )}
          {error && (
            <p class="fault" role="alert">
              {error}
            </p>
          )}
          {(answer.drill === null || answer.drill.state === 'over') && (
            <Start
              path={path}
              answer={answer}
              busy={busy}
              onStart={(severity) => void send(() => client.send('POST', path, { severity }))}
            />
          )}
        </>
      )}
    </Fresh>
  );
}

interface StartProps {
  path: string;
  answer: FireDrillAnswer;
  busy: boolean;
  onStart(severity: Severity): void;
}

function Start({ path, answer, busy, onStart }: StartProps) {
  const { session, router } = useApp();
  const [severity, setSeverity] = useState<Severity>('page');
  if (!session.canEdit.value) {
    return <p class="muted">Someone with the role editor or admin can start one.</p>;
  }
  if (answer.obstacle !== '') return <p class="chart-empty calm">{answer.obstacle}</p>;
  const names = answer.willTell[severity];
  return (
    <div class="retention-edit">
      <Choice
        name="drill-severity"
        label="As loud as"
        value={severity}
        options={SEVERITIES}
        onChange={setSeverity}
      />
      {names.length === 0 ? (
        <p class="banner banner-warning">
          Nobody would be told: no route leads from this app and severity to a receiver.{' '}
          <a href={router.link('/receivers')}>Add a receiver</a>, then{' '}
          <a href={router.link('/on-call')}>a route to it</a>. A drill still shows the rest.
        </p>
      ) : (
        <p>
          It will call <strong>{showHidden(names.join(', '))}</strong>. Tell them if they do not expect it.
        </p>
      )}
      <button type="button" class="primary" disabled={busy} onClick={() => onStart(severity)}>
        {busy ? 'Starting…' : 'Start the fire drill'}
      </button>
      <AsCall write={{ method: 'POST', path, body: { severity } }} />
    </div>
  );
}

const ENDS: Record<string, string> = {
  acknowledged: 'It ended because it was acknowledged: everything works.',
  resolved: 'It ended because somebody resolved it.',
  stopped: 'It was stopped by hand.',
  timeout: 'It ended by itself: nobody acknowledged in time.',
};

function Course({ drill, busy, onStop }: { drill: FireDrill; busy: boolean; onStop(): void }) {
  const { router, session, clock, range } = useApp();
  const isOver = drill.state === 'over';
  const zone = range.zone.value;
  return (
    <section class="drill-course" aria-label={isOver ? 'The last fire drill' : 'The fire drill under way'}>
      <p>
        <span class="drill-mark">DRILL</span> {isOver ? 'The last one was started ' : 'Under way, started '}
        {formatAgo(drill.startedAtMs, clock.nowMs.value)} by {showHidden(drill.author)}.
        {drill.endReason && ` ${ENDS[drill.endReason] ?? ''}`}
      </p>
      <ol class="checklist" aria-live="polite">
        {drill.steps.map((step) => (
          <li key={step.id} class={`step-${step.state}`}>
            <Glyph step={step} />
            <div>
              <p>
                <span class="strong">{step.title}</span>{' '}
                <span class="muted">
                  {step.atMs === null
                    ? WORDS[step.state]
                    : `${formatClock(step.atMs, zone)}${zoneSuffix(step.atMs, zone)}`}
                </span>
              </p>
              {step.text && (
                <p class={step.state === 'stalled' ? 'hint-stalled' : 'muted'}>{showHidden(step.text)}</p>
              )}
            </div>
          </li>
        ))}
      </ol>
      {!isOver && (
        <div class="row">
          {drill.incidentId && (
            <a class="button primary" href={router.link(incidentPath(drill.incidentId))}>
              Open incident #{drill.incidentNumber}
            </a>
          )}
          {drill.state === 'running' && session.canEdit.value && (
            <button type="button" disabled={busy} onClick={onStop}>
              End the drill
            </button>
          )}
        </div>
      )}
    </section>
  );
}

const WORDS = { done: 'done', waiting: 'waiting', stalled: 'look here', skipped: 'left out' };

function Glyph({ step }: { step: DrillStep }) {
  if (step.state === 'done') return <StateGlyph level="ok" />;
  if (step.state === 'stalled') return <StateGlyph level="warning" />;
  if (step.state === 'skipped') return <StateGlyph level="unknown" />;
  return <span class="pending" />;
}
