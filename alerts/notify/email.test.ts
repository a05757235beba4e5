import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { badDeploy, DELIVERY_ID, hostile, INCIDENT, STORY, sendContext } from '../../test/notices.ts';
import { type FakeSmtp, startSmtp } from '../../test/receivers/smtp.ts';
import { buildEmail, type EmailOptions } from './email.ts';
import type { SendContext, SendResult } from './receiver.ts';
import type { SmtpServer } from './smtp-url.ts';

const TO = ['ann@example.com', 'ben@example.com', 'cho@example.com'];
const PASSWORD = 's3cr3t-smtp-password';
const tlsFile = (name: string) =>
  readFileSync(new URL(`../../test/fixtures/tls/${name}`, import.meta.url), 'utf8');
const [KEY, CERT] = [tlsFile('key.pem'), tlsFile('cert.pem')];

let smtp: FakeSmtp;
const start = async (tls: 'off' | 'starttls' | 'implicit' = 'off') => {
  smtp = await startSmtp(tls === 'off' ? null : { key: KEY, cert: CERT, isImplicit: tls === 'implicit' });
};
afterEach(() => smtp.close());

const server = (more: Partial<SmtpServer> = {}): SmtpServer => ({
  host: '127.0.0.1',
  port: smtp.port,
  tls: 'off',
  user: '',
  password: '',
  ...more,
});

function send(notice = STORY.trigger, more: Partial<SendContext> = {}, options: Partial<EmailOptions> = {}) {
  const adapter = buildEmail({
    server: server(),
    from: 'alerts@drains.example.com',
    timeoutMs: 2_000,
    ...options,
  });
  return adapter.send(notice, sendContext(notice, { settings: { to: TO }, ...more }));
}

/** Headers of a mail, unfolded. */
function headersOf(source: string): Map<string, string> {
  const head = (source.split('\r\n\r\n')[0] ?? '').replace(/\r\n[ \t]+/g, ' ');
  return new Map(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}
const mail = (n = 0) => {
  const found = smtp.mails[n];
  if (found === undefined) throw new Error(`no mail ${n}`);
  return { ...found, headers: headersOf(found.source) };
};

describe('a mail', () => {
  beforeEach(() => start());

  it('has one identity over all its tries and belongs to the thread of its incident', async () => {
    for (const attempt of [1, 2]) await send(STORY.trigger, { attempt });
    await send(STORY.resolve, { deliveryId: 'ntf_other' });
    const root = `<${INCIDENT.id}@drains.example.com>`;
    expect([0, 1, 2].map((n) => mail(n).headers.get('message-id'))).toEqual([
      `<${DELIVERY_ID}@drains.example.com>`,
      `<${DELIVERY_ID}@drains.example.com>`,
      '<ntf_other@drains.example.com>',
    ]);
    for (const n of [0, 1, 2]) {
      expect(mail(n).headers.get('references')).toBe(root);
      expect(mail(n).headers.get('in-reply-to')).toBe(root);
    }
    const subjects = [0, 2].map((n) => mail(n).headers.get('subject'));
    expect(subjects).toEqual(['[FIRING] shop: Checkout succeeds', '[RESOLVED] shop: Checkout succeeds']);
  });

  it('says that a program wrote it, so that nobody’s absence note answers', async () => {
    await send();
    expect(mail().headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail().headers.get('x-auto-response-suppress')).toBe('All');
    expect(mail()).toMatchObject({ from: 'alerts@drains.example.com', to: TO });
  });

  it('is text first and HTML last, and loads nothing', async () => {
    await send();
    const { source } = mail();
    expect(source.indexOf('text/plain')).toBeGreaterThan(0);
    expect(source.indexOf('text/html')).toBeGreaterThan(source.indexOf('text/plain'));
    expect(source).not.toMatch(/<img|src=3D|url\(/i);
  });

  it('SEC-35 I-43 no text becomes a header, a recipient, markup or a link', async () => {
    await send(hostile());
    const { headers, to, source } = mail();
    expect(to).toEqual(TO);
    expect(headers.has('bcc')).toBe(false);
    expect(headers.get('subject')).not.toMatch(/[\r\n]/);
    expect([...headers.keys()].filter((name) => name === 'subject')).toHaveLength(1);
    const whole = decodeQuoted(source);
    expect(whole).not.toContain('https://evil.example');
    const html = whole.slice(whole.indexOf('<!doctype html>'));
    expect(html).not.toContain('<script>');
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;script&gt;');
  });

  it('R-12 says that it may be a repeat', async () => {
    await send(STORY.trigger, { mayRepeat: true });
    expect(decodeQuoted(mail().source)).toContain('may be a repeat');
  });

  it('is not sent for what calls nobody', async () => {
    expect(await send(STORY.update, { isQuiet: true })).toEqual({ kind: 'delivered' });
    expect(smtp.mails).toHaveLength(0);
  });

  it('is written down as it goes out', async () => {
    await send(STORY.trigger);
    const source = mail()
      .source.replace(/--_[^\s"]+/g, '--part')
      .replace(/boundary="[^"]+"/, 'boundary="part"');
    await expect(`${source.replaceAll('\r\n', '\n')}\n`).toMatchFileSnapshot(
      '../../test/fixtures/payloads/email-trigger.eml',
    );
  });
});

function decodeQuoted(source: string): string {
  const bytes = source
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

describe('recipients', () => {
  beforeEach(() => start());

  const replies = (of: Record<string, string>) => {
    smtp.script.rcpt = (address) => of[address] ?? '250 ok';
  };
  const referenceOf = (result: SendResult) => {
    if (result.kind !== 'retry' || result.reference === undefined) throw new Error(JSON.stringify(result));
    return result.reference;
  };

  it('are judged one by one: only who was put off is tried again, and nobody is told twice', async () => {
    replies({ 'ben@example.com': '450 4.2.1 mailbox busy', 'cho@example.com': '550 5.1.1 no such user' });
    const first = await send();
    expect(first).toMatchObject({ kind: 'retry', reason: '2 of 3 recipients were refused (450, 550)' });
    expect(mail().to).toEqual(['ann@example.com']);
    replies({ 'cho@example.com': '550 5.1.1 no such user' });
    expect(await send(STORY.trigger, { reference: referenceOf(first), attempt: 2 })).toEqual({
      kind: 'delivered',
    });
    expect(smtp.mails.map(({ to }) => to)).toEqual([['ann@example.com'], ['ben@example.com']]);
    expect(mail(1).headers.get('message-id')).toBe(mail(0).headers.get('message-id'));
  });

  it('a wrong address among them keeps nobody else from being told', async () => {
    replies({ 'ben@example.com': '550 5.1.1 no such user' });
    expect(await send()).toEqual({ kind: 'delivered' });
    expect(mail().to).toEqual(['ann@example.com', 'cho@example.com']);
  });

  it('when the last of them is refused after the others were, nobody was told: that is no delivery', async () => {
    replies({ 'ann@example.com': '550 no', 'ben@example.com': '550 no', 'cho@example.com': '451 later' });
    const first = await send();
    replies({ 'cho@example.com': '550 no' });
    const second = await send(STORY.trigger, { reference: referenceOf(first), attempt: 2 });
    expect(second).toMatchObject({ kind: 'permanent', unhealthy: true });
  });

  it.each([
    ['450 busy', 'retry', null],
    ['451 greylisted', 'retry', null],
    ['421 closing', 'retry', null],
    ['550 no such user', 'permanent', true],
    ['551 not local', 'permanent', true],
    ['553 bad name', 'permanent', true],
    ['552 mailbox full', 'permanent', false],
    ['554 policy', 'permanent', false],
  ])('all answered %s', async (reply, kind, unhealthy) => {
    replies(Object.fromEntries(TO.map((address) => [address, `${reply} ${address}`])));
    const result = await send();
    expect(result).toMatchObject({ kind, ...(unhealthy !== null && { unhealthy }) });
    expect(JSON.stringify({ ...result, reference: null })).not.toContain('@');
    expect(smtp.mails).toHaveLength(0);
  });
});

describe('a session', () => {
  beforeEach(() => start());

  it.each([
    ['greeting', '421 too busy', 'retry', null],
    ['greeting', '554 go away', 'permanent', false],
    ['greeting', '', 'retry', null],
    ['mail', '451 later', 'retry', null],
    ['mail', '553 not from you', 'permanent', true],
    ['mail', '530 sign in first', 'permanent', true],
    ['data', '451 later', 'retry', null],
    ['data', '554 no', 'permanent', false],
    ['end', '452 no room', 'retry', null],
    ['end', '421 closing', 'retry', null],
    ['end', '552 too large', 'permanent', false],
    ['end', '554 looks like spam', 'permanent', false],
  ] as const)('%s answered with "%s"', async (step, reply, kind, unhealthy) => {
    smtp.script[step] = reply;
    const result = await send();
    expect(result).toMatchObject({ kind, ...(unhealthy !== null && { unhealthy }) });
  });

  it('that ends after the last dot may have arrived; the next try is the same mail to who keeps one of each', async () => {
    smtp.script.end = '';
    expect(await send()).toMatchObject({ kind: 'retry', mayHaveArrived: true });
    delete smtp.script.end;
    await send(STORY.trigger, { attempt: 2, mayRepeat: true });
    expect(mail(1).headers.get('message-id')).toBe(mail(0).headers.get('message-id'));
  });

  it('that nobody takes, or whose name nobody knows, passes', async () => {
    const { port } = smtp;
    await smtp.close();
    expect(await send(STORY.trigger, {}, { server: server({ port }) })).toMatchObject({ kind: 'retry' });
    await start();
    const unknown = server({ host: 'nobody.invalid' });
    expect(await send(STORY.trigger, {}, { server: unknown })).toMatchObject({ kind: 'retry' });
  });

  it('A-02 that hangs is cut', async () => {
    smtp.script.mail = '250-never';
    const result = await send(STORY.trigger, {}, { timeoutMs: 300 });
    expect(result).toMatchObject({ kind: 'retry' });
  });

  it('whose login is refused is for people to mend; the password is in no reason', async () => {
    smtp.script.auth = `535 5.7.8 bad login ${PASSWORD}`;
    const login = { server: server({ user: 'drain', password: PASSWORD }) };
    const result = await send(STORY.trigger, {}, login);
    expect(result).toMatchObject({ kind: 'permanent', unhealthy: true });
    expect(JSON.stringify(result)).not.toContain(PASSWORD);
    smtp.script.auth = '454 4.7.0 later';
    expect(await send(STORY.trigger, {}, login)).toMatchObject({ kind: 'retry' });
    delete smtp.script.auth;
    expect(await send(STORY.trigger, {}, login)).toEqual({ kind: 'delivered' });
    expect(mail().user).toBe('drain');
  });

  it('without a server of the operator’s says so', async () => {
    expect(await send(STORY.trigger, {}, { server: null })).toEqual({
      kind: 'permanent',
      unhealthy: true,
      reason: 'no mail server is set (SMTP_URL, SMTP_FROM)',
    });
  });
});

describe('TLS', () => {
  const trusted = { ca: CERT, servername: 'receiver.test' };

  it.each(['starttls', 'implicit'] as const)(
    'SEC-46 %s is used, and its certificate verified',
    async (tls) => {
      await start(tls);
      const secure = { server: server({ tls, user: 'drain', password: PASSWORD }) };
      expect(await send(STORY.trigger, {}, { ...secure, ...trusted })).toEqual({ kind: 'delivered' });
      expect(mail()).toMatchObject({ isSecure: true, user: 'drain' });
      const untrusted = await send(STORY.trigger, {}, secure);
      expect(untrusted).toMatchObject({ kind: 'retry', reason: expect.stringContaining('TLS') });
      expect(await send(STORY.trigger, { attempt: 3 }, secure)).toMatchObject({
        kind: 'permanent',
        unhealthy: true,
      });
      const otherName = await send(STORY.trigger, {}, { ...secure, ca: CERT, servername: 'other.test' });
      expect(otherName).toMatchObject({ kind: 'retry' });
      expect(smtp.mails).toHaveLength(1);
    },
  );

  it('SEC-46 nothing is said where STARTTLS is not offered or not there: no login, no text', async () => {
    await start('off');
    const result = await send(
      STORY.trigger,
      {},
      { server: server({ tls: 'starttls', user: 'drain', password: PASSWORD }), ...trusted },
    );
    expect(result.kind).not.toBe('delivered');
    expect(smtp.mails).toHaveLength(0);
    expect(smtp.commands.filter((line) => /^(AUTH|MAIL|RCPT|DATA)/.test(line))).toEqual([]);
  });
});

it('mails of an incident stay one thread whatever its texts are', async () => {
  await start();
  await send(badDeploy({ title: 'Überall 🔥 weg' }));
  expect(mail().headers.get('subject')).toMatch(/^=\?UTF-8\?/);
});
