import { expect, test } from 'vitest';
import { bodyOf, requestLine } from '../test/lines.ts';
import { decodeSection } from './chunk.ts';
import { Group } from './group.ts';
import { Intake } from './intake.ts';
import { makeTerm } from './intern.ts';
import { RollUp } from './rollup.ts';
import type { AppState, Body } from './target.ts';

const APP: AppState = {
  appId: 7,
  customMetrics: true,
  historyOpenUntilMs: 0,
  release: makeTerm(''),
  releaseAtMs: 0,
};

function body(): Body {
  return {
    buf: bodyOf([requestLine(), requestLine()]),
    dialect: 'logplex',
    receivedAtMs: Date.now(),
    drainId: 1,
    announced: -1,
    dropCount: 0,
    lostCount: 0,
    frameKey: '',
    drain: { lastLineMs: 0 },
    lossesOnly: false,
  };
}

/** Fails on its second body, when that is read already. */
class FailingIntake extends Intake {
  #bodies = 0;

  override add(...given: Parameters<Intake['add']>): ReturnType<Intake['add']> {
    const entry = super.add(...given);
    if (++this.#bodies === 2) throw new Error('a mistake of ours');
    return entry;
  }
}

test('R-01 R-06 a mistake while a body is read: nothing of that frame is counted or remembered, so that its next try is; its neighbours are', () => {
  const intake = new FailingIntake({ storeClientAddresses: false, hashUser: (user) => user });
  const group = new Group(0);
  const id = (fill: number): Buffer => Buffer.alloc(16, fill);
  group.add(intake, APP, body(), id(1), '1:a');
  expect(() => group.add(intake, APP, body(), id(2), '1:b')).toThrow('a mistake of ours');
  group.add(intake, APP, body(), id(3), '1:c');

  expect(group.frames.map(({ position, frameId }) => [position, frameId?.[0] ?? null])).toEqual([
    [0, 1],
    [1, null],
    [2, 3],
  ]);
  expect(group.bodyBytes).toBe(2 * body().buf.length);
  const [part] = group.split();
  expect(part?.frames).toEqual(group.frames);

  // As its readers do: frames without an identity are left out.
  const rollUp = new RollUp();
  const { body: encoded } = group.encode();
  rollUp.add(decodeSection(encoded), new Set([1]));
  expect(rollUp.messages).toBe(4);
});
