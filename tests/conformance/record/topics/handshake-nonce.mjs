// What comes back from a handshake as a nonce, exchanged at the Backend API.
import { COMMON, JWKS, session } from '../tokens.mjs';
import { ENVS, INSTANCES, NOW_S, combinations, json, make } from '../world.mjs';

const CALL = 'GET /v1/clients/handshake_payload';
const payload = (env, token) => ({ directives: [`__session=${token}; Path=/; SameSite=Lax`, `__client_uat=${NOW_S - 5}; Path=/`] });
const error = code => ({ errors: [{ code, message: 'x', long_message: 'x' }] });

const ANSWERS = env => ({
  ok: json(payload(env, COMMON[env].valid)),
  expired: json(payload(env, COMMON[env].expired)),
  early: json(payload(env, COMMON[env].early)),
  'two-days-old': json(payload(env, COMMON[env].longExpired)),
  forged: json(payload(env, COMMON[env].forged)),
  pending: json(payload(env, COMMON[env].pending)),
  cleared: json({ directives: ['__session=; Path=/; Max-Age=0', '__client_uat=0; Path=/'] }),
  'no-directives': json({ directives: [] }),
  'more-fields': json({ object: 'handshake_payload', directives: payload(env, COMMON[env].valid).directives, nonce: 'n1' }),
  'own-suffix': json({ directives: [`__session_${INSTANCES[env].suffix}=${COMMON[env].valid}; Path=/`] }),
  'other-suffix': json({ directives: [`__session_abcdefgh=${COMMON[env].valid}; Path=/`] }),
  'other-suffix-after': json({ directives: [...payload(env, COMMON[env].valid).directives, '__session_abcdefgh=x; Path=/'] }),
  'line-break': json({ directives: ['a=b\r\nc: d'] }),
  'entry-number': json({ directives: [5] }),
  'entry-number-before': json({ directives: [5, ...payload(env, COMMON[env].valid).directives] }),
  'control-character-before': json({ directives: ['a=b\u0001', ...payload(env, COMMON[env].valid).directives] }),
  'line-break-after': json({ directives: [...payload(env, COMMON[env].valid).directives, 'a=b\r\nc: d'] }),
  'control-character-without-session': json({ directives: ['a=b\u0001', 'c=d; Path=/'] }),
  'directives-missing': json({}),
  'directives-null': json({ directives: null }),
  'content-type-with-charset': { ...json(payload(env, COMMON[env].valid)), contentType: 'application/json; charset=utf-8' },
  'content-type-text': { ...json(payload(env, COMMON[env].valid)), contentType: 'text/plain' },
  'content-type-missing': { ...json(payload(env, COMMON[env].valid)), contentType: undefined },
  'not-found': json(error('resource_not_found'), 404),
  unauthorized: json(error('clerk_key_invalid'), 401),
  unprocessable: json(error('form_param_invalid'), 422),
  'forbidden-html': { status: 403, contentType: 'text/html', body: '<html>blocked</html>' },
  'not-found-text': { status: 404, contentType: 'text/plain', body: 'no' },
  'too-many': json(error('too_many_requests'), 429),
  'server-error': json(error('internal_clerk_error'), 500),
  'bad-gateway-html': { status: 502, contentType: 'text/html', body: '<html>bad gateway</html>' },
  unavailable: json({ errors: [] }, 503),
  html: { status: 200, contentType: 'text/html', body: '<html></html>' },
  'broken-json': { status: 200, contentType: 'application/json', body: '{"directives":' },
  network: { error: 'network' },
});

const beside = env => ({
  nothing: {},
  'valid-session': { ...(env === 'test' ? { db: 'dvb' } : {}), session: COMMON[env].fresh, uat: NOW_S - 5 },
  'uat-only': { ...(env === 'test' ? { db: 'dvb' } : {}), uat: NOW_S - 5 },
  'expired-session': { ...(env === 'test' ? { db: 'dvb' } : {}), session: COMMON[env].expired, uat: NOW_S - 4000 },
});

const answers = ENVS.flatMap(env => [...combinations({ answer: Object.keys(ANSWERS(env)), beside: Object.keys(beside(env)) })].map(c => make({
  id: `${env}-${c.answer}-beside-${c.beside}`, env,
  path: env === 'test' ? '/p?__clerk_handshake_nonce=n1&a=1' : '/p?a=1',
  cookies: { ...beside(env)[c.beside], ...(env === 'live' ? { nonce: 'n1' } : {}) },
  backend: { [CALL]: Object.fromEntries(Object.entries(ANSWERS(env)[c.answer]).filter(([, v]) => v !== undefined)) },
})));

const swapped = ENVS.flatMap(env => ['document', 'api'].flatMap(dest => [
  make({
    id: `${env}-in-the-other-place-${dest}`, env, dest,
    path: env === 'live' ? '/p?__clerk_handshake_nonce=n1&a=1' : '/p?a=1',
    cookies: { ...(env === 'test' ? { nonce: 'n1', db: 'dvb' } : {}) },
    backend: { [CALL]: ANSWERS(env).ok },
  }),
  make({
    id: `${env}-in-the-other-place-beside-valid-session-${dest}`, env, dest,
    path: env === 'live' ? '/p?__clerk_handshake_nonce=n1&a=1' : '/p?a=1',
    cookies: { ...beside(env)['valid-session'], ...(env === 'test' ? { nonce: 'n1' } : {}) },
    backend: { [CALL]: ANSWERS(env).ok },
  }),
]));

const NONCES = { empty: '', encoded: 'a%20b', plus: 'a+b', slash: 'a/b', ampersand: 'a%26b', long: 'n'.repeat(200), unicode: '%C3%A9', colon: 'a:b', percent: '%25', quote: '%22' };
const values = ENVS.flatMap(env => Object.entries(NONCES).map(([name, nonce]) => make({
  id: `${env}-value-${name}`, env,
  path: env === 'test' ? `/p?__clerk_handshake_nonce=${nonce}` : '/p',
  cookies: { ...(env === 'test' ? { db: 'dvb' } : { nonce }) },
  backend: { [CALL]: ANSWERS(env).ok },
})));

const requests = ENVS.flatMap(env => ['ok', 'not-found', 'network'].flatMap(answer => [
  { name: 'post', method: 'POST' }, { name: 'api', dest: 'api' }, { name: 'iframe', dest: 'iframe' },
  { name: 'count-1', count: '1' }, { name: 'count-3', count: '3' },
].map(({ name, count, ...request }) => make({
  id: `${env}-${answer}-${name}`, env, ...request,
  path: env === 'test' ? '/p?__clerk_handshake_nonce=n1' : '/p',
  cookies: { ...beside(env)['valid-session'], ...(env === 'live' ? { nonce: 'n1' } : {}), count },
  backend: { [CALL]: ANSWERS(env)[answer] },
}))));

const others = ENVS.flatMap(env => [
  make({ id: `${env}-nonce-and-keys-fetched`, env, jwks: json(JWKS.main), path: env === 'test' ? '/p?__clerk_handshake_nonce=n1' : '/p', cookies: env === 'live' ? { nonce: 'n1' } : {}, backend: { [CALL]: ANSWERS(env).ok } }),
  make({ id: `${env}-nonce-ok-keys-out-of-reach`, env, jwks: { error: 'network' }, path: env === 'test' ? '/p?__clerk_handshake_nonce=n1' : '/p', cookies: env === 'live' ? { nonce: 'n1' } : {}, backend: { [CALL]: ANSWERS(env).ok } }),
  // The category is looked at before a key is.
  make({ id: `${env}-machine-session-keys-out-of-reach`, env, jwks: { error: 'network' }, path: env === 'test' ? '/p?__clerk_handshake_nonce=n1' : '/p', cookies: env === 'live' ? { nonce: 'n1' } : {}, backend: { [CALL]: json(payload(env, session(`${env}-m2m-category`, { env, header: { cat: 'cl_B7d4PD333AAA' } }))) } }),
  // So is the length of a signature.
  make({ id: `${env}-short-signature-keys-out-of-reach`, env, jwks: { error: 'network' }, path: env === 'test' ? '/p?__clerk_handshake_nonce=n1' : '/p', cookies: env === 'live' ? { nonce: 'n1' } : {}, backend: { [CALL]: json(payload(env, session(`${env}-short-signature`, { env, key: 'small' }))) } }),
  make({ id: `${env}-satellite`, env, satellite: true, path: env === 'test' ? '/p?__clerk_handshake_nonce=n1&__clerk_synced=true' : '/p?__clerk_synced=false', cookies: env === 'live' ? { nonce: 'n1' } : {}, backend: { [CALL]: ANSWERS(env).ok } }),
  make({ id: `${env}-satellite-failed`, env, satellite: true, path: env === 'test' ? '/p?__clerk_handshake_nonce=n1&__clerk_synced=true' : '/p?__clerk_synced=false', cookies: env === 'live' ? { nonce: 'n1' } : {}, backend: { [CALL]: ANSWERS(env)['not-found'] } }),
  make({ id: `${env}-clears-the-session`, env, path: env === 'test' ? '/p?__clerk_handshake_nonce=n1' : '/p', cookies: { ...beside(env)['valid-session'], ...(env === 'live' ? { nonce: 'n1' } : {}) }, backend: { [CALL]: ANSWERS(env).cleared } }),
  make({ id: `${env}-audience-required`, env, options: { audience: 'a' }, path: env === 'test' ? '/p?__clerk_handshake_nonce=n1' : '/p', cookies: env === 'live' ? { nonce: 'n1' } : {}, backend: { [CALL]: json(payload(env, session(`${env}-aud-b`, { env, claims: { aud: 'b' } }))) } }),
]);

export const cases = [...answers, ...swapped, ...values, ...requests, ...others];
