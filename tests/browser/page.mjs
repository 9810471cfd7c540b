// Checks the page of a served world in a real browser, as a person would use it.
//
//   node page.mjs LINK [AXE]
//
// LINK is what `sandtable serve` printed, AXE the path of axe-core's axe.min.js. The
// variables LINK, AXE, PLAYWRIGHT (the path or name of playwright-core), CHROMIUM, ENTITY
// (an entity with a field that was changed) and FIELD (a number of it that no system changes
// in every tick) say the same. The world runs and grants edits.

import { accessible, check, clean, Failed, fits, goTo, idle, launch, until, watched } from './steps.mjs';

const { env } = process;
const link = process.argv[2] ?? env.LINK;
const axe = process.argv[3] ?? env.AXE;
const playwright = env.PLAYWRIGHT ?? 'playwright-core';
const chromium = env.CHROMIUM ?? '/usr/bin/chromium';
// What an aim of ours allows; a machine that does other work as well gets more.
const SLACK = Number(env.SLACK ?? 1);
const PAINT_MS = 300 * SLACK,
  READY_MS = 600 * SLACK,
  STEP_MS = 17 * SLACK;
const WIDTHS = [360, 800, 1280];
const HOPS = 2;

const done = (sentence) => console.log(`ok  ${sentence}`);
const tickOf = (page) => page.evaluate(() => Number(document.querySelector('#at').textContent.replaceAll(',', '')));

async function opens({ page }) {
  await page.goto(link);
  await until(page, 'the page does not get ready', () => document.body.dataset.ready === 'yes');
  check(await page.evaluate(() => !location.href.includes('link=')), 'the secret of the link stays in the address');
  const { paint, ready } = await page.evaluate(() => ({
    paint: Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity),
    ready: Math.round(performance.getEntriesByName('ready')[0].startTime),
  }));
  check(paint <= PAINT_MS, `the first paint came after ${paint} ms: ${PAINT_MS} are allowed`);
  check(ready <= READY_MS, `the page was ready after ${ready} ms: ${READY_MS} are allowed`);
  done(`opened by its link: first paint after ${paint} ms, ready after ${ready} ms`);
}

async function isAlive({ page }) {
  const from = await tickOf(page);
  await until(
    page,
    'the tick does not rise',
    (from) => Number(document.querySelector('#at').textContent.replaceAll(',', '')) > from + 2,
    from,
  );
  done(`alive: tick ${from} and on`);
}

async function scrubs(watch) {
  const { page, requests } = watch;
  await goTo(page, '#/world');
  await until(page, 'no chart is drawn', () => document.querySelector('svg.chart .cursor[d]') !== null);
  const time = page.locator('#time');
  await time.focus();
  await page.keyboard.press('Home');
  await until(
    page,
    'Home does not go to the first tick',
    () => document.querySelector('#time').value === document.querySelector('#time').min,
  );
  await until(page, 'the first tick is not in the address', () => location.hash.includes('at='));
  const first = await tickOf(page);
  for (let step = 0; step < 3; step += 1) await page.keyboard.press('ArrowRight');
  await until(page, 'three steps do not go three ticks on', (to) => location.hash.includes(`at=${to}`), first + 3);
  done(`by keyboard to tick ${first + 3}`);

  const box = await time.boundingBox();
  const x = (share) => box.x + 8 + share * (box.width - 16),
    y = box.y + box.height / 2;
  const cursor = () => page.locator('svg.chart .cursor').first().getAttribute('d');
  await page.mouse.move(x(0.9), y);
  await page.mouse.down();
  await until(
    page,
    'the bar does not follow the pointer',
    () => Number(document.querySelector('#time').value) > 0.5 * Number(document.querySelector('#time').max),
  );
  await idle(watch);
  const before = await cursor();
  // Where the machine rests for long between two steps, the bar was let rest: once more.
  let asked = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const count = requests.length;
    await page.mouse.move(x(0.3), y, { steps: 40 });
    asked = requests.slice(count);
    if (asked.length === 0) break;
    await page.mouse.move(x(0.9), y);
    await idle(watch);
  }
  check(
    asked.length === 0,
    `requests were made each time the bar was dragged: ${asked.join(', ')}`,
  );
  check((await cursor()) !== before, 'the cursor of the charts does not move with the bar');
  const early = await tickOf(page);
  await page.mouse.up();
  await until(
    page,
    'the tick of the bar is not in the address',
    (tick) => location.hash.includes(`at=${tick}`),
    early,
  );
  const work = await stepTime(page);
  check(work <= STEP_MS, `a step of the bar takes ${work.toFixed(1)} ms: ${STEP_MS} are allowed`);
  done(`dragged to tick ${early} without a request: a step takes ${work.toFixed(2)} ms`);
}

// What a step costs, of the slowest in twenty: from the move of the bar to everything marked
// and laid out, within the frame that does it.
const stepTime = (page) =>
  page.evaluate(async () => {
    const time = document.querySelector('#time');
    const [from, to] = [Number(time.min), Number(time.max)],
      spent = [];
    for (let step = 0; step < 60; step += 1) {
      await new Promise((after) => {
        let began = 0;
        requestAnimationFrame(() => {
          began = performance.now();
        });
        time.value = Math.round(from + ((to - from) * ((step * 37) % 60)) / 61);
        time.dispatchEvent(new Event('input', { bubbles: true }));
        requestAnimationFrame(() => {
          document.body.getBoundingClientRect();
          spent.push(performance.now() - began);
          after();
        });
      });
    }
    return spent.sort((one, other) => one - other)[Math.floor(spent.length * 0.95)];
  });

async function tabTo(page, sentence, is, about) {
  for (let press = 0; press < 120; press += 1) {
    if (await page.evaluate(is, about)) return;
    await page.keyboard.press('Tab');
  }
  throw new Failed(`${sentence} is not reached by Tab`);
}

async function opensAnEntity({ page }) {
  await page.keyboard.press('l');
  await page.keyboard.press('2');
  await until(
    page,
    'the key 2 does not open the entities',
    () =>
      document.querySelector('#main').dataset.shown === 'entities' &&
      document.querySelector('.list tbody a') !== null,
  );
  if (env.ENTITY) {
    await page.keyboard.press('/');
    await page.keyboard.type(env.ENTITY);
  } else {
    await tabTo(page, 'the first entity', () => document.activeElement.closest('.list tbody') !== null);
    await page.keyboard.press('ArrowDown');
    await until(
      page,
      'the arrow does not go to the next row',
      () => document.activeElement.closest('tr')?.getAttribute('aria-rowindex') === '3',
    );
  }
  await page.keyboard.press('Enter');
  await until(
    page,
    'Enter does not open the entity',
    () => location.hash.startsWith('#/entity/') && document.querySelector('.fields tr') !== null,
  );
  done(`by keyboard alone to ${await page.evaluate(() => document.querySelector('#main h2').textContent)}`);
}

async function asksWhy(watch) {
  const { page } = watch;
  // A field that systems set from others; else the first that has a history.
  const asked = env.WHY ? encodeURIComponent(env.WHY) : '';
  await until(
    page,
    'no history is drawn beside a field',
    (asked) =>
      [...document.querySelectorAll('.fields tr')].some(
        (row) => row.querySelector('.spark') && row.querySelector(`a[href*="${asked}"]`),
      ),
    asked,
  );
  await tabTo(
    page,
    'a field with a history',
    (asked) =>
      document.activeElement.textContent === 'why' &&
      document.activeElement.getAttribute('href').includes(asked) &&
      document.activeElement.closest('tr')?.querySelector('.spark') != null,
    asked,
  );
  await page.keyboard.press('Enter');
  await until(
    page,
    'Enter does not ask why',
    () => location.hash.startsWith('#/why/') && document.querySelector('#main .big') !== null,
  );
  await page.keyboard.press('Shift+ArrowLeft');
  await until(page, 'Shift+← does not go to a change', () => location.hash.includes('at='));
  await idle(watch);
  const from = await page.evaluate(() => location.hash);
  check(await follows(page, 0), `no way of ${HOPS} hops leads on from ${from}`);
  done(`why, and ${HOPS} hops: ${await page.evaluate(() => document.querySelector('.trail').textContent)}`);
}

// Follows what was read, hop by hop; back where a way ends before there were enough.
async function follows(page, hops) {
  await until(
    page,
    `${hops} hops are not shown`,
    (hops) => {
      const crumbs = document.querySelectorAll('.trail li').length;
      return crumbs === (hops ? hops + 1 : 0) && document.querySelector('#main').dataset.shown !== undefined;
    },
    hops,
  );
  if (hops === HOPS) return true;
  const ways = await page.evaluate(() =>
    [...document.querySelectorAll('a.hop[data-is-set]')].map((it) => it.getAttribute('href')),
  );
  for (const way of ways) {
    await page.locator(`a.hop[href="${way}"]`).first().focus();
    await page.keyboard.press('Enter');
    if (await follows(page, hops + 1)) return true;
    await page.goBack();
    await until(
      page,
      'going back shows nothing',
      (hops) =>
        document.querySelectorAll('.trail li').length === (hops ? hops + 1 : 0) &&
        document.querySelector('a.hop') !== null,
      hops,
    );
  }
  return false;
}

async function copiesALink({ page }) {
  await page.keyboard.press('c');
  await until(page, 'nothing is said of the link', () =>
    /Copied/.test(document.querySelector('#notice').textContent),
  );
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  check(/at=\d+(~|%7E)[0-9a-f]{8}/.test(copied), `the link has no chain: ${copied}`);
  done(`a link that stays: ${copied.replace(/^[^#]*/, '')}`);
}

async function listsKeys(watch) {
  await watch.page.keyboard.press('?');
  await until(watch.page, '? does not list the keys', () => document.querySelector('dialog[open]') !== null);
  await accessible(watch, 'the list of keys');
  await watch.page.keyboard.press('Escape');
  await until(watch.page, 'Escape does not close the list', () => document.querySelector('dialog') === null);
  done('? lists the keys');
}

async function completes({ page }) {
  await goTo(page, '#/sql');
  await until(
    page,
    'SQL completes nothing',
    () => document.querySelector('textarea[aria-controls=completions]') !== null,
  );
  await page.locator('textarea').fill('');
  await page.locator('textarea').pressSequentially('SELECT count(*) AS n FROM entit');
  await until(page, 'no table is offered', () => document.querySelector('[role=option]') !== null);
  await page.keyboard.press('Enter');
  check(
    (await page.locator('textarea').inputValue()).endsWith('FROM entities'),
    'Enter does not take what is offered',
  );
  await page.keyboard.press('Control+Enter');
  await until(page, 'Ctrl+Enter does not ask', () => document.querySelector('#main td.number') !== null);
  done('SQL completes and answers');
}

async function asksAQuestion(watch) {
  const { page } = watch;
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('q');
  await until(page, 'no questions are listed', () => document.querySelector('#main a[href*="neighbours"]') !== null);
  await page.getByRole('link', { name: 'neighbours', exact: true }).click();
  await until(page, 'the question has no form', () => document.querySelector('[aria-label=nation]') !== null);
  await page.keyboard.press('l');
  await page.locator('[aria-label=nation]').fill('Nowhere');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await until(page, 'it is not said that there is no such nation', () =>
    /No entity is called Nowhere/.test(document.querySelector('#main [role=alert]')?.textContent),
  );
  await accessible(watch, 'a question that was given no entity');
  await page.locator('[aria-label=nation]').fill(env.ENTITY ?? 'Germany');
  await page.keyboard.press('Enter');
  await until(page, 'the question is not answered', () => /France/.test(document.querySelector('#main table').textContent));
  check(/question=neighbours&values=/.test(await page.evaluate(() => location.hash)), 'the address has not what was asked');
  await page.evaluate(() => sessionStorage.setItem('checked-question', location.hash.replace(/&at=.*/, '')));
  await page.goBack();
  await until(page, 'going back keeps the answer', () => document.querySelector('#main td.number') === null);
  done('a question is asked by its form');
}

const field = env.FIELD ?? 'economy/TaxRate.share';
const valueOf = (page) =>
  page.evaluate(
    (of) => document.querySelector(`[aria-label="why ${of}"]`).closest('tr').querySelector('.value').textContent,
    field,
  );
const isSaid = (page, sentence, words) =>
  until(page, sentence, (of) => document.querySelector('#notice').textContent.includes(of), words);

// Opens the entity with the field chosen; gives what that is.
async function choosesField({ page }) {
  const entity = await page.evaluate(() => sessionStorage.getItem('checked-why').split(/[/?]/)[2]);
  await page.keyboard.press('l');
  await goTo(page, `#/entity/${entity}?field=${encodeURIComponent(field)}`);
  await until(page, `there is no ${field}`, (of) => document.querySelector(`[aria-label="edit ${of}"]`) !== null, field);
  return valueOf(page);
}

async function changesAValue(watch) {
  const { page } = watch;
  const before = await choosesField(watch);
  await page.keyboard.press('e');
  await until(page, 'e opens no editor', () => document.activeElement.closest('.editor') !== null);
  await page.keyboard.press('Escape');
  await until(
    page,
    'Escape does not close the editor',
    () => document.querySelector('.editor') === null && document.activeElement.textContent === 'edit',
  );
  await page.keyboard.press('Enter');
  await until(page, 'Enter opens no editor', () => document.activeElement.closest('.editor') !== null);
  await page.keyboard.press('Control+a');
  await page.keyboard.type('much');
  await page.keyboard.press('Enter');
  await until(
    page,
    'it is not said what a number is',
    () => /is no number/.test(document.querySelector('.editor').textContent),
  );
  await accessible(watch, 'an editor that was given no number');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('0.5');
  await page.keyboard.press('Enter');
  await isSaid(page, 'it is not said what was done', `is set from ${before} to 0.5, in tick`);
  await until(
    page,
    'the other value is not shown',
    (of) => document.querySelector(`[aria-label="why ${of}"]`).closest('tr').querySelector('.value').textContent === '0.5',
    field,
  );
  await accessible(watch, 'what is said of an edit');
  done(`${field} changed by keyboard from ${before} to 0.5`);
  return before;
}

async function seesWho({ page }) {
  await page.locator(`[aria-label="why ${field}"]`).focus();
  await page.keyboard.press('Enter');
  await until(
    page,
    'why does not tell of a hand',
    () =>
      document.querySelector('#main').dataset.shown?.startsWith('why/') &&
      /by hand/.test(document.querySelector('#main dl')?.textContent),
  );
  const who = await page.evaluate(
    () => [...document.querySelectorAll('#main dt')].find((it) => it.textContent === 'sent by')?.nextSibling.textContent,
  );
  check(/^\S+$/.test(who ?? ''), `it is not told who: ${who}`);
  await page.keyboard.press('0');
  await until(
    page,
    'the edit is not listed',
    ([of, who]) => {
      const first = document.querySelector('#main tbody tr')?.textContent ?? '';
      return first.includes(of) && first.includes(`by ${who}`);
    },
    [field, who],
  );
  done(`why tells that ${who} sent it, and it is listed`);
}

async function takesItBack(watch, before) {
  const { page } = watch;
  await page.keyboard.press('u');
  await isSaid(page, 'u takes nothing back', 'is taken back, in tick');
  check((await choosesField(watch)) === before, 'what was taken back is not as it was');
  done(`u takes it back: ${before} again`);
}

async function forksAndCompares(watch) {
  const { page } = watch;
  const before = await choosesField(watch);
  await page.keyboard.press('f');
  await until(page, 'f opens no fork', () => document.querySelector('#main')?.dataset.shown?.startsWith('fork/'));
  const value = page.locator('#main form input[name=value]');
  await value.fill('0.5');
  await page.locator('#main input[name=ticks]').fill('12');
  await value.press('Enter');
  await until(
    page,
    'no dashed line is drawn beside a solid one',
    () =>
      document.querySelector('.line.dashed[d]') !== null &&
      document.querySelector('.line:not(.dashed)[d]') !== null &&
      document.querySelector('#main').dataset.shown?.startsWith('fork/'),
  );
  await page.locator('figure details summary').first().focus();
  await page.keyboard.press('Enter');
  await until(page, 'the numbers are not shown', () => document.querySelector('figure tbody tr') !== null);
  const last = await page.evaluate(() =>
    [...document.querySelectorAll('figure tbody tr:first-child td')].map((it) => it.textContent),
  );
  check(last[1].startsWith(before.slice(0, 3)) && last[2] === '0.5', `truth and fork are ${last} in the end`);
  const first = await page.locator('#main section table').first().innerText();
  check(first.includes(field) && first.includes('this fork'), `what became other first is not told: ${first}`);
  const address = await page.evaluate(() => location.hash);
  check(/value=0.5/.test(address) && /from=\d+(~|%7E)/.test(address), `the address does not hold the fork: ${address}`);
  await page.evaluate((of) => sessionStorage.setItem('checked-fork', of), address);
  check((await choosesField(watch)) === before, 'a fork changes the world');
  done(`a fork of 12 ticks beside the truth: ${last[2]} and ${last[1]}`);
}

async function goesAboutInTime(watch) {
  const { page } = watch;
  await page.keyboard.press(' ');
  await until(page, 'Space does not pause', () => document.querySelector('#run').textContent === 'Run');
  await page.keyboard.press('t');
  await until(page, 't does not open the view', () => document.querySelector('#main').dataset.shown === 'time');
  await page.locator('input[placeholder=before-the-war]').fill('checked');
  await page.keyboard.press('Enter');
  await until(page, 'the tick has no name', () => /is called checked/.test(document.querySelector('#main').textContent));
  const from = await tickOf(page);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('s');
  await until(
    page,
    's does no tick',
    (from) => Number(document.querySelector('#at').textContent.replaceAll(',', '')) > from,
    from,
  );
  await until(page, 'the name is not listed', () => /checked/.test(document.querySelector('#main table')?.textContent));
  await page.keyboard.press(',');
  await until(page, 'it cannot be rewound', (at) => location.hash.includes(`at=${at}`), from);
  await page.getByRole('button', { name: /^Rewind to tick/ }).click();
  await until(page, 'it is not asked whether that is meant', () => document.querySelector('dialog[open]') !== null);
  await accessible(watch, 'the question before a rewind');
  await page.getByRole('button', { name: 'Rewind', exact: true }).click();
  await until(page, 'it is not rewound', () => /is kept as \S+-ahead-/.test(document.querySelector('#main').textContent));
  check((await tickOf(page)) === from, 'the world is at another tick');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('p');
  await until(page, 'it does not run', () => document.querySelector('#run').textContent === 'Pause');
  done(`tick ${from} named, a tick done, and back to it`);
}

async function everyView(watch, name) {
  const { page } = watch;
  const [why, fork, question] = await page.evaluate(() =>
    ['checked-why', 'checked-fork', 'checked-question'].map((of) => sessionStorage.getItem(of)),
  );
  const views = [
    '#/world',
    '#/entities',
    '#/relations',
    '#/events',
    '#/diff',
    '#/systems',
    `#/sql?sql=${encodeURIComponent('SELECT tick, entities FROM ticks ORDER BY tick DESC LIMIT 50')}`,
    question,
    '#/questions?question=treaties_and_wars',
    '#/subject/entity?id=Germany',
    '#/mods',
    '#/health',
    '#/edits',
    '#/time',
    ...(fork ? [fork] : []),
    ...(why
      ? [
          why,
          why.replace('#/why/', '#/entity/').replace(/\?.*/, `?edit=yes&field=${encodeURIComponent(field)}`),
          why.replace('#/why/', '#/relations/').replace(/\?.*/, ''),
        ]
      : []),
  ];
  for (const view of views) {
    await goTo(page, view);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 820 });
      await fits(page, `${view} at ${width} px, ${name}`);
      await accessible(watch, `${view} at ${width} px, ${name}`);
    }
    await clean(watch, `in ${view}, ${name}`);
  }
  done(`${views.length} views, ${name}, at ${WIDTHS.join(', ')} px: they fit, axe finds nothing`);
}

async function main() {
  if (!link || !axe) throw new Failed('give the link that `sandtable serve` printed, and the path of axe.min.js');
  const browser = await launch({ playwright, chromium });
  try {
    const watch = await watched(browser, { axe, colorScheme: 'light', viewport: { width: 1280, height: 820 } });
    const { page } = watch;
    for (const step of [opens, isAlive, scrubs, opensAnEntity, asksWhy]) {
      await step(watch);
      await clean(watch, `after: ${step.name}`);
    }
    await page.evaluate(() => sessionStorage.setItem('checked-why', location.hash));
    for (const step of [copiesALink, listsKeys, completes, asksAQuestion]) {
      await step(watch);
      await clean(watch, `after: ${step.name}`);
    }
    const before = await changesAValue(watch);
    for (const step of [seesWho, (of) => takesItBack(of, before), forksAndCompares, goesAboutInTime]) {
      await step(watch);
      await clean(watch, `after: ${step.name || 'taking an edit back'}`);
    }
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await everyView(watch, colorScheme);
    }
    await clean(watch, 'in the end');
    done('no error, no violation of the policy');
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error instanceof Failed ? `FAILED: ${error.message}` : error);
  process.exit(1);
});
