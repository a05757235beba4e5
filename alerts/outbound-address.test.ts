import { BlockList } from 'node:net';
import { describe, expect, test } from 'vitest';
import { addressFault, mayConnect, type OutboundRules, parseRanges, readTarget } from './outbound-address.ts';

const PUBLIC: OutboundRules = { allowed: new BlockList(), ports: [8443], ownHosts: ['drains.example.com'] };

function rulesWith(ranges: string): OutboundRules {
  const parsed = parseRanges(ranges);
  if (!parsed.ok) throw new Error(parsed.error);
  return { ...PUBLIC, allowed: parsed.value };
}

function hostOf(url: string): string {
  const target = readTarget(url, PUBLIC);
  return target.ok ? target.value.host : target.error;
}

describe('addresses', () => {
  test.each([
    ['0.0.0.0', '0/8'],
    ['10.1.2.3', 'private'],
    ['100.64.0.1', 'CGNAT'],
    ['127.0.0.1', 'loopback'],
    ['169.254.169.254', 'link-local, where clouds keep credentials'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['192.88.99.1', '6to4 relays'],
    ['198.19.255.255', 'benchmarking'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::ffff:8.8.8.8', 'mapped'],
    ['::ffff:7f00:1', 'mapped loopback'],
    ['::127.0.0.1', 'compatible'],
    ['64:ff9b::7f00:1', 'NAT64'],
    ['64:ff9b:1::7f00:1', 'local NAT64'],
    ['2002:7f00:1::', '6to4'],
    ['2001:0:4136:e378::', 'Teredo'],
    ['fc00::1', 'ULA'],
    ['fd12:3456::1', 'ULA'],
    ['fe80::1', 'link-local'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
    ['100::1', 'discard'],
    ['2001:db8::1', 'documentation'],
    ['example.com', 'no address'],
    ['', 'nothing'],
  ])('SEC-40 %s (%s) is refused', (address) => {
    expect(mayConnect(address, PUBLIC)).toBe(false);
  });

  test.each(['8.8.8.8', '100.63.255.255', '172.15.255.255', '172.32.0.0', '198.20.0.1', '2606:4700::1111'])(
    'SEC-40 %s is somebody’s public server',
    (address) => {
      expect(mayConnect(address, PUBLIC)).toBe(true);
    },
  );

  test('SEC-40 ranges of the operator are allowed, and nothing beside them', () => {
    const rules = rulesWith('10.20.0.0/16, fd00:1::/32,192.168.7.7');
    expect(mayConnect('10.20.255.1', rules)).toBe(true);
    expect(mayConnect('10.21.0.1', rules)).toBe(false);
    expect(mayConnect('fd00:1::5', rules)).toBe(true);
    expect(mayConnect('fd00:2::5', rules)).toBe(false);
    expect(mayConnect('192.168.7.7', rules)).toBe(true);
    expect(mayConnect('192.168.7.8', rules)).toBe(false);
  });

  test.each(['10.0.0.0/33', '10.0.0/8', 'fd00::/129', 'example.com/8', '10.0.0.0/x', '10.0.0.0/-1'])(
    '%s is no range',
    (text) => {
      expect(parseRanges(`10.0.0.0/8,${text}`)).toEqual({ ok: false, error: text });
    },
  );
});

describe('URLs', () => {
  test.each([
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://127.1/',
    'https://127.0.0.1./',
    'https://%31%32%37.0.0.1/',
    'https://１２７.0.0.1/',
  ])('I-49 %s is loopback however it is written', (url) => {
    expect(hostOf(url)).toBe('127.0.0.1');
    expect(mayConnect(hostOf(url), PUBLIC)).toBe(false);
  });

  test.each([
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[64:ff9b::10.0.0.1]/',
    'https://[2002:a00:1::]/',
    'https://[fe80::1]/',
    'https://[::1]/',
  ])('I-50 %s is refused', (url) => {
    expect(mayConnect(hostOf(url), PUBLIC)).toBe(false);
  });

  test.each([
    ['https://[fe80::1%25eth0]/', 'badUrl'],
    ['https://hooks.example.com@127.0.0.1/', 'badUrl'],
    ['https://user:secret@example.com/', 'badUrl'],
    ['https:///path', 'path'],
    ['https://', 'badUrl'],
    ['not a url', 'badUrl'],
    ['https://exa mple.com/', 'badUrl'],
    ['https://a..b/', 'badUrl'],
    ['ftp://example.com/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['gopher://example.com/', 'scheme'],
    ['https://example.com:22/', 'port'],
    ['https://example.com:6379/', 'port'],
  ])('I-51 SEC-39 %s gives %s', (url, given) => {
    expect(hostOf(url)).toBe(given);
  });

  test.each([
    ['https://localhost./', 'localhost'],
    ['https://LOCALHOST/', 'localhost'],
    ['https://bücher.example/', 'xn--bcher-kva.example'],
    ['https://lоcalhost/', 'xn--lcalhost-nbh'],
    ['https://example.com:8443/', 'example.com'],
  ])('I-51 %s is asked as %s', (url, host) => {
    expect(hostOf(url)).toBe(host);
  });

  test('SEC-40 our own name is refused', () => {
    expect(hostOf('https://Drains.Example.com./logs')).toBe('address');
  });

  test('SEC-39 without TLS only what the operator allowed is called', () => {
    const rules = rulesWith('10.0.0.0/8');
    expect(addressFault({ isTls: false }, ['8.8.8.8'], rules)).toBe('scheme');
    expect(addressFault({ isTls: false }, ['10.0.0.1'], rules)).toBeNull();
    expect(addressFault({ isTls: false }, ['10.0.0.1', '8.8.8.8'], rules)).toBe('scheme');
    expect(addressFault({ isTls: true }, ['8.8.8.8'], rules)).toBeNull();
  });

  test('I-52 one private answer beside a public one refuses the name', () => {
    expect(addressFault({ isTls: true }, ['8.8.8.8', '10.0.0.1'], PUBLIC)).toBe('address');
    expect(addressFault({ isTls: true }, ['8.8.8.8', '2606:4700::1111'], PUBLIC)).toBeNull();
  });
});
