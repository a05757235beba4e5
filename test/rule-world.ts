/** An app whose facts are written straight into their tables, and rounds of its rules as a worker makes them. */
import { evaluateRules, type RuleRoundResult, RulesFailedError } from '../alerts/rules/evaluate.ts';
import type { AlertChange } from '../model/alert-change.ts';
import { type Log, silentLog } from '../model/log.ts';
import type { RuleDraft } from '../model/rule.ts';
import { checkRule } from '../model/rule-check.ts';
import { SERIES_DYNO_METRIC, SERIES_FILED, SERIES_RELEASE } from '../model/series.ts';
import { MINUTE } from '../model/time.ts';
import { createApp } from '../store/apps.ts';
import type { Client, Pool } from '../store/pool.ts';
import { insertRule, type RuleRow } from '../store/rules.ts';
import {
  type CountSeed,
  insertCounts,
  insertSamples,
  makePartitions,
  type SampleSeed,
} from './seed-buckets.ts';

type TellMore = (client: Client, changes: readonly AlertChange[]) => Promise<void>;

export class RuleWorld {
  readonly pool: Pool;
  readonly told: AlertChange[] = [];
  readonly log: Log;

  constructor(pool: Pool, log: Log = silentLog) {
    this.pool = pool;
    this.log = log;
  }

  /** Partitions around a minute: weeks before it, and a day after. */
  async prepare(minute: number, daysBefore = 2): Promise<void> {
    await makePartitions(this.pool, (minute - daysBefore * 1440) * 60, (minute + 1440) * 60);
  }

  /** An app whose rules are evaluated from `minute` on; without the defaults unless asked for. */
  async app(name: string, minute: number, withDefaults = false): Promise<number> {
    const { app } = await createApp(this.pool, { name, key: 'k'.repeat(32), nowMs: (minute - 60) * MINUTE });
    await this.pool.query(
      'INSERT INTO rule_rounds (app_id, next_minute, defaults_version) VALUES ($1, $2, $3)',
      [app.id, minute, withDefaults ? 0 : 1000],
    );
    return app.id;
  }

  async rule(appId: number, rule: { kind: RuleDraft['kind'] } & Record<string, unknown>): Promise<RuleRow> {
    const draft = checkRule({ keepFiringMinutes: 0, forMinutes: 0, ...rule });
    if (!draft.ok) throw new Error(JSON.stringify(draft.error));
    return insertRule(this.pool, { appId, draft: draft.value, author: 'test', nowMs: 0 });
  }

  /** A line in each minute of [from, to), as they are counted by hour and as a series; followed up to `to`. */
  async lines(appId: number, from: number, to: number, { limitMinutes = 5 } = {}): Promise<void> {
    for (let hour = Math.floor(from / 60); hour * 60 < to; hour++) {
      const messages = Array.from({ length: 60 }, (_, at) => {
        const minute = hour * 60 + at;
        return minute >= from && minute < to ? 3 : 0;
      });
      await this.pool.query(
        `INSERT INTO app_hours (app_id, hour, messages) VALUES ($1, $2, $3)
         ON CONFLICT (app_id, hour) DO UPDATE SET messages =
           ARRAY(SELECT app_hours.messages[i] + excluded.messages[i] FROM generate_series(1, 60) AS i)`,
        [appId, hour, messages],
      );
    }
    const seeds: CountSeed[] = [];
    for (let minute = from; minute < to; minute++)
      seeds.push({ appId, kind: SERIES_FILED, key: '', bucketS: minute * 60, count: 3 });
    if (seeds.length > 0) await insertCounts(this.pool, seeds);
    await this.pool.query(
      `INSERT INTO app_liveness (app_id, next_minute, first_line_minute, last_line_minute, limit_minutes, habit_hour)
       VALUES ($1, 2000000000, $2, $3, $4, 0)
       ON CONFLICT (app_id) DO UPDATE SET last_line_minute = $3, limit_minutes = $4`,
      [appId, from, to - 1, limitMinutes],
    );
  }

  /** Requests of each minute of [from, to), all alike. */
  async requests(
    appId: number,
    from: number,
    to: number,
    each: { count: number; bad?: number; excluded?: number; serviceMs?: number[] },
    table = 'count_buckets_10s',
  ): Promise<void> {
    const seeds: CountSeed[] = [];
    for (let minute = from; minute < to; minute++)
      seeds.push({ appId, kind: SERIES_RELEASE, key: '1', bucketS: minute * 60, ...each });
    await insertCounts(this.pool, seeds, table);
  }

  async counts(seeds: CountSeed[], table?: string): Promise<void> {
    if (seeds.length > 0) await insertCounts(this.pool, seeds, table);
  }

  /** A metric of a dyno in each minute of [from, to). */
  async dyno(
    appId: number,
    [dyno, metric]: [dyno: string, metric: string],
    {
      from,
      to,
      value,
      table,
    }: { from: number; to: number; value: (minute: number) => number; table?: string },
  ): Promise<void> {
    const seeds: SampleSeed[] = [];
    for (let minute = from; minute < to; minute++)
      seeds.push({
        appId,
        kind: SERIES_DYNO_METRIC,
        key: `${dyno}\t${metric}`,
        bucketS: minute * 60,
        values: [value(minute)],
      });
    await insertSamples(this.pool, seeds, table);
  }

  samples(seeds: SampleSeed[]): Promise<void> {
    return insertSamples(this.pool, seeds);
  }

  async event(
    appId: number,
    atMs: number,
    event: { kind: string; dyno?: string; code?: string; untilMs?: number; detail?: Record<string, unknown> },
  ): Promise<void> {
    await this.pool.query(
      `INSERT INTO events (at_ms, until_ms, app_id, kind, dyno, code, detail, dedupe_key)
       VALUES ($1, $2, $3, $4, $5, $6, $7, gen_random_uuid())`,
      [
        atMs,
        event.untilMs ?? atMs,
        appId,
        event.kind,
        event.dyno ?? null,
        event.code ?? null,
        JSON.stringify(event.detail ?? {}),
      ],
    );
  }

  async loss(
    appId: number,
    loss: { cause: string; from: number; to: number; messages: number | null },
  ): Promise<void> {
    await this.pool.query(
      `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, messages, dedupe_key)
       VALUES ($1, 0, $2, $3, $4, $5, gen_random_uuid())`,
      [appId, loss.cause, loss.from * MINUTE, loss.to * MINUTE, loss.messages],
    );
  }

  /** The first instant at which the evaluation can be made. */
  static atMs(minute: number): number {
    return minute * MINUTE + 45_000;
  }

  /** A round when `minute` is the newest evaluation; what it told. */
  async round(minute: number, tell?: TellMore): Promise<AlertChange[]> {
    const before = this.told.length;
    await this.roundResult(minute, tell);
    return this.told.slice(before);
  }

  async roundResult(minute: number, tell?: TellMore): Promise<RuleRoundResult> {
    try {
      return await evaluateRules(this.pool, {
        nowMs: RuleWorld.atMs(minute),
        log: this.log,
        tell: async (client, changes) => {
          await tell?.(client, changes);
          this.told.push(...changes);
        },
      });
    } catch (error) {
      if (error instanceof RulesFailedError) return error.result;
      throw error;
    }
  }

  /** A round for each minute of [from, to): minute and severity of what was told. */
  async rounds(from: number, to: number): Promise<[minute: number, severity: string | null][]> {
    const heard: [number, string | null][] = [];
    for (let minute = from; minute < to; minute++)
      for (const change of await this.round(minute)) heard.push([minute, change.severity]);
    return heard;
  }

  async states(ruleId: number): Promise<{ key: string; state: string; held: string | null }[]> {
    const { rows } = await this.pool.query(
      'SELECT key, state, held_reason AS held FROM rule_states WHERE rule_id = $1 ORDER BY key',
      [ruleId],
    );
    return rows;
  }

  async transitions(ruleId: number): Promise<string[]> {
    const { rows } = await this.pool.query<{ text: string }>(
      `SELECT minute || ' ' || key || ' ' || from_state || ' ' || to_state || ' ' || reason AS text
       FROM alert_transitions WHERE rule_id = $1 ORDER BY minute, key, id`,
      [ruleId],
    );
    return rows.map((row) => row.text);
  }
}

/** Everything of every app, gone; partitions stay. */
export async function clearRuleWorld(world: RuleWorld): Promise<void> {
  const buckets = ['count', 'sample'].flatMap((family) =>
    ['10s', '1m', '1h'].map((width) => `${family}_buckets_${width}`),
  );
  await world.pool.query(
    `TRUNCATE apps CASCADE; TRUNCATE events, gaps, series, compactions, ${buckets.join(', ')}`,
  );
  world.told.length = 0;
}
