import { describe, expect, it } from 'vitest';
import { RECEIVER_KINDS } from './delivery.ts';
import { checkReceiver, emailsOf, RECEIVER_FORMS, receiverForm } from './receiver-forms.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('forms', () => {
  it('there is one for every kind, with distinct fields', () => {
    expect(RECEIVER_FORMS.map(({ kind }) => kind)).toEqual([...RECEIVER_KINDS]);
    for (const { fields } of RECEIVER_FORMS) {
      const names = fields.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
    expect(receiverForm('jira').title).toContain('Jira');
  });
});

describe('a check', () => {
  it('names every fault at once, unknown fields too, and repeats no secret', () => {
    const faults = checkReceiver(
      'webhook',
      { url: 'ftp://x', colour: 'red' },
      { secret: 'hunter2-s3cr3t', token: 's3cr3t' },
    );
    expect(faults.map(({ field }) => field)).toEqual(['url', 'secret', 'colour', 'token']);
    expect(JSON.stringify(faults)).not.toMatch(/s3cr3t|hunter2/);
  });

  it('takes an address with neither user nor password, https or http', () => {
    const of = (url: string) => checkReceiver('webhook', { url }, { secret: SECRET }).length;
    expect(['https://x.example/h', 'http://10.0.0.1:9000/h'].map(of)).toEqual([0, 0]);
    expect(
      ['https://u:p@x.example', 'file:///etc/passwd', 'x.example', 'https://x.example/#a', ''].map(of),
    ).toEqual([1, 1, 1, 1, 1]);
  });

  it('SEC-42 asks for 24 to 64 random bytes', () => {
    const of = (bytes: number) =>
      checkReceiver(
        'webhook',
        { url: 'https://x.example' },
        { secret: `whsec_${Buffer.alloc(bytes, 1).toString('base64')}` },
      ).length;
    expect([23, 24, 64, 67].map(of)).toEqual([1, 0, 0, 1]);
  });

  it('SEC-35 takes mail addresses that cannot become headers or other recipients', () => {
    const of = (to: unknown) => checkReceiver('email', { to }, {}).length;
    expect(of(['ann@example.com', 'Ben.O+x@sub.example.co.uk'])).toBe(0);
    expect(of('ann@example.com, ben@example.com')).toBe(0);
    for (const bad of [
      'ann',
      'a@b@c',
      'ann@exa mple',
      'x\r\nBcc: y@z.example',
      '"a b"@c.example',
      '<a@b.example>',
      '',
      [],
      7,
      ['a@b.example', 4],
    ]) {
      expect(of(bad), JSON.stringify(bad)).toBe(1);
    }
    expect(of(Array.from({ length: 51 }, (_, n) => `a${n}@example.com`))).toBe(1);
  });

  it('a mention is here, channel or an id, nothing that closes its brackets', () => {
    const of = (mention: string) =>
      checkReceiver('slackWebhook', { mention }, { url: 'https://hooks.slack.com/x' }).length;
    expect(['', 'here', 'channel', 'U012AB3CD', 'S012AB3CD'].map(of)).toEqual([0, 0, 0, 0, 0]);
    expect(['everyone', '<!here>', 'U1> <!channel', '@ann'].map(of)).toEqual([1, 1, 1, 1]);
  });

  it('a switch is true or false', () => {
    const of = (releases: unknown) =>
      checkReceiver('webhook', { url: 'https://x.example', releases }, { secret: SECRET }).length;
    expect([true, false, undefined, 'yes', 1].map(of)).toEqual([0, 0, 0, 1, 1]);
  });

  it('what must be chosen is one of the choices', () => {
    expect(checkReceiver('jira', { service: 'zendesk' }, { apiKey: 'abcdefgh12' })).toMatchObject([
      { field: 'service' },
    ]);
  });
});

it('addresses are told apart once, in any of the forms of a setting', () => {
  expect(emailsOf(' a@x.example; b@x.example a@x.example,')).toEqual(['a@x.example', 'b@x.example']);
  expect(emailsOf(['a@x.example', 'a@x.example '])).toEqual(['a@x.example']);
  expect(emailsOf(7)).toBeNull();
});
