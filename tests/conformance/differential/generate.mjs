// Random requests from a seed. A case has the recorder's form, with texts written out instead of named, and tokens made
// relative to the moment of generation. What happens at a boundary of time is the vectors' business: here every claim
// keeps a few seconds away from one.
import { KEYS, jwk } from '../record/keys.mjs';
import { HEADER, jwt } from '../record/tokens.mjs';
import { INSTANCES, SATELLITES, cookieHeader } from '../record/world.mjs';

/** A small, well mixed generator (mulberry32): the same seed gives the same cases everywhere. */
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const r = {
    below: n => Math.floor(next() * n),
    chance: p => next() < p,
    pick: list => list[Math.floor(next() * list.length)],
    /** Entries of `[weight, value]`; a function is called. */
    weighted(entries) {
      let at = next() * entries.reduce((sum, [weight]) => sum + weight, 0);
      const [, chosen] = entries.find(([weight]) => (at -= weight) < 0) ?? entries[entries.length - 1];
      return typeof chosen === 'function' ? chosen() : chosen;
    },
  };
  return r;
}

const json = (value, status = 200, contentType = 'application/json') => ({ status, contentType, body: JSON.stringify(value) });
const failure = (code, status, contentType) => json({ errors: [{ code, message: 'x' }] }, status, contentType);

/** The key set endpoint answers by secret key, so that a key cache always sees the same thing for the same key. */
export const KEY_SETS = {
  ok: json({ keys: [jwk('main')] }),
  oct: json({ keys: [{ kty: 'oct', kid: 'ins_oct', k: 'c2VjcmV0', alg: 'HS256' }, jwk('main')] }),
  small: json({ keys: [jwk('small')] }),
  plain: json({ keys: [jwk('main', { alg: undefined })] }),
  two: json({ keys: [jwk('other', { kid: 'ins_other' }), jwk('main')] }, 200, 'application/json; charset=utf-8'),
  unrelated: json({ keys: [jwk('other', { kid: 'ins_other' })] }),
  empty: json({ keys: [] }),
  refused: failure('clerk_key_invalid', 401),
  forbidden: failure('forbidden', 403),
  down: failure('unavailable', 503),
};
export const keySetOf = secretKey => KEY_SETS[/_(\w+)$/.exec(secretKey.replace(/^sk_(live|test)_/, '_'))?.[1]] ?? KEY_SETS.ok;

const ODD_SESSION_IDS = [undefined, '', 'sess 1', 'sess?1'];

/** A session token. `sid` is the case's own, so that the mock can tell whose refresh it is. */
function sessionToken(r, env, now, sid) {
  const at = Math.floor(now / 1000);
  const { host, origin } = INSTANCES[env];
  const claims = { azp: origin, exp: at + 55, iat: at - 20, iss: `https://${host}`, nbf: at - 30, sid, sub: 'user_1', v: 2 };
  const header = { ...HEADER };
  let key = 'main';
  r.weighted([
    [70, () => {}],
    [12, () => Object.assign(claims, { exp: at - 3540, iat: at - 3600, nbf: at - 3610 })],
    [2, () => Object.assign(claims, { exp: at - 172_740, iat: at - 172_800, nbf: at - 172_810 })],
    [3, () => Object.assign(claims, { exp: at - 30, iat: at - 90 })],
    [3, () => Object.assign(claims, { nbf: at + 600, exp: at + 660 })],
    [3, () => Object.assign(claims, { iat: at + 600, exp: at + 660 })],
    [4, () => { key = 'other'; }],
    [3, () => { header.cat = r.pick(['cl_B7d4PD222AAA', 'cl_B7d4PD333AAA', 'cl_x', null]); }],
    [2, () => { header.cat = r.pick(['cl_I7d4PD111III', undefined]); }],
    [2, () => { header.typ = r.pick(['at+jwt', 'application/at+jwt', 'jwt', undefined, 5]); }],
    [2, () => { header.alg = r.pick(['HS256', 'RS384', 'none', 'ES256']); }],
    [1, () => { header.kid = r.pick(['ins_unknown', undefined]); }],
    // Where no key has this id, ours may not look it up yet (G6).
    [2, () => { if (r.keySet !== 'oct') return; header.kid = 'ins_oct'; header.alg = r.pick(['RS256', 'ES256', 'HS256']); }],
    [1, () => { key = 'small'; }],
    [1, () => { claims.sub = r.pick(['mch_1', 5, '', undefined]); }],
    [1, () => { claims.sid = r.pick(ODD_SESSION_IDS); }],
    [1, () => { claims.iat = r.pick([undefined, 'x', null]); }],
    [1, () => { claims.exp = r.pick([undefined, 'x', 1e20]); }],
    [1, () => { claims.aud = r.pick([5, { a: 1 }, ['a', 5], true]); }],
  ]);
  if (r.chance(0.15)) claims.iss = r.pick([undefined, 'https://clerk.elsewhere.example', 'https://clerk.satellite.dev', `http://${host}`, host, 5]);
  if (r.chance(0.15)) claims.azp = r.pick([undefined, 'https://x.example', '']);
  if (r.chance(0.1)) claims.aud = r.pick(['a', 'b', ['a', 'c'], ['c'], []]);
  if (r.chance(0.08)) claims.sts = r.pick(['pending', 'active']);
  if (r.chance(0.08)) claims.act = { iss: 'https://dashboard.clerk.com', sid: 'sess_admin', sub: 'user_admin' };
  if (r.chance(0.35)) {
    claims.o = { id: r.pick(['org_a', 'org_b']), slg: r.pick(['acme', 'beta', 'a b']), rol: r.pick(['admin', 'member']) };
    if (r.chance(0.5)) Object.assign(claims.o, { per: r.pick(['read,manage', 'read', ' read , manage ']), fpm: r.pick(['3,2', '1', '0,3', '9007199254740993', 'x,1']) });
    if (r.chance(0.5)) claims.fea = r.pick(['o:dash,o:teams', 'u:a,o:dash', 'ou:x,uo:y', 'dash', 'o:dash,', 'z:dash']);
  } else if (r.chance(0.15)) {
    Object.assign(claims, { v: r.pick([undefined, 1, '2']), org_id: r.pick(['org_a', 'org_a', '']), org_slug: 'acme', org_role: 'org:admin', org_permissions: r.pick([undefined, [], ['org:dash:read']]) });
  }
  const payload = r.chance(0.01) ? r.pick(['null', '5', '[]', '"x"']) : claims;
  const token = jwt(r.chance(0.005) ? r.pick(['null', '5', '[]']) : header, payload, key);
  const [signed] = /^[^.]*\.[^.]*\./.exec(token);
  return r.weighted([[96, token], [2, signed], [2, `${token}${'='.repeat((4 - ((token.length - signed.length) % 4)) % 4)}`]]);
}

const garbage = r => r.pick(['abc', 'a.b.c', '..', 'eyJhIjoxfQ.eyJhIjoxfQ.AAAA', 'x'.repeat(300), '%zz', '"quoted"', 'Bearer']);

function directives(r, env, now, token) {
  const { suffix } = INSTANCES[env];
  const list = [];
  const session = value => list.push(`${r.weighted([[6, '__session'], [3, `__session_${suffix}`], [1, '__session_abcdefgh'], [0.5, '__sessionX']])}=${value}; Path=/; SameSite=Lax`);
  const count = r.weighted([[6, 1], [3, 2], [1, 0]]);
  for (let n = 0; n < count; n += 1) session(r.chance(0.1) ? '' : token());
  if (r.chance(0.7)) list.push(`__client_uat=${Math.floor(now / 1000) - 20}; Path=/; Max-Age=315360000`);
  if (r.chance(0.2)) list.push('foo=bar; Path=/; Domain=example.com; HttpOnly');
  if (r.chance(0.2)) list.push(`__refresh_${suffix}=r2; Path=/; HttpOnly`);
  if (r.chance(0.1)) list.push('__clerk_handshake=; Path=/; Max-Age=0');
  if (env === 'test' && r.chance(0.3)) list.push('__clerk_db_jwt=dvb_new; Path=/');
  return list;
}

const PATTERNS = [
  { organizationPatterns: ['/orgs/:slug', '/orgs/:slug/(.*)'] },
  { organizationPatterns: ['/by-id/:id', '/by-id/:id/(.*)'], personalAccountPatterns: ['/me', '/me/(.*)'] },
  { organizationPatterns: ['/orgs/:slug(.*)'] },
  { organizationPatterns: ['/orgs/:slug+'], personalAccountPatterns: ['/me'] },
  { personalAccountPatterns: ['/(.*)'] },
  { personalAccountPatterns: [] },
  { organizationPatterns: [], personalAccountPatterns: ['/me'] },
  {},
];
const PATHS = ['/', '/path', '/orgs/acme', '/orgs/beta/settings', '/orgs/acme/', '/ORGS/acme', '/orgs/a%20b', '/orgs/a%2Fb', '/orgs/acme/x', '/by-id/org_a', '/by-id/org_b/x', '/me', '/me/x', '/a%20b/~c', '/a//b', '//evil.example/x'];

/** Everything a case needs, made now. `index` makes its names its own. */
export function generate(seed, index, { now = Date.now(), nameSpace = `${seed}_${index}` } = {}) {
  const r = random((seed * 1_000_003 + index) >>> 0);
  const env = r.chance(0.5) ? 'live' : 'test';
  const instance = INSTANCES[env];
  const sid = `sess_${nameSpace}`;
  const token = () => (r.chance(0.04) ? garbage(r) : sessionToken(r, env, now, sid));

  const keySet = r.weighted([[70, 'ok'], [3, 'oct'], [2, 'small'], [2, 'plain'], [8, 'two'], [5, 'unrelated'], [2, 'empty'], [1.5, 'refused'], [1, 'forbidden'], [1.5, 'down']]);
  r.keySet = keySet;
  const options = { publishableKey: instance.publishableKey, secretKey: `sk_${env}_${keySet}` };
  if (r.chance(0.6)) options.jwtKey = KEYS[r.chance(0.03) ? 'big' : 'main'].pem;
  if (r.chance(0.03) && options.jwtKey) options.jwtKey = options.jwtKey.replaceAll('\n', '\\n');
  if (r.chance(0.15)) options.proxyUrl = r.pick(['https://app.example.com/__clerk', '/__clerk', 'https://proxy.example.com/api/__clerk/']);
  if (r.chance(0.25)) {
    Object.assign(options, SATELLITES[env].options);
    if (r.chance(0.4)) options.satelliteAutoSync = r.chance(0.5);
    if (r.chance(0.1)) delete options.domain;
    if (r.chance(0.1)) delete options.signInUrl;
  } else {
    if (r.chance(0.05)) options.domain = 'satellite.dev';
    if (r.chance(0.1)) options.signInUrl = '/sign-in';
    if (r.chance(0.1)) options.satelliteOrigins = ['https://satellite.example.net'];
  }
  if (r.chance(0.3)) options.organizationSyncOptions = r.pick(PATTERNS);
  if (r.chance(0.1)) options.authorizedParties = r.pick([[instance.origin], ['https://x.example'], ['https://y.example', instance.origin], [`${instance.origin}/`], [instance.origin.toUpperCase().replace('HTTP', 'http')]]);
  if (r.chance(0.005)) options.authorizedParties = r.pick([['localhost'], [instance.origin, 'https://*.example.com']]);
  if (r.chance(0.08)) options.audience = r.pick([['a'], ['a', 'b']]);
  if (r.chance(0.1)) options.clockSkewInMs = r.pick([0, 1000, 5000, 10_000]);
  if (r.chance(0.005)) options.secretKey = `sk_${env === 'live' ? 'test' : 'live'}_${keySet}`;

  const backend = { 'GET /v1/jwks': keySetOf(options.secretKey) };
  const headers = [];
  const add = (name, value) => headers.push([name, value]);

  const host = r.weighted([[6, env === 'live' ? 'app.example.com' : 'localhost:3000'], [1, '127.0.0.1:8080'], [1, 'www.example.net']]);
  add('host', host);
  if (r.chance(0.4)) add('x-forwarded-proto', r.weighted([[6, 'https'], [1, 'http'], [1, 'https,http'], [1, ''], [1, 'wss'], [0.5, 'ws'], [0.5, 'javascript']]));
  if (r.chance(0.25)) add('x-forwarded-host', r.weighted([[6, 'app.example.com'], [1, 'app.example.com:8443'], [1, 'a.example, b.example'], [1, ''], [0.5, '<bad>'], [0.5, 'user@evil.example']]));
  if (r.chance(0.05)) add('x-forwarded-port', '444');
  r.weighted([[60, () => add('sec-fetch-dest', 'document')], [5, () => add('sec-fetch-dest', 'iframe')], [8, () => add('sec-fetch-dest', 'empty')], [27, () => {}]]);
  if (r.chance(0.5)) add('accept', r.weighted([[5, 'text/html,application/xhtml+xml'], [2, '*/*'], [2, 'application/json'], [1, 'application/xhtml+xml,text/html']]));
  if (r.chance(0.25)) add('referer', r.pick([`${instance.origin}/before`, 'https://elsewhere.example/', `${instance.portal}/sign-in`, `https://${instance.host}/`, 'https://quick-fox-1.accounts.dev/', 'https://app.example.com/', 'nonsense', 'https://accounts.foo.bar-13.lcl.dev/']));
  if (r.chance(0.1)) add('origin', r.pick([instance.origin, 'https://satellite.dev', 'https://primary.dev', 'http://localhost:3000', 'null']));
  if (r.chance(0.05)) add('x-custom', 'yes');
  if (r.chance(0.2)) {
    add('authorization', r.weighted([
      [10, () => `Bearer ${token()}`], [2, () => token()], [1, () => `bearer ${token()}`], [1, () => `Bearer  ${token()}`], [1, 'Basic eHg6eXk='], [1, 'Bearer ak_123'], [1, () => `Bearer ${token()} extra`], [1, 'Bearer'],
    ]));
  }

  // Cookies. A client's last change keeps clear of the tokens' `iat`, except exactly on it.
  const at = Math.floor(now / 1000);
  const uat = () => String(r.weighted([[6, at - 200_000], [3, at - 20], [2, at - 10], [2, 0]]));
  const jar = {};
  if (r.chance(0.6)) jar.session = token();
  if (r.chance(0.6)) jar.uat = uat();
  if (r.chance(0.35)) jar.session_ = token();
  if (r.chance(0.35)) jar.uat_ = uat();
  if (!jar.session_ && !jar.uat_ && r.chance(0.06)) jar.uat = r.pick(['-5', '12abc', '0x10', 'abc', '+7', '1.5', '']);
  if (r.chance(0.4)) jar.refresh_ = 'refresh_1';
  if (r.chance(0.5)) jar.db = r.pick(['dvb_1', 'a%20b', '']);
  if (r.chance(0.2)) jar.db_ = 'dvb_2';
  if (r.chance(0.25)) jar.count = r.weighted([[3, '1'], [3, '2'], [3, '3'], [1, '4'], [1, 'x'], [1, '-1'], [1, '0'], [1, '1.4fdd44d2'], [1, '3.4fdd44d2'], [2, '3.2b6c123e']]);
  if (r.chance(0.2)) jar.theme = 'dark';

  // What a handshake brings back, mostly where it belongs.
  const query = [];
  const place = (name, short, value) => {
    const inQuery = r.chance(env === 'test' ? 0.9 : 0.1);
    if (inQuery) query.push(`${name}=${value}`);
    else jar[short] = value;
  };
  if (r.chance(0.12)) {
    const header = { alg: 'RS256', kid: 'ins_main', ...(r.chance(0.1) ? { cat: r.pick(['cl_B7d4PD111AAA', 'cl_B7d4PD222AAA']) } : {}), ...(r.chance(0.05) ? { typ: r.pick(['JWT', 'x']) } : {}) };
    const made = jwt(header, { handshake: directives(r, env, now, token) }, r.chance(0.12) ? 'other' : 'main');
    place('__clerk_handshake', 'handshake', r.chance(0.06) ? 'abc' : made);
  }
  if (r.chance(0.1)) {
    const nonce = `nonce_${nameSpace}`;
    place('__clerk_handshake_nonce', 'nonce', nonce);
    backend['GET /v1/clients/handshake_payload'] = r.weighted([
      [8, () => json({ directives: directives(r, env, now, token) })],
      [1, () => json({ directives: directives(r, env, now, token) }, 200, 'application/json; charset=utf-8')],
      [1, failure('not_found', 404)], [1, failure('internal', 500)], [1, { status: 502, contentType: 'text/html', body: '<html></html>' }], [0.5, failure('too_many', 429)], [0.5, json({})],
    ]);
  }
  const refreshed = () => json({ object: 'cookies', cookies: directives(r, env, now, token) });
  const renewal = r.weighted([
    [8, refreshed], [1, () => ({ ...refreshed(), contentType: 'application/json; charset=utf-8' })], [2, failure('refresh_token_expired', 401)], [1, failure('x', 500)],
    [1, { status: 500, contentType: 'text/plain', body: 'oops' }], [1, json({ object: 'cookies', cookies: [] })],
  ]);
  // Clerk's package asks under the odd session IDs of `sessionToken` too.
  for (const id of [sid, ...ODD_SESSION_IDS.filter(Boolean)]) backend[`POST ${new URL(`https://x/v1/sessions/${id}/refresh`).pathname}`] = renewal;

  if (r.chance(0.2)) query.push(r.pick(['a=1', 'q=a%20b', 'q=a+b&r=~', 'q', 'e=%C3%A9', 'x=1&x=2']));
  if (r.chance(options.isSatellite ? 0.5 : 0.05)) query.push(`__clerk_synced=${r.pick(['true', 'false', 'x'])}`);
  if (r.chance(0.06)) query.push(`__clerk_db_jwt=${r.pick(['dvb_new', ''])}`);
  if (r.chance(0.04)) query.push('__dev_session=1');
  if (r.chance(0.06)) query.push(`__portal_cookie_check=${r.pick([at, at, at - 5, at - 500, 'x', ''])}`);
  // Now and then nothing at all comes back.
  if (r.chance(0.06)) for (const name of Object.keys(jar)) delete jar[name];
  if (r.chance(0.06)) query.push(`__clerk_redirect_url=${encodeURIComponent(r.pick(['http://localhost:3001/x', 'http://localhost:3001/x?__clerk_synced=false', 'https://satellite.example.net/', 'https://evil.example/', 'javascript:alert(1)', 'notaurl', '']))}`);
  if (r.chance(0.3)) query.reverse();

  const cookie = cookieHeader(env, jar);
  if (cookie) add('cookie', r.chance(0.1) ? cookie.replaceAll('; ', ';') : cookie);
  const method = r.weighted([[85, 'GET'], [8, 'POST'], [3, 'HEAD'], [2, 'PUT'], [2, 'DELETE']]);
  const target = `${options.organizationSyncOptions ? r.pick(PATHS) : r.weighted([[4, '/path'], [1, () => r.pick(PATHS)]])}${query.length ? `?${query.join('&')}` : ''}`;
  return { id: `${seed}/${index}`, options, now, request: { method, url: `http://${host}${target}`, headers }, backend, target };
}
