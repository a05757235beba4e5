import { describe, expect, it } from 'vitest';
import { frameLine, renderBody, renderLossNotice, renderTime, splitFrames } from './frame.ts';
import type { SimLine } from './line.ts';

const at = Date.UTC(2026, 2, 2, 9, 0, 0, 120);
const line: SimLine = {
  atMs: at,
  micros: 1,
  precision: 'micro',
  priority: 190,
  appname: 'app',
  procid: 'web.1',
  text: 'Zażółć gęślą jaźń 数据 💥',
  mark: { kind: 'app' },
};

describe('framing', () => {
  it('counts bytes, not characters, and includes the newline', () => {
    const [frame] = frameLine(line);
    expect(frame?.toString()).toBe(
      '96 <190>1 2026-03-02T09:00:00.120001+00:00 host app web.1 - Zażółć gęślą jaźń 数据 💥\n',
    );
  });

  it('writes two dashes in the dialect of a shuttle', () => {
    const [frame] = frameLine({ ...line, text: 'first from a shield space' }, 'shuttle');
    expect(frame?.toString()).toBe(
      '85 <190>1 2026-03-02T09:00:00.120001+00:00 host app web.1 - - first from a shield space\n',
    );
  });

  it('writes times in the precision of their producer', () => {
    const nine = Date.UTC(2023, 1, 14, 22, 40, 9, 689);
    expect(renderTime(nine, 90, 'cut')).toBe('2023-02-14T22:40:09.68909+00:00');
    expect(renderTime(nine, 90, 'micro')).toBe('2023-02-14T22:40:09.689090+00:00');
    expect(renderTime(nine, 90, 'seconds')).toBe('2023-02-14T22:40:09+00:00');
    expect(renderTime(nine, 90, 'zero')).toBe('2023-02-14T22:40:09.000000+00:00');
    expect(renderTime(Date.UTC(2023, 1, 14, 22, 40, 10), 0, 'cut')).toBe('2023-02-14T22:40:10+00:00');
  });

  it('cuts a line over 10,000 bytes at the byte, the newline on the last piece only', () => {
    const messages = splitFrames(renderBody([{ ...line, text: 'ż'.repeat(7_501) }]));
    const texts = messages.map((message) => message.subarray(message.indexOf(' - ') + 3));
    expect(texts.map((text) => text.length)).toEqual([10_000, 5_003]);
    expect(Buffer.concat(texts).toString()).toBe(`${'ż'.repeat(7_501)}\n`);
  });

  it('writes the loss notice as Logplex does, without a newline', () => {
    const notice = renderLossNotice(2, Date.UTC(2023, 1, 12, 20, 46, 53), Date.UTC(2023, 1, 12, 20, 47, 48));
    expect(notice.toString()).toBe(
      '156 <172>1 2023-02-12T20:47:48.000000+00:00 host heroku logplex - Error L10 (output buffer overflow): 2 messages dropped since 2023-02-12T20:46:53.000000+00:00.',
    );
  });

  it('frames as Logplex itself did: a count of its own test suite', () => {
    const text =
      'at=info code=H81 desc="Blank app" method=GET path="/" host=direwolf-d99daa9eda.staging.herokuappdev.com request_id=56a11b1c-1f68-4658-80e4-8213a09a81c2 fwd="54.163.94.153" dyno= connect= service= status=502 bytes= protocol=https';
    const time = { atMs: Date.UTC(2018, 2, 2, 23, 22, 34, 901), micros: 697 };
    const [frame] = frameLine({ ...line, ...time, priority: 158, appname: 'heroku', procid: 'router', text });
    expect(frame?.toString()).toMatch(
      /^290 <158>1 2018-03-02T23:22:34\.901697\+00:00 host heroku router - at=info/,
    );
    expect(frame).toHaveLength(294);
  });
});
