// Checks the page where several worlds are served: the list, the way into one, how it is
// let run, and the way to another.
//
//   node worlds.mjs LINK AXE
//
// The worlds are called `one` and `two`, and a save `broken` is none.

import { accessible, check, clean, Failed, fits, launch, until, watched } from './steps.mjs';

const { env } = process;
const [, , link, axe] = process.argv;
const playwright = env.PLAYWRIGHT ?? 'playwright-core';
const chromium = env.CHROMIUM ?? '/usr/bin/chromium';

const done = (sentence) => console.log(`ok  ${sentence}`);
const ready = (page) => until(page, 'the page does not get ready', () => document.body.dataset.ready === 'yes');

async function lists(watch) {
  const { page } = watch;
  await page.goto(link);
  await ready(page);
  const shown = await page.locator('#view').innerText();
  for (const word of ['one', 'two', 'broken', 'closed', 'is not a save'])
    check(shown.includes(word), `the list does not say ${word}: ${shown}`);
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 820 });
    await fits(page, `the list at ${width} px`);
    await accessible(watch, `the list at ${width} px`);
  }
  done('worlds are listed with how they stand');
}

async function runs(watch) {
  const { page } = watch;
  await page.getByRole('link', { name: 'one', exact: true }).click();
  await ready(page);
  check((await page.locator('#name').innerText()) === 'one', 'the world that was chosen is not shown');
  const still = await page.locator('#at').innerText();
  await page.locator('#step').click();
  await until(page, 'a step is no tick', (from) => document.querySelector('#at').textContent !== from, still);
  await page.locator('#run').click();
  await until(page, 'it does not run', () => document.querySelector('#run').textContent === 'Pause');
  await until(page, 'no ticks come', () => Number(document.querySelector('#at').textContent) > 6);
  await page.keyboard.press('p');
  await until(page, 'it does not stand still', () => document.querySelector('#run').textContent === 'Run');
  await accessible(watch, 'the page of one of several worlds');
  done('one is opened, does a tick, runs and stands still');
}

async function changes({ page }) {
  await page.locator('#worlds').selectOption('two');
  await until(page, 'the other is not shown', () => document.querySelector('#name').textContent === 'two');
  await ready(page);
  await page.locator('#worlds').selectOption('');
  await until(page, 'the list is not shown', () => document.querySelector('#view table') !== null);
  done('from one to another, and back to the list');
}

async function main() {
  const browser = await launch({ playwright, chromium });
  try {
    const watch = await watched(browser, { axe, viewport: { width: 1280, height: 820 } });
    for (const step of [lists, runs, changes]) {
      await step(watch);
      await clean(watch, `after: ${step.name}`);
    }
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error instanceof Failed ? `FAILED: ${error.message}` : error);
  process.exit(1);
});
