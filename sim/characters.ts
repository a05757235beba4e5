/** Six apps of different character for the demo. All names, hosts and people are made up. */
import type { AppSpec, MemorySpec, RouteSpec } from './app.ts';

const OK: [number, number][] = [[200, 1]];

/** Service times by how much work a request is. */
const QUICK = { medianMs: 14, sigma: 0.6 };
const USUAL = { medianMs: 55, sigma: 0.7 };
const HEAVY = { medianMs: 180, sigma: 0.8 };

function get(path: string, weight: number, rest: Partial<RouteSpec> = {}): RouteSpec {
  return { method: 'GET', path, weight, ...USUAL, medianBytes: 6_000, statuses: OK, ...rest };
}

function write(method: string, path: string, weight: number, rest: Partial<RouteSpec> = {}): RouteSpec {
  return {
    method,
    path,
    weight,
    ...HEAVY,
    medianBytes: 400,
    statuses: [
      [201, 0.96],
      [422, 0.04],
    ],
    ...rest,
  };
}

function asset(path: string, weight: number): RouteSpec {
  return get(path, weight, {
    medianMs: 2,
    sigma: 0.5,
    medianBytes: 20_000,
    statuses: [
      [200, 0.35],
      [304, 0.65],
    ],
    nature: 'asset',
  });
}

/** What knocks on every door. */
const BOTS: RouteSpec[] = [
  get('//wp-login.php;jsessionid=1?x=%00', 0.4, {
    ...QUICK,
    medianMs: 3,
    medianBytes: 10,
    statuses: [[404, 1]],
  }),
  get('/.env', 0.4, { ...QUICK, medianMs: 3, medianBytes: 10, statuses: [[404, 1]] }),
  get('/robots.txt', 0.4, { ...QUICK, medianMs: 2, medianBytes: 68 }),
  {
    ...get('/', 0.3, {
      ...QUICK,
      statuses: [
        [200, 0.6],
        [405, 0.4],
      ],
    }),
    method: 'HEAD',
  },
];

function memory(
  baseMb: number,
  growthMbPerHour: number,
  sawtoothMb: number,
  sawtoothMinutes: number,
): MemorySpec {
  return { baseMb, growthMbPerHour, sawtoothMb, sawtoothMinutes };
}

const SHOP: AppSpec = {
  name: 'shop',
  appNumber: 123456789,
  utcOffsetHours: 1,
  traffic: { peakRpm: 380, nightRatio: 0.12, peakHour: 19, weekendRatio: 1.15, noiseRatio: 0.18 },
  hosts: [
    { host: 'shop.example.com', weight: 80, tlsVersion: 'tls1.3' },
    { host: 'www.shop.example.com', weight: 15, tlsVersion: 'tls1.2' },
    { host: 'shop-example-0123456789ab.herokuapp.com', weight: 5, tlsVersion: 'unknown' },
  ],
  routes: [
    get('/', 14),
    get('/products', 10, { medianBytes: 18_000 }),
    get('/products?page={page}&sort=price', 5, { medianBytes: 18_000 }),
    get('/products/{id}', 22, {
      statuses: [
        [200, 0.985],
        [404, 0.015],
      ],
    }),
    get('/search?q={word}', 7, { ...HEAVY, medianBytes: 15_000 }),
    get('/cart', 8),
    write('POST', '/cart/items', 5),
    write('PUT', '/cart/items/{id}', 1.5, { statuses: [[204, 1]], medianMs: 60 }),
    write('DELETE', '/cart/items/{id}', 0.8, { statuses: [[204, 1]], medianMs: 40 }),
    write('POST', '/checkout', 1.6, {
      medianMs: 420,
      statuses: [
        [201, 0.94],
        [422, 0.05],
        [500, 0.01],
      ],
    }),
    get('/orders/{uuid}', 2.5, {
      statuses: [
        [200, 0.97],
        [302, 0.03],
      ],
    }),
    get('/account/confirm?token={token}&email={email}', 0.3, { statuses: [[302, 1]], medianBytes: 0 }),
    write('POST', '/login', 1, {
      statuses: [
        [302, 0.86],
        [401, 0.14],
      ],
    }),
    asset('/assets/application-{hex}.css', 6),
    asset('/assets/application-{hex}.js', 6),
    get('/cable', 0.8, {
      medianMs: 90_000,
      sigma: 1.3,
      medianBytes: 3_000,
      statuses: [[101, 1]],
      nature: 'socket',
    }),
    ...BOTS,
  ],
  clients: 9_000,
  formation: [
    {
      type: 'web',
      quantity: 3,
      size: 'Standard-2X',
      command: 'bundle exec puma -C config/puma.rb',
      memory: memory(520, 9, 45, 34),
      peakLoad: 1.4,
    },
    {
      type: 'worker',
      quantity: 1,
      size: 'Standard-1X',
      command: 'bundle exec sidekiq -c 10',
      memory: memory(340, 5, 60, 12),
      peakLoad: 0.8,
      jobsPerMinute: 22,
    },
  ],
  addons: [
    {
      kind: 'heroku-postgres',
      addon: 'postgresql-curly-12345',
      source: 'DATABASE',
      databaseBytes: 26_219_348_792,
      maxDatabaseBytes: 274_877_906_944,
      tables: 41,
      maxConnections: 200,
      maxIops: 3_000,
      memoryKb: 8_036_340,
      peakConnections: 60,
      pgbouncer: true,
    },
    {
      kind: 'heroku-redis',
      addon: 'redis-cubed-98704',
      source: 'REDIS',
      maxConnections: 120,
      peakConnections: 38,
      memoryBytes: 41_000_000,
      hitRate: 0.93,
    },
  ],
  jobs: [{ command: 'bin/rails carts:expire', everyMinutes: 60, medianSeconds: 24, failRatio: 0.02 }],
  output: 'rails',
  outputPerRequest: 0.35,
  customMetrics: true,
  releasesPerDay: 2.2,
  releaseCommand: "/bin/sh -c 'bin/rails db:migrate'",
  firstVersion: 418,
  users: ['dev@example.com', 'release-bot@example.com'],
};

const ORDERS_API: AppSpec = {
  name: 'orders-api',
  appNumber: 155370883,
  utcOffsetHours: 0,
  traffic: { peakRpm: 300, nightRatio: 0.3, peakHour: 14, weekendRatio: 0.55, noiseRatio: 0.12 },
  hosts: [
    { host: 'api.example.com', weight: 97, tlsVersion: 'tls1.3' },
    { host: 'orders-api-example-9a8b7c.herokuapp.com', weight: 3, tlsVersion: 'unknown' },
  ],
  routes: [
    get('/v1/orders/{uuid}', 30, {
      medianMs: 18,
      sigma: 0.6,
      medianBytes: 1_800,
      statuses: [
        [200, 0.96],
        [304, 0.02],
        [404, 0.02],
      ],
    }),
    get('/v1/orders?customer={uuid}&limit=50', 18, { medianMs: 40, medianBytes: 24_000 }),
    get('/v1/customers/{id}/orders', 9, { medianMs: 35, medianBytes: 9_000 }),
    write('POST', '/v1/orders', 8, {
      medianMs: 90,
      statuses: [
        [201, 0.965],
        [409, 0.01],
        [422, 0.02],
        [500, 0.005],
      ],
    }),
    write('PATCH', '/v1/orders/{uuid}', 7, {
      medianMs: 60,
      statuses: [
        [200, 0.98],
        [409, 0.02],
      ],
    }),
    write('POST', '/v1/webhooks/payments', 4, {
      medianMs: 25,
      statuses: [
        [204, 0.998],
        [401, 0.002],
      ],
    }),
    get('/v1/prices/{slug}', 16, {
      ...QUICK,
      medianBytes: 300,
      statuses: [
        [200, 0.97],
        [429, 0.03],
      ],
    }),
    {
      ...get('/v1/orders', 3, { medianMs: 1, sigma: 0.3, medianBytes: 0, statuses: [[204, 1]] }),
      method: 'OPTIONS',
    },
    get('/healthz', 5, { medianMs: 1, sigma: 0.3, medianBytes: 2 }),
  ],
  clients: 60,
  formation: [
    {
      type: 'web',
      quantity: 2,
      size: 'Standard-1X',
      command: 'node dist/server.js',
      memory: memory(210, 3, 70, 18),
      peakLoad: 0.9,
      daytime: { quantity: 3, fromHour: 8, toHour: 19 },
    },
  ],
  addons: [
    {
      kind: 'heroku-postgres',
      addon: 'postgresql-opaque-54321',
      source: 'HEROKU_POSTGRESQL_GREEN',
      databaseBytes: 147_391_814_791,
      maxDatabaseBytes: 549_755_813_888,
      tables: 67,
      maxConnections: 400,
      maxIops: 6_000,
      memoryKb: 16_085_844,
      peakConnections: 80,
    },
  ],
  jobs: [],
  output: 'node',
  outputPerRequest: 0.3,
  customMetrics: false,
  releasesPerDay: 3,
  firstVersion: 1_204,
  users: ['ci@example.com', 'mara@example.com'],
};

const MAILER: AppSpec = {
  name: 'mailer',
  appNumber: 54241834,
  utcOffsetHours: -5,
  traffic: { peakRpm: 18, nightRatio: 0.2, peakHour: 11, weekendRatio: 0.4, noiseRatio: 0.3 },
  hosts: [{ host: 'mail-hooks.example.com', weight: 1, tlsVersion: 'tls1.2' }],
  routes: [
    write('POST', '/hooks/bounce', 10, { medianMs: 30, statuses: [[202, 1]] }),
    write('POST', '/hooks/open/{hex}', 25, { ...QUICK, statuses: [[204, 1]] }),
    get('/unsubscribe/{token}', 2, {
      statuses: [
        [200, 0.95],
        [410, 0.05],
      ],
    }),
    get('/flower', 1, {
      ...HEAVY,
      statuses: [
        [200, 0.7],
        [401, 0.3],
      ],
    }),
  ],
  clients: 400,
  formation: [
    {
      type: 'web',
      quantity: 1,
      size: 'Standard-1X',
      command: 'uvicorn mailer.web:app --host 0.0.0.0 --port $PORT',
      memory: memory(160, 1, 12, 20),
      peakLoad: 0.2,
    },
    {
      type: 'worker',
      quantity: 3,
      size: 'Standard-1X',
      command: 'celery -A mailer worker -c 8',
      // Grows over the day past its quota: R14 in the late hours, healed by cycling.
      memory: memory(390, 5.2, 38, 9),
      peakLoad: 2.6,
      jobsPerMinute: 40,
    },
    {
      type: 'urgent_worker',
      quantity: 1,
      size: 'Performance-M',
      command: 'celery -A mailer worker -Q urgent -c 16',
      memory: memory(1_450, 14, 240, 26),
      peakLoad: 3.1,
      jobsPerMinute: 25,
    },
  ],
  addons: [
    {
      kind: 'heroku-redis',
      addon: 'redis-rugged-24473',
      source: 'REDIS',
      maxConnections: 256,
      peakConnections: 70,
      memoryBytes: 88_000_000,
      hitRate: 0.6,
    },
  ],
  jobs: [
    { command: 'python -m mailer.digest', everyMinutes: 10, medianSeconds: 9, failRatio: 0.03 },
    { command: 'python -m mailer.cleanup', everyMinutes: 1_440, medianSeconds: 140, failRatio: 0 },
  ],
  output: 'python',
  outputPerRequest: 0.6,
  customMetrics: true,
  releasesPerDay: 0.6,
  firstVersion: 88,
  users: ['dev@example.com'],
};

const DOCS: AppSpec = {
  name: 'docs',
  appNumber: 35930502,
  utcOffsetHours: 2,
  traffic: { peakRpm: 60, nightRatio: 0.35, peakHour: 15, weekendRatio: 0.6, noiseRatio: 0.35 },
  hosts: [
    { host: 'docs.example.com', weight: 9, tlsVersion: 'tls1.3' },
    { host: 'docs-example-55aa12.herokuapp.com', weight: 1, tlsVersion: 'unknown' },
  ],
  routes: [
    get('/', 10, {
      ...QUICK,
      statuses: [
        [200, 0.7],
        [304, 0.3],
      ],
    }),
    get('/guides/{slug}', 40, {
      ...QUICK,
      statuses: [
        [200, 0.72],
        [304, 0.25],
        [404, 0.03],
      ],
    }),
    get('/reference/{word}/{word}', 25, {
      ...QUICK,
      statuses: [
        [200, 0.75],
        [304, 0.25],
      ],
    }),
    get('/search?q={word}', 6),
    get('/files/Quartalsbericht März 2026.pdf', 0.6, { medianBytes: 900_000 }),
    get('/old/{slug}', 4, { ...QUICK, medianBytes: 0, statuses: [[301, 1]] }),
    asset('/static/site-{hex}.css', 8),
    asset('/static/logo.svg', 8),
    ...BOTS,
  ],
  clients: 2_500,
  formation: [
    {
      type: 'web',
      quantity: 1,
      size: 'Basic',
      command: 'node server.mjs',
      memory: memory(140, 2, 40, 25),
      peakLoad: 0.15,
    },
  ],
  addons: [],
  jobs: [],
  output: 'node',
  outputPerRequest: 0.1,
  customMetrics: false,
  releasesPerDay: 0.8,
  firstVersion: 57,
  users: ['writer@example.com', 'ci@example.com'],
};

const ADMIN: AppSpec = {
  name: 'admin',
  appNumber: 15253441,
  utcOffsetHours: 1,
  traffic: { peakRpm: 14, nightRatio: 0.02, peakHour: 12, weekendRatio: 0.08, noiseRatio: 0.4 },
  hosts: [{ host: 'admin.example.com', weight: 1, tlsVersion: 'tls1.3' }],
  routes: [
    get('/', 8),
    get('/orders?state=open&page={page}', 10, { ...HEAVY, medianBytes: 40_000 }),
    get('/orders/{uuid}', 14),
    get('/customers/{id}', 8),
    write('POST', '/orders/{uuid}/refund', 1, {
      medianMs: 600,
      statuses: [
        [302, 0.97],
        [422, 0.03],
      ],
    }),
    get('/reports/{word}.csv', 0.8, { medianMs: 3_500, sigma: 0.7, medianBytes: 700_000 }),
    asset('/assets/admin-{hex}.css', 4),
    write('POST', '/login', 0.5, {
      statuses: [
        [302, 0.9],
        [401, 0.1],
      ],
    }),
  ],
  clients: 14,
  formation: [
    {
      type: 'web',
      quantity: 1,
      size: 'Basic',
      command: 'bin/rails server -e production',
      memory: memory(265, 2, 18, 40),
      peakLoad: 0.3,
    },
  ],
  addons: [],
  jobs: [{ command: 'bin/rails reports:nightly', everyMinutes: 1_440, medianSeconds: 90, failRatio: 0.05 }],
  output: 'rails',
  outputPerRequest: 0.8,
  customMetrics: false,
  releasesPerDay: 0.5,
  releaseCommand: 'bin/rails db:migrate',
  firstVersion: 203,
  users: ['dev@example.com'],
};

const STATUS_BOT: AppSpec = {
  name: 'status-bot',
  appNumber: 2808254,
  utcOffsetHours: 9,
  traffic: {
    peakRpm: 0.8,
    nightRatio: 0.3,
    peakHour: 13,
    weekendRatio: 0.5,
    noiseRatio: 0.5,
    idleHours: [1, 6],
  },
  hosts: [{ host: 'status-bot-example-77ff.herokuapp.com', weight: 1, tlsVersion: 'unknown' }],
  routes: [
    write('POST', '/slack/events', 5, { medianMs: 12, statuses: [[200, 1]] }),
    get('/', 1, { ...QUICK, medianBytes: 1_200 }),
  ],
  clients: 6,
  formation: [
    {
      type: 'web',
      quantity: 1,
      size: 'Eco',
      command: 'bin/status-bot',
      memory: memory(28, 0.1, 4, 30),
      peakLoad: 0.02,
    },
  ],
  addons: [],
  jobs: [],
  output: 'go',
  outputPerRequest: 1,
  customMetrics: false,
  releasesPerDay: 0.1,
  firstVersion: 12,
  users: ['mara@example.com'],
};

export const CHARACTERS: readonly AppSpec[] = [SHOP, ORDERS_API, MAILER, DOCS, ADMIN, STATUS_BOT];

/** The first `count` apps; beyond six, further ones of the same characters under numbered names. */
export function castOf(count: number): AppSpec[] {
  return Array.from({ length: count }, (_, i) => {
    const spec = CHARACTERS[i % CHARACTERS.length] as AppSpec;
    const round = Math.floor(i / CHARACTERS.length);
    return round === 0
      ? spec
      : { ...spec, name: `${spec.name}-${round + 1}`, appNumber: spec.appNumber + round };
  });
}
