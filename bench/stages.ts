/** The steps of a frame alone, one after another, in one process: where the time of a message goes. */
import { decodeSection, encodeSection } from '../drain/chunk.ts';
import { Framer } from '../drain/framing.ts';
import { Intake } from '../drain/intake.ts';
import { makeTerm } from '../drain/intern.ts';
import { MessageReader } from '../drain/reader.ts';
import { RollUp } from '../drain/rollup.ts';
import { Section } from '../drain/section.ts';
import type { AppState, Body } from '../drain/target.ts';
import { buildBody } from './bodies.ts';

const PER_POST = 75;
const POSTS_PER_GROUP = 100;

/** Lines of a table: stage, µs a message. */
export function measureStages(messages: number): string[] {
  const nowMs = Date.now();
  const bodies = Array.from({ length: 64 }, (_, index) => buildBody(index, PER_POST, nowMs));
  const posts = Math.ceil(messages / PER_POST);
  const time = (work: () => void): number => {
    work();
    const from = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(from);
    return (user + system) / (posts * PER_POST);
  };
  const intake = new Intake({ storeClientAddresses: false, hashUser: () => 'x' });
  const app: AppState = {
    appId: 1,
    customMetrics: true,
    historyOpenUntilMs: 0,
    release: makeTerm('42'),
    releaseAtMs: 0,
  };
  const drain = { lastLineMs: 0 };
  const bodyOf = (post: number): Body => ({
    buf: bodies[post % bodies.length]!,
    dialect: 'logplex',
    receivedAtMs: nowMs,
    drainId: 1,
    drain,
    announced: PER_POST,
    dropCount: 0,
    lostCount: 0,
    frameKey: '',
    lossesOnly: false,
  });
  const fill = (group: number): Section => {
    const section = new Section(1);
    for (let i = 0; i < POSTS_PER_GROUP; i++)
      intake.add(section, i, app, bodyOf(group * POSTS_PER_GROUP + i));
    return section;
  };
  const groups = Math.ceil(posts / POSTS_PER_GROUP);
  const parse = time(() => {
    const framer = new Framer();
    const reader = new MessageReader();
    for (let post = 0; post < posts; post++) {
      const buf = bodies[post % bodies.length]!;
      framer.start(buf);
      while (framer.next()) reader.read(buf, framer.messageStart, framer.messageEnd, 'logplex');
    }
  });
  const intakeUs = time(() => {
    for (let group = 0; group < groups; group++) fill(group);
  });
  const section = fill(0);
  const encode = time(() => {
    for (let group = 0; group < groups; group++) encodeSection(section);
  });
  const encoded = encodeSection(section);
  const rollUp = time(() => {
    const sum = new RollUp();
    const none = new Set<number>();
    for (let group = 0; group < groups; group++) {
      sum.add(section, none);
      if (group % 40 === 39) sum.take();
    }
  });
  const decode = time(() => {
    for (let group = 0; group < groups; group++) decodeSection(encoded);
  });
  return [
    '| stage | CPU µs a message (= s a million) |',
    '|---|---|',
    `| framing and parser alone (baseline) | ${parse.toFixed(2)} |`,
    `| framing, parser, redaction, columns | ${intakeUs.toFixed(2)} |`,
    `| encode and compress | ${encode.toFixed(2)} |`,
    `| roll-up | ${rollUp.toFixed(2)} |`,
    `| decode (take-over only) | ${decode.toFixed(2)} |`,
    `| bytes a message in the durable log | ${(encoded.length / (PER_POST * POSTS_PER_GROUP)).toFixed(1)} |`,
  ];
}
