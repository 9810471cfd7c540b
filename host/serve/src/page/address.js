// Addresses: #/view/part?parameters&at=tick. Each names one view of one tick.

import { state, atText, parseAt } from '/state.js';

export function address(view, part, parameters = {}, at = state.at) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== null && value !== '') query.set(name, value);
  if (at) query.set('at', atText(at));
  const text = query.toString();
  const place = part === undefined || part === null || part === '' ? '' : `/${encodeURIComponent(part)}`;
  return `#/${view}${place}${text ? `?${text}` : ''}`;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// What the address of the page names; the tick stands apart from the other parameters.
export function here() {
  const [path, text = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [view, part] = path.split('/').map(decoded);
  const query = new URLSearchParams(text);
  const at = parseAt(query.get('at'));
  query.delete('at');
  return { view: view || 'world', part: part ?? '', query, at };
}

// The same view with other parameters.
export function again(changes) {
  const { view, part, query } = here();
  return address(view, part, { ...Object.fromEntries(query), ...changes });
}

export const goTo = (to) => {
  location.hash = to;
};

// Alters the address without a new entry in the history of the browser.
export const alter = (to) => history.replaceState(null, '', to);
