// Keys from the Backend API: what is asked, and what each answer comes to where a session has to be verified.
import { jwk } from '../keys.mjs';
import { expand, fixture } from '../fixtures.mjs';
import { COMMON, JWKS, handshakeToken, session } from '../tokens.mjs';
import { ENVS, NOW_S, combinations, json, make } from '../world.mjs';

const error = (code, more = {}) => ({ errors: [{ code, message: 'x', ...more }] });
const set = (name, ...keys) => fixture(`jwks:${name}`, JSON.stringify({ keys }));

const ANSWERS = {
  ok: json(JWKS.main),
  'two-keys': json(JWKS.both),
  'same-kid-other-key': json(JWKS.swapped),
  'kid-missing-from-set': json(JWKS.unrelated),
  empty: json(JWKS.empty),
  charset: { ...json(JWKS.main), contentType: 'application/json; charset=utf-8' },
  'text-type': { ...json(JWKS.main), contentType: 'text/plain' },
  'no-type': { status: 200, body: JWKS.main },
  'key-without-use': json(set('without-use', jwk('main', { use: undefined }))),
  'key-without-alg': json(set('without-alg', jwk('main', { alg: undefined }))),
  'key-twice-last-wins': json(set('twice', jwk('other'), jwk('main'))),
  'other-key-type-beside': json(set('mixed', { kty: 'EC', kid: 'ec', crv: 'P-256', x: 'AA', y: 'AA' }, jwk('main'))),
  '4096-bits': json(set('big', jwk('big'))),
  'invalid-secret': json(error('clerk_key_invalid'), 401),
  'invalid-secret-second': json({ errors: [...error('other').errors, ...error('clerk_key_invalid').errors] }, 401),
  'unauthorized-other-code': json(error('other'), 401),
  'unauthorized-no-errors': json({}, 401),
  'unauthorized-text': { status: 401, contentType: 'text/plain', body: 'no' },
  forbidden: json(error('forbidden'), 403),
  'not-found': json(error('resource_not_found'), 404),
  'not-found-html': { status: 404, contentType: 'text/html', body: '<html></html>' },
  'blocked-html': { status: 403, contentType: 'text/html', body: '<html>blocked</html>' },
  'errors-empty': json({ errors: [] }, 400),
  'too-many': json(error('too_many_requests'), 429),
  'too-many-text': { status: 429, contentType: 'text/plain', body: 'slow down' },
  'server-error': json(error('internal_clerk_error'), 500),
  'bad-gateway-html': { status: 502, contentType: 'text/html', body: '<html></html>' },
  unavailable: json({ errors: [] }, 503),
  'broken-json': { status: 200, contentType: 'application/json', body: '{"keys":' },
  'html-with-200': { status: 200, contentType: 'text/html', body: '<html></html>' },
  network: { error: 'network' },
};

const carriers = (env, token) => ({
  header: { authorization: `Bearer ${token}` },
  cookie: { cookies: { ...(env === 'test' ? { db: 'dvb' } : {}), session: token, uat: NOW_S - 4000 } },
});
const matrix = ENVS.flatMap(env => [...combinations({ answer: Object.keys(ANSWERS), carrier: ['header', 'cookie'], dest: ['document', 'api'] })]
  .filter(c => env === 'live' || (c.carrier === 'cookie' && c.dest === 'document'))
  .map(c => make({ id: `${env}-${c.answer}-${c.carrier}-${c.dest}`, env, dest: c.dest, jwks: ANSWERS[c.answer], ...carriers(env, COMMON[env].valid)[c.carrier] })));

const TOKENS = { expired: COMMON.live.expired, early: COMMON.live.early, forged: COMMON.live.forged, pending: COMMON.live.pending, 'kid-unknown': session('kid-unknown', { header: { kid: 'ins_unknown' } }), 'kid-absent': session('kid-absent', { header: { kid: undefined } }), 'kid-of-other-key': session('kid-of-other', { header: { kid: 'ins_other' } }), 'by-other-key': session('by-other-key', { header: { kid: 'ins_other' }, key: 'other' }) };
const tokens = [...combinations({ token: Object.keys(TOKENS), answer: ['ok', 'two-keys', 'network', 'invalid-secret'], carrier: ['header', 'cookie'] })].map(c => make({
  id: `token-${c.token}-keys-${c.answer}-${c.carrier}`, jwks: ANSWERS[c.answer], ...carriers('live', TOKENS[c.token])[c.carrier],
}));

// Nothing is fetched where no signature has to be checked.
const untouched = [
  make({ id: 'not-asked-signed-out', keys: 'fetched', cookies: {} }),
  make({ id: 'not-asked-uat-only', keys: 'fetched', cookies: { uat: NOW_S - 5 } }),
  make({ id: 'not-asked-before-uat', keys: 'fetched', cookies: { session: COMMON.live.valid, uat: NOW_S } }),
  make({ id: 'not-asked-garbage', keys: 'fetched', cookies: { session: 'garbage', uat: NOW_S - 5 } }),
  make({ id: 'not-asked-template', keys: 'fetched', cookies: { session: COMMON.live.template, uat: NOW_S - 5 } }),
  make({ id: 'not-asked-bearer-garbage', keys: 'fetched', authorization: 'Bearer garbage' }),
  make({ id: 'not-asked-bearer-machine', keys: 'fetched', authorization: `Bearer ${COMMON.live.machine}` }),
  make({ id: 'not-asked-no-dev-browser', env: 'test', keys: 'fetched', cookies: { session: COMMON.test.valid, uat: NOW_S - 5 } }),
  make({ id: 'pem-wins', options: { jwtKey: '${pem:main}' }, jwks: { error: 'network' }, cookies: { session: COMMON.live.valid, uat: NOW_S - 5 } }),
];

// Keys that are there and may not check the token at hand.
const oct = { kty: 'oct', kid: 'ins_oct', k: 'c2VjcmV0', alg: 'HS256' };
const small = jwk('small');
const SETS = {
  '1024-bits': [{ keys: [small] }, { key: 'small' }],
  '1024-bits-without-alg': [{ keys: [{ ...small, alg: undefined }] }, { key: 'small' }],
  'without-alg-rs384': [{ keys: [jwk('main', { alg: undefined })] }, { header: { alg: 'RS384' } }],
  'without-alg-rs512': [{ keys: [jwk('main', { alg: undefined })] }, { header: { alg: 'RS512' } }],
  'oct-rs256': [{ keys: [oct, jwk('main')] }, { header: { kid: 'ins_oct' } }],
  'oct-es256': [{ keys: [oct, jwk('main')] }, { header: { kid: 'ins_oct', alg: 'ES256' } }],
  'oct-hs256': [{ keys: [oct, jwk('main')] }, { header: { kid: 'ins_oct', alg: 'HS256' } }],
  'oct-typ': [{ keys: [oct, jwk('main')] }, { header: { kid: 'ins_oct', typ: 'x' } }],
};
const unusable = Object.entries(SETS).flatMap(([name, [keys, token]]) => {
  const answer = json(fixture(`jwks:${name}`, JSON.stringify(keys)));
  return Object.entries(carriers('live', session(`of-${name}`, token))).map(([carrier, spec]) => make({ id: `unusable-${name}-${carrier}`, jwks: answer, ...spec }));
});

// The handshake token brings the weak key into memory, so the key is the reason, and not the missing signature.
const unsigned = session('unsigned', { raw: expand(COMMON.live.valid).replace(/[^.]*$/, '') });
const afterHandshake = make({
  id: 'unusable-1024-bits-unsigned-after-handshake', jwks: json(fixture('jwks:1024-bits', JSON.stringify({ keys: [small] }))),
  cookies: { handshake: handshakeToken('before-unsigned', []), session: unsigned, uat: NOW_S - 4000 },
});

export const cases = [...matrix, ...tokens, ...untouched, ...unusable, afterHandshake];
