// A case as an HTTP request to the conformance server, and both kinds of answer in one form.
import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 4 });

/** The option headers of the conformance server. */
export function optionHeaders({ options }) {
  const list = [];
  const add = (name, value) => value !== undefined && list.push([name, String(value)]);
  add('x-publishable-key', options.publishableKey);
  add('x-secret-key', options.secretKey);
  add('x-proxy-url', options.proxyUrl);
  add('x-domain', options.domain);
  add('x-satellite', options.isSatellite);
  add('x-sign-in-url', options.signInUrl);
  add('x-sign-up-url', options.signUpUrl);
  add('x-satellite-auto-sync', options.satelliteAutoSync);
  add('x-satellite-origins', options.satelliteOrigins?.join(','));
  add('x-organization-sync-options', options.organizationSyncOptions && JSON.stringify(options.organizationSyncOptions));
  add('x-jwt-key', options.jwtKey && Buffer.from(options.jwtKey).toString('base64'));
  add('x-authorized-parties', options.authorizedParties?.join(','));
  add('x-audience', options.audience?.join(','));
  add('x-clock-skew-ms', options.clockSkewInMs);
  return list;
}

export function send(base, c) {
  const { hostname, port } = new URL(base);
  const headers = [...c.request.headers, ...optionHeaders(c)].flat();
  return new Promise((resolve, reject) => {
    const req = request({ agent, hostname, port, method: c.request.method, path: c.target, headers, setHost: false, timeout: 30_000 }, res => {
      const chunks = [];
      res.on('data', chunk => chunks.push(chunk));
      res.on('end', () => resolve({ status: res.statusCode, raw: res.rawHeaders, body: Buffer.concat(chunks).toString() }));
    });
    req.on('error', reject);
    req.on('timeout', () => req.destroy(new Error('no answer within 30 seconds')));
    req.end();
  });
}

const SHOWN = ['location', 'cache-control', 'access-control-allow-origin', 'access-control-allow-credentials', 'set-cookie', 'x-clerk-auth-reason', 'x-clerk-auth-status'];

function shown(pairs) {
  const all = Object.fromEntries(SHOWN.map(name => [name, pairs.filter(([n]) => n.toLowerCase() === name).map(([, v]) => v)]));
  // The two sides look at the clock one after the other.
  const timeless = text => text.replace(/(__portal_cookie_check=)\d+/, '$1now');
  return Object.fromEntries(Object.entries(all).map(([name, values]) => [name, name === 'set-cookie' ? values : timeless(values.join(', ')) || null]));
}

const NOBODY = { userId: null, sessionId: null, sessionStatus: null, orgId: null, orgRole: null, orgSlug: null, orgPermissions: null, actor: null };

/** What an outcome must look like on the wire. */
export function onTheWire(outcome, c) {
  if (outcome.refused || outcome.throws) return { status: 500 };
  if (outcome.status === 'undecided') return { status: 503 };
  const headers = { ...shown(outcome.headers), 'x-clerk-auth-status': outcome.status };
  const redirected = headers.location !== null;
  if (outcome.auth?.throws && !redirected) return { status: 500 };
  const body = redirected || c.request.method === 'HEAD' ? null : { status: outcome.status, reason: outcome.reason ?? null, ...NOBODY, ...outcome.auth };
  return { status: redirected ? 307 : 200, headers, body };
}

/** What came back. */
export function fromTheWire({ status, raw, body }, c) {
  if (status === 500 || status === 503) return { status };
  const pairs = [];
  for (let at = 0; at < raw.length; at += 2) pairs.push([raw[at], raw[at + 1]]);
  let parsed = null;
  if (status === 200 && c.request.method !== 'HEAD') {
    try {
      const all = JSON.parse(body);
      parsed = Object.fromEntries(['status', 'reason', ...Object.keys(NOBODY)].map(name => [name, all[name] ?? null]));
    } catch {
      parsed = { unreadable: body.slice(0, 200) };
    }
  }
  return { status, headers: shown(pairs), body: parsed };
}

/** The paths at which two answers differ. */
export function differences(expected, actual, path = '') {
  if (JSON.stringify(sortKeys(expected)) === JSON.stringify(sortKeys(actual))) return [];
  const isObject = v => v !== null && typeof v === 'object' && !Array.isArray(v);
  if (!isObject(expected) || !isObject(actual)) return [{ path, expected, actual }];
  return [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
    .flatMap(name => differences(expected[name], actual[name], path ? `${path}.${name}` : name));
}

function sortKeys(v) {
  if (Array.isArray(v)) return v.map(sortKeys);
  if (v && typeof v === 'object') return Object.fromEntries(Object.keys(v).sort().map(name => [name, sortKeys(v[name])]));
  return v;
}

const quoted = text => `'${String(text).replaceAll("'", "'\\''")}'`;

export function asCurl(base, c) {
  const headers = [...c.request.headers, ...optionHeaders(c)].map(([name, value]) => `-H ${quoted(value === '' ? `${name};` : `${name}: ${value}`)}`);
  return ['curl -s -i --path-as-is', c.request.method === 'HEAD' ? '--head' : `-X ${c.request.method}`, ...headers, quoted(`${base.replace(/\/$/, '')}${c.target}`)].join(' \\\n  ');
}
