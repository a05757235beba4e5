import { describe, expect, it } from 'vitest';
import type { LogLineAnswer } from '../api/contract/logs.ts';
import { herokuCommand, linesCsv, linesMarkdown, lineText } from './logsText.ts';
import { parseTyped } from './state/logsFilter.ts';

const LINE: LogLineAnswer = {
  id: 'a',
  atMs: Date.parse('2026-11-20T10:42:03.120Z'),
  source: 'app',
  procid: 'web.1',
  level: 'error',
  code: null,
  status: null,
  requestId: null,
  text: '\u001b[31m=boom\u001b[0m\t\u202edone',
  isCut: false,
};

describe('lines that leave the page', () => {
  it('read as heroku prints them, without colours and with hidden characters made visible', () => {
    expect(lineText(LINE)).toBe('2026-11-20T10:42:03.120000+00:00 app[web.1]: =boom    ⟨U+202E⟩done');
    expect(lineText({ ...LINE, source: 'router', procid: 'router', text: 'at=info' })).toContain(
      ' heroku[router]: at=info',
    );
  });

  it('SEC-34 are no formulas in a spreadsheet', () => {
    expect(linesCsv([LINE]).split('\r\n')[1]).toContain('"\'=boom');
  });

  it('stay inside their block of Markdown, whatever they say', () => {
    const text = linesMarkdown('shop', [{ ...LINE, text: '```\n# not a heading' }], 'https://x');
    expect(text).toMatch(/^\*\*shop\*\* \(\[open\]\(https:\/\/x\)\)\n\n````text\n/);
    expect(text.trimEnd().endsWith('````')).toBe(true);
  });
});

describe('the command for a terminal', () => {
  const command = (typed: string, live = true) => herokuCommand('shop', parseTyped(typed), live);

  it('names what heroku logs knows, and leaves the rest to grep', () => {
    expect(command('').command).toBe('heroku logs -a shop --tail');
    expect(command('source:app dyno:web.3').command).toBe(
      'heroku logs -a shop --tail --source app --dyno-name web.3',
    );
    expect(command('source:router 5xx -H27').command).toBe(
      "heroku logs -a shop --tail --source heroku --dyno-name router | grep -E 'status=5[0-9]{2}' | grep -vE '(code=|Error )H27'",
    );
    expect(command('dyno:web timeout').command).toBe(
      'heroku logs -a shop --tail --process-type web | grep -iF -- timeout',
    );
  });

  it('says what it cannot do', () => {
    expect(command('level:error').note).toBe('heroku logs does not know levels.');
    expect(command('source:app,redis', false).note).toContain('several sources, a time range');
    expect(command('source:app').note).toBe('');
  });

  it('carries any text safely through a shell', () => {
    expect(command(`"it's; rm -rf $HOME"`).command).toContain(`grep -iF -- 'it'\\''s; rm -rf $HOME'`);
    expect(herokuCommand('a b', [], true).command).toContain("-a 'a b'");
  });
});
