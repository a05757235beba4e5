/** A command to paste somewhere, with a button that copies it. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useApp } from '../state/context.ts';

export function CopyBlock({ text, label }: { text: string; label: string }) {
  const { announce } = useApp();
  const code = useRef<HTMLElement>(null);
  const [done, setDone] = useState<'no' | 'copied' | 'selected'>('no');
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setDone('copied');
      announce.value = 'Copied';
    } catch {
      // Without permission (or over http) the text is selected, ready for Ctrl-C.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setDone('selected');
    }
    setTimeout(() => setDone('no'), 2500);
  }
  return (
    <div class="copy">
      <pre>
        <code ref={code}>{text}</code>
      </pre>
      <button type="button" onClick={copy} aria-label={`Copy ${label}`}>
        {done === 'copied' ? 'Copied' : done === 'selected' ? 'Selected' : 'Copy'}
      </button>
    </div>
  );
}

/** Copies a text that stands elsewhere on the page in parts. */
export function CopyButton({ text, children }: { text: string; children: ComponentChildren }) {
  const { announce, toast } = useApp();
  const [done, setDone] = useState(false);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      announce.value = 'Copied';
      setTimeout(() => setDone(false), 2500);
    } catch {
      toast.value = 'The browser did not allow copying.';
    }
  }
  return (
    <button type="button" onClick={copy}>
      {done ? 'Copied' : children}
    </button>
  );
}

/** An id in a narrow place: cut until it is tapped, which shows all of it and copies it. */
export function CopyId({ text, what }: { text: string; what: string }) {
  const { announce, toast } = useApp();
  const [open, setOpen] = useState(false);
  async function copy() {
    setOpen(true);
    try {
      await navigator.clipboard.writeText(text);
      toast.value = `Copied ${what} ${text}`;
    } catch {
      // Without permission it is shown in full, and can be selected.
      announce.value = `${what} ${text}`;
    }
  }
  return (
    <button
      type="button"
      class={`quiet id mono${open ? ' id-open' : ''}`}
      title={`Copy ${text}`}
      onClick={() => void copy()}
    >
      <span class="sr">Copy {what} </span>
      <span class={open ? 'wrap' : 'cut'}>{text}</span>
    </button>
  );
}
