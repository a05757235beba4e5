import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Admission, type Place } from './admission.ts';

const MAX = 1_000;
const WINDOW = 300;

/** A frame as the receiver would take it through, as far as it gets. */
interface Frame {
  app: number;
  bytes: number;
  place: Place;
  isRead: boolean;
  isSubmitted: boolean;
}

class Bench {
  now = 0;
  readonly admission = new Admission({ heldBytesMax: MAX, windowBytes: WINDOW, monotonicMs: () => this.now });
  readonly frames: Frame[] = [];
  /** Frames in the order in which they were submitted. */
  readonly order: Frame[] = [];

  arrive(app: number, bytes: number): Frame {
    const { admission } = this;
    const place = admission.arrive({ appId: app, appName: `app-${app}` }, bytes);
    const frame: Frame = { app, bytes, place, isRead: false, isSubmitted: false };
    this.frames.push(frame);
    admission.takeRoom(place, () => {
      frame.isRead = true;
      admission.takeTurn(place, () => {
        frame.isSubmitted = true;
        this.order.push(frame);
      });
    });
    return frame;
  }

  /** The oldest submitted frame is settled. */
  settle(): boolean {
    const frame = this.order.find(({ place }) => place.state === 'submitted');
    if (frame === undefined) return false;
    this.admission.leave(frame.place);
    return true;
  }
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ app: fc.nat(4), bytes: fc.integer({ min: 1, max: 200 }) }) },
  { weight: 3, arbitrary: fc.constant('settle' as const) },
  { weight: 1, arbitrary: fc.record({ leave: fc.nat(1_000) }) },
  { weight: 1, arbitrary: fc.record({ passMs: fc.nat(20_000) }) },
);

test('R-09 what is held never exceeds the room, nor what is under way its window; figures are the sums of the frames', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const bench = new Bench();
      for (const what of steps) {
        if (what === 'settle') bench.settle();
        else if ('passMs' in what) bench.now += what.passMs;
        else if ('leave' in what) {
          const frame = bench.frames[what.leave % Math.max(1, bench.frames.length)];
          if (frame) bench.admission.leave(frame.place);
        } else bench.arrive(what.app, what.bytes);
        const holding = bench.frames.filter(({ place }) =>
          ['held', 'forTurn', 'submitted'].includes(place.state),
        );
        const submitted = holding.filter(({ place }) => place.state === 'submitted');
        const bytes = (frames: Frame[]) => frames.reduce((sum, frame) => sum + frame.bytes, 0);
        expect(bench.admission.heldBytes).toBe(bytes(holding));
        expect(bench.admission.heldFrames).toBe(holding.length);
        expect(bytes(holding)).toBeLessThanOrEqual(MAX);
        expect(bytes(submitted)).toBeLessThanOrEqual(WINDOW);
      }
    }),
  );
});

test('R-09 nobody is forgotten: when frames are settled one after another every one that stayed gets its turn', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ app: fc.nat(4), bytes: fc.integer({ min: 1, max: 200 }) }), { maxLength: 100 }),
      fc.array(fc.nat(99), { maxLength: 10 }),
      (arrivals, leaving) => {
        const bench = new Bench();
        for (const { app, bytes } of arrivals) bench.arrive(app, bytes);
        for (const index of leaving) {
          const frame = bench.frames[index];
          if (frame && !frame.isSubmitted) bench.admission.leave(frame.place);
        }
        const staying = bench.frames.filter(({ place }) => place.state !== 'left');
        while (bench.settle());
        expect(staying.every(({ isSubmitted }) => isSubmitted)).toBe(true);
        expect([bench.admission.heldBytes, bench.admission.heldFrames]).toEqual([0, 0]);
      },
    ),
  );
});

test('R-10 an app that floods leaves half of the room, and the next frame of another is next but for what is under way', () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 500 }), fc.integer({ min: 1, max: 100 }), (frames, bytes) => {
      const bench = new Bench();
      // Another is about: since then the flood is not alone.
      bench.admission.leave(bench.arrive(1, 10).place);
      for (let n = 0; n < frames; n++) bench.arrive(0, 50);
      expect(bench.admission.heldBytes).toBeLessThanOrEqual(MAX / 2);
      const other = bench.arrive(1, bytes);
      expect(other.isRead).toBe(true);
      let settled = 0;
      while (!other.isSubmitted && bench.settle()) settled++;
      // The flood has half of the window at most: there was room in it, or there is after one or two were settled.
      expect(settled).toBeLessThanOrEqual(2);
    }),
  );
});

test('R-10 apps that all flood get turns by bytes, whatever the size of their frames', () => {
  const bench = new Bench();
  const sizes = [10, 25, 50];
  for (let n = 0; n < 200; n++) for (const [app, bytes] of sizes.entries()) bench.arrive(app, bytes);
  for (let n = 0; n < 400; n++) {
    bench.settle();
    for (const [app, bytes] of sizes.entries()) {
      if (bench.frames.filter((frame) => frame.app === app && !frame.isSubmitted).length < 5)
        bench.arrive(app, bytes);
    }
  }
  const served = sizes.map((_, app) =>
    bench.order.filter((frame) => frame.app === app).reduce((sum, frame) => sum + frame.bytes, 0),
  );
  expect(Math.max(...served) / Math.min(...served)).toBeLessThan(1.5);
});

test('R-10 the flood is shed and named, those in its way are not; alone it is nobody’s burden', () => {
  const bench = new Bench();
  const quiet = Array.from({ length: 4 }, (_, n) => bench.arrive(n + 1, 10));
  const flood = Array.from({ length: 100 }, () => bench.arrive(0, 100));
  const waiting = flood.filter(({ isRead }) => !isRead);
  expect(waiting.length).toBeGreaterThan(50);
  expect(waiting.every(({ place }) => bench.admission.wasShed(place))).toBe(true);
  expect(quiet.some(({ place }) => bench.admission.wasShed(place))).toBe(false);
  expect(bench.admission.shedApps(600_000)).toEqual({ 'app-0': waiting.length });
  bench.now += 600_001;
  expect(bench.admission.shedApps(600_000)).toEqual({});

  const alone = new Bench();
  const frames = Array.from({ length: 100 }, () => alone.arrive(0, 100));
  expect(alone.admission.heldBytes).toBe(MAX);
  expect(frames.some(({ place }) => alone.admission.wasShed(place))).toBe(false);
});

test('R-09 squeezed, an app over its share finds no room at all, and others find a quarter of it', () => {
  const bench = new Bench();
  for (let n = 0; n < 4; n++) bench.admission.leave(bench.arrive(n + 1, 10).place);
  for (let n = 0; n < 50; n++) bench.admission.leave(bench.arrive(0, 100).place);
  bench.admission.isSqueezed = true;
  expect(bench.arrive(1, 100).isRead).toBe(true);
  expect(bench.arrive(0, 10).isRead).toBe(false);
  expect(bench.arrive(2, 100).isRead).toBe(true);
  expect(bench.arrive(3, 100).isRead).toBe(false);
});
