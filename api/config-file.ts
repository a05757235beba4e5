/** The whole configuration as one file, without secrets: its form, and how it is written. */
import { z } from 'zod';
import { RECEIVER_KINDS } from '../model/delivery.ts';
import { receiverForm } from '../model/receiver-forms.ts';
import { listApps } from '../store/apps.ts';
import { listDrillRuleIds } from '../store/fire-drills.ts';
import { listPeople } from '../store/people.ts';
import type { Queryable } from '../store/pool.ts';
import { listReceivers } from '../store/receivers.ts';
import { listPolicies, listRoutes } from '../store/routes.ts';
import { listRules } from '../store/rules.ts';
import { listPersonReceivers, listSchedules } from '../store/schedules.ts';
import { listSlos, type SloRow } from '../store/slos.ts';
import type { ConfigFile } from './contract/alerting.ts';
import { draftOf } from './routes/rules.ts';

const name = z.string().min(1).max(100);
const names = z.array(name).max(500);
const fields = z.record(z.string().max(100), z.unknown());
const person = z.string().min(3).max(254);

/** What an import takes; what the parts may say is judged where they are made. */
export const configFile = z.strictObject({
  format: z.literal('drainboard.config'),
  version: z.literal(1),
  exportedAtMs: z.number().int().min(0),
  apps: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(63),
        customMetrics: z.boolean(),
        strictTokens: z.boolean(),
        slos: z.array(z.strictObject({ slug: z.string().max(63), definition: fields })).max(200),
        rules: z.array(fields).max(500),
      }),
    )
    .max(500),
  receivers: z
    .array(
      z.strictObject({
        name,
        kind: z.enum(RECEIVER_KINDS),
        settings: fields,
        secretsNeeded: names,
        isEnabled: z.boolean(),
        tellsOwners: z.boolean(),
      }),
    )
    .max(200),
  people: z.array(z.strictObject({ email: person, receivers: names })).max(1000),
  schedules: z
    .array(
      z.strictObject({
        title: name,
        zone: z.string().min(1).max(64),
        rotations: z
          .array(
            z.strictObject({
              id: z.string().max(36).optional(),
              title: z.string().max(100),
              people: z.array(person).max(100),
              turn: z.strictObject({ unit: z.enum(['day', 'week']), count: z.number().int().min(1).max(52) }),
              startsOn: z.string().max(10),
              handoverAt: z.string().max(5),
              hours: z
                .array(
                  z.strictObject({
                    weekdays: z.array(z.number().int().min(0).max(6)).max(7),
                    from: z.string().max(5),
                    to: z.string().max(5),
                  }),
                )
                .max(50),
            }),
          )
          .max(20),
      }),
    )
    .max(100),
  escalationPolicies: z
    .array(
      z.strictObject({
        title: name,
        rounds: z.number().int().min(1).max(10),
        levels: z
          .array(
            z.strictObject({
              delayMinutes: z.number().int().min(0).max(1440),
              targets: z.array(z.strictObject({ kind: z.enum(['receiver', 'schedule']), name })).max(50),
            }),
          )
          .max(20),
      }),
    )
    .max(100),
  routes: z
    .array(
      z.strictObject({
        name,
        isEnabled: z.boolean(),
        isFallback: z.boolean(),
        apps: names,
        severities: z.array(z.enum(['page', 'ticket', 'info'])).max(3),
        subjectKinds: z.array(z.enum(['slo', 'rule', 'budget'])).max(3),
        receivers: names,
        escalationPolicies: names,
      }),
    )
    .max(500),
});

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const CONFIG_CONTRACT_HOLDS: Same<z.input<typeof configFile>, ConfigFile> = true;

/** Everything people decided, by names; secrets by theirs alone. */
export async function exportConfig(db: Queryable, nowMs: number): Promise<ConfigFile> {
  const apps = await listApps(db);
  const slos = await listSlos(db);
  const rules = await listRules(
    db,
    apps.map((app) => app.id),
  );
  const drills = await listDrillRuleIds(db);
  const appName = new Map(apps.map((app) => [app.id, app.name]));
  const pathOf = new Map(slos.map((slo) => [slo.publicId, `${appName.get(slo.appId) ?? ''}/${slo.slug}`]));
  const receivers = await listReceivers(db);
  const receiverName = new Map(receivers.map((row) => [row.id, row.name]));
  const policies = await listPolicies(db);
  const policyName = new Map(policies.map((row) => [row.id, row.name]));
  const schedules = await listSchedules(db, nowMs);
  const scheduleName = new Map(schedules.map((row) => [row.id, row.name]));
  const people = await listPeople(db);
  const emailOf = new Map(people.map((row) => [row.id, row.email]));
  const reachedBy = await listPersonReceivers(db, [...emailOf.keys()]);
  const named = (known: ReadonlyMap<number, string>, ids: readonly number[]) =>
    ids.flatMap((id) => known.get(id) ?? []);
  return {
    format: 'drainboard.config',
    version: 1,
    exportedAtMs: nowMs,
    apps: apps.map((app) => ({
      name: app.name,
      customMetrics: app.customMetrics,
      strictTokens: app.strictTokens,
      slos: slos
        .filter((slo) => slo.appId === app.id)
        .map((slo) => ({ slug: slo.slug, definition: portable(slo, pathOf) })),
      rules: rules
        .filter((rule) => rule.appId === app.id && !drills.has(rule.id))
        .map((rule) => draftOf(rule)),
    })),
    receivers: receivers.map((row) => ({
      name: row.name,
      kind: row.kind,
      settings: { ...row.settings },
      secretsNeeded: receiverForm(row.kind)
        .fields.filter(
          (field) => field.isSecret && (field.isRequired || row.secretNames.includes(field.name)),
        )
        .map((field) => field.name),
      isEnabled: row.isEnabled,
      tellsOwners: row.tellsOwners,
    })),
    people: [...reachedBy].flatMap(([id, ids]) => {
      const email = emailOf.get(id);
      return email === undefined ? [] : [{ email, receivers: named(receiverName, ids) }];
    }),
    schedules: schedules.map(({ name: title, definition }) => ({
      title,
      zone: definition.zone,
      rotations: definition.rotations.map((rotation) => ({
        ...rotation,
        people: rotation.people.flatMap((id) => emailOf.get(id) ?? []),
      })),
    })),
    escalationPolicies: policies.map(({ name: title, definition }) => ({
      title,
      rounds: definition.rounds,
      levels: definition.levels.map(({ delayMinutes, targets }) => ({
        delayMinutes,
        targets: targets.flatMap(({ kind, id }) => {
          const target = (kind === 'receiver' ? receiverName : scheduleName).get(id);
          return target === undefined ? [] : [{ kind, name: target }];
        }),
      })),
    })),
    routes: (await listRoutes(db)).map((row) => ({
      name: row.name,
      isEnabled: row.isEnabled,
      isFallback: row.isFallback,
      apps: named(appName, row.appIds),
      severities: row.severities,
      subjectKinds: row.subjectKinds,
      receivers: named(receiverName, row.receiverIds),
      escalationPolicies: named(policyName, row.policyIds),
    })),
  };
}

/** Ids mean nothing elsewhere: members are named by app and slug. */
function portable({ version }: SloRow, pathOf: ReadonlyMap<string, string>): Record<string, unknown> {
  const { indicator, ...rest } = version.definition;
  if (indicator.kind !== 'composite') return { ...rest, indicator };
  return {
    ...rest,
    indicator: { ...indicator, members: indicator.members.flatMap((id) => pathOf.get(id) ?? []) },
  };
}
