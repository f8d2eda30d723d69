// The fixed world every vector lives in: two Clerk instances, one instant, one application on each.

export const NOW = Date.UTC(2027, 0, 15, 8, 0, 0); // 1_800_000_000_000
export const NOW_S = NOW / 1000;

const publishableKey = (kind, host) => `pk_${kind}_${Buffer.from(`${host}$`).toString('base64')}`;

// The suffixes are written down, not computed.
export const INSTANCES = {
  live: {
    env: 'live',
    host: 'clerk.example.com',
    publishableKey: publishableKey('live', 'clerk.example.com'),
    secretKey: 'sk_live_conformance',
    suffix: 'naoXFJnI',
    origin: 'https://app.example.com',
    portal: 'https://accounts.example.com',
  },
  test: {
    env: 'test',
    host: 'foo-bar-13.clerk.accounts.dev',
    publishableKey: publishableKey('test', 'foo-bar-13.clerk.accounts.dev'),
    secretKey: 'sk_test_conformance',
    suffix: 'nx2hSE6I',
    origin: 'http://localhost:3000',
    portal: 'https://foo-bar-13.accounts.dev',
  },
};

export const ENVS = ['live', 'test'];

/** The two rows of a satellite set-up, per environment. */
export const SATELLITES = {
  live: {
    origin: 'https://satellite.dev',
    options: { isSatellite: true, domain: 'satellite.dev', signInUrl: 'https://primary.dev/sign-in' },
  },
  test: {
    origin: 'http://localhost:3001',
    options: { isSatellite: true, domain: 'localhost:3001', signInUrl: 'http://localhost:3000/sign-in' },
  },
};

const COOKIE_NAMES = {
  session: '__session',
  uat: '__client_uat',
  refresh: '__refresh',
  db: '__clerk_db_jwt',
  handshake: '__clerk_handshake',
  nonce: '__clerk_handshake_nonce',
  count: '__clerk_redirect_count',
};

/** `session` is the plain cookie, `session_` the one with this instance's suffix; other names are taken as they are. */
export function cookieName(env, short) {
  const suffixed = short.endsWith('_') && COOKIE_NAMES[short.slice(0, -1)];
  if (suffixed) return `${suffixed}_${INSTANCES[env].suffix}`;
  return COOKIE_NAMES[short] ?? short;
}

export function cookieHeader(env, cookies) {
  return Object.entries(cookies)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([short, value]) => `${cookieName(env, short)}=${value}`)
    .join('; ');
}

const DESTINATIONS = {
  document: [['sec-fetch-dest', 'document']],
  iframe: [['sec-fetch-dest', 'iframe']],
  empty: [['sec-fetch-dest', 'empty']],
  accept: [['accept', 'text/html,application/xhtml+xml']],
  api: [],
};

/**
 * Spells one case out. Keys: by default a PEM, so that nothing is fetched; `jwks: <answer>` removes it and scripts the
 * key set instead.
 */
export function make(spec) {
  const {
    id, env = 'live', options = {}, now = NOW, method = 'GET', origin, path = '/path', url, dest = 'document',
    headers = [], cookies, cookie, authorization, backend = {}, jwks, satellite = false, keys = 'pem', ...rest
  } = spec;
  const instance = INSTANCES[env];
  const base = { publishableKey: instance.publishableKey, secretKey: instance.secretKey };
  if (keys === 'pem' && jwks === undefined) base.jwtKey = '${pem:main}';
  const merged = { ...base, ...(satellite ? SATELLITES[env].options : {}), ...options };
  for (const [name, value] of Object.entries(merged)) if (value === undefined) delete merged[name];

  const list = [...DESTINATIONS[dest]];
  const jar = cookie ?? (cookies ? cookieHeader(env, cookies) : '');
  if (jar) list.push(['cookie', jar]);
  if (authorization !== undefined) list.push(['authorization', authorization]);
  list.push(...headers);

  const answers = { ...backend };
  if (jwks !== undefined) answers['GET /v1/jwks'] = jwks;
  return {
    id,
    options: merged,
    now,
    request: { method, url: url ?? `${origin ?? (satellite ? SATELLITES[env].origin : instance.origin)}${path}`, headers: list },
    backend: answers,
    ...rest,
  };
}

/** Every combination of the named lists, as objects. */
export function* combinations(lists) {
  const names = Object.keys(lists);
  const walk = function* (at, chosen) {
    if (at === names.length) {
      yield { ...chosen };
      return;
    }
    for (const value of lists[names[at]]) yield* walk(at + 1, { ...chosen, [names[at]]: value });
  };
  yield* walk(0, {});
}

export const json = (value, status = 200) => ({
  status,
  contentType: 'application/json',
  body: typeof value === 'string' ? value : JSON.stringify(value),
});
