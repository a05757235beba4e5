/** Signing in, with the way back to the page that asked for it. */
import { useEffect } from 'preact/hooks';
import type { SignInRequest } from '../../api/contract/session.ts';
import { Field, Form } from '../parts/field.tsx';
import { useApp } from '../state/context.ts';
import { safeReturnPath } from '../state/router.ts';

export function SignInPage() {
  const { client, session, router } = useApp();
  const next = safeReturnPath(router.params.value.get('next'));
  const person = session.person.value;
  useEffect(() => {
    if (person) router.replace(next);
  }, [person]);
  useEffect(() => document.getElementById('email')?.focus(), []);
  return (
    <main class="door">
      <h1 tabIndex={-1}>Sign in to Drainboard</h1>
      <Form
        submit="Sign in"
        busyWord="Signing in…"
        onSend={async ({ email = '', password = '' }) => {
          const request: SignInRequest = { email, password };
          await client.send('POST', '/sign-in', request);
          await session.load();
        }}
      >
        {(faultOf) => (
          <>
            <Field
              name="email"
              label="E-mail"
              type="email"
              autocomplete="username"
              fault={faultOf('email')}
            />
            <Field
              name="password"
              label="Password"
              type="password"
              autocomplete="current-password"
              fault={faultOf('password')}
            />
          </>
        )}
      </Form>
      {next !== '/' && <p class="muted">You will be taken back to where you were.</p>}
    </main>
  );
}
