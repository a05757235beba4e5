import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';

test('the journeys have a real Chromium that runs scripts of a real server', async () => {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<title>before</title><script>document.title = "after"</script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    expect(await page.title()).toBe('after');
  } finally {
    await browser.close();
    server.close();
  }
});
