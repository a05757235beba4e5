import { zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { decodeSection, encodeSection } from './chunk.ts';
import { requestOf } from './details.ts';
import { makeTerm } from './intern.ts';
import { Section } from './section.ts';

/** A section of two requests, two samples and three records, as the first released version has written it. */
const RELEASED = [
  'AQFtAgAAKLUv/WBtAb0PAJYeckYQj1YHAIQ4AtCuoG0bAwDB4owKs4kjMr+rZoCNZZxtIo7KUog1D23LA+TkeDn82F/kLPa93eU3',
  'tAAS+EDUqD083u6NX7JlZQBqAFkAWfw2NMbtNJt8L34gTgmGCyQZzrO0jDv3FjdbNnoPmMeBtKzbtkzLOo37lPnLnjxLfPLZmUW9',
  'kQDkJCS0gTaKP5CnRMKE61MA08CcSKhUtdbK6nQvMSsolwrTvAhPqRYXFY2r2gS11k+Ajo4anlItKSNqtWqtG0QWQKyBDguCCiYi',
  'gFBwgMXCGoioFYeLlBIsrhnVigoGigGV5ambjYamg2Uy18WxAFQEVISnVIoYMmq1SLzzFpXQXH7JUW6ikIRFIM4kR8A2fyQ/j9LI',
  'w3wd+MlH/TpojiZP+pFqcpNbegp/puCDbrnr+kOs9Zd5u9U0bYGmcZ7HhULbdT1SZpSDW99mmiGcGQX9+usUf25d60z69T9L21FI',
  '3UvMSipEvRyc8KBQKBRMSIsmDzNwX6qB+9KPcuTXPQav8cjtx3X9u/TgP4zaraMP4hcB8civm1njR936m+M2MYrTDiQmk4Mvaiz6',
  'dVFjEfR16ijXyRHvB9123nUzjxp9klt/HRAAUARbLaEbbQKmr+0OGhW4nnCmaXMBhvxOVDM/gC8Aa9JQbeR6mJncWzcG',
].join('');

test('a chunk of the first released version is read as it was meant', () => {
  const section = decodeSection(Buffer.from(RELEASED, 'base64'));
  expect(section.appId).toBe(7);
  expect(section.frames).toMatchObject([
    { position: 3, drainId: 11, messages: 5, lastLineMs: 1_772_442_003_000 },
  ]);
  expect([requestOf(section, 0), requestOf(section, 1)]).toMatchObject([
    {
      atMs: 1_772_442_000_120,
      requestId: '9f1c2b7e-44aa-4c1e-9f0a-1b2c3d4e5f60',
      method: 'GET',
      path: '/cart/17?x=*',
      host: 'shop.example.com',
      client: '203.0.113.0/24',
      dyno: 'web.1',
      release: 42,
      connectMs: 1,
      serviceMs: 18,
      status: 200,
      bytes: 5_012_345_678,
      code: null,
    },
    {
      requestId: 'chosen-by-client',
      method: 'POST',
      dyno: 'web.2',
      serviceMs: 30_000,
      status: 503,
      code: 'H12',
    },
  ]);
  expect([...section.samples.value.subarray(0, section.samples.length)]).toEqual([0.25, 256.8 * 2 ** 20]);
  expect(section.records.map(({ body }) => body.type)).toEqual(['loss', 'event', 'quarantine']);
});

test('a section too small to compress is still a frame that any version reads', () => {
  for (const length of [1, 100, 180, 200, 230, 240, 250, 300]) {
    const section = new Section(1);
    section.number(makeTerm('x'.repeat(length)));
    const bytes = encodeSection(section);
    const raw = zstdDecompressSync(bytes.subarray(6));
    expect(raw.length).toBe(bytes.readUInt32LE(2));
    expect(decodeSection(bytes).texts).toEqual(['', 'x'.repeat(length)]);
  }
});
