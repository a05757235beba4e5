/** From the link of a page to the line of a request that failed, acknowledging on the way, with the keyboard alone. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stage, setStage } from '../ui/open.ts';

/** As a message holds it. */
const LINK =
  '/i/22222222-0000-4000-8000-000000000214?from=2026-11-20T09:57:03Z&to=2026-11-20T10:42:03Z&tz=utc';
/** UX.md, principle 7: from where it is told to the line; opening the message's link is the first. */
const ACTIVATIONS_MAX = 2;
/** Keys to the button from the beginning of the page; more is a page that nobody walks through at night. */
const TABS_MAX = 25;

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

/** Tabs until the focus is on what has this name, which is returned as the number of keys. */
async function tabTo(page: Page, name: RegExp): Promise<number> {
  for (let keys = 1; keys <= 60; keys++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const focused = document.activeElement;
      return focused?.getAttribute('aria-label') ?? focused?.textContent ?? '';
    });
    if (name.test(at)) return keys;
  }
  throw new Error(`no way to ${name} by Tab`);
}

/** Runs in the page: what is pressed by Enter is clicked, as by a pointer. */
function countActivations(): void {
  document.body.dataset.activations = '0';
  document.addEventListener('click', () => {
    document.body.dataset.activations = String(Number(document.body.dataset.activations) + 1);
  });
}

it.each([1280, 360])(
  'a message leads to the line in two activations, acknowledged by two more, all by keys (%i px)',
  async (width) => {
    const calls = stage.server.calls.length;
    const startedMs = performance.now();
    const page = await stage.open(LINK, { width });
    const { keyboard } = page;
    await page.evaluate(countActivations);
    await page.getByRole('button', { name: 'Acknowledge', exact: true }).waitFor();
    const readableMs = performance.now() - startedMs;

    const tabs = await tabTo(page, /^Acknowledge$/);
    await keyboard.press('Enter');
    const toReason = await tabTo(page, /Looking into it/);
    await keyboard.press('Enter');
    await page.getByText('Acknowledged: nobody else is called').first().waitFor();
    const acknowledgedMs = performance.now() - startedMs;
    const toldAs = 'POST /incidents/22222222-0000-4000-8000-000000000214/acknowledge';
    expect(stage.server.calls.slice(calls)).toContain(toldAs);

    // What comes next has the focus already.
    await page.locator('a:focus', { hasText: 'Failing requests: H12' }).waitFor();
    await keyboard.press('Enter');
    const line = page.locator('.log-row[data-id]', { hasText: 'code=H12' }).last();
    await line.waitFor();
    // The message's link, which opened the page, and all that was pressed but for the two that acknowledge.
    const activations = 1 + (await page.evaluate(() => Number(document.body.dataset.activations))) - 2;
    const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
    console.log(
      `${width} px, keys alone: readable after ${seconds(readableMs)}, acknowledged after ${seconds(acknowledgedMs)} ` +
        `(2 activations, ${tabs} × Tab), the line after ${seconds(performance.now() - startedMs)} ` +
        `(${activations} activations, ${tabs + toReason} × Tab in all)`,
    );
    expect(activations).toBeLessThanOrEqual(ACTIVATIONS_MAX);
    expect(tabs).toBeLessThanOrEqual(TABS_MAX);

    // The line itself is opened by keys, too, and says which request it was.
    await keyboard.press('k');
    await keyboard.press('Enter');
    await page.locator('.log-open').waitFor();
    expect(await page.locator('.log-open').innerText()).toMatch(/H12/);
    await keyboard.press('Escape');
    await page.locator('.log-open').waitFor({ state: 'detached' });
    expect(stage.complaints.splice(0)).toEqual([]);
    await page.context().close();
  },
);
