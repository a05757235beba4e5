/**
 * What replies of a mail server and faults of the session mean. Replies: RFC 5321; names of faults: nodemailer,
 * errors. A reason holds codes only: replies often repeat addresses.
 */
import type { SendResult } from './receiver.ts';

/** What nodemailer throws. */
export interface MailError {
  message: string;
  code?: string;
  command?: string;
  responseCode?: number;
  recipient?: string;
  rejectedErrors?: readonly MailError[];
}

/** The session could not be had or kept. */
const PASSING: ReadonlySet<string> = new Set([
  'ECONNECTION',
  'ETIMEDOUT',
  'ESOCKET',
  'EDNS',
  'EPROTOCOL',
  'EABORT',
  'EPROXY',
]);
/** TLS that fails may be a certificate renewed this minute; that often it is a setting. */
const TLS_TRIES = 3;
/** No such address here, or not from us. */
const ADDRESS_REPLIES: ReadonlySet<number> = new Set([530, 535, 538, 550, 551, 553]);

/** A message that no recipient was answered for. */
export function judgeMailError(error: MailError, attempt: number): SendResult {
  const { code = '', responseCode } = error;
  const isTls = code === 'ETLS' || /certificate|altnames|self-signed/i.test(error.message);
  if (isTls) {
    const reason = 'no verified TLS connection to the mail server could be made';
    return attempt < TLS_TRIES ? { kind: 'retry', reason } : { kind: 'permanent', reason, unhealthy: true };
  }
  if (responseCode !== undefined && responseCode > 0) return judgeReply(responseCode);
  if (PASSING.has(code))
    return { kind: 'retry', reason: FAULTS[code] ?? 'the session failed', ...ambiguity(error) };
  const isLogin = code === 'EAUTH' || code === 'ENOAUTH' || code === 'EOAUTH2';
  return isLogin
    ? { kind: 'permanent', reason: 'the mail server did not accept the login', unhealthy: true }
    : { kind: 'permanent', reason: 'the mail could not be sent', unhealthy: false };
}

const FAULTS: Record<string, string> = {
  ECONNECTION: 'the connection to the mail server closed',
  ETIMEDOUT: 'the mail server did not answer in time',
  EABORT: 'the mail server did not answer in time',
  ESOCKET: 'no connection to the mail server could be made, or it broke',
  EDNS: 'the name of the mail server could not be resolved',
  EPROTOCOL: 'the mail server did not speak SMTP',
};

/** Once the text went out nobody knows whether it was taken; the same Message-ID makes a second copy one for many. */
function ambiguity({ command = '', code }: MailError): { mayHaveArrived?: boolean } {
  const mayBeLate = command === 'DATA' || code === 'EABORT' || (command === 'CONN' && code === 'ECONNECTION');
  return mayBeLate ? { mayHaveArrived: true } : {};
}

/** A reply to the message as a whole, or to the login. */
function judgeReply(reply: number): SendResult {
  const reason = `the mail server answered ${reply}`;
  if (reply < 500 || reply === 503) return { kind: 'retry', reason };
  return { kind: 'permanent', reason, unhealthy: ADDRESS_REPLIES.has(reply) };
}

/**
 * Recipients judged one by one. `later`: those put off, to be tried again.
 *
 * @param isTaken whether anybody has it already
 */
export function judgeRecipients(
  pending: readonly string[],
  rejected: readonly MailError[],
  isTaken: boolean,
): { later: string[]; result: SendResult } {
  const isLater = ({ responseCode = 0 }: MailError) => responseCode < 500 || responseCode === 503;
  const later = rejected
    .filter(isLater)
    .flatMap(({ recipient }) => (recipient === undefined ? [] : [recipient]));
  const codes = [...new Set(rejected.map(({ responseCode = 0 }) => responseCode))].sort((a, b) => a - b);
  const answered = `${rejected.length} of ${pending.length} recipients were refused (${codes.join(', ')})`;
  if (later.length > 0) return { later, result: { kind: 'retry', reason: answered } };
  // Who can be told is told; a wrong address among them is not worth telling the others twice.
  if (isTaken) return { later, result: { kind: 'delivered' } };
  const unhealthy = codes.some((code) => ADDRESS_REPLIES.has(code));
  return { later, result: { kind: 'permanent', reason: answered, unhealthy } };
}
