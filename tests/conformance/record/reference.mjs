// Asks the pinned package what it does with a case, and writes the answer in our form.
import { quietly, setNetwork, setNow } from './environment.mjs';

const { createClerkClient } = await import('@clerk/backend');

// Headers that are part of an outcome. The message is recorded apart.
const HEADERS = new Set([
  'location', 'cache-control', 'access-control-allow-origin', 'access-control-allow-credentials', 'set-cookie',
  'x-clerk-auth-status', 'x-clerk-auth-reason',
]);

// Only ours; unknown to the package.
const OWN_OPTIONS = new Set(['satelliteOrigins']);

let serial = 0;
// Without our own addresses, and without advice on where to read more.
const plain = text => text.replace(/https:\/\/api-\d+\.invalid/g, 'https://api.invalid').replace(/Consult the documentation[^\n]*\n/, '');

/** `c` is a case with all references expanded. Returns the outcome, or `{ throws }`. */
export async function reference(c) {
  const calls = [];
  setNow(c.now ?? null);
  setNetwork((url, init) => scripted(c, calls, url, init));
  try {
    const outcome = await quietly(async () => {
      const options = Object.fromEntries(Object.entries(c.options).filter(([name]) => !OWN_OPTIONS.has(name)));
      const { publishableKey, secretKey, jwtKey } = options;
      // A separate URL for each case gives it a separate, empty key cache.
      const client = createClerkClient({
        publishableKey, secretKey, jwtKey, apiUrl: `https://api-${serial++}.invalid`, telemetry: { disabled: true },
      });
      const request = new Request(c.request.url, { method: c.request.method, headers: c.request.headers });
      let state;
      try {
        state = await client.authenticateRequest(request, options);
      } catch (error) {
        return { throws: plain(error.message), ...(calls.length ? { calls } : {}) };
      }
      return outcomeOf(state, calls);
    });
    // The package swallows exceptions of its network; a case that forgot an answer must not pass for one.
    if (calls.unscripted) throw new Error(`${c.id}: no answer scripted for ${calls.unscripted}`);
    return outcome;
  } finally {
    setNetwork(null);
    setNow(null);
  }
}

function outcomeOf(state, calls) {
  const outcome = { status: state.status, reason: state.reason ?? null };
  if (state.message) outcome.message = plain(state.message);
  outcome.headers = [...state.headers].filter(([name]) => HEADERS.has(name));
  outcome.auth = null;
  if (state.status === 'signed-in') {
    try {
      outcome.auth = authOf(state.toAuth());
    } catch (error) {
      outcome.auth = { throws: error.message };
    }
  }
  outcome.calls = calls;
  return outcome;
}

export const AUTH_FIELDS = ['userId', 'sessionId', 'sessionStatus', 'orgId', 'orgRole', 'orgSlug', 'orgPermissions', 'actor'];

const authOf = auth => Object.fromEntries(AUTH_FIELDS.map(name => [name, auth[name] ?? null]));

function scripted(c, calls, url, init) {
  const method = init.method ?? 'GET';
  const call = [method, `${url.pathname}${url.search}`];
  if (init.body) call.push(JSON.parse(init.body));
  calls.push(call);
  if (calls.length > 20) throw new Error('too many calls');
  const script = c.backend?.[`${method} ${url.pathname}`];
  if (!script) {
    calls.unscripted = `${method} ${url.pathname}`;
    throw new TypeError('fetch failed');
  }
  if (script.error) throw new TypeError('fetch failed');
  const headers = script.contentType ? { 'content-type': script.contentType } : {};
  return new Response(script.status === 204 ? null : script.body ?? '', { status: script.status, headers });
}
