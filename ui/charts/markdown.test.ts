import { expect, test } from 'vitest';
import { chartMarkdown } from './markdown.ts';

test('a chart as Markdown has its range, a line a series, and the address; names cannot break the table', () => {
  const text = chartMarkdown({
    title: 'Response time',
    app: 'shop',
    columns: {
      t: [0, 60],
      series: [
        { id: 'p95', label: 'p95', unit: 'ms', values: [310, 2900] },
        { id: 'x', label: 'a|b', unit: 'count', values: [1, 2] },
        { id: 'none', label: 'none', unit: 'count', values: [null, null] },
      ],
    },
    range: { from: 0, to: 120, step: 60, resolution: 60, openFrom: null },
    summary: 'p95: rising.',
    zone: 'utc',
    address: 'https://drains.example.com/a/shop?from=1970-01-01T00:00:00Z',
  });
  expect(text.split('\n')).toEqual([
    '**Response time** · shop · 1 Jan 1970 00:00–00:02 UTC',
    '',
    'p95: rising.',
    '',
    '| series | last | lowest | highest | total |',
    '|---|--:|--:|--:|--:|',
    '| p95 | 2.9\u00a0s | 310\u00a0ms | 2.9\u00a0s |  |',
    '| a\\|b | 2 | 1 | 2 | 3 |',
    '',
    '<https://drains.example.com/a/shop?from=1970-01-01T00:00:00Z>',
    '',
  ]);
});
