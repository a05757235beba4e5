import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { attachLoop, isRestart } from './attachScript.ts';

const made = ['shop', 'blog'].map((app) => ({
  app,
  drainUrl: `https://${app}:s3cr3t$(x)@drains.example.com/drain`,
  commands: [],
}));

test('a shell that runs the loop adds each app’s own drain, and reads no URL as a command', () => {
  const script = `heroku() { printf '%s\\n' "$*"; }\n${attachLoop(made)}\n`;
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim().split('\n')).toEqual([
    'drains:add https://shop:s3cr3t$(x)@drains.example.com/drain -a shop',
    'labs:enable log-runtime-metrics -a shop',
    'drains:add https://blog:s3cr3t$(x)@drains.example.com/drain -a blog',
    'labs:enable log-runtime-metrics -a blog',
  ]);
});

test('a restart is no part of what is copied together', () => {
  expect(isRestart('heroku restart -a shop')).toBe(true);
  expect(isRestart('heroku labs:enable log-runtime-metrics -a restart')).toBe(false);
});
