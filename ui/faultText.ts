/**
 * What the server says of a field, as a sentence for people. Its checks speak the language of programs (`Too small:
 * expected string to have >=12 characters`) or in halves of sentences that follow the name of the field.
 */
const RULES: [RegExp, (match: RegExpExecArray) => string][] = [
  [/received undefined|received null/i, () => 'This is missing.'],
  [/^Too small: expected \w+ to have >=1 /i, () => 'This is missing.'],
  [
    /^Too small: expected string to have >=(\d+) char/i,
    ([, count]) => `At least ${count} characters, please.`,
  ],
  [/^Too big: expected string to have <=(\d+) char/i, ([, count]) => `At most ${count} characters, please.`],
  [/^Too small: expected \w+ to be >=?\s*(-?[\d.]+)/i, ([, least]) => `At least ${least}, please.`],
  [/^Too big: expected \w+ to be <=?\s*(-?[\d.]+)/i, ([, most]) => `At most ${most}, please.`],
  [/^Invalid email/i, () => 'This is not an e-mail address.'],
  [/^Invalid url/i, () => 'This is not the address of a site.'],
  [/^Invalid option: expected one of (.+)$/i, ([, options]) => `Choose one of ${readOptions(options)}.`],
  [/^Unrecognized keys?/i, () => 'Something was sent that is not known here.'],
  [/^Invalid /i, () => 'This is not in the form that is needed here.'],
];

/** A sentence, whatever was said. */
export function faultText(message: string): string {
  const text = message.trim();
  for (const [pattern, say] of RULES) {
    const match = pattern.exec(text);
    if (match) return say(match);
  }
  if (text === '') return 'This is not accepted.';
  const whole = /^[a-z]/.test(text) ? `This ${text}` : text;
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

function readOptions(options = ''): string {
  return options.replaceAll('"', '').split('|').join(', ');
}
