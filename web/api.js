// Talks to the server's HTTP API. Every call has a deadline; errors carry the server's own words.

const DEADLINE_MS = 4000;
const TOKEN_KEY = 'lenswire-token';

export class ApiError extends Error {
  /** `status` is 0 when the server did not answer at all. */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function token() {
  return sessionStorage.getItem(TOKEN_KEY);
}

/** Kept for this tab only. */
export function setToken(text) {
  if (text) sessionStorage.setItem(TOKEN_KEY, text);
  else sessionStorage.removeItem(TOKEN_KEY);
}

function headers(more = {}) {
  return token() ? {...more, Authorization: `Bearer ${token()}`} : more;
}

async function request(path, options, signal) {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const either = new AbortController();
  for (const one of [deadline, signal]) {
    if (one?.aborted) either.abort();
    one?.addEventListener('abort', () => either.abort(), {once: true});
  }
  let response;
  try {
    response = await fetch(path, {cache: 'no-store', ...options, headers: headers(options.headers), signal: either.signal});
  } catch {
    throw new ApiError(0, 'The server does not answer.');
  }
  if (response.ok) return response;
  let message = `The server answered ${response.status} ${response.statusText}.`;
  try {
    const body = await response.json();
    if (typeof body.message === 'string') message = body.message;
  } catch {
    // Not JSON: the status says it all.
  }
  throw new ApiError(response.status, message);
}

async function json(path, options = {}) {
  const response = await request(path, options);
  try {
    return await response.json();
  } catch {
    throw new ApiError(0, 'The answer broke off.');
  }
}

const camera = (name) => `/api/v1/cameras/${encodeURIComponent(name)}`;

export const getServer = () => json('/api/v1/server');
export const getCameras = async () => (await json('/api/v1/cameras')).cameras ?? [];
export const getControls = async (name) => (await json(`${camera(name)}/controls`)).controls ?? [];

/** Applies the settings as a group; answers the controls as the device read them back. */
export async function setControls(name, settings) {
  const reply = await json(`${camera(name)}/controls`, {
    method: 'PATCH',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({settings}),
  });
  return reply.controls ?? [];
}

/** The address of a stream's picture, `kind` being "mjpeg", "jpg" or "png". */
export function pictureUrl(name, stream, kind, query = '') {
  return `/cameras/${encodeURIComponent(name)}/${encodeURIComponent(stream)}.${kind}${query && `?${query}`}`;
}

/** One picture as a Blob. */
export async function getPicture(url, signal) {
  const response = await request(url, {}, signal);
  try {
    return await response.blob();
  } catch {
    throw new ApiError(0, 'The picture broke off.');
  }
}
