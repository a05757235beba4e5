import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultsOf } from './axe.ts';
import { type Stage, setStage } from './open.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

/** The densest of each kind; every page as it opens is looked at with the others, elsewhere. */
const PAGES: [name: string, path: string, ready: string, cookies?: Record<string, string>][] = [
  ['apps and drains', '/settings', '.drains tbody tr'],
  ['retention', '/settings/retention', '.retention tbody tr'],
  ['a fire drill that needs a look', '/settings/drill?app=shop', '.checklist li', { drill: 'stalled' }],
  ['the audit log', '/settings/audit', '.audit tbody tr'],
  ['this instance', '/settings/instance', '.statements tbody tr'],
];

describe('settings', () => {
  it.each(PAGES)(
    '%s: nothing for axe in both themes, nothing too wide or too small on a phone',
    async (_, path, ready, cookies) => {
      const page = await stage.open(path, { ...(cookies && { cookies }) });
      await page.locator(ready).first().waitFor();
      expect(await faultsOf(page)).toEqual([]);
      await page.context().close();
      expect(stage.complaints.splice(0)).toEqual([]);
    },
  );

  it('a new instance says what is missing and how to get it, on each page that would be empty', async () => {
    const page = await stage.open('/settings', { cookies: { settings: 'empty' } });
    await page.getByRole('link', { name: 'No app is attached yet.' }).waitFor();
    const pages = [
      ['retention', 'Nothing is stored yet: sizes show as soon as lines arrive.'],
      ['audit', 'Nothing was changed yet.'],
    ] as const;
    for (const [section, text] of pages) {
      await page.goto(`${stage.server.url}/settings/${section}`);
      await page.getByText(text).waitFor();
    }
    await page.context().addCookies([{ name: 'slow', value: 'none', url: stage.server.url }]);
    await page.goto(`${stage.server.url}/settings/instance`);
    await page.getByText('CREATE EXTENSION pg_stat_statements').waitFor();
    await page.context().close();
    expect(stage.complaints.splice(0)).toEqual([]);
  });
});

describe('names that are pasted', () => {
  it('become apps, one block each and one loop for all; the restart is copied by itself', async () => {
    const page = await stage.open('/setup');
    await page.getByLabel('Heroku apps').fill('=== my-team Apps\nshop (eu)\nblog\nnot_a_name');
    await page
      .getByText('2 apps: shop, blog. Left out, for these are no names of apps: not_a_name')
      .waitFor();
    await page.getByRole('button', { name: 'Add apps (2)' }).click();
    await page.getByRole('heading', { name: 'Attach 2 apps' }).waitFor();
    expect(new URL(page.url()).searchParams.get('app')).toBe('shop,blog');
    expect(stage.server.calls.filter((call) => call === 'POST /apps')).toHaveLength(2);
    const loop = await page.locator('code', { hasText: 'while read -r app url' }).textContent();
    expect(loop).toMatch(/^shop https:\/\/shop:\S+@\S+\/drain$/m);
    expect(loop).not.toContain('restart');
    await page.context().close();
    stage.complaints.splice(0);
  });
});

describe('a drill', () => {
  it('is started with the keyboard, and says whom it calls before and what happened after', async () => {
    const page = await stage.open('/settings/drill?app=shop');
    await page.getByText('It will call Slack #incidents, PagerDuty').waitFor();
    await page.getByRole('button', { name: 'Start the fire drill' }).press('Enter');
    await expect
      .poll(() => stage.server.calls.filter((call) => call.startsWith('POST /apps/shop/fire-drill')).length, {
        timeout: 10_000,
      })
      .toBe(1);
    await page.context().close();
    const running = await stage.open('/settings/drill?app=shop', { cookies: { drill: 'stalled' } });
    await running.getByText('PagerDuty did not take it: it answered 403.').waitFor();
    await running.getByRole('link', { name: 'Open incident #214' }).waitFor();
    await running.context().close();
    stage.complaints.splice(0);
  });
});

describe('a change of retention', () => {
  it('says what it deletes before it does, and is shown as call', async () => {
    const page = await stage.open('/settings/retention');
    await page.getByRole('button', { name: 'Change Points of 10 seconds' }).click();
    const dialog = page.getByRole('dialog', { name: 'Points of 10 seconds' });
    await dialog.getByLabel('Keep for so many hours').fill('36');
    await dialog.getByRole('button', { name: 'What would that do?' }).click();
    await dialog.getByText('This cannot be undone.').waitFor();
    const puts = () => stage.server.calls.filter((call) => call === 'PUT /retention').length;
    expect(puts()).toBe(1);
    await dialog.getByText('As API call and command').click();
    expect(await dialog.locator('code').first().textContent()).toContain('"keepMs":129600000');
    // What is typed anew is asked about anew.
    await dialog.getByLabel('Keep for so many hours').fill('24');
    await dialog.getByRole('button', { name: 'What would that do?' }).click();
    await dialog.getByRole('button', { name: 'Delete and keep it so' }).click();
    await page.locator('.toast').getByText('Kept for 24 h from now on').waitFor();
    expect(puts()).toBe(3);
    await page.getByText('Last change: PUT /retention').waitFor();
    await page.context().close();
    stage.complaints.splice(0);
  });
});

describe('a configuration file', () => {
  it('is tried first: what it would make and change, then taken in', async () => {
    const page = await stage.open('/settings/config');
    const choose = (name: string, text: string) =>
      page
        .locator('input[type=file]')
        .setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
    await choose('notes.json', '{"a":1}');
    await page.getByText('notes.json is not a file of this kind').waitFor();
    await choose('drainboard.json', '{"format":"drainboard.config","version":1}');
    await page.getByText('Would make 2 and change 1.').waitFor();
    await page.getByText('Slack (url)').waitFor();
    await page.getByRole('button', { name: 'Take it in' }).click();
    await page.getByText('Drain URLs of the new apps, shown this once.').waitFor();
    await page.context().close();
    stage.complaints.splice(0);
  });
});

describe('a viewer', () => {
  it('SEC-09 sees no settings of admins, and no control that writes', async () => {
    const page = await stage.open('/settings', { cookies: { role: 'viewer' } });
    await page.locator('.drains tbody tr').first().waitFor();
    const nav = await page.getByRole('navigation', { name: 'Settings' }).innerText();
    expect(nav).not.toMatch(/People|API tokens|Audit|Import/);
    const buttons = await page.locator('main button').allInnerTexts();
    expect(buttons.filter((text) => !text.startsWith('Copy'))).toEqual([]);
    await page.goto(`${stage.server.url}/settings/audit`);
    await page.getByText('Only admins see this.').waitFor();
    await page.context().close();
    expect(stage.complaints.splice(0)).toEqual([]);
  });
});
