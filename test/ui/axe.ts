/** What axe and a phone find wrong with a page as it stands: nothing is right. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Violation {
  id: string;
  help: string;
  nodes: string[];
}

/**
 * The violations of a page in the theme that it has.
 *
 * @param rules only those; null: all
 */
export async function violationsOf(page: Page, rules: string[] | null = null): Promise<Violation[]> {
  await page.evaluate(`globalThis.axe ?? (() => { ${AXE} })()`);
  return page.evaluate(async (only): Promise<Violation[]> => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(
          context: Document,
          options: object,
        ): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>;
      };
    };
    const { violations: found } = await axe.run(document, only === null ? {} : { runOnly: only });
    return found.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.slice(0, 3).map((node) => node.html.slice(0, 200)),
    }));
  }, rules);
}

/** Of the findings of axe only contrast depends on the theme. */
const OF_THEME = ['color-contrast', 'link-in-text-block'];
const WIDTHS = [360, 320];
/** Pages on which a control smaller than this is found fail (WCAG 2.5.8). */
const TARGET_MIN_PX = 24;
const FOLLOW_MS = 3_000;

/**
 * Everything wrong with a page that was opened wide and light: axe in both themes, and at the widths of phones what
 * is wider than the screen or too small to touch. One load serves all, which is most of what such a test costs.
 */
export async function faultsOf(page: Page): Promise<unknown[]> {
  const faults: unknown[] = await violationsOf(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.waitForTimeout(50);
  faults.push(...(await violationsOf(page, OF_THEME)).map((fault) => ({ theme: 'dark', ...fault })));
  await page.emulateMedia({ colorScheme: 'light' });
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 740 });
    // Charts follow the width a frame later; what has not by then is told below.
    await page
      .waitForFunction(
        () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
        null,
        { timeout: FOLLOW_MS },
      )
      .catch(() => {});
    faults.push(...(await narrowFaults(page, width)));
  }
  return faults;
}

function narrowFaults(page: Page, width: number): Promise<string[]> {
  return page.evaluate(
    ([narrow, least]) => {
      const { scrollWidth, clientWidth } = document.documentElement;
      const over =
        scrollWidth > clientWidth ? [`${narrow} px: ${scrollWidth - clientWidth} px too wide`] : [];
      const small = [
        ...document.querySelectorAll<HTMLElement>('main button, main summary, main select, main input'),
      ]
        .map((element) => ({
          text: element.getAttribute('aria-label') ?? element.innerText ?? element.id,
          // A box to tick is pressed by its label.
          box: (element.closest('label') ?? element).getBoundingClientRect(),
        }))
        .filter(({ box }) => box.width > 1 && box.height > 1 && (box.height < least || box.width < least))
        .map(({ text, box }) => `${narrow} px: ${text} is ${box.width}×${box.height}`);
      return [...over, ...small];
    },
    [width, TARGET_MIN_PX] as const,
  );
}
