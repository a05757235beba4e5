/** Objectives, rules and who is told, set up through the pages on the real product. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ADMIN, ask, overflow, type Stage, setStage } from './stage.ts';
import { buildTraffic, type Traffic } from './traffic.ts';

const ALL = [
  '/incidents',
  '/slo',
  '/a/shop/slo',
  '/alerts',
  '/a/shop/alerts',
  '/receivers',
  '/silences',
  '/on-call',
];

let stage: Stage;
let page: Page;
let traffic: Traffic;
beforeAll(async () => {
  stage = await setStage();
  await stage.claim();
  page = await stage.signIn(ADMIN);
  const made = await ask(page, 'POST', '/api/v1/apps', { name: 'shop' });
  traffic = buildTraffic('shop', JSON.parse(made.text).drainUrl, Date.now());
  await traffic.send(Date.now() - 60_000, Date.now());
});
afterAll(async () => {
  traffic.stop();
  await stage.close();
});
afterEach(() => {
  expect(stage.complaints.splice(0)).toEqual([]);
  expect(stage.refusals.splice(0)).toEqual([]);
});

it('every page stands before anything was set up, wide and narrow', async () => {
  for (const width of [1440, 360]) {
    const narrow = await stage.open('/', { as: page, width });
    for (const path of ALL) {
      await narrow.goto(stage.url + path);
      await narrow.locator('main h1').waitFor();
      await narrow.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => {});
      expect(await narrow.getByRole('alert').count(), path).toBe(0);
      expect(await overflow(narrow), path).toBe(0);
    }
    await narrow.context().close();
  }
});

it('an objective is tried, made, seen, changed and removed', async () => {
  await page.goto(`${stage.url}/a/shop/slo/new`);
  await page.getByLabel('Title').fill('Shop answers');
  await page.locator('.preview .verdict-text').waitFor();
  await page.getByLabel('Target').fill('100');
  await page.getByText('Cannot be tried as it stands').waitFor();
  await page.getByRole('button', { name: 'Make the objective' }).click();
  await page.locator('#target-fault').waitFor();
  expect(stage.refusals.splice(0)).toEqual([
    '422 POST /api/v1/apps/shop/slos/preview',
    '422 POST /api/v1/apps/shop/slos',
  ]);
  await page.getByLabel('Target').fill('99.5');
  await page.getByText('As written above.').waitFor();
  await page.getByRole('button', { name: 'Make the objective' }).click();
  await page.getByRole('heading', { name: 'Shop answers' }).waitFor();
  expect(await page.locator('.tiles').innerText()).toContain('99.5');
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.getByLabel('Target').fill('99.9');
  await page.getByRole('button', { name: 'Save as a new version' }).click();
  await page.locator('.tiers tbody tr').first().waitFor();
  await page.getByRole('button', { name: 'Remove this objective' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByText('This app has no objective yet.').waitFor();
});

it('a rule is switched off and on, and one is made', async () => {
  await page.goto(`${stage.url}/a/shop/alerts`);
  const first = page.getByRole('switch').first();
  await first.click();
  await page.getByText('Rule switched off').first().waitFor();
  await page.goto(`${stage.url}/a/shop/alerts/new`);
  await page.getByLabel('Title').fill('Too many failures');
  await page.locator('.preview .verdict-text').waitFor();
  await page.getByRole('button', { name: 'Make the rule' }).click();
  await page.getByRole('heading', { name: 'Too many failures' }).waitFor();
});

it('a receiver, a route to it and a schedule are made, and the routes tell who would be told', async () => {
  await page.goto(`${stage.url}/receivers`);
  await page.getByRole('button', { name: 'Add a receiver' }).click();
  await page.getByLabel('Kind').selectOption({ label: 'Slack webhook' });
  await page.getByLabel('Name').fill('#alerts');
  await page.getByRole('button', { name: 'Add the receiver' }).click();
  await page.locator('#secret-url-fault').waitFor();
  expect(stage.refusals.splice(0)).toHaveLength(1);
  await page.getByLabel('Webhook URL').fill('https://hooks.slack.com/services/T0/B0/xyz');
  await page.getByRole('button', { name: 'Add the receiver' }).click();
  await page.getByRole('heading', { name: '#alerts' }).waitFor();
  await page.goto(`${stage.url}/on-call`);
  await page.getByRole('button', { name: 'Add a route' }).click();
  await page.getByLabel('Name').fill('Pages');
  await page.getByRole('checkbox', { name: 'page' }).check();
  await page.getByRole('checkbox', { name: '#alerts' }).first().check();
  await page.getByRole('button', { name: 'Add the route' }).click();
  await page.getByText('Pages of every app.').waitFor();
  await page.getByRole('button', { name: 'Ask' }).click();
  await page.locator('.who .preview', { hasText: '#alerts' }).waitFor();
  await page.getByRole('button', { name: 'Add a schedule' }).click();
  await page.getByLabel('Title').fill('Primary');
  await page.getByRole('group', { name: 'People' }).getByRole('checkbox').first().check();
  await page.getByRole('button', { name: 'Add the schedule' }).click();
  await page.locator('.schedule', { hasText: 'Primary' }).waitFor();
});

it('a silence is looked at, made and ended', async () => {
  await page.goto(`${stage.url}/silences`);
  await page.getByRole('button', { name: 'New silence' }).click();
  await page.getByRole('button', { name: 'What would it fit?' }).click();
  await page.locator('.preview').waitFor();
  await page.getByLabel('Why').fill('A load test');
  await page.getByRole('button', { name: 'Silence it' }).click();
  await page.locator('.card', { hasText: 'A load test' }).waitFor();
  await page.getByRole('button', { name: 'End now' }).click();
  await page.getByText('Nothing is silenced').waitFor();
});
