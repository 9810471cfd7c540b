// What the checks of the page are made of: a browser that notes what goes wrong from the
// beginning, and waiting for conditions.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { env } from 'node:process';

const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const WAIT_MS = 60_000;
// Charts of a long history take a while.
const REST_MS = 180_000;

// Something that was not as it should be.
export class Failed extends Error {}

export function check(is, sentence) {
  if (!is) throw new Failed(sentence);
}

export async function launch({ playwright, chromium }) {
  const { chromium: browsers } = createRequire(import.meta.url)(playwright);
  const isName = !chromium.includes('/');
  const found = isName ? env.PATH.split(':').map((folder) => `${folder}/${chromium}`).find(existsSync) : chromium;
  return browsers.launch({ executablePath: found, args: ARGUMENTS });
}

// A page whose errors, refusals of its policy and requests are noted from the start.
export async function watched(browser, { axe, ...options }) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const wrong = [], requests = [], pending = new Set();
  page.on('console', (message) => {
    if (message.type() === 'error') wrong.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('request', (request) => {
    // Of what runs beside all else: the stream, and whether the world stands still.
    if (/\/(stream|run)$/.test(request.url())) return;
    requests.push(request.url());
    pending.add(request);
  });
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => pending.delete(request));
  page.on('dialog', (dialog) => wrong.push(`dialog: ${dialog.message()}`));
  await page.addInitScript(() => {
    window.violations = [];
    addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
  });
  const source = await readFile(axe, 'utf8');
  return { context, page, wrong, requests, pending, axe: source };
}

// Waits until a function in the page gives true, else fails with a sentence.
export async function until(page, sentence, is, argument) {
  try {
    await page.waitForFunction(is, argument, { timeout: WAIT_MS });
  } catch (error) {
    const shown = await page.evaluate(() => document.querySelector('#main')?.innerText.slice(0, 400)).catch(() => '');
    throw new Failed(`${sentence}: waited ${WAIT_MS / 1000} s. ${error.message.split('\n')[0]}. The page shows: ${shown}`);
  }
}

// Waits until the page asks nothing, also not in its next frames.
export async function idle({ page, pending }) {
  const until = Date.now() + REST_MS;
  for (let still = 0; still < 20; still = pending.size === 0 ? still + 1 : 0) {
    check(Date.now() < until, `the page does not come to rest: it asks ${[...pending].map((it) => it.url()).join(', ')}`);
    await page.evaluate(() => new Promise((after) => requestAnimationFrame(after)));
  }
}

// Goes to a view and waits until it has been brought up to date.
export async function goTo(page, hash) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await until(page, `${hash} is not shown`, (to) => {
    const main = document.querySelector('#main');
    return location.hash.startsWith(to.split('?')[0]) && main.dataset.shown === location.hash.split('?')[0].replace(/^#\//, '');
  }, hash);
}

export async function fits(page, what) {
  const over = await page.evaluate(() => {
    const main = document.querySelector('#main');
    return { page: document.documentElement.scrollWidth - innerWidth, main: main.scrollWidth - main.clientWidth };
  });
  check(over.page <= 0 && over.main <= 0, `${what} is ${Math.max(over.page, over.main)} px too wide`);
}

// Findings of axe-core, which is run apart from the page's own policy.
export async function accessible(watch, what) {
  const { page, axe, context } = watch;
  watch.devtools ??= await context.newCDPSession(page);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await watch.devtools.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    check(!exceptionDetails, `axe could not run in ${what}: ${exceptionDetails?.exception?.description}`);
    return result.value;
  };
  if (!await evaluate('typeof axe === "object"')) await evaluate(`${axe}; undefined`);
  const found = await evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, help, nodes }) => id + ': ' + help + ' (' + nodes.slice(0, 3).map((node) => node.target.join(' ') + ' ' + node.any.concat(node.all).map((it) => it.message).join('; ')).join(' | ') + ')'))`);
  check(found.length === 0, `axe finds in ${what}: ${found.join('; ')}`);
}

// Fails where anything was noted so far.
export async function clean({ page, wrong }, what) {
  const violations = await page.evaluate(() => window.violations);
  check(violations.length === 0, `the policy of the page was violated ${what}: ${violations.join('; ')}`);
  check(wrong.length === 0, `something went wrong ${what}: ${wrong.join('; ')}`);
}
