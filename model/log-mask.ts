/** What stands in a kept line where redaction took something away (model/redact.ts, model/log-text.ts). */
const MASK_NAMES = ['redacted', 'token', 'card', 'email', 'privateKey', 'user', 'sql', 'value'];

/** Source of an expression that finds one mask; braces and all. */
export const LOG_MASK = `\\{(?:${MASK_NAMES.join('|')})\\}`;

const MASKS = new RegExp(LOG_MASK, 'g');

/** How many masks the texts of lines hold. */
export function countMasks(lines: readonly { text: string }[]): number {
  return lines.reduce((count, { text }) => count + (text.match(MASKS)?.length ?? 0), 0);
}
