/** What a page is about to send, or has sent, as a call and as a command: folded away until somebody wants it. */
import { asCall } from '../asCall.ts';
import type { Write } from '../client.ts';
import { useApp } from '../state/context.ts';
import { CopyBlock } from './copy.tsx';

/** Of a form: what its button would send as it stands. */
export function AsCall({ write, label = 'As API call and command' }: { write: Write; label?: string }) {
  const { session } = useApp();
  const { curl, command, forTokens } = asCall(write, session.answer.value?.baseUrl || location.origin);
  return (
    <details class="as-call">
      <summary>{label}</summary>
      {!forTokens && (
        <p class="muted small">
          Only a person who is signed in may do this; API tokens may not. The call is shown for what it says.
        </p>
      )}
      <CopyBlock text={curl} label="call" />
      {command === null ? (
        <p class="muted small">The command line has nothing of its own for this.</p>
      ) : (
        <CopyBlock text={command} label="command" />
      )}
    </details>
  );
}

/** Of the last write of this tab, whatever made it. */
export function LastWrite() {
  const { lastWrite } = useApp();
  const write = lastWrite.value;
  if (write === null || /^\/(sign-in|sign-out|setup|session)/.test(write.path)) return null;
  return <AsCall write={write} label={`Last change: ${write.method} ${write.path} – as call and command`} />;
}
