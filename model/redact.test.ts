import { describe, expect, test } from 'vitest';
import { PATH_MAX, QUERY_KEYS_MAX, redactPath, redactText, storableText } from './redact.ts';
import { hideForms, isCardNumber } from './secret-form.ts';

describe('a path', () => {
  test.each([
    ['/', '/'],
    ['*', '*'],
    ['', ''],
    ['/cart/items/7', '/cart/items/7'],
    ['/search?q=ada+lovelace&page=2', '/search?q=*&page=*'],
    ['/search?q=a=b&status=500&service=9ms', '/search?q=*&status=*&service=*'],
    ['/search?q=', '/search?q='],
    ['/files?wsdl', '/files?wsdl'],
    ['/?ada@example.com', '/?*'],
    ['//wp-login.php;jsessionid=1?x=%00', '//wp-login.php;jsessionid=*?x=*'],
    ['/accounts/reset/MQ/4qj-8f3kq0aaaa/', '/accounts/reset/MQ/{token}/'],
    ['/users/verify/482913', '/users/verify/{token}'],
    ['/invite/aB3dE6', '/invite/{token}'],
    ['/api-keys/0123456789abcdef', '/api-keys/{token}'],
    ['/password_resets/edit', '/password_resets/edit'],
    ['/monkey/8f3kq0aaaa', '/monkey/8f3kq0aaaa'],
    ['/d/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', '/d/{token}'],
    ['/u/ada@example.com/x', '/u/{email}/x'],
    ['/u/ada%40example.com', '/u/{email}'],
    ['/npm/vue@3.4.js', '/npm/vue@3.4.js'],
    ['/@alice', '/@alice'],
    ['/pay/4242424242424242', '/pay/{card}'],
    ['/pay/4242%204242%204242%204242', '/pay/{card}'],
    ['/pay/4242424242424241', '/pay/4242424242424241'],
    ['http://ada:pw@shop.example/x', 'http://{redacted}@shop.example/x'],
    ['/callback#access_token=abc', '/callback#*'],
    ['/emoji/🚀/日本', '/emoji/🚀/日本'],
    [
      '/assets/admin-62f13e9f7cb78a2b3e436feaedd07fd67b74cce818f3bb7cfdab1e1c05dc2f89.css',
      '/assets/admin-62f13e9f7cb78a2b3e436feaedd07fd67b74cce818f3bb7cfdab1e1c05dc2f89.css',
    ],
  ])('SEC-44 I-35 %s is kept as %s', (path, kept) => {
    expect(redactPath(path).text).toBe(kept);
  });

  test('SEC-44 every replaced value is counted', () => {
    expect(redactPath('/u/ada@example.com?token=1&page=2&empty=').redactions).toBe(3);
    expect(redactPath('/cart').redactions).toBe(0);
  });

  test('I-13 I-19 I-21 control and direction characters are percent-encoded and reported', () => {
    expect(redactPath('/a\0b\u202ec\u0085')).toEqual({
      text: '/a%00b%E2%80%AEc%C2%85',
      redactions: 0,
      controls: true,
      cut: false,
    });
  });

  test('I-16 a lone surrogate becomes the replacement character', () => {
    expect(redactPath('/a\ud83d').text).toBe('/a\ufffd');
  });

  test('at most 20 keys of a query are kept, with a mark for the rest', () => {
    const query = Array.from({ length: 25 }, (_, index) => `k${index}=v`).join('&');
    const { text, cut } = redactPath(`/?${query}`);
    expect(text.split('&')).toHaveLength(QUERY_KEYS_MAX + 1);
    expect(text.endsWith('&…')).toBe(true);
    expect(cut).toBe(true);
  });

  test('I-35 a path of 8 KiB is cut to 512 characters with a mark', () => {
    const { text, cut } = redactPath(`/${'long-'.repeat(1638)}`);
    expect(text).toHaveLength(PATH_MAX);
    expect(text.endsWith('…')).toBe(true);
    expect(cut).toBe(true);
  });
});

describe('a text', () => {
  test.each([
    ['Authorization: Bearer abc.def-ghi', 'Authorization: {redacted}'],
    ['"HTTP_AUTHORIZATION"=>"Basic YTpi"', '"HTTP_AUTHORIZATION"=>"{redacted}"'],
    ['sent Bearer abcdefghij to it', 'sent Bearer {redacted} to it'],
    ['Cookie: a=b; c=d\nnext', 'Cookie: {redacted}\nnext'],
    ['Set-Cookie: s=1; HttpOnly', 'Set-Cookie: {redacted}'],
    ['{"password":"hunter2","a":1}', '{"password":"{redacted}","a":1}'],
    ['{\\"password\\":\\"hun ter2\\"}', '{\\"password\\":\\"{redacted}\\"}'],
    ['"password"=>"[FILTERED]"', '"password"=>"[FILTERED]"'],
    ['user[password]=hunter2&x=1', 'user[password]={redacted}&x=1'],
    ['login password: hunter failed', 'login password: {redacted} failed'],
    ['api_key=abc secret="d e"', 'api_key={redacted} secret="{redacted}"'],
    ['Unexpected token: foo', 'Unexpected token: foo'],
    ['max_tokens=512', 'max_tokens=512'],
    ['PWD=/app', 'PWD=/app'],
    ['DATABASE_URL=postgres://u:p@ss@host:5432/db', 'DATABASE_URL=postgres://{redacted}@host:5432/db'],
    ['mail to ada.l+x@example.co.uk. ok', 'mail to {email}. ok'],
    ['took 12 4242 4242 4242 4242 34', 'took 12 {card} 34'],
    ['at 2026-11-21 07:58:24 id 1763711904000', 'at 2026-11-21 07:58:24 id 1763711904000'],
    ['AKIAIOSFODNN7EXAMPLE', '{token}'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- after', '{privateKey} after'],
    ['-----BEGIN PRIVATE KEY-----\nMIIE', '{privateKey}'],
    ['nothing here', 'nothing here'],
  ])('SEC-44 %s is kept as %s', (text, kept) => {
    expect(redactText(text).text).toBe(kept);
  });

  test('SEC-44 what was taken out is counted', () => {
    expect(redactText('password=a token=b ada@example.com').redactions).toBe(3);
  });

  test('a text over its bound is cut with a mark', () => {
    expect(redactText('word '.repeat(10), 18).text).toBe('word word word …');
    expect(redactText('x'.repeat(300), 250).text).toBe(`${'x'.repeat(249)}…`);
  });

  const hostile: [string, string][] = [
    ['@', '@'],
    ['a@', 'a@'],
    ['eyJ', 'eyJ'],
    ['a.', 'a.'],
    ['4 ', '4 '],
    ['424 ', '424 '],
    ['password="', 'password="'],
    ['password=', 'password='],
    ['cookie: ', 'cookie: '],
    ["token='a", "token='a"],
    ['x-', 'x-'],
    ['://a', '://a'],
    ['-----BEGIN PRIVATE KEY-----', '-----BEGIN PRIVATE KEY-----'],
    ['SG.', 'SG.'],
    ['xoxb-', 'xoxb-'],
    ['\\', '\\'],
  ];
  test.each([
    ['password=', ''],
    ['{"password":"', '"}'],
    ["token='", ''],
    ['Cookie: sid=', ''],
    ['Authorization: Basic ', '\nnext'],
  ])('SEC-44 the value behind %s goes as a whole, however long it is', (front, back) => {
    for (const length of [2_000, 8_000, 9_000, 60_000]) {
      const { text, redactions } = redactText(`${front}${'qZ7'.repeat(length)}${back}`, 400_000);
      expect(text).not.toContain('qZ7');
      expect(text.endsWith(`{redacted}${back}`)).toBe(true);
      expect(redactions).toBe(1);
    }
  });
  test.each(hostile)('SEC-38 a MiB of %s is read in linear time', (piece) => {
    const text = piece.repeat(Math.ceil(2 ** 20 / piece.length));
    const startedMs = performance.now();
    redactText(text, text.length);
    redactPath(`/reset/${text}`);
    // Quadratic reading of a MiB takes minutes; the bound leaves room for a busy machine.
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});

describe('card numbers', () => {
  test.each([
    '4242424242424242',
    '378282246310005',
    '30569309025904',
    '6011111111111117',
    '3530111333300000',
    '5555555555554444',
    '2223003122003222',
  ])('SEC-44 %s is one', (digits) => {
    expect(isCardNumber(digits)).toBe(true);
    expect(hideForms(`card ${digits}.`, { redactions: 0 })).toBe('card {card}.');
  });

  test('a wrong check digit, a timestamp and a short number are none', () => {
    expect(['4242424242424243', '1763711904000', '424242424242'].some(isCardNumber)).toBe(false);
  });
});

describe('storable text', () => {
  test('I-13 I-21 controls are taken out, line ends become blanks', () => {
    expect(storableText('a\0b\tc\r\nd\x7f\x85', 100)).toEqual({
      text: 'ab c  d',
      changed: true,
      badUtf8: false,
      controlBytes: true,
      cutText: false,
    });
  });

  test('I-14 bytes that are no UTF-8 become U+FFFD and are reported; a real U+FFFD is not', () => {
    expect(storableText(Uint8Array.of(0x61, 0xc0, 0xaf), 10)).toMatchObject({
      text: 'a\ufffd\ufffd',
      badUtf8: true,
    });
    expect(storableText(Buffer.from('a\ufffd'), 10)).toMatchObject({ text: 'a\ufffd', changed: false });
  });

  test('I-15 I-16 neither a lone surrogate nor half a pair is left', () => {
    expect(storableText('a\udc00b', 10)).toMatchObject({ text: 'a\ufffdb', badUtf8: true });
    expect(storableText('ab🚀', 3)).toMatchObject({ text: 'ab', cutText: true });
  });

  test('I-17 a byte order mark is kept', () => {
    expect(storableText(Buffer.from('\ufeffa'), 10).text).toBe('\ufeffa');
  });
});
