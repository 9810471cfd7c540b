// Addresses: #/view/part?parameters&when=clock~time&at=tick. Each names one view of one tick,
// and where the world tells of other times, of one of those.

import { state, atText, parseAt, parseWhen, whenText } from '/state.js';

export function address(view, part, parameters = {}, at = state.at, when = state.when) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== null && value !== '') query.set(name, value);
  if (when) query.set('when', whenText(when));
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

// What the address of the page names; tick and time stand apart from the other parameters.
export function here() {
  const [path, text = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [view, part] = path.split('/').map(decoded);
  const query = new URLSearchParams(text);
  const at = parseAt(query.get('at'));
  const when = parseWhen(query.get('when'));
  query.delete('at');
  query.delete('when');
  return { view: view || 'world', part: part ?? '', query, at, when };
}

// The same view with other parameters, or of another time or tick.
export function again(changes, { when = state.when, at = state.at } = {}) {
  const { view, part, query } = here();
  return address(view, part, { ...Object.fromEntries(query), ...changes }, at, when);
}

export const goTo = (to) => {
  location.hash = to;
};

// Alters the address without a new entry in the history of the browser.
export const alter = (to) => history.replaceState(null, '', to);

// A link that was made before another time was chosen leads to that time too, unless it is
// there to choose one.
export function carry(event) {
  const link = event.target.closest?.('a[href^="#/"]');
  if (!link || link.dataset.when) return;
  const [path, text] = link.getAttribute('href').split('?');
  const query = new URLSearchParams(text);
  query.delete('when');
  if (state.when) query.set('when', whenText(state.when));
  const written = query.toString();
  link.setAttribute('href', written ? `${path}?${written}` : path);
}
