import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LogLineAnswer, LogsAnswer } from '../../api/contract/logs.ts';
import { extraLines } from '../../ui/logFixtures.ts';
import { faultsOf } from './axe.ts';
import { NOW, type OpenOptions, type Stage, setStage } from './open.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());
beforeEach(() => {
  extraLines.length = 0;
  stage.server.tails.refused = false;
});
afterEach(async () => {
  for (const context of stage.browser.contexts()) await context.close();
  expect(stage.complaints.splice(0)).toEqual([]);
});

async function openLogs(query = '', how: OpenOptions = {}): Promise<Page> {
  const page = await stage.open(`/a/shop/logs?tz=utc${query}`, how);
  await page.locator('.log-row[data-id]').last().waitFor();
  await page.locator('.verdict-text').waitFor();
  return page;
}

let made = 0;
/** Lines newer than everything the page has, `n` of them. */
function fresh(n: number, more: Partial<LogLineAnswer> = {}): LogLineAnswer[] {
  return Array.from({ length: n }, () => {
    const at = ++made;
    return {
      id: `fresh-${at}`,
      atMs: NOW + at,
      source: 'app',
      procid: 'web.1',
      level: 'info',
      code: null,
      status: null,
      requestId: null,
      text: `fresh line ${at}`,
      isCut: false,
      ...more,
    };
  });
}

function tell(lines: LogLineAnswer[]) {
  stage.server.tails.emit('lines', { lines }, lines.at(-1)?.id);
}

const state = (page: Page) => page.locator('.log-bar');
const POLL = { interval: 20, timeout: 10_000 };
const texts = (page: Page) => page.locator('.log-row[data-id] .log-text').allInnerTexts();
const query = (page: Page) => new URL(page.url()).searchParams;
const box = (page: Page) => page.locator('.log-box');
const restPx = (page: Page) =>
  box(page).evaluate((element) => element.scrollHeight - element.clientHeight - element.scrollTop);
/** Text of the row that stands at the top of the box, and how far from it. */
const topRow = (page: Page) =>
  box(page).evaluate((element) => {
    const top = element.getBoundingClientRect().top;
    const row = [...element.querySelectorAll('.log-row[data-id]')].find(
      (one) => one.getBoundingClientRect().bottom > top,
    );
    return [
      (row as HTMLElement | undefined)?.dataset.id,
      Math.round((row?.getBoundingClientRect().top ?? 0) - top),
    ];
  });
const tailsOpen = async (count: number) => expect.poll(() => stage.server.tails.open(), POLL).toBe(count);

async function scrollUp(page: Page, px = 600) {
  await box(page).hover({ position: { x: 200, y: 60 } });
  await page.mouse.wheel(0, -px);
  await state(page).getByText('Paused').waitFor();
}

describe('lines that come live', () => {
  it('stand at the bottom in sight; scrolling up holds them back, moves nothing, and End lets them in', async () => {
    const page = await openLogs();
    await tailsOpen(1);
    expect(await restPx(page)).toBeLessThan(2);
    const [line] = fresh(1);
    if (!line) throw new Error('no line');
    tell([line]);
    await page.getByText(line.text, { exact: true }).waitFor();
    expect(await restPx(page)).toBeLessThan(2);
    await scrollUp(page);
    const before = await topRow(page);
    tell(fresh(340));
    tell(fresh(2, { level: 'error' }));
    await state(page).getByText('342 new').waitFor();
    expect(await topRow(page)).toEqual(before);
    expect(await texts(page)).not.toContain(`fresh line ${made}`);
    await page.keyboard.press('End');
    await page.getByText(`fresh line ${made}`, { exact: true }).waitFor();
    await state(page).getByText('Live').waitFor();
    expect(await restPx(page)).toBeLessThan(2);
  });

  it('wait while text is selected, a line is open or has the focus, and say why', async () => {
    const page = await openLogs();
    await tailsOpen(1);
    const text = page.locator('.log-row[data-id] .log-text').last();
    await text.evaluate((element) => getSelection()?.selectAllChildren(element));
    await state(page).getByText('text is selected').waitFor();
    await page.keyboard.press('End');
    await state(page).getByText('Live').waitFor();
    await page.keyboard.press('k');
    await state(page).getByText('you are reading a line').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'The line that is open' }).waitFor();
    await state(page).getByText('a line is open').waitFor();
    tell(fresh(3));
    await state(page).getByText('3 new').waitFor();
    await page.getByRole('button', { name: /^Resume End/ }).click();
    await page.getByText(`fresh line ${made}`, { exact: true }).waitFor();
    expect(await page.locator('.log-line').count()).toBe(0);
  });

  it('are let in again by scrolling to the end, and can be held by a button', async () => {
    const page = await openLogs();
    await tailsOpen(1);
    await scrollUp(page, 100);
    tell(fresh(1));
    await state(page).getByText('1 new').waitFor();
    await page.mouse.wheel(0, 2000);
    await page.getByText(`fresh line ${made}`, { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await state(page).getByText('Paused, by you').waitFor();
  });

  it('C-07 tell how many are left out and where some were skipped, and skipped ones can be fetched', async () => {
    const page = await openLogs();
    await tailsOpen(1);
    stage.server.tails.emit('sampled', { oneIn: 10, shown: 50, leftOut: 450, atIntake: null });
    await state(page).getByText('showing 1 in 10; every error and code').waitFor();
    stage.server.tails.emit('skipped', { lines: 12, fromMs: NOW - 3000, toMs: NOW - 2000 });
    const hole = page.locator('.log-hole');
    await hole.getByText(/12 lines skipped.*10:42:00–10:42:01/).waitFor();
    await hole.getByRole('button', { name: 'Load them' }).click();
    await hole.waitFor({ state: 'detached' });
  });

  it('a hole stays where a search had no time for it, though it found no line, and is gone once it was looked through', async () => {
    const page = await openLogs();
    await tailsOpen(1);
    const asked: string[] = [];
    await page.route(/\/api\/v1\/apps\/shop\/logs\?.*limit=500/, async (route) => {
      asked.push(new URL(route.request().url()).searchParams.get('to') ?? '');
      const answer = (await (await route.fetch()).json()) as LogsAnswer;
      const isShort = asked.length === 1;
      const search: LogsAnswer['search'] = {
        ...answer.search,
        ...{
          stopped: isShort ? 'time' : 'end',
          complete: !isShort,
          reachedMs: NOW - (isShort ? 2400 : 3000),
        },
      };
      await route.fulfill({ json: { ...answer, lines: [], older: isShort ? 'further' : null, search } });
    });
    stage.server.tails.emit('skipped', { lines: 12, fromMs: NOW - 3000, toMs: NOW - 2000 });
    const hole = page.locator('.log-hole');
    await hole.getByText('12 lines skipped').waitFor();
    await hole.getByRole('button', { name: 'Load them' }).click();
    await hole.getByText('Lines not fetched').waitFor();
    await hole.getByRole('button', { name: 'Load them' }).click();
    await hole.waitFor({ state: 'detached' });
    expect(asked).toEqual([String(NOW - 1999), String(NOW - 2399)]);
  });

  it('a tab that is hidden listens to nothing, and fetches what it missed when it is seen again', async () => {
    const page = await openLogs();
    await tailsOpen(1);
    const see = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { value, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await see(true);
    await tailsOpen(0);
    extraLines.push(...fresh(620));
    await see(false);
    await page.getByText(`fresh line ${made}`, { exact: true }).waitFor();
    await tailsOpen(1);
    // More than one page of answers: all of them are here.
    await state(page)
      .getByText(/820 lines/)
      .waitFor();
  });

  it('after an outage go on without a gap; after five seconds it says so', async () => {
    const page = await openLogs('', {
      init: (context) => context.clock.install({ time: NOW }),
      live: true,
    });
    await tailsOpen(1);
    stage.server.tails.refused = true;
    stage.server.tails.drop();
    await page.waitForTimeout(50);
    expect(await state(page).innerText()).toContain('Live');
    await page.clock.fastForward(5200);
    await state(page).getByText('Reconnecting. Lines missed meanwhile are fetched').waitFor();
    extraLines.push(...fresh(30));
    stage.server.tails.refused = false;
    await page.clock.fastForward(25_000);
    await page.getByText(`fresh line ${made}`, { exact: true }).waitFor();
    await state(page).getByText('Live').waitFor();
    stage.complaints.splice(0);
  });

  it('do not come to a range that has ended', async () => {
    const page = await openLogs('&from=2026-11-20T09:00:00Z&to=2026-11-20T10:00:00Z');
    expect(stage.server.tails.open()).toBe(0);
    await state(page).getByText('the range has ended').waitFor();
    expect(await page.locator('.log-at').last().innerText()).toMatch(/^09:59:59/);
  });
});

describe('older lines', () => {
  it('come when the top is near, above what is in sight, which stays where it is', async () => {
    const page = await openLogs();
    await box(page).evaluate((element) => element.scrollTo(0, 900));
    await state(page).getByText('Paused').waitFor();
    const before = await topRow(page);
    await page.evaluate(() => document.querySelector('.log-box')?.scrollBy(0, -600));
    await expect
      .poll(() => box(page).evaluate((element) => element.scrollHeight), POLL)
      .toBeGreaterThan(9000);
    await page.evaluate(() => document.querySelector('.log-box')?.scrollBy(0, 600));
    await expect.poll(() => topRow(page), POLL).toEqual(before);
  });

  it('say how far a search got, and go on when asked', async () => {
    const page = await openLogs('&level=warn', { cookies: { logs: 'unfinished' } });
    const top = page.locator('.log-top');
    await top.getByText(/^Searched back to 10:28 UTC/).waitFor();
    const before = (await texts(page)).length;
    await top.getByRole('button', { name: 'Go on' }).click();
    await top.getByText(/^Searched back to 10:14 UTC/).waitFor();
    expect((await texts(page)).length).toBeGreaterThan(before);
  });

  it('of ten thousand only those in sight are drawn', async () => {
    const page = await openLogs();
    await tailsOpen(1);
    for (let round = 1; round <= 5; round++) {
      tell(fresh(2000));
      await state(page)
        .getByText(`${round * 2}\u202f200 lines`)
        .waitFor();
    }
    expect(await page.locator('.log-row[data-id]').count()).toBeLessThan(120);
    for (const share of [0.1, 0.5, 0.93]) {
      await box(page).evaluate((element, at) => element.scrollTo(0, element.scrollHeight * at), share);
      // Rows cover the box from top to bottom wherever it is scrolled to.
      await expect
        .poll(
          () =>
            box(page).evaluate((element) => {
              const { top, bottom, left } = element.getBoundingClientRect();
              const hit = (y: number) =>
                document.elementFromPoint(left + 60, y)?.closest('.log-row') !== null;
              return hit(top + 5) && hit((top + bottom) / 2) && hit(bottom - 5);
            }),
          POLL,
        )
        .toBe(true);
    }
  });
});

describe('the filter', () => {
  it('is typed, pressed in lists and in lines, stands in the address, and Back undoes it', async () => {
    const page = await openLogs();
    await page.keyboard.press('f');
    await page.keyboard.type('source:app "exceeded calling" -warn');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Drop source app' }).waitFor();
    expect([query(page).get('source'), query(page).get('q'), query(page).get('not')]).toEqual([
      'app',
      'exceeded calling',
      'warn',
    ]);
    await expect
      .poll(async () => (await texts(page)).every((text) => text.includes('exceeded calling')), POLL)
      .toBe(true);
    expect(await page.locator('.hit').first().innerText()).toBe('exceeded calling');
    await page.getByRole('button', { name: 'Drop “exceeded calling”' }).click();
    await page.goBack();
    await page.getByRole('button', { name: 'Drop “exceeded calling”' }).waitFor();
    await page.getByRole('button', { name: 'Clear all' }).click();
    await page.locator('.log-facet', { hasText: 'Code' }).locator('summary').click();
    await page.getByRole('button', { name: 'Leave out R14' }).click();
    expect(query(page).get('code')).toBe('-R14');
    await page.keyboard.press('Escape');
    await page.locator('.log-platform .tok[data-field="dyno"]').last().waitFor();
    await page.locator('.log-platform .log-text .tok[data-field="code"]').last().click();
    await page.getByRole('button', { name: 'Only lines with it' }).click();
    expect(query(page).get('code')).toBe('-R14,H12');
  });

  it('a selected text becomes one', async () => {
    const page = await openLogs('&q=exceeded');
    await page
      .locator('.log-row[data-id] .log-text')
      .last()
      .evaluate((element) => {
        const node = element.querySelector('.hit')?.firstChild;
        if (node) getSelection()?.setBaseAndExtent(node, 0, node, 6);
      });
    await state(page).getByRole('button', { name: 'Leave out' }).click();
    expect(query(page).get('not')).toBe('exceed');
  });

  it('counts in the chart and the sentence what it lets through; dragging zooms and leaves live mode', async () => {
    const page = await openLogs('&code=H12');
    await page
      .locator('.verdict-text')
      .getByText(/lines a minute that fit/)
      .waitFor();
    await page.locator('.verdict-text').getByText('all of them H12').waitFor();
    await page.locator('.log-totals').getByText('error').waitFor();
    const plot = await page.getByLabel(/^Lines, chart/).boundingBox();
    if (!plot) throw new Error('no plot');
    await page.mouse.move(plot.x + 700, plot.y + 30);
    await page.mouse.down();
    await page.mouse.move(plot.x + 900, plot.y + 30, { steps: 4 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Zoom', exact: true }).click();
    await page.locator('.top').getByRole('button', { name: 'Resume live' }).waitFor();
    expect([query(page).get('code'), query(page).get('from')?.slice(0, 13)]).toEqual([
      'H12',
      '2026-11-20T10',
    ]);
    await page.getByText('Failures', { exact: true }).click();
    expect(query(page).get('by')).toBe('failures');
  });

  it('that nothing fits says so and offers to drop each part', async () => {
    const page = await stage.open('/a/shop/logs?tz=utc&source=redis&q=xyzzy');
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await page.getByRole('button', { name: 'Without ““xyzzy””' }).click();
    await page.locator('.log-row[data-id]').last().waitFor();
    expect(query(page).get('q')).toBeNull();
  });
});

describe('a line that is open', () => {
  it('shows its fields, walks with j and k, filters, and closes to where it was', async () => {
    const page = await openLogs('&source=router&status=5xx');
    await page.locator('.log-at').last().click();
    const panel = page.getByRole('complementary', { name: 'The line that is open' });
    await panel.getByText('Request timeout', { exact: true }).waitFor();
    const first = await panel.getByRole('heading').innerText();
    await page.keyboard.press('k');
    await expect.poll(() => panel.getByRole('heading').innerText(), POLL).not.toBe(first);
    await page.keyboard.press('j');
    await expect.poll(() => panel.getByRole('heading').innerText(), POLL).toBe(first);
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('log-at');
    await page.keyboard.press('Enter');
    await panel.getByRole('button', { name: 'Only lines with method GET' }).click();
    expect(query(page).get('q')).toBe('method=GET');
  });

  it('leads to its request: everything 30 s around, its own lines marked across router and app', async () => {
    const page = await openLogs('&code=H12');
    await page.locator('.log-at').last().click();
    await page.getByRole('link', { name: 'Its request' }).click();
    await page.getByRole('heading', { name: 'One request' }).waitFor();
    await page
      .locator('.verdict-text')
      .getByText(/^6 lines of this request, by .*H12, status 503, after 30/)
      .waitFor();
    const own = page.locator('.log-own');
    await own.first().waitFor();
    const from = new Set(await own.locator('.log-from').allInnerTexts());
    expect(from.has('router') && [...from].some((name) => name.startsWith('web.'))).toBe(true);
    await page.getByLabel('Only its own lines').check();
    expect(await page.locator('.log-row[data-id]').count()).toBe(6);
    await page.getByText('± 2 min').click();
    expect(query(page).get('around')).toBe('120');
  });

  it('SEC-30 whatever a line says stays text', async () => {
    const page = await stage.open('/a/sandbox/logs?tz=utc');
    await page.locator('.log-text', { hasText: 'onerror' }).last().waitFor();
    expect(await page.locator('.log-box img, .log-box script').count()).toBe(0);
    const text = await page.locator('.log-text', { hasText: 'onerror' }).last().innerText();
    expect(text).toBe('<img src=x onerror=alert(1)> ⟨U+202E⟩gnp.exe␀ <script>alert(1)</script>');
  });
});

describe('patterns', () => {
  it('group lines by what they have in common, and lead to them', async () => {
    const page = await stage.open('/a/shop/logs?tz=utc&view=patterns&level=error');
    const row = page.locator('.log-patterns tbody tr', { hasText: 'timeout of' });
    const count = (await row.locator('.num').innerText()).trim();
    await row.getByRole('link').click();
    // Until the answer comes, what was there stands dimmed.
    await page.locator('.log-frame[aria-busy=false] .log-row[data-id]').last().waitFor();
    expect(query(page).get('view')).toBeNull();
    const found = await texts(page);
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(Number(count));
    expect(found.filter((text) => !text.includes('timeout of 15000ms exceeded'))).toEqual([]);
    await page.locator('.log-chip', { hasText: 'pattern' }).getByText('timeout of').waitFor();
  });
});

describe('what leaves the page', () => {
  it('lines as a file, and the command that shows the same in a terminal', async () => {
    const page = await openLogs('&source=router&status=5xx');
    await page.locator('.log-tools summary', { hasText: 'Copy' }).click();
    expect(await page.locator('.log-copy pre').innerText()).toBe(
      "heroku logs -a shop --tail --source heroku --dyno-name router | grep -E 'status=5[0-9]{2}'",
    );
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV file' }).click(),
    ]);
    const rows = readFileSync(await file.path(), 'utf8')
      .trim()
      .split('\r\n');
    expect(file.suggestedFilename()).toBe('shop-logs.csv');
    expect(rows[1]).toMatch(/^2026-11-20T10:\d\d:\d\d\.\d{3}Z,router,router,error,H12,503,/);
  });

  it('paper shows all lines that are loaded', async () => {
    const page = await openLogs();
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await page.emulateMedia({ media: 'print' });
    expect((await page.locator('.log-print').innerText()).trim().split('\n')).toHaveLength(200);
    expect(await page.locator('.log-box').isVisible()).toBe(false);
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    expect(await page.locator('.log-print').count()).toBe(0);
  });
});

describe('nothing to show', () => {
  it('says which kind of nothing it is, and the way on', async () => {
    const page = await stage.open('/a/atelier/logs?tz=utc');
    await page.getByRole('heading', { name: 'Lines of this app are not kept' }).waitFor();
    await page.getByRole('link', { name: 'Switch them on' }).waitFor();
    expect(await page.locator('.log-filters').count()).toBe(0);
    for (const [path, heading] of [
      ['/a/new-landing/logs?tz=utc', 'No line has arrived yet'],
      ['/a/billing/logs?tz=utc', 'The stream was silent'],
      ['/a/shop/logs?tz=utc&from=2026-11-10T10:00:00Z&to=2026-11-10T11:00:00Z', 'Older than what is kept'],
    ] as const) {
      await page.goto(stage.server.url + path);
      await page.getByRole('heading', { name: heading }).waitFor();
    }
    await page.getByRole('button', { name: 'The oldest hour that is kept' }).click();
    await page.locator('.log-row[data-id]').last().waitFor();
  });

  it('keeps what it had when the server fails, and says so', async () => {
    const page = await openLogs();
    await page.context().addCookies([{ name: 'fail', value: '1', url: stage.server.url }]);
    await page.locator('.log-plain .tok[data-field="dyno"]').last().click();
    await page.getByRole('button', { name: 'Only lines with it' }).click();
    await page.getByText('Showing what was loaded last.').waitFor();
    expect((await texts(page)).length).toBeGreaterThan(10);
    stage.complaints.splice(0);
  });
});

describe('for everyone', () => {
  it('has no faults for axe, in both themes and on phones: lines, an open line, patterns, a request', async () => {
    const page = await openLogs('&level=error');
    await page.locator('.log-at').last().click();
    expect(await faultsOf(page)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(`${stage.server.url}/a/shop/logs?tz=utc&view=patterns&not=nothing`);
    await page.locator('.log-patterns').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(`${stage.server.url}/a/shop/logs?tz=utc&rid=bcc4e42e-1177-4ce6-a155-cbcf84673f79`);
    await page.locator('.log-own').first().waitFor();
    expect(await faultsOf(page)).toEqual([]);
  });

  it('speaks of new lines only when asked to, politely and at most every ten seconds', async () => {
    const page = await openLogs('', {
      init: (context) => context.clock.install({ time: NOW }),
      live: true,
    });
    await tailsOpen(1);
    expect(await box(page).getAttribute('aria-live')).toBe('off');
    expect(await box(page).getAttribute('role')).toBe('log');
    await page.locator('.log-tools summary', { hasText: 'Options' }).click();
    await page.getByLabel('Spoken summary').check();
    tell([...fresh(50), ...fresh(2, { level: 'error' })]);
    await page.getByText(`fresh line ${made}`, { exact: true }).waitFor();
    await page.clock.fastForward(10_100);
    await page
      .locator('[aria-live="polite"]')
      .getByText('52 new lines, 2 errors in the last 10 seconds')
      .waitFor({ state: 'attached' });
  });

  it('on a phone the bar stays under the thumb and an open line stays in sight above its fields', async () => {
    const page = await openLogs('', { width: 360 });
    await page.locator('.log-frame').evaluate((element) => element.scrollIntoView({ block: 'end' }));
    const bar = await state(page).boundingBox();
    expect((bar?.y ?? 0) + (bar?.height ?? 0)).toBeLessThanOrEqual(740);
    await page.locator('.log-at').last().click();
    const panel = page.locator('.log-line');
    await panel.waitFor();
    await expect
      .poll(async () => {
        const row = await page.locator('.log-open').boundingBox();
        return row && row.y + 40 < ((await panel.boundingBox())?.y ?? 0);
      }, POLL)
      .toBe(true);
  });
});
