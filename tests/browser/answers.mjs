// Checks that the page takes nothing for something else: times that are numbers, ids past 2^53,
// one name of two, one id of two kinds, an answer that comes late; and a system that is
// suspended alone.
//
//   node answers.mjs LINK AXE
//
// The world is that of tests/serve/odd.toml. With PICTURES, the path of a folder, what is
// checked is drawn there as well.

import { accessible, check, clean, Failed, goTo, idle, launch, until, watched } from './steps.mjs';

const { env } = process;
const [, , link, axe] = process.argv;
const LARGE = '9007199254740993';

const done = (sentence) => console.log(`ok  ${sentence}`);
const asks = (name, values) => `#/questions?question=${name}${values ? `&values=${encodeURIComponent(JSON.stringify(values))}` : ''}`;
const shot = ({ page }, name) => (env.PICTURES ? page.screenshot({ path: `${env.PICTURES}/${name}.png` }) : null);
const answered = (page, sentence, text) => until(page, sentence, (text) => document.querySelector('.answer')?.textContent.includes(text), text);

async function opens({ page }) {
  await page.goto(link);
  await until(page, 'the page does not get ready', () => document.body.dataset.ready === 'yes');
}

// How much of the middle of the picture has the colour of a variable of the style, lane by lane.
const coloured = (page, name) => page.evaluate((name) => {
  const canvas = document.querySelector('.timeline .stage canvas');
  const probe = document.createElement('canvas').getContext('2d');
  probe.fillStyle = getComputedStyle(canvas).getPropertyValue(`--${name}`).trim();
  probe.fillRect(0, 0, 1, 1);
  const wanted = probe.getImageData(0, 0, 1, 1).data;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) if ([0, 1, 2].every((of) => Math.abs(data[at + of] - wanted[of]) < 3) && data[at + 3] > 250) count += 1;
  return count;
}, name);

async function followsNumbers(watch) {
  const { page } = watch;
  await goTo(page, asks('games'));
  await until(page, 'the bar has no times', () => document.querySelector('.clock input[type=range]')?.max === '4');
  await until(page, 'nothing is drawn', () => /4 in all/.test(document.querySelector('.told-mark')?.textContent));
  await idle(watch);
  const all = await coloured(page, 'c0');
  check(all > 0, 'no mark is filled');
  await page.locator('.timeline .stage').focus();
  for (const key of ['Home', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
  await until(page, 'Enter does not choose a season', () => /when=season%7E2$/.test(location.hash));
  const bar = () => page.locator('.clock input[type=range]').inputValue();
  check((await bar()) === '1', `the bar is at ${await bar()} of seasons 1 to 4, and the second is chosen`);
  await idle(watch);
  const some = await coloured(page, 'c0');
  check(Math.abs(some / all - 0.5) < 0.1, `of 4 marks 2 are to be filled: ${some} of ${all} points are`);
  check((await coloured(page, 'ink')) > 20, 'no line is where the time is');
  await shot(watch, 'season');
  await page.getByRole('button', { name: 'What was told next' }).click();
  await until(page, '› does not go to the next season', () => /when=season%7E3$/.test(location.hash));
  await page.locator('.clock input[name=when]').fill('1832-06-05');
  await page.keyboard.press('Enter');
  await until(page, 'a date is taken for a season', () => /is no time: write a number, as 1/.test(document.querySelector('.clock .problem').textContent));
  await accessible(watch, 'a clock of numbers');
  done('times that are numbers: marks, the line, the bar and its buttons follow them');
}

// An answer is held back until one that was asked for later was shown.
async function keepsTheNewer(watch) {
  const { page } = watch;
  await goTo(page, asks('table_of'));
  await answered(page, 'it is not answered', '990');
  let [free, held] = [null, null];
  const isHeld = new Promise((after) => { held = after; });
  const isFree = new Promise((after) => { free = after; });
  await page.route(/\/ask\?question=table_of/, async (route) => {
    if (!/at=2/.test(route.request().url()) || /season%22%3A4/.test(route.request().url())) return route.continue();
    held();
    await isFree;
    return route.continue();
  });
  await page.evaluate(() => { location.hash += '&at=2'; });
  await isHeld;
  await page.locator('.clock input[name=when]').fill('4');
  await page.keyboard.press('Enter');
  await answered(page, 'it is not answered at the time that was chosen', '40');
  free();
  await until(page, 'the answer that was held back does not come', () => /at tick 2/.test(document.querySelector('#main').innerText));
  const shown = await page.locator('.answer').innerText();
  check(/40/.test(shown) && !/990/.test(shown), `an answer that came late is shown in the place of a newer one: ${shown}`);
  await page.unroute(/\/ask\?question=table_of/);
  done('an answer that comes late does not stand in the place of a newer one');
}

async function keepsDigits(watch) {
  const { page } = watch;
  await goTo(page, `#/subject/person?id=${LARGE}`);
  await answered(page, 'the page of a subject asks about another', `asked of ${LARGE}`);
  check((await page.locator('#main h2').first().innerText()).startsWith('The large one'), 'it is not called by its name');
  check((await page.locator(`.answer a[href*="id=${LARGE}"]`).count()) === 1, 'a list of ids rounds them');
  await goTo(page, asks('who_is', { who: LARGE }));
  await answered(page, 'an address asks about another', `asked of ${LARGE}`);
  await page.locator('[aria-label=who]').fill('3');
  await page.keyboard.press('Enter');
  await answered(page, 'an id that is typed is not asked about', 'asked of 3');
  await page.locator('[aria-label=who]').fill('The large one');
  await page.keyboard.press('Enter');
  await answered(page, 'a form asks about another', `asked of ${LARGE}`);
  await page.locator('[aria-label=who]').fill('no one');
  await page.keyboard.press('Enter');
  await until(page, 'what is no number is not refused', () => /takes a whole number/.test(document.body.innerText));
  // A browser tells of a refusal by itself.
  const refusals = watch.wrong.splice(0).filter((it) => !/status of 400/.test(it));
  check(refusals.length === 0, `something went wrong: ${refusals}`);
  await goTo(page, asks('table_of', { season: 1 }));
  await answered(page, 'it is not answered', '10');
  await page.locator('[aria-label=season]').fill(LARGE);
  await page.keyboard.press('Enter');
  await answered(page, 'a number that is typed is rounded', LARGE);
  done('whole numbers past 2^53 are asked about as they are');
}

async function tellsNamesakesApart(watch) {
  const { page } = watch;
  await goTo(page, asks('who_is', { who: 2 }));
  await answered(page, 'it is not answered', 'asked of 2');
  const field = page.locator('[aria-label=who]');
  check((await field.inputValue()) === '2', `a name that two have stands for one: ${await field.inputValue()}`);
  const offered = await page.locator('#offered-who option').evaluateAll((all) => all.map((it) => `${it.value} ${it.textContent}`.trim()));
  check(offered.join() === `1 Fauchelevent,2 Fauchelevent,Javert 3,The large one ${LARGE}`, `these are offered: ${offered}`);
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await idle(watch);
  await answered(page, 'to ask again asks about another', 'asked of 2');
  await field.fill('Fauchelevent');
  await page.keyboard.press('Enter');
  await until(page, 'it is not said that several have the name', () => /Several are called Fauchelevent/.test(document.querySelector('#main').innerText));
  await accessible(watch, 'a form that names several');
  done('who has the name of another is meant by the id');
}

async function tellsKindsApart(watch) {
  const { page } = watch;
  const nodes = () => page.locator('svg.graph .node').evaluateAll((all) => all.map((it) => `${it.getAttribute('href')} ${it.querySelector('text').textContent}`).sort().join(', '));
  const expected = '#/subject/person?id=1 Fauchelevent, #/subject/person?id=3 Javert, #/subject/place?id=1 1, #/subject/place?id=2 2';
  await goTo(page, asks('visits'));
  await until(page, 'nothing is drawn', () => document.querySelector('svg.graph .edge-to') !== null);
  check((await nodes()) === expected, `these are nodes: ${await nodes()}`);
  check((await page.locator('svg.graph .edge-to').count()) === 3, 'not each tie is an edge');
  await shot(watch, 'kinds');
  done('subjects of two kinds with one id are two nodes');
}

async function saysWhatResumes(watch) {
  const { page } = watch;
  await goTo(page, '#/health');
  await until(page, 'it is not said how a suspended system takes part again', () => /sandtable resume <save> traps\/misbehave/.test(document.querySelector('#main').innerText));
  await accessible(watch, 'health with a suspended system');
  await shot(watch, 'suspended');
  done('what is suspended is told with what lets it take part again');
}

async function main() {
  if (!link || !axe) throw new Failed('give the link that `sandtable serve` printed, and the path of axe.min.js');
  const browser = await launch({ playwright: env.PLAYWRIGHT ?? 'playwright-core', chromium: env.CHROMIUM ?? '/usr/bin/chromium' });
  try {
    const watch = await watched(browser, { axe, colorScheme: 'light', viewport: { width: 1280, height: 900 } });
    for (const step of [opens, followsNumbers, keepsTheNewer, keepsDigits, tellsNamesakesApart, tellsKindsApart, saysWhatResumes]) {
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
