/** Bodies the API takes. Unknown keys are refused (SEC-53); each is checked to be the contract's type. */
import { z } from 'zod';
import type { PersonChange, PersonRequest, SetupRequest, SignInRequest } from './contract/session.ts';

/** Controls, direction marks and line ends have no place in a name; everything else may be in one. */
export const cleanText = (max: number) =>
  z
    .string()
    .max(max)
    .refine(
      (text) =>
        !/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/u.test(text) && text.isWellFormed(),
      'has characters that cannot be shown',
    )
    .transform((text) => text.trim());

/** As cleanText, with line ends. */
export const cleanLines = (max: number) =>
  z
    .string()
    .max(max)
    .refine(
      (text) =>
        !/[^\P{Cc}\n\r\t]|[\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/u.test(text) &&
        text.isWellFormed(),
      'has characters that cannot be shown',
    )
    .transform((text) => text.replace(/\r\n?/g, '\n').trim());

/** Taken as typed; what is refused is told by api/password-rules.ts. The bound keeps hashing bounded. */
const password = z.string().min(1).max(1024);
const email = z
  .string()
  .max(254)
  .regex(
    /^[^\s@<>"',;:\\[\]()\p{Cc}]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/u,
    'is not an e-mail address',
  )
  .transform((text) => text.toLowerCase());
export const role = z.enum(['viewer', 'editor', 'admin']);

/** Scheme and host of an address people can reach; paths are kept out of drain URLs. */
const baseUrl = z
  .string()
  .max(200)
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !new URL(text).username,
    {
      message: 'is not an address such as https://drains.example.com',
    },
  )
  .transform((text) => new URL(text).origin);

export const setupRequest = z.strictObject({
  token: z.string().min(1).max(256),
  email,
  password,
  displayName: cleanText(100).optional(),
  baseUrl: baseUrl.optional(),
}) satisfies z.ZodType<SetupRequest>;

export const signInRequest = z.strictObject({
  email: z.string().min(1).max(254),
  password,
}) satisfies z.ZodType<SignInRequest>;

export const confirmRequest = z.strictObject({ password });
export const passwordRequest = z.strictObject({ currentPassword: password, newPassword: password });

export const tokenRequest = z.strictObject({ name: cleanText(100).default(''), role });
export const personRequest = z.strictObject({
  email,
  password,
  displayName: cleanText(100).default(''),
  role,
});
export const personChange = z.strictObject({
  role: role.optional(),
  displayName: cleanText(100).optional(),
  disabled: z.boolean().optional(),
});

export const appRequest = z.strictObject({
  name: z.string().min(1).max(63),
  /** For how long from now old lines keep their own time; at most 7 days. */
  historyHours: z.number().int().min(0).max(168).optional(),
});
export const appChange = z.strictObject({
  customMetrics: z.boolean().optional(),
  strictTokens: z.boolean().optional(),
  historyHours: z.number().int().min(0).max(168).optional(),
});
/** Nothing said is null, also when it is sent as nothing. */
const label = cleanText(40)
  .nullable()
  .transform((text) => text || null);
export const labelsRequest = z.strictObject({
  stage: label,
  team: label,
  tags: z
    .array(cleanText(40))
    .max(10)
    .transform((tags) => [...new Set(tags)].filter(Boolean).sort()),
});
export const rotateRequest = z.strictObject({ now: z.boolean().optional() });
export const drainChange = z.strictObject({ state: z.enum(['adopted', 'banned']) });
export const emptyRequest = z.strictObject({});

/** Compile-time: what a schema takes in is what the contract says a client sends. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const CONTRACT_HOLDS: [
  Same<z.input<typeof setupRequest>, SetupRequest>,
  Same<z.input<typeof signInRequest>, SignInRequest>,
  Same<z.input<typeof personRequest>, PersonRequest>,
  Same<z.input<typeof personChange>, PersonChange>,
] = [true, true, true, true];
