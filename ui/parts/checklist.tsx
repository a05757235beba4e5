/** How far attaching an app has come: a list that ticks by itself, and why it does not go on. */
import type { AttachCause, ChecklistAnswer } from '../../api/contract/apps.ts';
import { showHidden } from '../clean.ts';
import { formatClock, zoneSuffix } from '../format.ts';
import { useApp } from '../state/context.ts';
import { CopyBlock } from './copy.tsx';
import { StateGlyph } from './state.tsx';

type Step = ChecklistAnswer['steps'][number];

export const doneSteps = ({ steps }: ChecklistAnswer): number =>
  steps.filter(({ state }) => state === 'done').length;

export function Checklist({ answer }: { answer: ChecklistAnswer }) {
  const next = answer.steps.findIndex(({ state }) => state !== 'done');
  return (
    <ol class="checklist" aria-live="polite">
      {answer.steps.map((step, index) => (
        <Item key={step.id} step={step} isNext={index === next} />
      ))}
    </ol>
  );
}

function Item({ step, isNext }: { step: Step; isNext: boolean }) {
  const { range } = useApp();
  const zone = range.zone.value;
  const isStalled = step.state === 'stalled';
  const isOpen = isStalled || isNext;
  return (
    <li class={`step-${step.state}`}>
      {step.state === 'done' ? (
        <StateGlyph level="ok" />
      ) : isStalled ? (
        <StateGlyph level="warning" />
      ) : (
        <span class={isNext ? 'pending now' : 'pending'} />
      )}
      <div>
        <p>
          <span class="strong">{step.title}</span>{' '}
          <span class="muted">
            {step.doneAtMs === null
              ? step.state
              : `${formatClock(step.doneAtMs, zone)}${zoneSuffix(step.doneAtMs, zone)}`}
          </span>
        </p>
        {step.hint && isOpen && <p class="muted">{step.hint}</p>}
        {step.command && isOpen && !isStalled && (
          <CopyBlock text={step.command} label={`command for ${step.title}`} />
        )}
        {step.causes.length > 0 && <Causes causes={step.causes} of={step.title} />}
      </div>
    </li>
  );
}

/** What there is a sign of stands out; the rest is what it usually is. */
function Causes({ causes, of }: { causes: AttachCause[]; of: string }) {
  const isSeen = causes.some((cause) => cause.isSeen);
  return (
    <>
      <p class="hint-stalled">{isSeen ? 'Most likely:' : 'For a minute now. What it usually is:'}</p>
      <ul class="causes-list">
        {causes.map(({ says, command, isSeen: seen }) => (
          <li key={says} class={seen ? 'cause-seen' : 'muted'}>
            {showHidden(says)}
            {command && <CopyBlock text={command} label={`command to find out about ${of}`} />}
          </li>
        ))}
      </ul>
    </>
  );
}
