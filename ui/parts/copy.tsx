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
      toast.value = 'The browser did not allow copying; copy the commands one by one.';
    }
  }
  return (
    <button type="button" onClick={copy}>
      {done ? 'Copied' : children}
    </button>
  );
}
