/** Bodies about who is told: schedules, exceptions, escalation policies, routes. */
import { z } from 'zod';
import { LEVELS_MAX, ROUNDS_MAX } from '../model/escalation.ts';
import type {
  EscalationPolicyRequest,
  OverrideRequest,
  PersonReceiversRequest,
  RoutePreviewRequest,
  RouteRequest,
  ScheduleRequest,
} from './contract/schedules.ts';
import { uuid } from './params.ts';
import { cleanText } from './schemas.ts';

const title = cleanText(100).refine((text) => text !== '', 'is empty');
const time = z.string().max(5);
const ids = z.array(uuid).max(100);
const severity = z.enum(['page', 'ticket', 'info']);
const subjectKind = z.enum(['slo', 'rule', 'budget']);
const appName = z.string().min(1).max(63);

const rotation = z.strictObject({
  id: uuid.optional(),
  title: cleanText(100),
  people: ids,
  turn: z.strictObject({ unit: z.enum(['day', 'week']), count: z.number().int().min(1).max(52) }),
  startsOn: z.string().max(10),
  handoverAt: time,
  hours: z
    .array(
      z.strictObject({
        weekdays: z.array(z.number().int().min(0).max(6)).max(7),
        from: time,
        to: time,
      }),
    )
    .max(50),
});

export const scheduleRequest = z.strictObject({
  title,
  zone: z.string().min(1).max(64),
  rotations: z.array(rotation).max(20),
});
export const overrideRequest = z.strictObject({
  personId: uuid,
  fromMs: z.number().int().min(0),
  toMs: z.number().int().min(0),
  reason: cleanText(1000).optional(),
});
export const personReceivers = z.strictObject({ receivers: ids });

export const policyRequest = z.strictObject({
  title,
  levels: z
    .array(
      z.strictObject({
        delayMinutes: z.number().int().min(0).max(1440),
        targets: z.array(z.strictObject({ kind: z.enum(['receiver', 'schedule']), id: uuid })).max(50),
      }),
    )
    .max(LEVELS_MAX),
  rounds: z.number().int().min(1).max(ROUNDS_MAX).optional(),
});

export const routeRequest = z.strictObject({
  name: title,
  isEnabled: z.boolean().optional(),
  isFallback: z.boolean().optional(),
  apps: z.array(appName).max(500).optional(),
  severities: z.array(severity).max(3).optional(),
  subjectKinds: z.array(subjectKind).max(3).optional(),
  receivers: ids.optional(),
  escalationPolicies: ids.optional(),
});
export const routePreview = z.strictObject({
  app: appName,
  severity,
  subjectKind: subjectKind.optional(),
});

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const SCHEDULE_CONTRACT_HOLDS: [
  Same<z.input<typeof scheduleRequest>, ScheduleRequest>,
  Same<z.input<typeof overrideRequest>, OverrideRequest>,
  Same<z.input<typeof personReceivers>, PersonReceiversRequest>,
  Same<z.input<typeof policyRequest>, EscalationPolicyRequest>,
  Same<z.input<typeof routeRequest>, RouteRequest>,
  Same<z.input<typeof routePreview>, RoutePreviewRequest>,
] = [true, true, true, true, true, true];
