import { expect, it } from 'vitest';
import { parseSmtpUrl } from './smtp-url.ts';

it('reads TLS from the scheme, and the usual ports', () => {
  expect(parseSmtpUrl('smtps://user:pa%40ss@mail.example.com')).toEqual({
    host: 'mail.example.com',
    port: 465,
    tls: 'implicit',
    user: 'user',
    password: 'pa@ss',
  });
  expect(parseSmtpUrl('smtp://mail.example.com')).toMatchObject({ port: 587, tls: 'starttls', user: '' });
  expect(parseSmtpUrl('smtp://[::1]:2525')).toMatchObject({ host: '::1', port: 2525 });
});

it('SEC-46 sends in the clear only where that is asked for', () => {
  expect(parseSmtpUrl('smtp://127.0.0.1:25?tls=off')).toMatchObject({ tls: 'off', port: 25 });
  expect(parseSmtpUrl('smtp://127.0.0.1:25?tls=no')).toMatchObject({ tls: 'starttls' });
  expect(parseSmtpUrl('smtps://127.0.0.1?tls=off')).toBeNull();
});

it('takes a lone per cent sign in a password, and nothing that is no mail server', () => {
  expect(parseSmtpUrl('smtp://u:50%@mail.example.com')).toMatchObject({ password: '50%' });
  for (const text of ['', 'mail.example.com', 'https://mail.example.com', 'smtp:'])
    expect(parseSmtpUrl(text)).toBeNull();
});
