/** Memory and load are not set up: the two commands that switch them on. */
import { CopyBlock } from '../parts/copy.tsx';

export function EnableMetrics({ app }: { app: string }) {
  return (
    <section class="boxed not-set-up" aria-labelledby="runtime-metrics">
      <h2 id="runtime-metrics">Memory and load are not set up</h2>
      <p>
        This app does not log runtime metrics. Switch them on; the restart makes every dyno begin to report,
        about every 20 s.
      </p>
      <CopyBlock
        label="command that enables runtime metrics"
        text={`heroku labs:enable log-runtime-metrics -a ${app}`}
      />
      <CopyBlock label="command that restarts the app" text={`heroku restart -a ${app}`} />
    </section>
  );
}
