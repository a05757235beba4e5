/** Of the settings: who may sign in, and what they may do. */
import type { PersonAnswer, Role } from '../../api/contract/session.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { Field, Form } from '../parts/field.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { ROLES } from '../parts/roles.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

type PersonRow = PersonAnswer & { disabled?: boolean };

export function People() {
  const people = useAnswer<{ people: PersonRow[] }>('/people');
  const { client, session, toast } = useApp();
  async function change(person: PersonRow, what: { role?: Role; disabled?: boolean }, done: string) {
    try {
      await client.send('PATCH', `/people/${encodeURIComponent(person.id)}`, what);
      toast.value = done;
    } catch (error) {
      toast.value = errorText(error);
    }
    await people.load();
  }
  return (
    <section class="group" aria-labelledby="people">
      <h2 id="people">People</h2>
      <Fresh of={people} what="the people">
        {(answer) => (
          <table class="data stack">
            <caption class="sr">People</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">E-mail</th>
                <th scope="col">Role</th>
                <th scope="col">Change</th>
              </tr>
            </thead>
            <tbody>
              {answer.people.map((person) => (
                <tr key={person.id} class={person.disabled ? 'muted' : ''}>
                  <th scope="row" data-label="Name">
                    {showHidden(person.displayName || person.email)}
                    {person.id === session.person.value?.id && <span class="muted"> (you)</span>}
                    {person.disabled && <span class="muted"> (disabled)</span>}
                  </th>
                  <td class="wrap" data-label="E-mail">
                    {showHidden(person.email)}
                  </td>
                  <td data-label="Role">
                    {person.id === session.person.value?.id ? (
                      person.role
                    ) : (
                      <select
                        aria-label={`Role of ${person.email}`}
                        value={person.role}
                        onChange={(event) =>
                          void change(person, { role: event.currentTarget.value as Role }, 'Role changed')
                        }
                      >
                        {ROLES.map((role) => (
                          <option key={role.id} value={role.id}>
                            {role.id}
                          </option>
                        ))}
                      </select>
                    )}
                  </td>
                  <td class="actions">
                    {person.id !== session.person.value?.id && (
                      <button
                        type="button"
                        class={person.disabled ? '' : 'danger'}
                        onClick={() =>
                          void change(
                            person,
                            { disabled: !person.disabled },
                            person.disabled ? 'Can sign in again' : 'Disabled: every session has ended',
                          )
                        }
                      >
                        {person.disabled ? 'Enable' : 'Disable'}
                        <span class="sr"> {showHidden(person.email)}</span>
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Fresh>
      <Form
        inline
        submit="Add a person"
        onSend={async ({ personEmail = '', personPassword = '', personRole = 'viewer' }) => {
          await client.send('POST', '/people', {
            email: personEmail,
            password: personPassword,
            role: personRole,
          });
          toast.value = `${personEmail} can sign in now`;
          await people.load();
        }}
      >
        {() => (
          <>
            <Field name="personEmail" label="E-mail" type="email" />
            <Field
              name="personPassword"
              label="First password"
              type="password"
              autocomplete="new-password"
              minLength={12}
            />
            <div class="field">
              <label for="personRole">Role</label>
              <select id="personRole" name="personRole">
                {ROLES.map((role) => (
                  <option key={role.id} value={role.id}>
                    {role.id}: {role.says}
                  </option>
                ))}
              </select>
            </div>
          </>
        )}
      </Form>
    </section>
  );
}
