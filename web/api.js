// Talks to the server's HTTP API. Every call has a deadline; errors carry the server's own words.

const DEADLINE_MS = 4000;
// A camera that does not open with other options gets its old ones back, and both take their time.
const REOPEN_DEADLINE_MS = 15000;
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

async function request(path, {deadlineMs = DEADLINE_MS, ...options}, signal) {
  const abort = new AbortController();
  const deadline = setTimeout(() => abort.abort(), deadlineMs);
  if (signal?.aborted) abort.abort();
  signal?.addEventListener('abort', () => abort.abort(), {once: true});
  let response;
  try {
    response = await fetch(path, {cache: 'no-store', ...options, headers: headers(options.headers), signal: abort.signal});
  } catch {
    throw new ApiError(0, 'The server does not answer.');
  } finally {
    clearTimeout(deadline);
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

async function json(path, {deadlineMs = DEADLINE_MS, ...options} = {}) {
  const abort = new AbortController();
  const deadline = setTimeout(() => abort.abort(), deadlineMs);
  const response = await request(path, {...options, deadlineMs}, abort.signal).catch((error) => {
    clearTimeout(deadline);
    throw error;
  });
  try {
    return await response.json();
  } catch {
    throw new ApiError(0, 'The answer broke off.');
  } finally {
    clearTimeout(deadline);
  }
}

const camera = (name) => `/api/v1/cameras/${encodeURIComponent(name)}`;

export const getServer = () => json('/api/v1/server');
export const getCameras = async () => (await json('/api/v1/cameras')).cameras ?? [];
export const getDoors = async () => (await json('/api/v1/doors')).doors ?? [];
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

/** {options, sizes}: which of size and fps can be changed, and the sizes the camera offers. */
export const getChoices = (name) => json(`${camera(name)}/choices`);

/** Opens the camera with another {size, fps} for everybody; answers the camera as it is then. */
export const setProfile = (name, changes) => json(camera(name), {
  method: 'PATCH',
  headers: {'Content-Type': 'application/json'},
  body: JSON.stringify(changes),
  deadlineMs: REOPEN_DEADLINE_MS,
});

/** The address of a stream's picture, `kind` being "mjpeg", "jpg" or "png". */
export function pictureUrl(name, stream, kind, query = '') {
  return `/cameras/${encodeURIComponent(name)}/${encodeURIComponent(stream)}.${kind}${query && `?${query}`}`;
}

/** Starts to fetch a picture or a stream of them; only the answer's head has a deadline. */
export function openPicture(url, signal) {
  return request(url, {}, signal);
}

/** Starts to fetch a file of the page that is neither script nor style. */
export function openFile(path) {
  return request(path, {});
}

/** Sends an offer for a data channel; answers the other description and the session's address. */
export async function openRtc(name, offer) {
  // The server waits for STUN and TURN servers in its turn.
  const response = await request(`/rtc/${encodeURIComponent(name)}`, {
    method: 'POST',
    headers: {'Content-Type': 'application/sdp'},
    body: offer,
    deadlineMs: 12_000,
  });
  return {sdp: await response.text(), session: response.headers.get('Location')};
}

/** Ends a data channel session; one that is over already is no mistake. */
export function closeRtc(session) {
  request(session, {method: 'DELETE', keepalive: true}).catch(() => {});
}
