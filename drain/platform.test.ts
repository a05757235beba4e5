import { expect, describe as group, test } from 'vitest';
import { parseApiEvent } from './api-event.ts';
import { parseLoss, sinceOf } from './loss.ts';
import { notesOf } from './notes.ts';
import { parseDynoEvent } from './platform.ts';
import { parseDatabaseLog } from './postgres.ts';

function dyno(text: string): unknown[] {
  const { event, notes } = parseDynoEvent(text, 'web.1');
  const { dyno: _, ...rest } = event ?? { dyno: '' };
  return [event === null ? null : rest, notesOf(notes)];
}

group('dyno events beyond the corpus', () => {
  for (const [text, event, notes] of [
    ['State changed from up to some-new_word', { event: 'state', from: 'up', to: 'some-new_word' }, []],
    ['State changed from up', null, ['badEvent']],
    ['State changed from <b> to up', { event: 'state', to: 'up' }, ['badEvent']],
    ['State changed from  to ', null, ['badEvent']],
    ['Process exited with status 255', { event: 'exit', exitStatus: 255 }, []],
    ['Process exited with status 256', { event: 'exit' }, ['badEvent']],
    ['Process exited with status -1', { event: 'exit' }, ['badEvent']],
    ['Process exited happily', null, ['badEvent']],
    ['Stopping all processes with SIGHUP', { event: 'stop', signal: 'SIGHUP' }, []],
    ['Stopping process with force', { event: 'stop' }, ['badEvent']],
    ['Stopping everything', null, ['badEvent']],
    [
      'Process running mem=870M(170.1%)',
      { event: 'memory', memoryBytes: 912_261_120, quotaRatio: 1.701 },
      [],
    ],
    ['Process running mem=870M(170%)', { event: 'memory', memoryBytes: 912_261_120, quotaRatio: 1.7 }, []],
    ['Process running mem=870G(170.1%)', { event: 'memory' }, ['badEvent']],
    ['Error R14 (Memory quota exceeded)', { event: 'code', code: 'R14' }, []],
    ['Error R14', { event: 'code', code: 'R14' }, []],
    ['Error R140 (x)', null, ['badEvent']],
    ['Error H12 (x)', null, ['badEvent']],
    ['Restarting \r', { event: 'restarting' }, []],
    ['Restarting now', null, []],
    ['A future text', null, []],
    ['', null, []],
    ['Starting process with command `bin/x`', { event: 'start', command: 'bin/x' }, []],
    ['Starting process with command: ` a b', { event: 'start', command: 'a' }, []],
    ['Starting process with command ``', { event: 'start' }, ['badEvent']],
  ] as const) {
    test(JSON.stringify(text), () => expect(dyno(text)).toEqual([event, notes]));
  }

  test('of a command only the first word is kept, and of an assignment only its name', () => {
    expect(dyno('Starting process with command `DATABASE_URL=postgres://u:secret@h rake x`')).toEqual([
      { event: 'start', command: 'DATABASE_URL' },
      [],
    ]);
  });
});

function api(text: string): unknown[] {
  const { event, notes } = parseApiEvent(text);
  return [event, notesOf(notes)];
}

group('API events beyond the corpus', () => {
  for (const [text, event, notes] of [
    [
      'Release v7 created by user a@b by user c@d',
      { event: 'other', text: 'Release v7 created by user a@b', user: 'c@d' },
      [],
    ],
    ['Deploy abc1234 by robot', { event: 'deploy', commit: 'abc1234', user: 'robot' }, []],
    ['Deploy xyz by robot', { event: 'other', text: 'Deploy xyz', user: 'robot' }, []],
    ['Set A config var by user a@b', { event: 'config', names: ['A'], user: 'a@b' }, []],
    ['Build failed -- check your build output: https://x', { event: 'build', result: 'failed' }, []],
    ['Slug compilation finished', { event: 'build', result: 'succeeded' }, []],
    [
      'Scaled to web@1 by user a@b',
      { event: 'scale', formation: [{ type: 'web', quantity: 1 }], user: 'a@b' },
      [],
    ],
    [
      'Scaled to web@1:Eco we/b@2:Eco',
      { event: 'scale', formation: [{ type: 'web', quantity: 1, size: 'Eco' }] },
      ['badEvent'],
    ],
    ['Scaled to', { event: 'scale', formation: [] }, ['badEvent']],
    ['Starting process with command `sleep 5 by night`', { event: 'start', command: 'sleep' }, []],
    ['Starting process with command `a\nb` by user a@b', { event: 'start', command: 'a', user: 'a@b' }, []],
    ['Stopped by an unknown power', { event: 'other', text: 'Stopped by an unknown power' }, []],
    ['Enabled by user Team Robot', { event: 'other', text: 'Enabled', user: 'Team Robot' }, []],
    ['', { event: 'other', text: '' }, []],
  ] as const) {
    test(JSON.stringify(text), () => expect(api(text)).toEqual([event, notes]));
  }
});

group('losses', () => {
  const since = Date.UTC(2026, 2, 2, 8, 59);
  for (const [text, loss, notes] of [
    [
      "Error L10 (output buffer overflow): drain 'd.01234567-89ab-4cde-8f01-23456789abcd' dropped 37 messages since 2026-03-02T08:59:00+00:00.",
      { code: 'L10', dropped: 37, sinceMs: since },
      [],
    ],
    [
      'Error L10 (output buffer overflow): 1 message dropped since 2026-03-02T08:59:00+00:00',
      { code: 'L10', dropped: 1, sinceMs: since },
      [],
    ],
    [
      'Error L12: 222 messages dropped since 2026-03-02T08:59:00+00:00',
      { code: 'L12', dropped: 222, sinceMs: since },
      [],
    ],
    [
      'Error L13: 5 messages lost since 2026-03-02T08:59:00+00:00.',
      { code: 'L13', dropped: 5, sinceMs: since },
      [],
    ],
    ['Error L15 (Tail buffer temporarily unavailable)', { code: 'L15' }, []],
    ['L20 (Tail sessions forbidden)', { code: 'L20' }, []],
    ['Error L10 (output buffer overflow): 3 messages dropped', { code: 'L10', dropped: 3 }, ['badEvent']],
  ] as const) {
    test(text, () => {
      const read = parseLoss(text);
      expect([read?.loss, notesOf(read?.notes ?? 0)]).toEqual([loss, notes]);
    });
  }

  test('a text without an L code is no loss', () => {
    for (const text of ['', 'XL10 3 messages', 'Error L100', 'hello']) expect(parseLoss(text)).toBeNull();
  });

  test('the time behind since loses its final dot', () => {
    expect(Buffer.from(sinceOf('since 2026-03-02T08:59:00.5Z.')).toString()).toBe('2026-03-02T08:59:00.5Z');
    expect(sinceOf('nothing')).toHaveLength(0);
  });
});

group('database log', () => {
  test('values of the prefix cannot forge a level or a duration', () => {
    const text =
      '[DATABASE] [1-1]  sql_error_code = 00000 application_name="x ERROR:  duration: 1 ms" user="LOG:  " LOG:  duration: 2.5 ms  x';
    expect(parseDatabaseLog(text)?.log).toEqual({
      source: 'DATABASE',
      level: 'LOG',
      sqlErrorCode: '00000',
      durationMs: 2.5,
    });
  });

  test('levels of every kind, and none', () => {
    const level = (name: string): unknown =>
      parseDatabaseLog(`[D] [1-1]  sql_error_code = 00000 ${name}:  x`)?.log.level;
    expect(['WARNING', 'DETAIL', 'HINT', 'NOTICE', 'PANIC', 'NEWS'].map(level)).toEqual([
      'WARNING',
      'DETAIL',
      'HINT',
      'NOTICE',
      'PANIC',
      undefined,
    ]);
  });

  test('another text is no database log, for a process type may be called postgres', () => {
    for (const text of ['', 'hello', '[D] hello', 'x [D] [1-1] y']) expect(parseDatabaseLog(text)).toBeNull();
  });
});
