import { expect, describe as group, test } from 'vitest';
import { bodyOf, CORPUS_FILES, corpusBatches, corpusLines, expectedParses } from '../test/fixtures/corpus.ts';
import { describe } from './describe.ts';
import { Framer, frame } from './framing.ts';
import { MessageReader } from './reader.ts';

const RECEIVED_AT_MS = Date.UTC(2026, 10, 21);

for (const file of CORPUS_FILES) {
  group(`corpus ${file}.log`, () => {
    const lines = corpusLines(file);
    const expected = expectedParses(file);
    const body = bodyOf(lines);
    const framer = new Framer();
    const reader = new MessageReader();
    framer.start(body);

    test('has an expectation for every line', () => expect(expected).toHaveLength(lines.length));

    for (const [index, line] of lines.entries()) {
      framer.next();
      const { messageStart, messageEnd } = framer;
      test(`line ${index + 1}: ${line.toString('utf8').slice(0, 150)}`, () => {
        reader.read(body, messageStart, messageEnd, 'logplex');
        const described = describe(reader.message, body, RECEIVED_AT_MS, 'asWritten');
        expect(described).toStrictEqual(expected[index]);
        expect(JSON.parse(JSON.stringify(described))).toStrictEqual(expected[index]);
      });
    }
  });
}

group('corpus batches.jsonl', () => {
  for (const batch of corpusBatches()) {
    test(`${batch.name}: ${batch.expect.note}`, () => {
      const body = Buffer.from(batch.body, 'utf8');
      expect(body).toHaveLength(batch.body_bytes);
      expect(frame(body).messages).toHaveLength(batch.expect.frames);
    });
  }

  test('a shield body loses both dashes, a Logplex body one', () => {
    const batch = corpusBatches().find(({ name }) => name === 'shield-style');
    const body = Buffer.from(batch?.body ?? '', 'utf8');
    const reader = new MessageReader();
    const [first, second] = frame(body).messages;
    reader.read(body, first?.start ?? 0, first?.end ?? 0, 'shuttle');
    expect(describe(reader.message, body, RECEIVED_AT_MS, 'asWritten')).toStrictEqual({
      kind: 'app',
      time: '2026-03-02T09:12:00.000001Z',
      timeSource: 'line',
      appname: 'app',
      procid: 'web.1',
      dyno: 'web.1',
      text: 'first from a shield space',
    });
    reader.read(body, first?.start ?? 0, first?.end ?? 0, 'logplex');
    expect(describe(reader.message, body, RECEIVED_AT_MS, 'asWritten').text).toBe(
      '- first from a shield space',
    );
    reader.read(body, second?.start ?? 0, second?.end ?? 0, 'shuttle');
    const request = describe(reader.message, body, RECEIVED_AT_MS, 'asWritten');
    expect(request).toMatchObject({
      kind: 'request',
      at: 'info',
      status: 200,
      serviceMs: 5,
      tlsVersion: 'tls1.2',
    });
  });
});
