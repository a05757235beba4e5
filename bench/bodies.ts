/** Request bodies for the benchmarks: router lines of many paths and dynos, runtime metrics in between. Seeded. */
import { randomFrom } from './random.ts';

const PATHS = [
  '/',
  '/products',
  '/products/18273',
  '/products/55/reviews?page=2',
  '/cart',
  '/cart/items/7',
  '/checkout',
  '/api/v1/orders',
  '/api/v1/orders/9f1c2b7e-44aa-4c1e-9f0a-1b2c3d4e5f60',
  '/api/v1/users/me?fields=name,email',
  '/assets/app-62f13e9f7cb78a2b3e436feaedd07fd6.css',
  '/search?q=winter+coat&sort=price',
];
const METHODS = ['GET', 'GET', 'GET', 'GET', 'POST', 'PUT'];
const STATUSES = [200, 200, 200, 200, 200, 200, 304, 201, 404, 500];

/** One body of `messages` messages; about one in eleven is a runtime-metrics line, one in a thousand an H12. */
export function buildBody(seed: number, messages: number, nowMs: number): Buffer {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const parts: Buffer[] = [];
  for (let i = 0; i < messages; i++) {
    const time = `${new Date(nowMs + i).toISOString().slice(0, -1)}${String(Math.floor(random() * 1000)).padStart(3, '0')}+00:00`;
    const dyno = `web.${1 + Math.floor(random() * 20)}`;
    const line =
      random() < 0.09
        ? `<134>1 ${time} host heroku ${dyno} - source=${dyno} dyno=heroku.15253441.${uuid(random)} sample#memory_total=${(200 + random() * 200).toFixed(2)}MB sample#memory_rss=${(180 + random() * 200).toFixed(2)}MB sample#memory_cache=4.55MB sample#memory_swap=0.00MB sample#memory_pgpgin=1651pages sample#memory_pgpgout=165pages sample#memory_quota=512.00MB\n`
        : routerLine(random, pick, time, dyno);
    const bytes = Buffer.from(line);
    parts.push(Buffer.from(`${bytes.length} `), bytes);
  }
  return Buffer.concat(parts);
}

function routerLine(
  random: () => number,
  pick: <T>(list: readonly T[]) => T,
  time: string,
  dyno: string,
): string {
  const timedOut = random() < 0.001;
  const service = timedOut ? 30_000 : Math.floor(5 + random() ** 4 * 2000);
  const status = timedOut ? 503 : pick(STATUSES);
  const head = timedOut ? 'at=error code=H12 desc="Request timeout"' : 'at=info';
  const fwd = `203.0.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`;
  return (
    `<134>1 ${time} host heroku router - ${head} method=${pick(METHODS)} path="${pick(PATHS)}" host=shop.example.com ` +
    `request_id=${uuid(random)} fwd="${fwd}" dyno=${dyno} connect=${Math.floor(random() * 3)}ms ` +
    `service=${service}ms status=${status} bytes=${Math.floor(random() * 50_000)} protocol=http2.0 tls=true tls_version=tls1.3\n`
  );
}

function uuid(random: () => number): string {
  const hex = Array.from({ length: 4 }, () =>
    Math.floor(random() * 0x100000000)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
