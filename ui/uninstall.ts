/** The commands that take Drainboard out of Heroku again. Pure. */

/** Drains of ours are found by our host: their URLs hold secrets that nobody keeps. */
export function uninstallScript(apps: readonly string[], host: string): string {
  return [
    '# Keep what people decided (secrets are not in it).',
    'npx drainboard config export drainboard.json',
    '# Take the drains away: those that lead to this instance, and no others.',
    `for app in ${apps.join(' ')}; do`,
    `  heroku drains -a "$app" --json \\`,
    `    | jq -r '.[].url | select(contains("@${host}/"))' \\`,
    `    | while read -r url; do heroku drains:remove "$url" -a "$app"; done`,
    'done',
    '# Dynos stop writing their metrics with their next restart.',
    `for app in ${apps.join(' ')}; do heroku labs:disable log-runtime-metrics -a "$app"; done`,
  ].join('\n');
}
