import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';

const FOLDER = import.meta.dirname;
const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));
const holding = (pattern: RegExp) =>
  files.filter((file) => pattern.test(readFileSync(file, 'utf8'))).map((file) => relative(FOLDER, file));

it('only charts/plot.ts knows uPlot, and only the chart over time and the heatmap use it', () => {
  expect(holding(/from 'uplot'/)).toEqual(['charts/plot.ts']);
  expect(holding(/from '\.\/plot\.ts'|charts\/plot\.ts'/)).toEqual([
    'charts/heatmap.tsx',
    'charts/timeChart.tsx',
  ]);
});

it('SEC-29 SEC-32 nothing writes markup or runs text', () => {
  expect(
    holding(
      /innerHTML\s*=|outerHTML\s*=|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML=|\beval\(|new Function/,
    ),
  ).toEqual([]);
});

it('SEC-50 nothing is fetched from elsewhere', () => {
  const calls = files.filter((file) => !/fixture/i.test(file));
  const urls = calls.flatMap((file) => readFileSync(file, 'utf8').match(/https?:\/\/[^\s'"`)]+/g) ?? []);
  // What fields show as an example, and the beginning that a URL must have.
  const isWords = (url: string) => /^https:\/\/(?:[a-z]+\.example\.com\/|…$|,$)/.test(url);
  expect(urls.filter((url) => url !== 'http://ours.invalid' && !isWords(url))).toEqual([]);
});
