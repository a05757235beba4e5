/** Asks before something is done that cannot be undone, or not easily. */
import { useState } from 'preact/hooks';
import { errorText } from '../client.ts';
import { Dialog } from './dialog.tsx';

interface ConfirmProps {
  title: string;
  submit: string;
  danger?: boolean;
  /** What has to be typed before it can be done. */
  typed?: string;
  onClose(): void;
  onYes(): Promise<void>;
  children: string;
}

export function Confirm({ title, submit, danger, typed, onClose, onYes, children }: ConfirmProps) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  async function go(event: SubmitEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      await onYes();
      onClose();
    } catch (thrown) {
      setError(errorText(thrown));
      setBusy(false);
    }
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" onSubmit={(event) => void go(event)}>
        <p>{children}</p>
        {typed && (
          <div class="field">
            <label for="confirm-text">
              Type <strong class="mono">{typed}</strong>
            </label>
            <input
              id="confirm-text"
              class="mono"
              autocomplete="off"
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </div>
        )}
        {error && (
          <p class="fault" role="alert">
            {error}
          </p>
        )}
        <div class="row">
          <button
            type="submit"
            class={danger ? 'primary danger' : 'primary'}
            disabled={busy || (typed !== undefined && text !== typed)}
          >
            {submit}
          </button>
          <button type="button" onClick={onClose}>
            Keep it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
