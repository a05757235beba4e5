/** Bodies about objectives. What a definition may say is model/slo-check.ts's to judge; here its place in a body. */
import { z } from 'zod';
import type { SloDefinition } from '../model/slo.ts';
import { readDefinition } from '../model/slo-check.ts';
import type {
  CorrectionRequest,
  HerokuAlertRequest,
  SloChangeRequest,
  SloCreateRequest,
  SloImportRequest,
  SloPreviewRequest,
} from './contract/slos.ts';
import { ApiError } from './error.ts';
import { cleanText } from './schemas.ts';

/** A slug as it stands in addresses. */
export const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Documents of many objectives are longer than any other body's field; the body's own bound holds them too. */
const TEXT_MAX = 200_000;

/** Any object: readDefinition names each of its faults, with advice. */
const definition = z
  .record(z.string().max(64), z.unknown())
  .meta({
    description:
      'An objective. Left out: rolling 30 days, occurrences, the four default tiers, coverage and holding on.',
    required: ['title', 'indicator', 'target'],
    example: {
      title: 'Checkout answers',
      target: '0.999',
      indicator: { kind: 'availability', codes: {}, badStatuses: [] },
      scope: { pathShapes: ['/checkout*'] },
    },
  })
  .transform((value) => value as unknown as SloDefinition);

/** Addresses of their own below an app's objectives. */
const TAKEN = ['preview', 'proposals', 'import', 'export'];
export const slug = z
  .string()
  .regex(SLUG, 'has 1 to 63 small letters, digits and dashes')
  .refine((text) => !TAKEN.includes(text), 'is an address of its own: choose another');

export const sloCreate = z.strictObject({ definition, slug: slug.optional() });
export const sloChange = z.strictObject({ definition, version: z.number().int().min(1) });
export const sloPreview = z.strictObject({ definition, days: z.number().int().min(1).max(30).optional() });
export const sloImport = z.strictObject({
  text: z.string().min(1).max(TEXT_MAX),
  app: z.string().max(63).optional(),
  dryRun: z.boolean().optional(),
});

const instantMs = z.number().int().min(0).max(8.64e15);
export const repeat = z.strictObject({
  weekdays: z.array(z.number().int().min(0).max(6)).min(1).max(7),
  at: z.string().max(5),
  minutes: z.number().int().min(1).max(10_080),
  zone: z.string().min(1).max(64),
});
export const correctionRequest = z.strictObject({
  slo: z.string().max(63).optional(),
  fromMs: instantMs.optional(),
  toMs: instantMs.optional(),
  repeat: repeat.optional(),
  reason: cleanText(1000).refine((text) => text !== '', 'is needed: whoever reads the budget asks why'),
});

export const herokuAlerts = z.strictObject({
  alerts: z
    .array(
      z.strictObject({
        kind: z.enum(['LATENCY', 'ERROR_RATE']),
        value: z.number().min(0).max(100_000),
        sensitivityMinutes: z.union([z.literal(1), z.literal(5), z.literal(10)]),
        reminderMinutes: z.union([z.literal(5), z.literal(60), z.literal(1440)]),
        processType: z
          .string()
          .regex(/^[A-Za-z0-9_-]{1,64}$/)
          .optional(),
        isActive: z.boolean().optional(),
      }),
    )
    .min(1)
    .max(20),
  dryRun: z.boolean().optional(),
});

/** The definition with its defaults; every fault of it at once, at its place in the body. */
export function needDefinition(value: unknown, place = 'definition'): SloDefinition {
  const read = readDefinition(value);
  if (read.ok) return read.value;
  const faults = read.error.slice(0, 20).map(({ path, text, advice }) => ({
    field: path === '' ? place : `${place}.${path}`,
    message: advice === '' ? text : `${text}: ${advice}`,
  }));
  const detail = faults.map((fault) => `${fault.field} ${fault.message}`).join('; ');
  throw new ApiError('invalid', { detail: `Not accepted: ${detail}.`.slice(0, 500), faults });
}

/** A slug out of a title: `Checkout answers` → `checkout-answers`. */
export function slugOf(title: string): string {
  const slug = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 50)
    .replace(/-+$/, '');
  return slug === '' || TAKEN.includes(slug) ? 'objective' : slug;
}

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
/** Compile-time: bodies are what the contract says; a definition may leave out what has a default. */
export const SLO_CONTRACT_HOLDS: [
  Same<z.output<typeof sloCreate>, SloCreateRequest>,
  Same<z.output<typeof sloChange>, SloChangeRequest>,
  Same<z.output<typeof sloPreview>, SloPreviewRequest>,
  Same<z.input<typeof sloImport>, SloImportRequest>,
  Same<z.input<typeof correctionRequest>, CorrectionRequest>,
  Same<z.input<typeof herokuAlerts>, HerokuAlertRequest>,
] = [true, true, true, true, true, true];
