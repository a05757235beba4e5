/** How people on call are reached: without a receiver of theirs an escalation to them reaches nobody. */
import { useState } from 'preact/hooks';
import type { OnCallPerson, PersonReceiversRequest } from '../../api/contract/schedules.ts';
import { showHidden } from '../clean.ts';
import { Many } from '../parts/inputs.tsx';
import { SendFault, useSender } from '../parts/sender.tsx';
import { useApp } from '../state/context.ts';
import { type Named, nameOf } from './onCallNames.ts';

interface Props {
  people: OnCallPerson[];
  receivers: Named[];
  onChange(): Promise<void>;
}

export function Reach({ people, receivers, onChange }: Props) {
  const { session } = useApp();
  const [editing, setEditing] = useState<string | null>(null);
  return (
    <section class="group" aria-labelledby="reach">
      <h2 id="reach">How people are reached</h2>
      <p class="says">
        A schedule names people; these receivers reach them. Somebody without one cannot be called through a
        schedule.
      </p>
      <table class="data stack">
        <caption class="sr">People and their receivers</caption>
        <thead>
          <tr>
            <th scope="col">Person</th>
            <th scope="col">Reached by</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {people.map((person) => (
            <tr key={person.id}>
              <th scope="row" data-label="Person">
                {showHidden(person.name || person.email)}
              </th>
              <td data-label="Reached by" class="wrap">
                {editing === person.id ? (
                  <PersonForm
                    person={person}
                    receivers={receivers}
                    onDone={async () => {
                      setEditing(null);
                      await onChange();
                    }}
                  />
                ) : person.receivers.length === 0 ? (
                  <span class="warn">nothing</span>
                ) : (
                  showHidden(person.receivers.map((id) => nameOf(receivers, id)).join(', '))
                )}
              </td>
              <td class="actions">
                {session.isAdmin.value && (
                  <button
                    type="button"
                    class="quiet"
                    aria-expanded={editing === person.id}
                    onClick={() => setEditing(editing === person.id ? null : person.id)}
                  >
                    {editing === person.id ? 'Close' : 'Change'}
                    <span class="sr"> how {showHidden(person.name)} is reached</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface FormProps {
  person: OnCallPerson;
  receivers: Named[];
  onDone(): Promise<void>;
}

function PersonForm({ person, receivers, onDone }: FormProps) {
  const { client, toast } = useApp();
  const sender = useSender();
  const [chosen, setChosen] = useState(person.receivers);
  if (receivers.length === 0) return <p class="muted">Add a receiver first.</p>;
  return (
    <form
      class="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void sender.send(async () => {
          const request: PersonReceiversRequest = { receivers: chosen };
          await client.send('PUT', `/people/${person.id}/receivers`, request);
          toast.value = 'Saved';
          await onDone();
        });
      }}
    >
      <Many
        name={`reach-${person.id}`}
        legend={`Receivers that reach ${person.name || person.email}`}
        options={receivers.map((one) => ({ value: one.id, label: showHidden(one.name) }))}
        values={chosen}
        onChange={setChosen}
        fault={sender.faultOf('receivers', 'receivers.0')}
      />
      <SendFault sender={sender} />
      <button type="submit" class="primary" disabled={sender.busy}>
        Save
      </button>
    </form>
  );
}
