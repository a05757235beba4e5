/** Every page about objectives and alerts: with data, without, held, refused, in both themes, wide and narrow. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { faultsOf } from './axe.ts';
import { NOW, type OpenOptions, type Stage, setStage } from './open.ts';

const INCIDENT = '/i/22222222-0000-4000-8000-000000000214';
const EMPTY = { cookies: { alerts: 'empty' } };
const HELD = { cookies: { alerts: 'held' } };

type Step = (page: Page) => Promise<void>;
const press =
  (name: string): Step =>
  (page) =>
    page.getByRole('button', { name }).first().click();

/** What must be on a page before it is judged, and what is opened on it first. */
const PAGES: [name: string, path: string, ready: string, how?: OpenOptions, steps?: Step[]][] = [
  ['incidents', '/incidents', '.incident-row'],
  ['no incidents', '/incidents', '.chart-empty', EMPTY],
  ['held incidents', '/incidents', '.incident-row', HELD],
  ['incident', INCIDENT, '.plot canvas', {}, [press('Correct the objective'), press('Acknowledge')]],
  ['held incident', INCIDENT, '.banner-warning', HELD, [press('Snooze')]],
  [
    'incident of a rule',
    '/i/22222222-0000-4000-8000-000000000211',
    '.plot canvas',
    {},
    [press('Resolve by hand')],
  ],
  ['objectives', '/slo', '.slos tbody tr'],
  ['no objectives', '/slo', '.chart-empty', EMPTY],
  ['objectives of an app', '/a/checkout-api/slo', '.card'],
  ['objective', '/a/shop/slo/answers', '.burned tbody tr', {}, [press('Add a correction')]],
  ['held objective', '/a/shop/slo/answers', '.banner-warning', HELD],
  ['objective without data', '/a/billing/slo/answers', '.banner-warning'],
  ['incomplete objective', '/a/media-proxy/slo/answers', '.banner-warning'],
  ['new objective', '/a/shop/slo/new', '.preview .plot canvas'],
  ['edit of an objective', '/a/shop/slo/fast/edit', '.tier-fields li'],
  ['rules', '/alerts', '.rules tbody tr'],
  ['no rules', '/a/shop/alerts', '.chart-empty', EMPTY],
  ['rule', '/a/shop/alerts/r-failed', '.preview .plot canvas'],
  ['new rule', '/a/shop/alerts/new', '#ruleTitle'],
  ['receivers', '/receivers', '.receivers tbody tr', {}, [press('Add a receiver')]],
  ['no receivers', '/receivers', '.chart-empty', EMPTY],
  ['receiver', '/receivers/rc-hook', '.deliveries tbody tr', {}, [press('Attempts')]],
  ['silences', '/silences', '.card', {}, [press('New silence'), press('What would it fit?')]],
  ['no silences', '/silences', '.chart-empty', EMPTY],
  [
    'on call',
    '/on-call',
    '.schedule',
    {},
    [press('Add a schedule'), press('Add a policy'), press('Add a route')],
  ],
  ['nobody on call', '/on-call', '.chart-empty', EMPTY],
  ['fleet with budgets', '/', '.fleet .budget'],
  ['app with objectives', '/a/shop', '.slo-chip'],
];

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());
afterEach(() => {
  expect(stage.complaints.splice(0)).toEqual([]);
});

async function openReady([, path, ready, how, steps]: (typeof PAGES)[number]): Promise<Page> {
  const page = await stage.open(path, how);
  await page.waitForSelector(ready, { state: 'attached' });
  for (const step of steps ?? []) await step(page);
  await page.waitForTimeout(60);
  return page;
}

it.each(PAGES)(
  '%s passes axe in both themes, fits a phone and keeps the strict policy (WCAG 1.4.10, 2.5.8, SEC-32)',
  async (...entry) => {
    const page = await openReady(entry);
    expect(await faultsOf(page)).toEqual([]);
    await page.context().close();
  },
);

describe('a phone', () => {
  it('an incident shows its sentence and a way to acknowledge without scrolling, and takes one thumb', async () => {
    const page = await stage.open(INCIDENT, { width: 360 });
    const button = page.getByRole('button', { name: 'Acknowledge', exact: true });
    await button.waitFor();
    const box = await button.boundingBox();
    expect(box && box.y + box.height).toBeLessThan(740);
    // In the lower half, where a thumb is, and there still after scrolling to the end.
    expect(box?.y).toBeGreaterThan(370);
    expect(box?.height).toBeGreaterThanOrEqual(44);
    await page.getByRole('heading', { name: 'For a review' }).scrollIntoViewIfNeeded();
    expect((await button.boundingBox())?.y).toBe(box?.y);
    await button.click();
    await page.getByRole('button', { name: 'Looking into it' }).click();
    await page.getByText('Acknowledged: nobody else is called').first().waitFor();
    expect(stage.server.calls).toContain('POST /incidents/22222222-0000-4000-8000-000000000214/acknowledge');
    await page.context().close();
  });
});

describe('from a message to the line that fails', () => {
  it('takes two activations: the message, and the link beside Acknowledge', async () => {
    // The first: the address as messages hold it.
    const page = await stage.open(`${INCIDENT}?from=2026-11-20T09:57:03Z&to=2026-11-20T10:42:03Z`, {
      width: 360,
    });
    const link = page.getByRole('link', { name: 'Failing requests: H12' });
    const box = await link.boundingBox();
    expect(box && box.y + box.height).toBeLessThan(740);
    await link.click();
    expect(new URL(page.url()).pathname).toBe('/a/shop/logs');
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toMatchObject({
      ...{ from: '2026-11-20T10:23:03Z', to: 'now', code: 'H12' },
    });
    stage.complaints.splice(0);
    await page.context().close();
  });

  it('every clause of the sentence leads on', async () => {
    const page = await stage.open(INCIDENT);
    await page.waitForSelector('.plot canvas');
    const clauses = await page
      .locator('.verdict-text a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
    expect(clauses).toHaveLength(5);
    for (const href of clauses.filter((one) => one.startsWith('#')))
      expect(await page.locator(href).count(), href).toBe(1);
    await page.getByRole('button', { name: 'Caused by v214' }).click();
    await page.getByText('Noted: caused by v214').first().waitFor();
    await page.context().close();
  });
});

describe('an objective', () => {
  it('shades the windows of the row that has the focus, shows the incident on one press, and every link of a sentence has its place', async () => {
    const page = await stage.open('/a/shop/slo/answers');
    await page.waitForSelector('.burned tbody tr');
    for (const href of await page
      .locator('.verdict-text a[href^="#"]')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? '')))
      expect(await page.locator(href).count(), href).toBe(1);
    await page.locator('.tiers .sentence').first().focus();
    expect(await page.locator('.tiers tr.row-focused').count()).toBe(1);
    await page.getByRole('button', { name: 'This incident' }).click();
    await page.waitForFunction(() => location.search.includes('from=2026-11-20T09:27:03Z'));
    await page.getByRole('button', { name: 'SLO window' }).click();
    await page.waitForFunction(() => !location.search.includes('from='));
    await page.context().close();
  });

  it('keeps its response times in place while newer ones are fetched, and says so where they cannot be had', async () => {
    const figure = 'figure[aria-labelledby="chart-latency"]';
    let laterS = 0;
    let series: 'free' | 'held' | 'broken' = 'free';
    const held: (() => void)[] = [];
    const page = await stage.open('/a/shop/slo/answers?from=now-1h&to=now&tz=utc', {
      live: true,
      init: async (context) => {
        await context.clock.install({ time: NOW });
        // Each answer is about a point later, as it is when time goes by.
        await context.route(/\/api\/v1\/apps\/shop\/slos\/answers(\?|$)/, async (route) => {
          const body = await (await route.fetch()).json();
          body.range.from += laterS;
          body.range.to += laterS;
          laterS += 600;
          await route.fulfill({ json: body });
        });
        await context.route(/\/series\?/, async (route) => {
          if (series === 'held') await new Promise<void>((done) => held.push(done));
          await (series === 'broken' ? route.fulfill({ status: 500, body: '{}' }) : route.continue());
        });
      },
    });
    const canvas = page.locator(`${figure} .plot canvas`);
    await canvas.waitFor();
    await canvas.evaluate((element) => element.setAttribute('data-first', ''));
    const top = () => page.locator('#burn-table').evaluate((element) => element.getBoundingClientRect().top);
    const before = await top();
    series = 'held';
    await page.clock.runFor(31_000);
    await expect.poll(() => held.length).toBe(2);
    expect([await page.locator(`${figure} canvas[data-first]`).count(), await top()]).toEqual([1, before]);
    series = 'broken';
    for (const go of held) go();
    await page.getByText('Newer response times could not be loaded').waitFor();
    expect(await page.locator(`${figure} canvas[data-first]`).count()).toBe(1);
    await page.reload();
    await page.locator(figure).getByText('Response times could not be loaded').waitFor();
    stage.complaints.splice(0);
    await page.context().close();
  });

  it('opens the form of a window for an app in maintenance mode, filled in', async () => {
    const page = await stage.open('/slo');
    await page.getByRole('link', { name: 'Make a window of it' }).click();
    await page.getByRole('form', { name: 'New silence' }).waitFor();
    expect(await page.getByLabel('atelier').isChecked()).toBe(true);
    expect(await page.getByLabel('Why').inputValue()).toBe('Heroku maintenance mode');
    await page.context().close();
  });
});

describe('what is not known', () => {
  it('R-05 a held or incomplete objective has no plain bar, no tick and says so in words', async () => {
    const page = await stage.open('/slo', HELD);
    await page.waitForSelector('.slos tbody tr');
    for (const title of ['Shop answers', 'Images arrive', 'Billing answers', 'No platform errors']) {
      const row = page.locator('.slos tbody tr', { hasText: title });
      expect(await row.locator('.glyph-ok').count(), title).toBe(0);
      expect(await row.locator('.budget-doubtful').count(), title).toBe(1);
    }
    await page.context().close();
  });

  it('an incident without data stands as held, and the stretch without data is drawn as such', async () => {
    const page = await stage.open(`${INCIDENT}?tz=utc`, HELD);
    await page.waitForSelector('.plot canvas');
    await page.getByText('No data since 20 Nov 10:36Z').waitFor();
    expect(await page.locator('.verdict-head .state').innerText()).toBe('held');
    expect(await page.locator('.chart .sr').first().textContent()).toContain('without data');
    await page.context().close();
  });

  it('A-15 an incident that nobody was told of says so first', async () => {
    const page = await stage.open('/i/22222222-0000-4000-8000-000000000215');
    await page.locator('.banner-critical', { hasText: 'Nobody was told of this' }).waitFor();
    await page.context().close();
  });

  it('alerting that is late says so where rules and receivers are', async () => {
    for (const path of ['/alerts', '/receivers']) {
      const page = await stage.open(path, HELD);
      await page.getByText('Alerting is late').waitFor();
      await page.getByText('Evaluation is 7 min behind').waitFor();
      await page.context().close();
    }
  });
});

describe('the header', () => {
  it('counts open incidents as they are told, and leads to them', async () => {
    const page = await stage.open('/');
    await page.getByRole('link', { name: /3 open incidents/ }).waitFor();
    stage.server.emit('alerts', {
      atMs: Date.now(),
      open: { page: 0, ticket: 1, info: 0 },
      unacknowledged: 1,
      changedAtMs: null,
    });
    const pill = page.getByRole('link', { name: /1 open incident/ });
    await pill.waitFor();
    await pill.click();
    await page.waitForSelector('.incident-row');
    await page.context().close();
  });

  it('g s and g i lead to objectives and incidents', async () => {
    const page = await stage.open('/a/shop');
    await page.waitForSelector('.plot canvas');
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.getByRole('heading', { name: 'Objectives of shop' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.getByRole('heading', { name: 'Incidents' }).waitFor();
    await page.locator('[data-row]').first().waitFor();
    await page.keyboard.press('j');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('burning 21×');
    await page.context().close();
  });
});

describe('forms', () => {
  it('tell each fault beside its field, those without a field as well, and lose nothing', async () => {
    const page = await stage.open('/a/shop/slo/new', { cookies: { refuse: '1' } });
    await page.getByLabel('Title').fill('Checkout answers');
    await page.getByLabel('Target').fill('90');
    await page.getByRole('button', { name: 'Make the objective' }).click();
    await page.locator('#target-fault').waitFor();
    await page.waitForFunction(() => document.activeElement?.id === 'target');
    expect(await page.locator('[id="tiers.0.factor-fault"]').innerText()).toContain('can never fire');
    expect(await page.locator('.send-fault').innerText()).toContain('definition.unknown');
    expect(await page.getByLabel('Title').inputValue()).toBe('Checkout answers');
    expect(await page.getByLabel('Target').inputValue()).toBe('90');
    stage.complaints.splice(0);
    await page.context().close();
  });

  it.each([
    ['/receivers', 'Add a receiver', 'Add the receiver', 'begins with https://'],
    ['/silences', 'New silence', 'Silence it', 'This is needed.'],
    ['/a/shop/alerts/new', '', 'Make the rule', 'lies between'],
  ])('%s: a refusal stands at the field', async (path, open, submit, words) => {
    const page = await stage.open(path, { cookies: { refuse: '1' } });
    if (open) await press(open)(page);
    await page.getByRole('button', { name: submit }).click();
    await page.locator('.field .fault', { hasText: words }).first().waitFor();
    stage.complaints.splice(0);
    await page.context().close();
  });

  it('factors follow the target until somebody sets one by hand', async () => {
    const page = await stage.open('/a/shop/slo/new');
    await page.waitForSelector('.tier-fields li');
    expect(await page.locator('.tier-fields li').count()).toBe(4);
    // 90 %: a total outage burns ten times as fast as allowed, so 14.4× is left out.
    await page.getByLabel('Target').fill('90');
    expect(await page.locator('.tier-fields li').count()).toBe(3);
    await page.getByLabel('Faster than').first().fill('5');
    await page.getByLabel('Target').fill('99.9');
    expect(await page.locator('.tier-fields li').count()).toBe(3);
    await page.getByRole('button', { name: 'Back to the usual ones' }).click();
    expect(await page.getByLabel('Faster than').first().inputValue()).toBe('14.4');
    await page.context().close();
  });

  it('a back-test runs by itself as the form is written, the newest question last, and says why it cannot', async () => {
    const page = await stage.open('/a/shop/slo/new');
    const asked = () => stage.server.calls.filter((call) => call === 'POST /apps/shop/slos/preview').length;
    const before = asked();
    await page.getByText('Would have paged 3 times in 14 days').waitFor();
    expect(asked()).toBe(before + 1);
    await page.getByLabel('Over the last').selectOption('7');
    await page.getByText('Would have paged 3 times in 7 days').waitFor();
    await page.getByText('As written above.').waitFor();
    await page.context().addCookies([{ name: 'refuse', value: '1', url: stage.server.url }]);
    await page.getByLabel('Target').fill('5');
    await page.getByText(/Cannot be tried as it stands\. target lies between/).waitFor();
    // What is typed keeps the focus, and no field is accused before it is sent.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('target');
    expect(await page.locator('[aria-invalid="true"]').count()).toBe(0);
    stage.complaints.splice(0);
    await page.context().close();
  });

  it('a rule says who would be told of it, and sends them a test', async () => {
    const page = await stage.open('/a/shop/alerts/r-failed', { live: true });
    await page.getByText('#alerts at once').waitFor();
    await page.getByRole('button', { name: 'Send them a test' }).click();
    await page.locator('.who-told .state').first().waitFor();
    await page.context().close();
  });

  it('SEC-43 a secret that is set is never in the page, and stays unless it is typed anew', async () => {
    const page = await stage.open('/receivers/rc-hook');
    const secret = page.getByLabel('Signing secret', { exact: true });
    await secret.waitFor();
    expect(await secret.inputValue()).toBe('');
    expect(await secret.getAttribute('type')).toBe('password');
    const sent = page.waitForRequest((request) => request.method() === 'PATCH');
    await page.getByRole('button', { name: 'Save' }).click();
    expect((await sent).postDataJSON().secrets).toEqual({});
    await page.context().close();
  });

  it('a test goes out and is followed until it ended', async () => {
    const page = await stage.open('/receivers/rc-slack', { live: true });
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('The receiver took it').waitFor();
    await page.context().close();
  });
});

describe('what a role may do', () => {
  it('a viewer sees no control that writes', async () => {
    for (const [path, ready] of [
      [INCIDENT, '.timeline'],
      ['/a/shop/slo/answers', '.tiers'],
      ['/a/shop/slo', '.slos'],
      ['/a/shop/alerts', '.rules'],
      ['/receivers', '.receivers'],
      ['/receivers/rc-hook', '.deliveries'],
      ['/silences', '.card'],
      ['/on-call', '.schedule'],
    ] as const) {
      const page = await stage.open(path, { cookies: { role: 'viewer' } });
      await page.waitForSelector(ready);
      const controls = await page.locator('main').getByRole('button').allInnerTexts();
      expect(
        controls.filter((text) =>
          /Acknowledge|Snooze|Resolve|^Add|^New|Remove|Change|Take|Send|End|Switch|^On|^Off/.test(text),
        ),
        path,
      ).toEqual([]);
      await page.context().close();
    }
  });
});

describe('text from outside', () => {
  it('SEC-29 SEC-30 markup in titles, notes, paths and reasons stays text, direction marks are shown', async () => {
    for (const [path, ready] of [
      ['/slo', '.slos'],
      ['/incidents', '.incident-row'],
      [INCIDENT, '.timeline'],
      ['/a/shop/slo/answers', '.burned tbody tr'],
      ['/alerts', '.rules'],
      ['/silences?state=over', '.card'],
    ] as const) {
      const page = await stage.open(path);
      await page.waitForSelector(ready);
      expect(await page.locator('main img, main script, main b').count(), path).toBe(0);
      expect(await page.locator('main').innerText(), path).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
      await page.context().close();
    }
  });
});

describe('trouble', () => {
  it.each(['/incidents', INCIDENT, '/slo', '/alerts', '/receivers', '/silences', '/on-call'])(
    '%s says what is wrong and loads on another try',
    async (path) => {
      const page = await stage.open(path, { cookies: { fail: '1' } });
      await page.getByRole('alert').getByText('The database is away').first().waitFor();
      await page.context().clearCookies();
      await page.getByRole('button', { name: 'Try again' }).first().click();
      await page.locator('main .data, main .incident-row, main .card').first().waitFor();
      stage.complaints.splice(0);
      await page.context().close();
    },
  );

  it('an incident, objective, rule and receiver that do not exist say so', async () => {
    for (const path of [
      '/i/nothing',
      '/a/shop/slo/nothing',
      '/a/shop/alerts/nothing',
      '/receivers/nothing',
    ]) {
      const page = await stage.open(path);
      await page
        .getByText(/There is no such/)
        .first()
        .waitFor();
      await page.context().close();
    }
    stage.complaints.splice(0);
  });
});
