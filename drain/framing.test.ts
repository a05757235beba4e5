import { expect, test } from 'vitest';
import { BAD_BODIES } from '../test/fixtures/bad/bodies.ts';
import { Framer, frame } from './framing.ts';

/** Texts of the messages, the problem, and where the unread rest begins. */
function framed(body: string): { texts: string[]; problem: string; rest: string; emptyMessages: number } {
  const buf = Buffer.from(body, 'utf8');
  const { messages, problem, at, emptyMessages } = frame(buf);
  return {
    texts: messages.map(({ start, end }) => buf.toString('utf8', start, end)),
    problem,
    rest: buf.toString('utf8', at),
    emptyMessages,
  };
}

test('I-01 a count that is too small cuts its message and leaves the rest unread', () => {
  expect(framed('4 hello\n3 abc')).toEqual({
    texts: ['hell'],
    problem: 'badFraming',
    rest: 'o\n3 abc',
    emptyMessages: 0,
  });
});

test('I-01 a count that leaves out its newline loses what follows, for a rest cannot be searched safely', () => {
  expect(framed('5 hello\n3 abc')).toMatchObject({
    texts: ['hello'],
    problem: 'badFraming',
    rest: '\n3 abc',
  });
});

test('I-02 a count too large for the body keeps the messages before it', () => {
  expect(framed('3 abc9 short')).toMatchObject({ texts: ['abc'], problem: 'cutBody', rest: '9 short' });
});

test('I-02 a body that ends inside a count or before its space is cut', () => {
  expect(framed('3 abc12')).toMatchObject({ texts: ['abc'], problem: 'cutBody', rest: '12' });
  expect(framed('3 abc12 ')).toMatchObject({ texts: ['abc'], problem: 'cutBody', rest: '12 ' });
});

test('I-03 a count of 0 is a message of no bytes, skipped and counted', () => {
  expect(framed('0 0 3 abc0 ')).toEqual({ texts: ['abc'], problem: '', rest: '', emptyMessages: 3 });
});

for (const count of ['-3', '+5', '0x10', '1e3', '٣', '３']) {
  test(`I-03 a count written ${count} is no count`, () => {
    expect(framed(`3 abc${count} def`)).toMatchObject({
      texts: ['abc'],
      problem: 'badFraming',
      rest: `${count} def`,
    });
  });
}

test('I-04 a count of 20 digits is refused before it is a number', () => {
  expect(framed('99999999999999999999 abc')).toMatchObject({ texts: [], problem: 'badFraming' });
});

test('I-04 leading zeros are read up to seven digits', () => {
  expect(framed('003 abc0000003 def')).toMatchObject({ texts: ['abc', 'def'], problem: '' });
  expect(framed('00000003 abc')).toMatchObject({ texts: [], problem: 'badFraming' });
});

test('I-05 a count needs its space', () => {
  expect(framed('3abc')).toMatchObject({ texts: [], problem: 'badFraming', rest: '3abc' });
  expect(framed('3\tabc')).toMatchObject({ texts: [], problem: 'badFraming' });
});

test('I-06 an empty body and one of blanks have no message and no fault', () => {
  for (const body of ['', ' ', '\n', ' \r\n\t \n'])
    expect(framed(body)).toMatchObject({ texts: [], problem: '', rest: '' });
});

test('I-06 blanks after the last message are no fault, blanks before another one are', () => {
  expect(framed('3 abc\r\n \n')).toMatchObject({ texts: ['abc'], problem: '' });
  expect(framed('3 abc 3 def')).toMatchObject({ texts: ['abc'], problem: 'badFraming', rest: ' 3 def' });
});

test('I-08 ten thousand and one tiny messages are framed', () => {
  expect(frame(Buffer.from('1 x'.repeat(10_001))).messages).toHaveLength(10_001);
});

test('I-09 one message of 1 MiB is framed whole', () => {
  const body = Buffer.concat([Buffer.from('1048576 '), Buffer.alloc(1_048_576, 0x61)]);
  expect(frame(body).messages).toEqual([{ start: 8, end: 8 + 1_048_576 }]);
});

test('I-10 messages without a newline between them are framed by their counts', () => {
  expect(framed('5 first6 second')).toMatchObject({ texts: ['first', 'second'], problem: '' });
});

test('I-11 newlines and what looks like a frame inside a message belong to it', () => {
  expect(framed('11 a\nb\r\n3 <1>\n3 def')).toMatchObject({ texts: ['a\nb\r\n3 <1>\n', 'def'], problem: '' });
});

test('a framer can be started again and reads only the given length', () => {
  const framer = new Framer();
  framer.start(Buffer.from('x'));
  expect(framer.next()).toBe(false);
  expect(framer.problem).toBe('badFraming');
  framer.start(Buffer.from('3 abc3 def'), 5);
  expect(framer.next()).toBe(true);
  expect([framer.messageStart, framer.messageEnd]).toEqual([2, 5]);
  expect(framer.next()).toBe(false);
  expect(framer.problem).toBe('');
});

for (const { id, name, body, messages, problem } of BAD_BODIES) {
  test(`${id} ${name}: ${messages} messages${problem === '' ? '' : `, then ${problem}`}`, () => {
    const seen = frame(body);
    expect([seen.messages.length, seen.problem]).toEqual([messages, problem]);
  });
}
