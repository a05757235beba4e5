/** The steps of a frame alone, one after another, in one process: where the time of a message goes. */
import { decodeSection, encodeSection } from '../drain/chunk.ts';
import { Framer } from '../drain/framing.ts';
import { Intake } from '../drain/intake.ts';
import { makeTerm } from '../drain/intern.ts';
import { MessageReader } from '../drain/reader.ts';
import { RollUp } from '../drain/rollup.ts';
import { recycle, Section } from '../drain/section.ts';
import { AppSlos } from '../drain/slo-counting.ts';
import type { AppState, Body } from '../drain/target.ts';
import { SloMatcher } from '../model/slo-match.ts';
import { exampleSlo, latencyIndicator } from '../test/slos.ts';
import { buildBody } from './bodies.ts';

/** Logplex' own batches, and the smallest there are. */
const PER_POST = [75, 1];
const POSTS_PER_GROUP = 100;
/** The machine is shared: of so many rounds the least disturbed counts. */
const ROUNDS = 5;
const BODIES = 64;
/** Groups that a roll-up gathers before its deltas are taken. */
const GROUPS_PER_TAKE = 40;

const nowMs = Date.now();
const none: ReadonlySet<number> = new Set();

/** Availability of everything, of some routes of web, and a latency with a route left out. */
const slos = new AppSlos(
  [
    exampleSlo(),
    exampleSlo({ scope: { processTypes: ['web'], pathShapes: ['/api/*', '/'] } }),
    exampleSlo({ indicator: latencyIndicator(300, true), scope: { excludedPathShapes: ['/stream*'] } }),
  ].map((definition, sloId) => ({
    id: sloId + 1,
    sloId,
    validFromS: 0,
    validToS: Number.POSITIVE_INFINITY,
    matcher: SloMatcher.of(definition)!,
  })),
);

/** Frames of one app, again and again the same ones. */
class Feed {
  readonly bodies: Buffer[];
  readonly perPost: number;
  readonly #intake = new Intake({ storeClientAddresses: false, hashUser: () => 'x' });
  readonly #drain = { lastLineMs: 0 };
  readonly #app: AppState = {
    appId: 1,
    customMetrics: true,
    historyOpenUntilMs: 0,
    release: makeTerm('42'),
    releaseAtMs: 0,
  };

  constructor(perPost: number) {
    this.perPost = perPost;
    this.bodies = Array.from({ length: BODIES }, (_, index) => buildBody(index, perPost, nowMs));
  }

  body(post: number): Buffer {
    return this.bodies[post % BODIES]!;
  }

  /** A section of the frames of one group. */
  section(group: number): Section {
    const section = new Section(1);
    for (let i = 0; i < POSTS_PER_GROUP; i++) {
      const body: Body = {
        buf: this.body(group * POSTS_PER_GROUP + i),
        dialect: 'logplex',
        receivedAtMs: nowMs,
        drainId: 1,
        drain: this.#drain,
        announced: this.perPost,
        dropCount: 0,
        lostCount: 0,
        frameKey: '',
        lossesOnly: false,
      };
      this.#intake.add(section, i, this.#app, body);
    }
    return section;
  }
}

/** The stages, each as what it does with that many groups. */
function stagesOf(feed: Feed): [name: string, work: (groups: number) => void][] {
  const section = feed.section(0);
  const encoded = encodeSection(section);
  return [
    [
      'framing and parser alone (baseline)',
      (groups) => {
        const framer = new Framer();
        const reader = new MessageReader();
        for (let post = 0; post < groups * POSTS_PER_GROUP; post++) {
          const buf = feed.body(post);
          framer.start(buf);
          while (framer.next()) reader.read(buf, framer.messageStart, framer.messageEnd, 'logplex');
        }
      },
    ],
    [
      'framing, parser, redaction, columns',
      (groups) => {
        for (let group = 0; group < groups; group++) recycle(feed.section(group));
      },
    ],
    [
      'encode and compress',
      (groups) => {
        for (let group = 0; group < groups; group++) encodeSection(section);
      },
    ],
    [
      'roll-up',
      (groups) => {
        const sum = new RollUp();
        for (let group = 0; group < groups; group++) {
          sum.add(section, none);
          if (group % GROUPS_PER_TAKE === GROUPS_PER_TAKE - 1) sum.take();
        }
      },
    ],
    [
      'roll-up, counting for 3 SLOs too',
      (groups) => {
        const sum = new RollUp(undefined, { app: () => slos, isFresh: true });
        for (let group = 0; group < groups; group++) {
          sum.add(section, none, nowMs);
          if (group % GROUPS_PER_TAKE === GROUPS_PER_TAKE - 1) sum.take();
        }
      },
    ],
    [
      'decode (take-over only)',
      (groups) => {
        for (let group = 0; group < groups; group++) recycle(decodeSection(encoded));
      },
    ],
  ];
}

/** CPU µs a message of each stage, the least of the rounds that share the messages. */
function leastUs(feed: Feed, messages: number): Map<string, number> {
  const groups = Math.ceil(messages / ROUNDS / feed.perPost / POSTS_PER_GROUP);
  const least = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of stagesOf(feed)) {
      const from = process.cpuUsage();
      work(groups);
      const { user, system } = process.cpuUsage(from);
      const us = (user + system) / (groups * POSTS_PER_GROUP * feed.perPost);
      least.set(name, Math.min(us, least.get(name) ?? us));
    }
  }
  return least;
}

/** Lines of a table: stage, µs a message, by messages a POST. With one a POST that is µs a frame. */
export function measureStages(messages: number): string[] {
  const feeds = PER_POST.map((perPost) => new Feed(perPost));
  const columns = feeds.map((feed) => leastUs(feed, messages));
  const bytes = feeds.map((feed) => encodeSection(feed.section(0)).length / (feed.perPost * POSTS_PER_GROUP));
  const names = [...(columns[0]?.keys() ?? [])];
  return [
    `| CPU µs a message (= s a million), by messages a POST | ${PER_POST.join(' | ')} |`,
    `|---|${PER_POST.map(() => '---|').join('')}`,
    ...names.map(
      (name) => `| ${name} | ${columns.map((us) => (us.get(name) ?? 0).toFixed(2)).join(' | ')} |`,
    ),
    `| bytes a message in the durable log | ${bytes.map((size) => size.toFixed(1)).join(' | ')} |`,
  ];
}
