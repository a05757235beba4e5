/** Bodies about rules. What a rule of a kind may say is model/rule-check.ts's to judge; here its place in a body. */
import { z } from 'zod';
import type { RuleDraft } from '../model/rule.ts';
import { checkRule } from '../model/rule-check.ts';
import { RULE_KINDS } from '../model/rule-kinds.ts';
import type { RulePreviewRequest, RuleRequest, RuleSwitchRequest } from './contract/rules.ts';
import { ApiError } from './error.ts';

const kinds = RULE_KINDS.map(({ kind }) => kind) as [RuleRequest['kind'], ...RuleRequest['kind'][]];
const severity = z.enum(['page', 'ticket', 'info']);

export const ruleRequest = z.strictObject({
  kind: z.enum(kinds),
  title: z.string().max(200).optional(),
  severity: severity.optional(),
  isOn: z.boolean().optional(),
  settings: z
    .record(z.string().max(64), z.unknown())
    .optional()
    .meta({ description: 'By kind: GET /rules/kinds lists the fields of each. Left out: its defaults.' }),
  forMinutes: z.number().int().min(0).max(1440).optional(),
  keepFiringMinutes: z.number().int().min(0).max(1440).optional(),
  onNoData: z.enum(['hold', 'alert', 'ok']).optional(),
  runbookUrl: z.string().max(1000).optional(),
});
export const ruleSwitch = z.strictObject({ isOn: z.boolean().optional(), severity: severity.optional() });
export const rulePreview = z.strictObject({
  rule: ruleRequest,
  days: z.number().int().min(1).max(30).optional(),
});

/** The rule with the defaults of its kind; every fault at once, at its place in the body. */
export function needRule(value: unknown, place = ''): RuleDraft {
  const checked = checkRule(value);
  if (checked.ok) return checked.value;
  const faults = checked.error.slice(0, 20).map(({ path, text, advice }) => ({
    field: [place, path].filter((part) => part !== '').join('.'),
    message: [text, advice].filter((part) => part !== '').join(' '),
  }));
  const detail = faults.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw new ApiError('invalid', { detail: `Not accepted: ${detail}`.slice(0, 500), faults });
}

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const RULE_CONTRACT_HOLDS: [
  Same<z.input<typeof ruleRequest>, RuleRequest>,
  Same<z.input<typeof ruleSwitch>, RuleSwitchRequest>,
  Same<z.input<typeof rulePreview>, RulePreviewRequest>,
] = [true, true, true];
