/** Asks for the password again before something grave is done, then lets it go on (SEC-24). */
import { useEffect } from 'preact/hooks';
import { useApp } from '../state/context.ts';
import { Dialog } from './dialog.tsx';
import { Field, Form } from './field.tsx';

export function ConfirmPassword({ onDone }: { onDone(confirmed: boolean): void }) {
  const { client } = useApp();
  useEffect(() => document.getElementById('confirm-password')?.focus(), []);
  return (
    <Dialog title="Confirm your password" onClose={() => onDone(false)}>
      <Form
        submit="Confirm"
        busyWord="Confirming…"
        onSend={async (values) => {
          await client.send('POST', '/session/confirm', { password: values['confirm-password'] ?? '' });
          onDone(true);
        }}
      >
        {() => (
          <>
            <p>What you are about to do needs a password given within the last 15 minutes.</p>
            <Field name="confirm-password" label="Password" type="password" autocomplete="current-password" />
          </>
        )}
      </Form>
    </Dialog>
  );
}
