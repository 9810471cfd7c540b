// What entities are called: learnt from every answer that says so.

import { world } from '/ask.js';
import { isEntity } from '/format.js';

const names = new Map();
const PAGE = 10_000;
const PAGES_MAX = 5;

export function learn(entity, label) {
  if (isEntity(entity) && typeof label === 'string' && label) names.set(entity, label);
}

export const nameOf = (entity) => names.get(entity) ?? null;

// The entity that a text names: as 12v3, or by the name that one of them alone has.
export function named(text) {
  if (isEntity(text)) return text;
  if (!text) throw new Error('Which entity? Write its name, or 12v3.');
  const found = [...names].filter(([, name]) => name === text);
  if (found.length === 1) return found[0][0];
  throw new Error(
    found.length ? `Several entities are called ${text}: write one as 12v3.` : `No entity is called ${text}.`,
  );
}

export const known = () => [...new Set(names.values())];

// Learns the names of all that have one, as far as a few long answers tell them.
export async function learnAll() {
  let cursor;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { rows, next } = await world('/entities', { order: 'label', limit: PAGE, cursor });
    for (const { entity, label } of rows) learn(entity, label);
    cursor = next;
    if (!next || rows.some(({ label }) => !label)) return;
  }
}
