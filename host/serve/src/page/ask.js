// Asks the API. An answer that is no longer wanted never arrives: its request is given up.

import { state, parseAt } from '/state.js';

const API = '/api/v1';
const AWAY = 'The server does not answer. Is `sandtable serve` still running?';

// A refusal, with the sentence of the server.
export class Refused extends Error {
  constructor(problem, status) {
    super(problem.detail ?? `the server answered ${status}`);
    this.status = status;
    this.kind = String(problem.type ?? '')
      .split('/')
      .pop();
  }
}

function address(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    for (const one of [value].flat()) if (one !== undefined && one !== null && one !== '') query.append(name, one);
  const text = query.toString();
  return `${API}${path}${text ? `?${text}` : ''}`;
}

// Sends a request; where none is answered, that is said in words of ours.
async function sent(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error instanceof TypeError) throw new Refused({ detail: AWAY, type: 'away' }, 0);
    throw error;
  }
}

const worldPath = (path) => `/worlds/${encodeURIComponent(state.world.name)}${path}`;

async function request(path, parameters = {}, { signal, headers, ...more } = {}) {
  const response = await sent(address(path, parameters), {
    headers: { authorization: `Bearer ${state.token}`, accept: 'application/json', ...headers },
    signal,
    ...more,
  });
  if (!response.ok) throw new Refused(await response.json().catch(() => ({})), response.status);
  return response;
}

const answered = async (path, parameters, options) => (await request(path, parameters, options)).json();

export const ask = async (path, parameters, signal) => answered(path, parameters, { signal });

export async function world(path = '', parameters = {}, signal = undefined) {
  const answer = await answered(worldPath(path), parameters, { signal });
  const at = parseAt(answer.at);
  if (at?.chain) state.seen = at;
  return answer;
}

export async function select(sql, { limit = 10_000, at, signal } = {}) {
  const parameters = { limit, at };
  const options = { method: 'POST', headers: { 'content-type': 'application/sql' }, body: sql, signal };
  return answered(worldPath('/query'), parameters, options);
}

export async function bytes(path, parameters, signal) {
  const response = await request(worldPath(path), parameters, {
    signal,
    headers: { accept: 'application/vnd.msgpack' },
  });
  return new Uint8Array(await response.arrayBuffer());
}

export const stream = (headers, signal) =>
  request(worldPath('/stream'), {}, { signal, headers: { accept: 'text/event-stream', ...headers } });

// Has something done with the world. Where it does ticks, the answer is to have what became
// of it; in a pause there is nothing to wait for.
export async function send(path, body, { headers, signal } = {}) {
  const wait = state.isPaused ? {} : { prefer: 'wait=5' };
  return answered(
    worldPath(path),
    {},
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...wait, ...headers },
      body: JSON.stringify(body),
      signal,
    },
  );
}

// How the world runs; with a body, tells it to.
export const run = (path, body) =>
  body ? send(`/run${path}`, body, { headers: { prefer: 'wait=5' } }) : answered(worldPath('/run'));

// Two questions at a time that can wait: others are answered in between.
const SLOTS = 2;
const waiting = [];
let busy = 0;

export function later(signal, call) {
  return new Promise((done, failed) => {
    waiting.push({ signal, call, done, failed });
    next();
  });
}

function next() {
  while (busy < SLOTS && waiting.length) {
    const { signal, call, done, failed } = waiting.shift();
    if (signal.aborted) continue;
    busy += 1;
    call()
      .then(done, failed)
      .finally(() => {
        busy -= 1;
        next();
      });
  }
}

// Hands an answer to the browser as a file.
export async function download(path, parameters, name) {
  const response = await request(worldPath(path), parameters);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

export async function session(link) {
  const response = await sent(`${API}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ link }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer, response.status);
  return answer.token;
}
