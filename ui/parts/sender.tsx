/** Sending a form: one at a time, nothing lost on an error, each fault beside its field and none untold. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ClientError, errorText } from '../client.ts';

export interface Sender {
  busy: boolean;
  error: string | null;
  /** The fault of a field, under any of the names the server may use for it. */
  faultOf(...names: string[]): string | undefined;
  /** Faults that no field of the form has told. */
  untold(): string[];
  /** true when the work was done. */
  send(work: () => Promise<void>): Promise<boolean>;
  clear(): void;
}

interface Fault {
  field: string;
  message: string;
}

export function useSender(): Sender {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [faults, setFaults] = useState<Fault[]>([]);
  const told = useRef(new Set<Fault>());
  told.current = new Set();
  useEffect(() => {
    if (faults.length === 0 && error === null) return;
    const first =
      document.querySelector<HTMLElement>('main [aria-invalid="true"], dialog [aria-invalid="true"]') ??
      document.querySelector<HTMLElement>('.send-fault');
    first?.focus();
  }, [faults, error]);
  return {
    busy,
    error,
    faultOf(...names) {
      const found = faults.filter((fault) => names.includes(fault.field));
      for (const fault of found) told.current.add(fault);
      return found.length === 0 ? undefined : found.map((fault) => fault.message).join(' ');
    },
    untold: () =>
      faults
        .filter((fault) => !told.current.has(fault))
        .map((fault) => (fault.field ? `${fault.field}: ${fault.message}` : fault.message)),
    async send(work) {
      setBusy(true);
      setError(null);
      setFaults([]);
      try {
        await work();
        setBusy(false);
        return true;
      } catch (thrown) {
        setFaults(thrown instanceof ClientError ? thrown.faults : []);
        setError(errorText(thrown));
        setBusy(false);
        return false;
      }
    },
    clear() {
      setError(null);
      setFaults([]);
    },
  };
}

/** What went wrong, and what no field could say. Stands after the fields. */
export function SendFault({ sender }: { sender: Sender }) {
  const untold = sender.untold();
  if (sender.error === null) return null;
  return (
    <div class="fault send-fault" role="alert" tabIndex={-1}>
      <p>{sender.error}</p>
      {untold.length > 0 && (
        <ul class="plain-list">
          {untold.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
