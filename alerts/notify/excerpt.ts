/** What is kept of an answer: its beginning, without our secrets and without anybody's (SEC-41, SEC-43). Pure. */
import type { ReceiverSecrets } from '../../model/delivery.ts';
import { redactText, storableText } from '../../model/redact.ts';
import { SECRET } from '../../model/secret-form.ts';

const EXCERPT_BYTES = 2_048;
/** Shorter ones would take letters out of ordinary words; none of ours is. */
const SECRET_LENGTH_MIN = 6;

/** The beginning of an answer as text; null without one. */
export function excerpt(body: Buffer | null, secrets: ReceiverSecrets): string | null {
  if (body === null || body.length === 0) return null;
  // With room behind it, so that a secret that is cut at the end is still found whole.
  const { text } = storableText(body.subarray(0, 4 * EXCERPT_BYTES), 4 * EXCERPT_BYTES);
  return storableText(redactText(hideSecrets(text, secrets)).text, EXCERPT_BYTES).text;
}

/** A text without the receiver's secrets, however they were written: whole, encoded, or the telling part of a URL. */
export function hideSecrets(text: string, secrets: ReceiverSecrets): string {
  return spellings(secrets).reduce((rest, spelling) => rest.replaceAll(spelling, SECRET), text);
}

function spellings(secrets: ReceiverSecrets): string[] {
  const all = Object.values(secrets).flatMap((secret) => {
    const parts = URL.canParse(secret) ? partsOfUrl(new URL(secret)) : [secret];
    return [
      secret,
      ...parts,
      ...parts.map((part) => encodeURIComponent(part.toWellFormed())),
      JSON.stringify(secret).slice(1, -1),
    ];
  });
  const unique = [...new Set(all)].filter((spelling) => spelling.length >= SECRET_LENGTH_MIN);
  // The longest first: what is left of a secret tells of the rest.
  return unique.sort((a, b) => b.length - a.length);
}

function partsOfUrl(url: URL): string[] {
  return [
    `${url.pathname}${url.search}`,
    url.pathname,
    ...url.pathname.split('/'),
    ...url.searchParams.values(),
    decoded(url.password),
  ];
}

/** As it is where it says what no encoding says: what is told of an attempt must not fail for it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
