// The status page in Debian's chromium, with a real monitor and web servers that go down.
//
//   LVS_TEST_BROWSER=1 npx vitest run --config test/vitest.config.ts test/browser
//
// With LVS_TEST_BROWSER=pictures the pictures of docs/figures are taken anew.
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Director, startDirector, TOKEN } from '../support/director.js';

const CHROMIUM = '/usr/bin/chromium';
const { LVS_TEST_BROWSER = '' } = process.env;
const isAsked = LVS_TEST_BROWSER !== '' && existsSync(CHROMIUM);
/** two samples, and what a busy machine adds */
const TWO_SAMPLES_MS = 4000 + 2000;

describe.skipIf(!isAsked)('the status page', { timeout: 120_000 }, () => {
  let browser: Browser;
  let director: Director;
  const problems: string[] = [];

  beforeAll(async () => {
    director = await startDirector(18_200, { admin: true });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    director?.end();
  });

  async function open(options: object = {}): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: 1100, height: 900 },
      ...options,
    });
    const page = await context.newPage();
    page.on('console', (message) => {
      // the first request is without the token on purpose
      if (message.type() === 'error' && !/401/.test(message.text())) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(director.url);
    return page;
  }
  async function withToken(page: Page): Promise<void> {
    await page.locator('#token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByText('web3').waitFor({ timeout: 10_000 });
  }
  const stateOf = (page: Page, server: string) =>
    page.locator('tr.server', { hasText: server }).locator('td.state span');
  const shows = (page: Page, server: string, text: string) =>
    stateOf(page, server).filter({ hasText: text }).waitFor({ timeout: TWO_SAMPLES_MS });

  test('asks for the token, refuses a wrong one, and shows servers and their states', async () => {
    const page = await open();
    await page.locator('#token').fill('a-wrong-token-of-enough-letters');
    await page.keyboard.press('Enter');
    await page.getByText('the token is wrong').waitFor();
    await page.locator('#token-button').click();
    await withToken(page);
    await shows(page, 'web1', 'up');
    expect(await page.locator('#host').textContent()).not.toBe('');
    await page.context().close();
  });

  test('a server that goes down is shown within two samples, and so is its return', async () => {
    const page = await open();
    await withToken(page);
    await shows(page, 'web2', 'up');
    director.setUp('127.0.1.2', false);
    await shows(page, 'web2', 'down');
    await page
      .locator('#events')
      .getByText(/127\.0\.1\.2:18200 down/)
      .first()
      .waitFor();
    director.setUp('127.0.1.2', true);
    await shows(page, 'web2', 'up');
    await page.context().close();
  });

  test('a service without servers shows its sorry server', async () => {
    const page = await open();
    await withToken(page);
    for (const host of ['127.0.1.1', '127.0.1.2', '127.0.1.3']) director.setUp(host, false);
    await page.locator('tr.service', { hasText: 'web' }).getByText('on the sorry server').waitFor();
    for (const host of ['127.0.1.1', '127.0.1.2', '127.0.1.3']) director.setUp(host, true);
    await shows(page, 'web1', 'up');
    await page.context().close();
  });

  test('drains and enables with the keyboard alone', async () => {
    const page = await open();
    await withToken(page);
    await shows(page, 'api2', 'up');
    await tabTo(page, 'drain api2');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.locator('#reason').fill('new disk');
    await page.keyboard.press('Enter');
    await shows(page, 'api2', 'drained');
    expect(await director.run('ipvsadm', '-Sn')).toContain('-r 127.0.1.4:18200 -m -w 0');
    await tabTo(page, 'enable api2');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await shows(page, 'api2', 'up');
    await page.context().close();
  });

  test('the filter, folding and a service for the charts, with the keyboard alone', async () => {
    const page = await open();
    await withToken(page);
    await page.keyboard.press('/');
    await page.keyboard.type('api');
    await page.locator('tr.service', { hasText: 'web' }).waitFor({ state: 'hidden' });
    await tabTo(page, 'servers of api');
    await page.keyboard.press('Enter');
    await page.locator('tr.server', { hasText: 'api1' }).waitFor({ state: 'hidden' });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('#chart-bytes-title', { hasText: 'api' }).waitFor();
    // the focus survives samples
    await page.waitForTimeout(4500);
    expect(await page.locator(':focus').textContent()).toContain('api');
    await page.context().close();
  });

  test('Chinese by the language of the browser; dark by the system', async () => {
    const page = await open({ locale: 'zh-CN', colorScheme: 'dark' });
    await withToken(page);
    await page.locator('h2', { hasText: '虚拟服务' }).waitFor();
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
    await page.locator('#language').selectOption('en');
    await page.locator('h2', { hasText: 'Services' }).waitFor();
    await page.context().close();
  });

  test('a phone: nothing is wider than the screen', async () => {
    const page = await open({ viewport: { width: 360, height: 700 } });
    await withToken(page);
    const width = await page.locator('html').evaluate((root) => root.scrollWidth);
    expect(width).toBeLessThanOrEqual(360);
    await page.context().close();
  });

  test('the server ends and begins anew: the page goes on', async () => {
    const page = await open();
    await withToken(page);
    director.restartServe();
    await page.getByText('connection lost').waitFor();
    await page.locator('#status', { hasText: 'live' }).waitFor({ timeout: 20_000 });
    await page.context().close();
    // what the browser itself reports of refused connections
    const own = problems
      .splice(0)
      .filter((one) => !/ERR_(?:CONNECTION|EMPTY|INCOMPLETE)/.test(one));
    expect(own).toEqual([]);
  });

  test.skipIf(LVS_TEST_BROWSER !== 'pictures')('pictures', { timeout: 180_000 }, async () => {
    const page = await open({ colorScheme: 'light' });
    await withToken(page);
    const dark = await open({ colorScheme: 'dark', locale: 'zh-CN' });
    await withToken(dark);
    const phone = await open({ viewport: { width: 360, height: 760 }, deviceScaleFactor: 2 });
    await withToken(phone);
    for (let round = 0; round < 30; round++) {
      const wave = 120 + Math.round(80 * Math.sin(round / 4));
      await director.traffic('192.0.2.1:80', wave);
      await director.traffic('192.0.2.1:443', 40 + (round % 7) * 5);
      if (round === 18) director.setUp('127.0.1.2', false);
      await page.waitForTimeout(1500);
    }
    for (const [one, name] of [
      ...([[page, 'page-light']] as const),
      ...([[dark, 'page-dark-zh']] as const),
      ...([[phone, 'page-phone']] as const),
    ])
      await one.screenshot({ path: `docs/figures/${name}.png` });
    director.setUp('127.0.1.2', true);
  });
});

/** Presses Tab until the element with this label has the focus. */
async function tabTo(page: Page, label: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const focus = page.locator(':focus');
    if ((await focus.getAttribute('aria-label')) === label) return;
  }
  throw new Error(`the keyboard does not reach ${label}`);
}
