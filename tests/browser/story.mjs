// Checks the page of a world whose questions say how their answers are shown, as a person
// would use it: a timeline, a graph at a chosen time, the page of a person.
//
//   node story.mjs LINK AXE
//
// The world is the novel, all of it told. With PICTURES, the path of a folder, each view is
// drawn there as well. What is large is made here: 10,000 scenes in the place of an answer.

import { accessible, check, clean, Failed, fits, goTo, idle, launch, until, watched } from './steps.mjs';

const { env } = process;
const [, , link, axe] = process.argv;
const playwright = env.PLAYWRIGHT ?? 'playwright-core';
const chromium = env.CHROMIUM ?? '/usr/bin/chromium';
const SLACK = Number(env.SLACK ?? 1);
// What a frame with 10,000 scenes may take of itself.
const FRAME_MS = 17 * SLACK;
const MANY = 10_000;

const done = (sentence) => console.log(`ok  ${sentence}`);
const CHRONICLE = '#/questions?question=story%2Fchronicle';
const GRAPH = '#/questions?question=story%2Fgraph';
const PERSON = '#/subject/story%2Fperson?id=valjean';
const shot = ({ page }, name) =>
  env.PICTURES ? page.screenshot({ path: `${env.PICTURES}/${name}.png`, fullPage: false }) : null;
const stage = (page) => page.locator('.timeline .stage');
const opened = (page) => page.locator('.opened .scene').innerText();

async function opens({ page }) {
  await page.goto(link);
  await until(page, 'the page does not get ready', () => document.body.dataset.ready === 'yes');
}

async function tellsScenes(watch) {
  const { page } = watch;
  await goTo(page, CHRONICLE);
  await until(page, 'no lane is named', () => document.querySelector('.lane-names li a') !== null);
  check(/192 in all/.test(await page.locator('.told-mark').innerText()), 'not all 192 scenes are told of');
  check((await page.locator('.lane-names').innerText()).includes('others'), 'lanes that are left out are not said');
  await stage(page).focus();
  await page.keyboard.press('Home');
  await until(page, 'Home opens no scene', () => /pruner of trees/.test(document.querySelector('.opened')?.textContent));
  await page.keyboard.press('ArrowRight');
  await until(page, '→ does not go to the next scene', () => /takes a loaf/.test(document.querySelector('.opened')?.textContent));
  check((await page.locator('.opened a', { hasText: 'Jean Valjean' }).count()) === 1, 'who took part is no link by their name');
  check(!(await page.evaluate(() => location.hash.includes('when='))), 'to look at a scene chooses its time');
  await page.keyboard.press('Enter');
  await until(page, 'Enter does not choose the time', () => /when=story%2Fstory%7E1795-12-20T21%3A00/.test(location.hash));
  check((await page.locator('.clock input[name=when]').inputValue()) === '1795-12-20T21:00', 'the bar is not at the time');
  await accessible(watch, 'a scene that is open');
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  await until(page, '+ does not look more nearly', () => /in the part that is shown/.test(document.querySelector('.told-mark').textContent));
  await page.keyboard.press('0');
  await until(page, '0 does not show all again', () => /192 in all/.test(document.querySelector('.told-mark').textContent));
  await page.locator('select[name=lane]').selectOption('people');
  await until(page, 'lanes are not those of people', () => /Jean Valjean/.test(document.querySelector('.lane-names').textContent));
  check(/lane=people/.test(await page.evaluate(() => location.hash)), 'the address does not keep the lanes');
  done('scenes in lanes of places and people, gone through by keys');
}

async function points(watch) {
  const { page } = watch;
  await goTo(page, `${CHRONICLE}&lane=people`);
  await until(page, 'there is no lane of his', () => [...document.querySelectorAll('.lane-names li')].some((it) => /Jean Valjean/.test(it.textContent)));
  const canvas = page.locator('.timeline .stage canvas');
  const box = await canvas.boundingBox();
  const lane = await page.evaluate(() => {
    const item = [...document.querySelectorAll('.lane-names li')].find((it) => /Jean Valjean/.test(it.textContent));
    const { top, height } = item.getBoundingClientRect();
    return top + height / 2;
  });
  let found = false;
  for (let x = box.x + box.width - 20; x > box.x + 180 && !found; x -= 6) {
    await page.mouse.move(x, lane);
    found = await page.evaluate(() => document.querySelector('.timeline canvas.on') !== null);
  }
  check(found, 'no scene in his lane can be pointed at');
  await page.mouse.down();
  await page.mouse.up();
  await until(page, 'a click opens nothing', () => document.querySelector('.opened .scene') !== null);
  check(/when=/.test(await page.evaluate(() => location.hash)), 'a click does not choose the time');
  const scene = await opened(page);
  await page.mouse.move(box.x + box.width * 0.5, lane);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, lane, { steps: 8 });
  await page.mouse.up();
  await until(page, 'a drag does not look more nearly', () => /in the part that is shown/.test(document.querySelector('.told-mark').textContent));
  check((await opened(page)) === scene, 'a drag opens another scene');
  done('a scene is pointed at and opened, and a part of the time dragged over');
}

const edges = (page) => page.locator('svg.graph .edge-to').count();

async function followsTime(watch) {
  const { page } = watch;
  await goTo(page, GRAPH);
  await until(page, 'no edges are drawn', () => document.querySelectorAll('svg.graph .edge-to').length > 20);
  await idle(watch);
  const all = await edges(page);
  const places = () => page.evaluate(() => Object.fromEntries([...document.querySelectorAll('svg.graph .node')].map((it) => [it.getAttribute('href').replace(/&when=.*/, ''), it.querySelector('circle').getAttribute('cx')])));
  const before = await places();
  await page.locator('.clock input[name=when]').fill('1817');
  await page.keyboard.press('Enter');
  await until(page, 'the graph does not follow the time', (all) => document.querySelectorAll('svg.graph .edge-to').length < all / 2, all);
  check(/when=story%2Fstory%7E1817/.test(await page.evaluate(() => location.hash)), 'the address does not keep the time');
  for (const [node, x] of Object.entries(await places())) check(before[node] === x, `${node} lies elsewhere at another time`);
  const early = await edges(page);
  await page.locator('.clock input[type=range]').focus();
  await page.keyboard.press('ArrowRight');
  await until(page, '→ on the bar does not go to the next scene', () => !/1817$/.test(decodeURIComponent(location.hash)));
  await page.locator('.clock input[name=when]').fill('much later');
  await page.keyboard.press('Enter');
  await until(page, 'it is not said what no time is', () => /is no time/.test(document.querySelector('.clock .problem').textContent));
  await accessible(watch, 'a bar that was given no time');
  await page.getByRole('button', { name: 'The end', exact: true }).click();
  await until(page, 'the end is not shown', (all) => document.querySelectorAll('svg.graph .edge-to').length === all, all);
  await page.locator('.ties select[name=weight]').selectOption('fear');
  await page.locator('.ties input[type=range]').focus();
  for (let press = 0; press < 8; press += 1) await page.keyboard.press('ArrowRight');
  await until(page, 'weaker edges are not left out', () => /weaker ones are left out/.test(document.querySelector('.ties').textContent));
  const strong = await edges(page);
  check(strong > 0 && strong < all, `${strong} of ${all} edges are strong`);
  check(/weight=fear/.test(await page.evaluate(() => location.hash)), 'the address does not keep the weight');
  const to = await page.evaluate(() => location.hash);
  await goTo(page, '#/world');
  await goTo(page, to);
  await until(page, 'the address does not show the same again', (strong) => document.querySelectorAll('svg.graph .edge-to').length === strong, strong);
  done(`feelings at a time: ${all} in the end, ${early} in 1817, ${strong} of much fear`);
}

async function tellsAPerson(watch) {
  const { page } = watch;
  await goTo(page, GRAPH);
  await until(page, 'she is not in the graph', () => [...document.querySelectorAll('svg.graph .node')].some((it) => it.textContent.startsWith('Fantine')));
  await page.locator('svg.graph .node', { hasText: /^Fantine/ }).first().focus();
  await page.keyboard.press('Enter');
  await until(page, 'a node does not lead to its page', () => document.querySelector('#main').dataset.shown === 'subject/story%2Fperson');
  const sections = await page.locator('.answers > section > .row h2').allInnerTexts();
  for (const name of ['Life', 'Journey', 'Ties', 'What happened'])
    check(sections.includes(name), `her page has no ${name}: ${sections}`);
  check(/Nothing is told by|Possessions/.test(await page.locator('#main').innerText()), 'what is not told is not said');
  const life = page.locator('.answers > section', { has: page.getByRole('heading', { name: 'Life', exact: true }) });
  check(/dead/.test(await life.innerText()), 'her death is not told');
  await page.locator('.clock input[name=when]').fill('1818');
  await page.keyboard.press('Enter');
  await until(page, 'her life does not follow the time', () => !/dead/.test(document.querySelector('[data-key="story/life"]')?.textContent));
  await page.locator('[data-key="story/journey"] .lane-names a').first().focus();
  await page.keyboard.press('Enter');
  await until(page, 'a place has no page', () => document.querySelector('#main').dataset.shown === 'subject/story%2Fplace');
  check(/when=story%2Fstory%7E1818/.test(await page.evaluate(() => location.hash)), 'a link loses the time');
  await page.getByRole('link', { name: 'Every place', exact: true }).click();
  await until(page, 'not all places are listed', () => document.querySelectorAll('#main tbody tr').length > 50);
  done('a person, with life, journey and ties at a time, and the way on to places');
}

async function namesWhoIsMeant(watch) {
  const { page } = watch;
  await goTo(page, '#/questions?question=story%2Fbetween');
  await until(page, 'there is no form', () => document.querySelector('[aria-label=one]') !== null);
  await page.locator('[aria-label=one]').fill('Javert');
  await page.locator('[aria-label=other]').fill('Jean Valjean');
  await page.keyboard.press('Enter');
  await until(page, 'it is not answered', () => document.querySelector('.lane-names li') !== null);
  check(/%22one%22%3A%22javert%22/.test(await page.evaluate(() => location.hash)), 'a name is no id in the address');
  done('who is meant is given by name');
}

// In the place of the chronicle: as many scenes as an answer has.
async function staysFluid(watch) {
  const { page } = watch;
  const rows = Array.from({ length: MANY }, (_, at) => ({
    time: new Date(Date.UTC(1800, 0, 1) + at * 36e5).toISOString().slice(0, 16),
    event: `e${at}`, action: 'walks', place: `place ${at % 97}`, people: JSON.stringify([`p${at % 400}`, `p${(at * 7) % 400}`]),
    absent: null, text: `Scene ${at}.`, source: '',
  }));
  rows.push({ ...rows[0], time: 'once upon a time', event: 'tale' });
  const body = JSON.stringify({ at: '3', tick: 3, rows, truncated: true });
  await page.route(/\/ask\?question=story%2Fchronicle/, (route) => route.fulfill({ body, contentType: 'application/json' }));
  await goTo(page, `${CHRONICLE}&lane=people`);
  await until(page, 'the scenes are not drawn', () => /10,000 in all/.test(document.querySelector('.told-mark')?.textContent));
  const said = await page.locator('.answer').innerText();
  check(/1 row has no time that can be read/.test(said), `what has no time is not said: ${said}`);
  check(/there are more/.test(said), `that there are more is not said: ${said}`);
  const spent = await page.evaluate(async () => {
    const stage = document.querySelector('.timeline .stage');
    const keys = ['+', '+', 'PageDown', '-', 'ArrowRight', 'PageUp', '-', 'ArrowDown'];
    const spent = [];
    for (let step = 0; step < 64; step += 1) {
      await new Promise((after) => {
        // The first in the frame that draws it, and the last.
        let began = 0;
        requestAnimationFrame(() => {
          began = performance.now();
        });
        stage.dispatchEvent(new KeyboardEvent('keydown', { key: keys[step % keys.length], bubbles: true }));
        requestAnimationFrame(() => {
          document.body.getBoundingClientRect();
          spent.push(performance.now() - began);
          after();
        });
      });
    }
    return spent.sort((one, other) => one - other)[Math.floor(spent.length * 0.95)];
  });
  check(spent <= FRAME_MS, `a step through ${MANY} scenes takes ${spent.toFixed(1)} ms: ${FRAME_MS} are allowed`);
  await shot(watch, 'many');
  await page.unroute(/\/ask\?question=story%2Fchronicle/);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('r');
  await until(page, 'what is asked anew is not shown', () => /192 in all/.test(document.querySelector('.told-mark')?.textContent));
  done(`${MANY} scenes: a step takes ${spent.toFixed(1)} ms`);
}

async function everyView(watch, name) {
  const { page } = watch;
  const views = [
    ['chronicle', `${CHRONICLE}&when=story%2Fstory%7E1832-06-05`],
    ['graph', `${GRAPH}&when=story%2Fstory%7E1832-06-05`],
    ['person', PERSON],
    ['place', '#/subject/story%2Fplace?id=paris%2Fgorbeau'],
    ['item', '#/subject/story%2Fitem?id=candlesticks'],
    ['scene', '#/subject/story%2Fevent?id=1.2.12%2F3'],
    ['people', '#/subject/story%2Fperson'],
    ['questions', '#/questions'],
  ];
  for (const [view, hash] of views) {
    await goTo(page, hash);
    await idle(watch);
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      await idle(watch);
      await fits(page, `${hash} at ${width} px, ${name}`);
      await accessible(watch, `${hash} at ${width} px, ${name}`);
      await shot(watch, `${view}-${name}-${width}`);
    }
    await clean(watch, `in ${hash}, ${name}`);
  }
  done(`${views.length} views, ${name}, at 390 and 1280 px: they fit, axe finds nothing`);
}

async function main() {
  if (!link || !axe) throw new Failed('give the link that `sandtable serve` printed, and the path of axe.min.js');
  const browser = await launch({ playwright, chromium });
  try {
    const watch = await watched(browser, { axe, colorScheme: 'light', viewport: { width: 1280, height: 900 } });
    for (const step of [opens, tellsScenes, points, followsTime, tellsAPerson, namesWhoIsMeant, staysFluid]) {
      await step(watch);
      await clean(watch, `after: ${step.name}`);
    }
    for (const colorScheme of ['light', 'dark']) {
      await watch.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await everyView(watch, colorScheme);
    }
    await clean(watch, 'in the end');
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error instanceof Failed ? `FAILED: ${error.message}` : error);
  process.exit(1);
});
