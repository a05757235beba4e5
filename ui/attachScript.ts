/** What is pasted into a terminal to attach several apps at once. Pure. */
import type { AppCreatedAnswer } from '../api/contract/apps.ts';

/** A restart is felt by visitors of an app: people choose when. */
export const isRestart = (command: string): boolean => /^heroku restart\b/.test(command);

/** One loop for all of them: each app has a secret of its own, so each line has its own URL. */
export function attachLoop(made: readonly AppCreatedAnswer[]): string {
  return [
    'while read -r app url; do',
    '  heroku drains:add "$url" -a "$app" && heroku labs:enable log-runtime-metrics -a "$app"',
    "done <<'END'",
    ...made.map(({ app, drainUrl }) => `${app} ${drainUrl}`),
    'END',
  ].join('\n');
}
