/** Whether the server has newer pages than this tab: the script its page would load is another one than ours. */
import { type ReadonlySignal, signal } from '@preact/signals';

const EVERY_MS = 10 * 60_000;
const SCRIPT = /\/assets\/index-[\w-]+\.js/;

export interface Version {
  /** true from when the server was seen to have other pages. */
  isOld: ReadonlySignal<boolean>;
  /** Asks the server now; it cannot be reached: nothing changes. */
  check(): Promise<void>;
  start(): () => void;
}

export function buildVersion(): Version {
  const isOld = signal(false);
  const own = [...document.scripts].map((script) => SCRIPT.exec(script.src)?.[0]).find(Boolean);
  async function check() {
    if (!own || isOld.peek()) return;
    try {
      const answer = await fetch('/', { cache: 'no-store' });
      const theirs = answer.ok ? SCRIPT.exec(await answer.text())?.[0] : undefined;
      if (theirs && theirs !== own) isOld.value = true;
    } catch {
      // Not reached: the banner about the stream says so.
    }
  }
  return {
    isOld,
    check,
    start() {
      const timer = setInterval(() => {
        if (!document.hidden) void check();
      }, EVERY_MS);
      return () => clearInterval(timer);
    },
  };
}
