// Elements, and how what is shown is brought up to date without being made anew.

const SVG = 'http://www.w3.org/2000/svg';
const HEARD = Symbol('handlers');
const KEPT = Symbol('kept');

function hear(event) {
  this[HEARD]?.[event.type]?.call(this, event);
}

function build(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) {
      const type = name.slice(2);
      made[HEARD] ??= {};
      if (!made[HEARD][type]) made.addEventListener(type, hear);
      made[HEARD][type] = value;
    } else {
      made.setAttribute(name, value === true ? '' : value);
    }
  }
  made.append(...nodes(children));
  return made;
}

const nodes = (content) =>
  content
    .flat(Infinity)
    .filter((it) => it !== null && it !== undefined && it !== false && it !== '')
    .map((it) => (it instanceof Node ? it : document.createTextNode(String(it))));

export const el = (name, attributes = {}, ...children) => build(document.createElement(name), attributes, children);
export const draw = (name, attributes = {}, ...children) =>
  build(document.createElementNS(SVG, name), attributes, children);

// Marks an element that lives on by itself: it is moved, never altered from outside.
export const keep = (node) => {
  node[KEPT] = true;
  return node;
};

// Makes a place hold this content. What is alike stays the same element, and so do focus,
// selection and scroll positions.
export function put(place, ...content) {
  let at = place.firstChild;
  for (const node of nodes(content)) {
    if (at === node) {
      at = at.nextSibling;
    } else if (at && isAlike(at, node)) {
      const next = at.nextSibling;
      patch(at, node);
      at = next;
    } else {
      place.insertBefore(node, at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

const isAlike = (old, made) =>
  old.nodeName === made.nodeName && !old[KEPT] && !made[KEPT] && old.dataset?.key === made.dataset?.key;

function patch(old, made) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== made.data) old.data = made.data;
    return;
  }
  for (const { name } of [...old.attributes])
    if (!made.hasAttribute(name) && name !== 'open' && name !== 'style') old.removeAttribute(name);
  for (const { name, value } of made.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const type of Object.keys(made[HEARD] ?? {})) if (!old[HEARD]?.[type]) old.addEventListener(type, hear);
  old[HEARD] = made[HEARD];
  put(old, [...made.childNodes]);
}

// Calls once the element comes near what is visible.
export function whenSeen(node, call) {
  const watcher = new IntersectionObserver(
    (entries) => {
      if (!entries.some((it) => it.isIntersecting)) return;
      watcher.disconnect();
      call();
    },
    { rootMargin: '120px' },
  );
  watcher.observe(node);
}
