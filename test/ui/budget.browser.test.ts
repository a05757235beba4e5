/** What new data costs a page of charts, measured on the plots alone: no server, no components. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { expect, it } from 'vitest';
import type { createPlot as CreatePlot, PlotShape, PlotView } from '../../ui/charts/plot.ts';
import { findChromium } from '../chromium.ts';

/** UX.md, chart component contract 6. */
const BUDGET_MS = 8;

it('six charts of 720 points and 6 series take new data within 8 ms of script (UX.md budget 6)', async () => {
  const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.addScriptTag({ content: await bundlePlot() });
  const lines = await fastest(() => page.evaluate(measureUpdates, false));
  const bars = await fastest(() => page.evaluate(measureUpdates, true));
  await browser.close();
  console.log(
    `six plots × 720 points × 6 series: lines ${lines.toFixed(1)} ms, stacked bars ${bars.toFixed(1)} ms`,
  );
  expect(lines).toBeLessThanOrEqual(BUDGET_MS);
  expect(bars).toBeLessThanOrEqual(BUDGET_MS);
});

/** Of up to five measurements, for a neighbour may be busy during one of them. */
async function fastest(measure: () => Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let tried = 0; tried < 5 && !(best <= BUDGET_MS); tried++) best = Math.min(best, await measure());
  return best;
}

/** The plot module as one script with a global `plotLib`. */
async function bundlePlot(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'drainboard-plot-'));
  const entry = join(import.meta.dirname, '..', '..', 'ui', 'charts', 'plot.ts');
  await build({
    configFile: false,
    logLevel: 'error',
    build: { outDir, lib: { entry, formats: ['iife'], name: 'plotLib', fileName: 'plot' } },
  });
  const code = readFileSync(join(outDir, 'plot.iife.js'), 'utf8');
  rmSync(outDir, { recursive: true });
  return code;
}

/**
 * Runs in the page: script time from new data to the drawn canvas in ms, the fastest tenth of 60 updates, for what else
 * the machine does only ever adds to it.
 */
async function measureUpdates(stacked: boolean): Promise<number> {
  const { plotLib } = globalThis as unknown as { plotLib: { createPlot: typeof CreatePlot } };
  const POINTS = 720;
  const shape: PlotShape = {
    stacked,
    log: false,
    styles: Array.from({ length: 6 }, (_, index) => ({ color: `--id-${index}` })),
    unit: 'ms',
    heightPx: 200,
    band: null,
  };
  function viewAt(tick: number): PlotView {
    const fromS = 1_795_000_000 + tick * 10;
    const values = Array.from({ length: 6 }, (_, series) =>
      Array.from({ length: POINTS }, (_, index) => (series + 1) * (50 + 20 * Math.sin((index + tick) / 9))),
    );
    return {
      x: Array.from({ length: POINTS }, (_, index) => fromS + index * 10 + 5),
      values,
      stepS: 10,
      fromS,
      toS: fromS + POINTS * 10,
      openFromS: fromS + (POINTS - 1) * 10,
      gaps: [{ from: fromS + 1000, to: fromS + 1300, messages: 19, cause: 'L10' }],
      empty: [],
      emptyWord: 'no data',
      joinS: values.map(() => 15),
      marks: [fromS + 2000],
      thresholds: [],
      pinS: null,
      zone: 'utc',
      patterns: false,
    };
  }
  const events = { onCursor() {}, onSelect() {}, onZoomOut() {}, themeVersion: () => 0 };
  const plots = Array.from({ length: 6 }, () => {
    const host = document.body.appendChild(document.createElement('div'));
    return plotLib.createPlot(host, 800, shape, viewAt(0), events);
  });
  const runs: number[] = [];
  for (let tick = 1; tick <= 60; tick++) {
    const view = viewAt(tick);
    const started = performance.now();
    for (const plot of plots) plot.setView(view);
    // Drawing is put off to a microtask by the library.
    await Promise.resolve();
    await Promise.resolve();
    runs.push(performance.now() - started);
    await new Promise((done) => requestAnimationFrame(done));
  }
  for (const plot of plots) plot.destroy();
  return runs.sort((a, b) => a - b)[6] ?? Number.NaN;
}
