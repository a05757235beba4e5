/** Of the settings: one block that takes Drainboard out of Heroku again. */
import { CopyBlock } from '../parts/copy.tsx';
import { useApp } from '../state/context.ts';
import { uninstallScript } from '../uninstall.ts';

export function Uninstall({ apps }: { apps: string[] }) {
  const { session } = useApp();
  const { host } = new URL(session.answer.value?.baseUrl || location.origin);
  return (
    <details class="as-call">
      <summary>Take Drainboard away</summary>
      <p class="muted">
        Where the Heroku CLI and jq are, as somebody who may change these apps. It changes nothing here: then
        delete this instance with its database.
      </p>
      <CopyBlock text={uninstallScript(apps, host)} label="commands that take Drainboard away" />
    </details>
  );
}
