/** Escalation: who is called after whom until somebody acknowledges. */
import { useState } from 'preact/hooks';
import type {
  EscalationPolicyAnswer,
  EscalationPolicyListAnswer,
  EscalationTarget,
} from '../../api/contract/schedules.ts';
import { showHidden } from '../clean.ts';
import { minutesText } from '../localTime.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Many, TextBox } from '../parts/inputs.tsx';
import { SendFault, useSender } from '../parts/sender.tsx';
import { useApp } from '../state/context.ts';
import { type Names, nameOf } from './onCallNames.ts';

interface Props {
  answer: EscalationPolicyListAnswer;
  names: Names;
  onChange(): Promise<void>;
}

export function Policies({ answer, names, onChange }: Props) {
  const { session } = useApp();
  const [editing, setEditing] = useState<string | null>(null);
  const isAdmin = session.isAdmin.value;
  async function done() {
    setEditing(null);
    await onChange();
  }
  return (
    <section class="group" aria-labelledby="policies">
      <h2 id="policies">Escalation</h2>
      {answer.policies.length === 0 && (
        <p class="chart-empty calm">
          No policy: pages go to the receivers of their routes, and reminders to the same ones.
        </p>
      )}
      <ul class="cards">
        {answer.policies.map((policy) => (
          <li class="card" key={policy.id} data-row>
            {editing === policy.id ? (
              <PolicyForm policy={policy} names={names} onDone={done} onClose={() => setEditing(null)} />
            ) : (
              <>
                <h3>{showHidden(policy.title)}</h3>
                <ol class="levels">
                  {policy.levels.map((level, index) => (
                    // Levels have no name but their place.
                    <li key={index}>
                      <span class="muted">
                        {level.delayMinutes === 0
                          ? 'at once'
                          : `${minutesText(level.delayMinutes)} ${index === 0 ? 'later' : 'after that'}`}
                      </span>{' '}
                      {level.targets.map((target) => showHidden(targetName(target, names))).join(', ') || (
                        <span class="warn">nobody</span>
                      )}
                    </li>
                  ))}
                </ol>
                <p class="small muted">
                  {policy.rounds === 1 ? 'Gone through once' : `Gone through ${policy.rounds} times`} until
                  somebody acknowledges.{' '}
                  {policy.usedBy.length === 0
                    ? 'No route uses it.'
                    : `Used by ${showHidden(policy.usedBy.join(', '))}.`}
                </p>
                {isAdmin && (
                  <p>
                    <button type="button" class="quiet" onClick={() => setEditing(policy.id)}>
                      Change<span class="sr"> {showHidden(policy.title)}</span>
                    </button>
                  </p>
                )}
              </>
            )}
          </li>
        ))}
      </ul>
      {isAdmin &&
        (editing === 'new' ? (
          <div class="boxed">
            <PolicyForm policy={null} names={names} onDone={done} onClose={() => setEditing(null)} />
          </div>
        ) : (
          <p>
            <button type="button" onClick={() => setEditing('new')}>
              Add a policy
            </button>
          </p>
        ))}
    </section>
  );
}

function targetName(target: EscalationTarget, names: Names): string {
  return target.kind === 'receiver'
    ? nameOf(names.receivers, target.id)
    : `on call: ${nameOf(names.schedules, target.id)}`;
}

interface LevelDraft {
  key: number;
  delayMinutes: string;
  /** `receiver:<id>`, `schedule:<id>`. */
  targets: string[];
}

let keys = 0;
const nextKey = () => {
  keys++;
  return keys;
};

interface FormProps {
  policy: EscalationPolicyAnswer | null;
  names: Names;
  onDone(): Promise<void>;
  onClose(): void;
}

function PolicyForm({ policy, names, onDone, onClose }: FormProps) {
  const { client, toast } = useApp();
  const sender = useSender();
  const [removing, setRemoving] = useState(false);
  const [title, setTitle] = useState(policy?.title ?? '');
  const [rounds, setRounds] = useState(String(policy?.rounds ?? 3));
  const [levels, setLevels] = useState<LevelDraft[]>(() =>
    (policy?.levels ?? [{ delayMinutes: 0, targets: [] }]).map((level) => ({
      key: nextKey(),
      delayMinutes: String(level.delayMinutes),
      targets: level.targets.map((target) => `${target.kind}:${target.id}`),
    })),
  );
  const id = policy?.id ?? 'new';
  const options = [
    ...names.schedules.map((one) => ({
      value: `schedule:${one.id}`,
      label: `on call: ${showHidden(one.name)}`,
    })),
    ...names.receivers.map((one) => ({ value: `receiver:${one.id}`, label: showHidden(one.name) })),
  ];
  const change = (key: number, part: Partial<LevelDraft>) =>
    setLevels(levels.map((level) => (level.key === key ? { ...level, ...part } : level)));
  return (
    <form
      class="form"
      noValidate
      aria-label={policy ? `Change ${policy.title}` : 'Add a policy'}
      onSubmit={(event) => {
        event.preventDefault();
        void sender.send(async () => {
          await client.send(
            policy ? 'PUT' : 'POST',
            policy ? `/escalation-policies/${policy.id}` : '/escalation-policies',
            {
              title: title.trim(),
              rounds: Number(rounds),
              levels: levels.map((level) => ({
                delayMinutes: level.delayMinutes.trim() === '' ? Number.NaN : Number(level.delayMinutes),
                targets: level.targets.map((target) => {
                  const at = target.indexOf(':');
                  return { kind: target.slice(0, at), id: target.slice(at + 1) };
                }),
              })),
            },
          );
          toast.value = 'Policy saved';
          await onDone();
        });
      }}
    >
      <TextBox
        name={`policy-title-${id}`}
        label="Title"
        value={title}
        onInput={setTitle}
        fault={sender.faultOf('title')}
      />
      <ol class="level-fields">
        {levels.map((level, index) => (
          <li key={level.key}>
            <TextBox
              name={`policy-${id}-${index}-delay`}
              label={
                index === 0 ? 'First, after the alert by' : 'Then, if nobody acknowledged, after another'
              }
              unit="min"
              inputMode="numeric"
              value={level.delayMinutes}
              onInput={(delayMinutes) => change(level.key, { delayMinutes })}
              fault={sender.faultOf(`levels.${index}.delayMinutes`)}
            />
            <Many
              name={`policy-${id}-${index}-targets`}
              legend="Call"
              options={options}
              values={level.targets}
              onChange={(targets) => change(level.key, { targets })}
              fault={sender.faultOf(
                `levels.${index}.targets`,
                `levels.${index}`,
                `levels.${index}.targets.0`,
                `levels.${index}.targets.0.id`,
              )}
            />
            {levels.length > 1 && (
              <button
                type="button"
                class="quiet"
                onClick={() => setLevels(levels.filter((one) => one.key !== level.key))}
              >
                Leave out this level
              </button>
            )}
          </li>
        ))}
      </ol>
      <button
        type="button"
        onClick={() => setLevels([...levels, { key: nextKey(), delayMinutes: '10', targets: [] }])}
      >
        Add a level
      </button>
      <TextBox
        name={`policy-rounds-${id}`}
        label="Go through all of it"
        unit="times"
        inputMode="numeric"
        value={rounds}
        onInput={setRounds}
        fault={sender.faultOf('rounds')}
      />
      <SendFault sender={sender} />
      <div class="row">
        <button type="submit" class="primary" disabled={sender.busy}>
          {policy ? 'Save the policy' : 'Add the policy'}
        </button>
        <button type="button" onClick={onClose}>
          Close
        </button>
        {policy && (
          <button type="button" class="danger" onClick={() => setRemoving(true)}>
            Remove
          </button>
        )}
      </div>
      {removing && policy && (
        <Confirm
          title={`Remove ${showHidden(policy.title)}?`}
          submit="Remove it"
          danger
          onClose={() => setRemoving(false)}
          onYes={async () => {
            await client.send('DELETE', `/escalation-policies/${policy.id}`);
            toast.value = 'Policy removed';
            await onDone();
          }}
        >
          Routes that use it no longer escalate.
        </Confirm>
      )}
    </form>
  );
}
