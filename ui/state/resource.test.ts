import { describe, expect, it } from 'vitest';
import { ClientError } from '../client.ts';
import { buildResource } from './resource.ts';

/** A resource whose answers are given by hand. */
function stage() {
  const calls: { abort: AbortSignal; answer(value: string): void; fail(error: Error): void }[] = [];
  const resource = buildResource<string>(
    (abort) =>
      new Promise((answer, fail) => {
        abort.addEventListener('abort', () => fail(abort.reason));
        calls.push({ abort, answer, fail });
      }),
  );
  const settled = () => new Promise((done) => setTimeout(done));
  return { calls, resource, settled };
}

describe('a resource that is asked for again while an answer is under way', () => {
  it('by itself waits for it, however often, and makes up for it once', async () => {
    const { calls, resource, settled } = stage();
    for (let tick = 0; tick < 5; tick++) resource.refresh();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.abort.aborted).toBe(false);
    calls[0]?.answer('slow');
    await settled();
    expect(resource.data.value).toBe('slow');
    expect(calls).toHaveLength(2);
    calls[1]?.answer('made up for');
    await settled();
    expect(resource.data.value).toBe('made up for');
    expect(calls).toHaveLength(2);
    expect(resource.busy.value).toBe(false);
  });

  it('for another question or by a person gives up on it, and owes nothing more', async () => {
    const { calls, resource, settled } = stage();
    resource.refresh();
    resource.refresh();
    void resource.load();
    expect(calls.map(({ abort }) => abort.aborted)).toEqual([true, false]);
    calls[1]?.answer('the other');
    await settled();
    expect(resource.data.value).toBe('the other');
    expect(calls).toHaveLength(2);
  });

  it('makes up for it after a failure that may pass, not after one that is final', async () => {
    const { calls, resource, settled } = stage();
    resource.refresh();
    resource.refresh();
    calls[0]?.fail(new ClientError(503, { detail: 'away' }));
    await settled();
    expect(calls).toHaveLength(2);
    resource.refresh();
    calls[1]?.fail(new ClientError(401, { detail: 'signed out' }));
    await settled();
    expect(calls).toHaveLength(2);
  });

  it('owes nothing once it is taken away', async () => {
    const { calls, resource, settled } = stage();
    resource.refresh();
    resource.refresh();
    resource.dispose();
    await settled();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.abort.aborted).toBe(true);
  });
});

it.each([
  [0, true],
  [500, true],
  [503, true],
  [400, false],
  [401, false],
  [404, false],
])('a failure with status %i may pass: %s', async (status, may) => {
  const { calls, resource, settled } = stage();
  expect(resource.isFailing()).toBe(false);
  void resource.load();
  calls[0]?.fail(new ClientError(status, {}));
  await settled();
  expect(resource.isFailing()).toBe(may);
  void resource.load();
  calls[1]?.answer('well');
  await settled();
  expect(resource.isFailing()).toBe(false);
});
