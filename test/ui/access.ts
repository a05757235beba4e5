/** What a page loses for readers who change how it looks, or who move by keys: nothing is right. */
import type { Page } from 'playwright-core';

/** Size of text in a browser as installed, px. */
const TEXT_PX = 16;
/** Frames until the layout stands after text or colours have changed. */
const SETTLE_FRAMES = 3;

async function settle(page: Page): Promise<void> {
  await page.evaluate(async (frames) => {
    for (let frame = 0; frame < frames; frame++) await new Promise((done) => requestAnimationFrame(done));
  }, SETTLE_FRAMES);
}

/** Sets the browser's own size of text, as its settings do: what is in `em` follows, bounds of the layout too. */
export async function setText(page: Page, percent: number): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const standard = Math.round((TEXT_PX * percent) / 100);
  await devtools.send('Page.setFontSizes', { fontSizes: { standard, fixed: standard } });
  await devtools.detach();
  await settle(page);
}

/**
 * What large text breaks (WCAG 1.4.4): a page wider than its window, a control or heading that is cut off or pushed out
 * of the window.
 */
export function cutOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const faults = scrollWidth > clientWidth ? [`the page is ${scrollWidth - clientWidth} px too wide`] : [];
    const nameOf = (element: HTMLElement) =>
      `${element.tagName.toLowerCase()}.${element.className} “${(element.getAttribute('aria-label') ?? element.innerText).slice(0, 40)}”`;
    /** Can be brought into sight by scrolling, or is for those who listen alone. */
    const isReached = (element: HTMLElement) => {
      for (let at: HTMLElement | null = element; at; at = at.parentElement) {
        const style = getComputedStyle(at);
        if (style.clipPath === 'inset(50%)') return true;
        if (/auto|scroll/.test(style.overflowX + style.overflowY) || style.position === 'fixed') return true;
      }
      return false;
    };
    for (const element of document.querySelectorAll<HTMLElement>(
      'button, a, summary, select, input, h1, h2, h3, .state',
    )) {
      const box = element.getBoundingClientRect();
      if (box.width < 2 || box.height < 2 || element.closest('.sr, .skip')) continue;
      const style = getComputedStyle(element);
      const isCut =
        element.tagName !== 'INPUT' &&
        /hidden|clip/.test(style.overflowX + style.overflowY) &&
        style.textOverflow !== 'ellipsis' &&
        (element.scrollWidth > element.clientWidth + 2 || element.scrollHeight > element.clientHeight + 2);
      if (isCut) faults.push(`${nameOf(element)} is cut`);
      if ((box.left < -1 || box.right > clientWidth + 1) && !isReached(element))
        faults.push(`${nameOf(element)} ends at ${box.right.toFixed(0)} of ${clientWidth} px`);
    }
    return faults;
  });
}

/** Parts that are seen by their ground alone: bars, swatches, dots; each with the way back to it. */
type Painted = { name: string; at: number };

/**
 * What vanishes when the reader's own colours take the place of ours (forced colours): parts that were seen by their
 * ground alone and now have that of the page; plots and sparklines without a trace; a focus without an outline.
 */
export async function vanishedOf(page: Page): Promise<string[]> {
  const painted = await page.evaluate(listPainted);
  await page.emulateMedia({ forcedColors: 'active' });
  await settle(page);
  const faults = await page.evaluate(listVanished, painted);
  await page.emulateMedia({ forcedColors: 'none' });
  return faults;
}

/** Runs in the page. The parts are kept there, by number. */
function listPainted(): Painted[] {
  const clear = /^rgba\(.*, 0\)$|^transparent$/;
  const kept: HTMLElement[] = [];
  const list: Painted[] = [];
  for (const element of document.querySelectorAll<HTMLElement>('main *, header *')) {
    if (element instanceof SVGElement || element.childElementCount > 0 || element.textContent?.trim())
      continue;
    if (/^(INPUT|SELECT|TEXTAREA|BUTTON|CANVAS|IMG|PROGRESS|METER)$/.test(element.tagName)) continue;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    if (box.width < 1 || box.height < 1 || style.visibility === 'hidden' || element.closest('.sr')) continue;
    const hasGround = !clear.test(style.backgroundColor) || style.backgroundImage !== 'none';
    if (!hasGround) continue;
    // An empty track beside its filling says nothing by itself.
    list.push({ name: `${element.tagName.toLowerCase()}.${element.className}`, at: kept.push(element) - 1 });
  }
  (globalThis as unknown as { painted: HTMLElement[] }).painted = kept;
  return list;
}

/** Runs in the page, in forced colours. */
function listVanished(painted: Painted[]): string[] {
  const clear = /^rgba\(.*, 0\)$|^transparent$/;
  const { painted: kept } = globalThis as unknown as { painted: HTMLElement[] };
  const groundOf = (element: Element | null): string => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!clear.test(color)) return color;
    }
    return 'none';
  };
  const isSeen = (element: HTMLElement) => {
    const style = getComputedStyle(element);
    const hasBorder = (['top', 'right', 'bottom', 'left'] as const).some(
      (side) =>
        Number.parseFloat(style.getPropertyValue(`border-${side}-width`)) > 0 &&
        style.getPropertyValue(`border-${side}-style`) !== 'none',
    );
    const hasOutline = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0;
    return (
      hasBorder ||
      hasOutline ||
      style.backgroundImage !== 'none' ||
      (!clear.test(style.backgroundColor) && style.backgroundColor !== groundOf(element.parentElement))
    );
  };
  const faults = painted.flatMap(({ name, at }) => {
    const element = kept[at];
    return element?.isConnected && !isSeen(element) ? [`${name} has the colour of what is behind it`] : [];
  });
  for (const canvas of document.querySelectorAll<HTMLCanvasElement>('main canvas')) {
    if (canvas.width === 0 || canvas.height === 0) continue;
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let drawn = 0;
    for (let at = 3; at < pixels.length; at += 4) if ((pixels[at] ?? 0) > 128) drawn++;
    if (drawn < 50) faults.push(`a plot of ${canvas.width}×${canvas.height} shows nothing`);
  }
  for (const drawn of document.querySelectorAll<SVGElement>('main svg path, header svg path')) {
    const { stroke, fill } = getComputedStyle(drawn);
    const ground = groundOf(drawn.closest('svg')?.parentElement ?? null);
    if ((stroke === 'none' || stroke === ground) && (fill === 'none' || fill === ground))
      faults.push(
        `a path of .${drawn.closest('svg')?.getAttribute('class')} has the colour of what is behind it`,
      );
  }
  return [...new Set(faults)];
}

/** Animations and transitions that go on longer than a frame. */
export function movingOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const FRAME_MS = 17;
    return document.getAnimations().flatMap((animation) => {
      const endMs = Number(animation.effect?.getComputedTiming().endTime ?? 0);
      const target = animation.effect instanceof KeyframeEffect ? animation.effect.target : null;
      return animation.playState === 'running' && endMs > FRAME_MS
        ? [`${target?.className} for ${endMs} ms`]
        : [];
    });
  });
}

export interface Walk {
  stops: number;
  faults: string[];
}

/**
 * Tabs through a page from its beginning: each stop has a focus that is seen and lies at least in part in sight
 * (WCAG 2.4.7, 2.4.11).
 *
 * @param most stops; a list of hundreds says no more than its first rows
 */
export async function walkFocus(page: Page, most: number, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<Walk> {
  const faults: string[] = [];
  let stops = 0;
  while (stops < most) {
    await page.keyboard.press(key);
    let fault = await page.evaluate(judgeFocus);
    // Charts come to life as they are reached, and the page is still moving below them.
    for (let again = 0; fault && again < 10; again++) {
      await settle(page);
      fault = await page.evaluate(judgeFocus);
    }
    if (fault === null) break;
    stops++;
    if (fault !== '') faults.push(fault);
  }
  return { stops, faults };
}

/** Runs in the page: null at its end, empty when all is well. */
function judgeFocus(): string | null {
  const element = document.activeElement;
  if (!(element instanceof HTMLElement || element instanceof SVGElement) || element === document.body)
    return null;
  const name = `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''} “${(element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40)}”`;
  // A link that runs over lines has a box for each.
  const boxes = [...element.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
  if (boxes.length === 0) return `${name} has no size`;
  const isInSight = boxes.some(({ left, top, width, height }) =>
    [0.5, 0.05, 0.95].some((x) =>
      [0.5, 0.1, 0.9].some((y) => {
        const hit = document.elementFromPoint(left + x * width, top + y * height);
        if (!hit) return false;
        // A box to tick is seen through its label; what is large holds what lies in it.
        return element.contains(hit) || hit.contains(element) ? !hit.matches('html, body, main') : false;
      }),
    ),
  );
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
  const isMarked = (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1) || boxShadow !== 'none';
  return `${isInSight ? '' : `${name} is hidden `}${isMarked ? '' : `${name} has no mark`}`.trim();
}
