/**
 * E-mail over the operator's mail server: one thread an incident, one identity a message over all its tries, each
 * recipient judged alone (RFC 5321, 5322, 3834).
 */
import { createTransport, type SMTPSentMessageInfo } from 'nodemailer';
import type { Notice } from '../../model/notice.ts';
import { noticeWords, plainText } from '../../model/notice-text.ts';
import { checkReceiver, emailsOf } from '../../model/receiver-forms.ts';
import { emailHtml } from './email-html.ts';
import { judgeMailError, judgeRecipients, type MailError } from './email-judge.ts';
import { escapePlain, headerText } from './escape.ts';
import { fitMessage, fitText } from './layout.ts';
import type { Adapter, SendContext, SendResult } from './receiver.ts';
import type { SmtpServer } from './smtp-url.ts';

export interface EmailOptions {
  /** null: none is configured, and every mail fails with that as its reason. */
  server: SmtpServer | null;
  /** Sender address. */
  from: string;
  /** PEM of an authority to trust instead of the public ones. */
  ca?: string | undefined;
  /** Name in the certificate of a server that is reached by its address. */
  servername?: string | undefined;
  /** Of one whole session; 10 s when not given. */
  timeoutMs?: number | undefined;
}

/** a server that hangs costs this much. */
const TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
const SUBJECT_MAX = 200;
const BODY_CHARACTERS_MAX = 60_000;

/** Recipients that have this message, or never will, over its tries; and whether anybody has it. */
const doneName = (deliveryId: string) => `done:${deliveryId}`;
const takenName = (deliveryId: string) => `taken:${deliveryId}`;

export function buildEmail(options: EmailOptions): Adapter {
  return {
    kind: 'email',
    folds: true,
    check: (settings, secrets) => checkReceiver('email', settings, secrets),
    rate: (settings) => ({
      key: `email:${(emailsOf(settings.to) ?? []).join(',')}`,
      burst: 10,
      perMinute: 30,
    }),
    send: (notice, context) => send(notice, context, options),
  };
}

async function send(notice: Notice, context: SendContext, options: EmailOptions): Promise<SendResult> {
  const { server, from } = options;
  if (server === null || from === '') {
    return { kind: 'permanent', reason: 'no mail server is set (SMTP_URL, SMTP_FROM)', unhealthy: true };
  }
  // A mail calls people, in whatever thread it is.
  if (context.isQuiet) return { kind: 'delivered' };
  const to = emailsOf(context.settings.to) ?? [];
  const done = new Set((context.reference[doneName(context.deliveryId)] ?? '').split(' '));
  const pending = to.filter((address) => !done.has(address));
  if (pending.length === 0) return { kind: 'delivered' };
  const transport = createTransport(transportOptions(server, options, notice));
  try {
    const info = await transport.sendMail({
      ...mailOf(notice, context),
      from,
      to,
      envelope: { from, to: pending },
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
    });
    return judge(context, { pending, done, info, error: null });
  } catch (error) {
    return judge(context, { pending, done, info: null, error: error as MailError });
  } finally {
    transport.close();
  }
}

interface Outcome {
  pending: readonly string[];
  done: ReadonlySet<string>;
  info: SMTPSentMessageInfo | null;
  error: MailError | null;
}

/** Those who were put off are tried again, alone: everybody else is remembered as done. */
function judge(context: SendContext, { pending, done, info, error }: Outcome): SendResult {
  const rejected = (info?.rejectedErrors ?? error?.rejectedErrors ?? []) as readonly MailError[];
  if (error !== null && rejected.length === 0) return judgeMailError(error, context.attempt);
  const isTaken = info !== null || context.reference[takenName(context.deliveryId)] !== undefined;
  const { later, result } = judgeRecipients(pending, rejected, isTaken);
  if (result.kind !== 'retry') return result;
  const finished = pending.filter((address) => !later.includes(address));
  const all = [...done, ...finished].filter((address) => address !== '');
  return {
    ...result,
    reference: {
      [doneName(context.deliveryId)]: all.join(' '),
      ...(isTaken && { [takenName(context.deliveryId)]: 'yes' }),
    },
  };
}

function transportOptions(server: SmtpServer, options: EmailOptions, notice: Notice) {
  const { ca, servername, timeoutMs = TIMEOUT_MS } = options;
  const { host, port, tls, user, password } = server;
  return {
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'off',
    name: mailHost(notice),
    ...(user !== '' && { auth: { user, pass: password } }),
    ...(servername !== undefined && { servername }),
    tls: {
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(ca !== undefined && { ca }),
      ...(servername !== undefined && { servername }),
    } as const,
    connectionTimeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
    // Nothing in a message may be read from a disk or fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** Threads need a host in their names: ours, without its port. */
function mailHost({ instance }: Notice): string {
  const host = instance.host.replace(/:\d+$/, '').replace(/[^A-Za-z0-9.-]/g, '');
  return host === '' ? 'drainboard.invalid' : host;
}

function mailOf(notice: Notice, context: SendContext) {
  const host = mailHost(notice);
  const thread = notice.incident === null ? {} : threadOf(`<${notice.incident.id}@${host}>`);
  return {
    messageId: `<${context.deliveryId}@${host}>`,
    ...thread,
    date: new Date(notice.atMs),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    ...bodyOf(notice, context),
  };
}

/** The first message of the thread need not exist. */
function threadOf(root: string) {
  return { inReplyTo: root, references: root };
}

/** Text first, HTML last: a program shows the last it understands. */
function bodyOf(notice: Notice, context: SendContext) {
  return fitMessage(
    noticeWords(notice, context),
    (words) => ({
      subject: fitText(words.headline, SUBJECT_MAX, headerText),
      text: plainText(words, escapePlain),
      html: emailHtml(words),
    }),
    ({ text, html }) => text.length + html.length <= BODY_CHARACTERS_MAX,
  );
}
