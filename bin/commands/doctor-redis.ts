/** Doctor's part about Redis: whether what is put into the spool is safe there. */
import { FULL_SHARE, isTooOld, refusePolicy } from '../../store/spool.ts';
import { readSpoolServer, type SpoolServer } from '../../store/spool-server.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** @param plannedBytes size of the spool where the server has no limit of its own */
export async function checkRedis(config: {
  redisUrl?: string | undefined;
  onHeroku: boolean;
  spoolBytes: number;
}): Promise<Finding[]> {
  if (config.redisUrl === undefined) return [ok('redis', 'not configured; everything works without it')];
  try {
    return judgeRedis(await readSpoolServer(config.redisUrl, config.onHeroku), config.spoolBytes);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const advice = 'Check REDIS_URL. Everything but the spool works without it.';
    return [warn('redis', `does not answer: ${text}`, advice)];
  }
}

/** What a server that answers is worth as a spool. */
export function judgeRedis(server: SpoolServer, plannedBytes: number): Finding[] {
  if (isTooOld(server.version)) {
    return [
      fail('redis', `Redis ${server.version} is too old for the spool`, 'Redis 6.2 or newer is needed.'),
    ];
  }
  const refusal = refusePolicy(server.policy);
  const policy =
    refusal === ''
      ? ok(
          'redis',
          `Redis ${server.version} answers, and never throws waiting frames away (${server.policy})`,
        )
      : fail(
          'redis',
          refusal,
          'heroku redis:maxmemory --policy noeviction; until then no frames are put there.',
        );
  return [policy, judgePersistence(server), judgeRoom(server, plannedBytes), judgeWaiting(server)];
}

function judgePersistence({ isPersistent }: SpoolServer): Finding {
  if (isPersistent) return ok('spool persistence', 'what waits is on disk within a second');
  return warn(
    'spool persistence',
    'Redis keeps what waits in memory only: when its host crashes during an outage of Postgres, that is lost',
    'Set appendonly yes, or take a plan with persistence. What is lost so is shown as a gap.',
  );
}

function judgeRoom({ maxBytes, usedBytes }: SpoolServer, plannedBytes: number): Finding {
  if (maxBytes === 0) {
    return ok(
      'spool size',
      `${mebibytes(plannedBytes)} planned; the server itself has no limit (maxmemory 0)`,
    );
  }
  const leftBytes = maxBytes * FULL_SHARE - usedBytes;
  if (leftBytes > 0) {
    return ok('spool size', `room for ${mebibytes(leftBytes)} until ${mebibytes(maxBytes)} are 80 % full`);
  }
  const advice = 'Free memory there, or take a bigger plan: frames are held until then.';
  return warn('spool size', `${mebibytes(usedBytes)} of ${mebibytes(maxBytes)} are used: no room`, advice);
}

function judgeWaiting({ entries }: SpoolServer): Finding {
  if (entries === 0) return ok('spool', 'nothing waits');
  const advice =
    'A running web process moves them within minutes once Postgres takes writes; see its log (mover.*).';
  return warn('spool', `${entries} entries wait for Postgres`, advice);
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / (1024 * 1024))} MiB`;
}
