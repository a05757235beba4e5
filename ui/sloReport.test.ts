import { describe, expect, it } from 'vitest';
import { sloList } from './alertFixtures.ts';
import { sloCsv, sloMarkdown } from './sloReport.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const answer = sloList(NOW, 'normal', null);

describe('objectives that are taken along', () => {
  it('as Markdown: a line each in the order of the page, doubt marked, with the way back', () => {
    const lines = sloMarkdown(answer, 'utc', 'https://drains.example.com/slo').split('\n');
    expect(lines[0]).toMatch(/^\*\*Objectives\*\* · counted through 20 Nov 10:4\dZ$/);
    expect(lines.filter((line) => line.startsWith('| '))).toHaveLength(answer.slos.length + 1);
    const shop = lines
      .find((line) => line.startsWith('| Shop answers | shop |'))
      ?.replaceAll(/[\u00a0\u202f]/g, ' ');
    expect(shop).toMatch(/\| 99\.9 % \| .* \| 20 % \| 21\.3× \| paging \|$/);
    expect(lines.find((line) => line.includes('| media-proxy |'))).toContain('≈ ');
    expect(lines.at(-2)).toBe('<https://drains.example.com/slo>');
  });

  it('SEC-29 names make neither a cell nor markup nor a formula', () => {
    const [first] = answer.slos;
    if (!first) throw new Error('the fixture has no objective');
    const slos = [{ ...first, title: '=1+1|<img>', app: 'shop' }];
    expect(sloMarkdown({ ...answer, slos }, 'utc', 'x')).toContain('| =1+1\\|\\<img\\> | shop |');
    expect(sloCsv(slos)).toContain('"\'=1+1|<img>"');
  });

  it('as CSV: plain numbers, and nothing where nothing is known', () => {
    const [first] = answer.slos;
    if (!first) throw new Error('the fixture has no objective');
    const unknown = { ...first, budget: { ...first.budget, remaining: null, achieved: null } };
    const [heads = '', known = '', other = ''] = sloCsv([first, unknown]).split('\r\n');
    const at = heads.split(',').indexOf('budget_left');
    expect(Number(known.split(',')[at])).toBe(first.budget.remaining);
    expect(other.split(',')[at]).toBe('');
  });
});
