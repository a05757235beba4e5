import { expect, test } from 'vitest';
import { buildLog } from './log.ts';

function write(readable: boolean, fields: Record<string, unknown>): string {
  let text = '';
  const out = { write: (more: string) => (text += more) };
  buildLog({ out, readable, base: { process: 'web' }, now: () => 0 }).warn('frame.refused', fields);
  return text;
}

test('SEC-36 one event is one JSON line with its time, level and facts', () => {
  expect(JSON.parse(write(false, { app: 'shop', messages: 3 }))).toEqual({
    at: '1970-01-01T00:00:00.000Z',
    level: 'warn',
    event: 'frame.refused',
    process: 'web',
    app: 'shop',
    messages: 3,
  });
});

test.each([true, false])(
  'SEC-36 no control, line or direction mark gets through (readable: %s)',
  (readable) => {
    const line = write(readable, { text: 'a\nb\u001b[31m\u0085\u007f\u2028\u202e\u200bz', 'na\nme': 1 });
    expect(line.endsWith('\n')).toBe(true);
    expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  },
);

test('R-17 secrets by name and credentials in URLs are left out, in errors too', () => {
  const error = new Error('cannot reach postgres://me:hunter2@db/x', {
    cause: new Error('https://u:hunter2@h'),
  });
  const line = write(false, {
    secret: 'hunter2',
    nested: { setupToken: 'hunter2', Authorization: 'Basic hunter2' },
    databaseUrl: 'hunter2',
    list: [{ password: 'hunter2' }],
    error: Object.assign(error, { code: 'X1', detail: 'hunter2' }),
  });
  expect(line).not.toContain('hunter2');
  expect(JSON.parse(line)).toMatchObject({
    error: { code: 'X1', message: 'cannot reach postgres://(left out)@db/x' },
  });
});

test('R-09 a line stays bounded whatever it is given', () => {
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  expect(write(false, { loop, text: 'x'.repeat(1e6), list: Array(1e5).fill(1) }).length).toBeLessThan(5_000);
});

test('people read time, event and facts', () => {
  expect(write(true, { app: 'shop', text: 'two words' })).toBe(
    '00:00:00 WARN frame.refused process=web app=shop text="two words"\n',
  );
});
