/** Signatures of Standard Webhooks 1.0.0 (SEC-42): HMAC-SHA256 over id, time and the exact bytes of the body. */
import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/**
 * `v1,<base64>` of each secret, separated by spaces: both sign while one takes the place of the other.
 *
 * @param id neither it nor the time may hold a full stop, which separates them
 * @param timestampS of this attempt, whole epoch seconds
 */
export function signWebhook(
  secrets: readonly string[],
  id: string,
  timestampS: number,
  body: string,
): string {
  const signed = `${id}.${timestampS}.${body}`;
  return secrets
    .map((secret) => `v1,${createHmac('sha256', keyOf(secret)).update(signed).digest('base64')}`)
    .join(' ');
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');
}
