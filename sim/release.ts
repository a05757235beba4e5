/** What Heroku writes when an app is released, configured or scaled (FORMATS 7.1, 7.3). */
import type { AppSpec } from './app.ts';
import type { DynoRoom } from './life.ts';
import { apiLine } from './line.ts';
import { commandOutput } from './output.ts';
import type { Random } from './random.ts';

const CONFIG_NAMES = 'CACHE_TTL FEATURE_CHECKOUT_V2 SENTRY_DSN WEB_CONCURRENCY S3_BUCKET_2'.split(' ');

/**
 * A deploy from its build to the release line; raises the room's version.
 * @returns when the new release is out and the dynos begin to restart
 */
export function deploy(app: AppSpec, room: DynoRoom, startMs: number, random: Random): number {
  const user = random.pick(app.users);
  const version = room.version + 1;
  room.lines.push(apiLine(startMs, `Build started by user ${user}`, 'zero'));
  const builtMs = startMs + random.integer(35_000, 80_000) + random.next();
  room.lines.push(apiLine(builtMs, `Deploy ${random.hex(8)} by user ${user}`));
  const releasedMs =
    app.releaseCommand === undefined
      ? builtMs
      : releasePhase(app.releaseCommand, room, builtMs, { user, version }, random);
  room.version = version;
  room.lines.push(apiLine(releasedMs, `Release v${version} created by user ${user}`));
  room.lines.push(apiLine(releasedMs + 500, 'Build succeeded', 'zero'));
  return releasedMs + 1_000;
}

function releasePhase(
  command: string,
  room: DynoRoom,
  atMs: number,
  { user, version }: { user: string; version: number },
  random: Random,
): number {
  room.lines.push(apiLine(atMs, `Running release v${version} commands by user ${user}`));
  room.lines.push(apiLine(atMs + 1_900, `Starting process with command \`${command}\` by user ${user}`));
  const dyno = `release.${random.integer(1_000, 9_999)}`;
  const output = commandOutput(command, 0, random);
  const run = { command, ms: random.integer(3_000, 14_000), exitStatus: 0, output };
  return room.oneOff(dyno, atMs + 1_900, run) + random.integer(300, 1_200);
}

/** A change of config vars: a release of its own. */
export function changeConfig(app: AppSpec, room: DynoRoom, atMs: number, random: Random): number {
  const user = random.pick(app.users);
  const names = random.chance(0.7)
    ? [random.pick(CONFIG_NAMES)]
    : [CONFIG_NAMES[0], CONFIG_NAMES[3]].filter((name) => name !== undefined);
  room.version += 1;
  room.lines.push(apiLine(atMs, `Set ${names.join(', ')} config vars by user ${user}`));
  room.lines.push(apiLine(atMs, `Release v${room.version} created by user ${user}`));
  return atMs + 900;
}

/** Back to an earlier release: an event of its own and a release with a new number. */
export function rollBack(app: AppSpec, room: DynoRoom, atMs: number, to: number, random: Random): number {
  const user = random.pick(app.users);
  room.version += 1;
  room.lines.push(apiLine(atMs, `Rollback to v${to} by user ${user}`));
  room.lines.push(apiLine(atMs, `Release v${room.version} created by user ${user}`));
  return atMs + 900;
}

/** `Scaled to` names every process type, sorted. */
export function announceScale(
  app: AppSpec,
  room: DynoRoom,
  atMs: number,
  quantities: ReadonlyMap<string, number>,
  random: Random,
): void {
  const types = app.formation.map(({ type, size }) => `${type}@${quantities.get(type) ?? 0}:${size}`);
  room.lines.push(apiLine(atMs, `Scaled to ${types.sort().join(' ')} by user ${random.pick(app.users)}`));
}
