// What comes back from a handshake as a signed token: in the query in development, in a cookie in production.
import { expand } from '../fixtures.mjs';
import { COMMON, JWKS, handshakeToken, jwt, session } from '../tokens.mjs';
import { ENVS, INSTANCES, NOW_S, combinations, json, make } from '../world.mjs';

const directives = (env, token, uat = NOW_S - 5) => [
  `__session=${expand(token)}; Path=/; Secure; SameSite=Lax`,
  `__client_uat=${uat}; Path=/; Domain=example.com; Max-Age=315360000`,
];

const carriers = {
  query: (env, token, more = {}) => ({ env, path: `/p?__clerk_handshake=${token}${more.query ?? ''}`, ...more, cookies: more.cookies ?? {} }),
  cookie: (env, token, more = {}) => ({ env, path: `/p${more.query ? `?${more.query.slice(1)}` : ''}`, ...more, cookies: { ...(more.cookies ?? {}), handshake: token } }),
};
const usual = env => (env === 'test' ? 'query' : 'cookie');

// The session inside.
const SESSIONS = ['valid', 'expired', 'longExpired', 'early', 'nbf', 'iat', 'forged', 'template', 'machine', 'pending', 'noIssuer', 'foreign'];
const inside = ENVS.flatMap(env => [...combinations({ name: SESSIONS, carrier: ['query', 'cookie'], dest: ['document', 'api'] })].map(({ name, carrier, dest }) => {
  const token = handshakeToken(`${env}-with-${name}`, directives(env, COMMON[env][name]));
  return make({ id: `${env}-${carrier}-session-${name}-${dest}`, dest, ...carriers[carrier](env, token) });
}));

// The token itself.
const whole = env => directives(env, COMMON[env].valid);
const TOKENS = {
  forged: env => handshakeToken(`${env}-forged`, whole(env), { key: 'other' }),
  'template-category': env => handshakeToken(`${env}-template-category`, whole(env), { header: { cat: 'cl_B7d4PD222AAA' } }),
  'session-category': env => handshakeToken(`${env}-session-category`, whole(env), { header: { cat: 'cl_B7d4PD111AAA' } }),
  'ignore-category': env => handshakeToken(`${env}-ignore-category`, whole(env), { header: { cat: 'cl_I7d4PD111III' } }),
  'm2m-category': env => handshakeToken(`${env}-m2m-category`, whole(env), { header: { cat: 'cl_B7d4PD333AAA' } }),
  'unknown-category': env => handshakeToken(`${env}-unknown-category`, whole(env), { header: { cat: 'cl_x' } }),
  'type-jwt': env => handshakeToken(`${env}-type-jwt`, whole(env), { header: { typ: 'JWT' } }),
  'type-lower-case': env => handshakeToken(`${env}-type-lower-case`, whole(env), { header: { typ: 'jwt' } }),
  'type-other': env => handshakeToken(`${env}-type-other`, whole(env), { header: { typ: 'at+jwt' } }),
  'alg-hs256': env => handshakeToken(`${env}-hs256`, whole(env), { header: { alg: 'HS256' } }),
  'alg-none': env => handshakeToken(`${env}-none`, whole(env), { header: { alg: 'none' } }),
  'alg-rs512': env => handshakeToken(`${env}-rs512`, whole(env), { header: { alg: 'RS512' } }),
  'unknown-kid': env => handshakeToken(`${env}-unknown-kid`, whole(env), { header: { kid: 'ins_unknown' } }),
  'exp-in-the-past': env => handshakeToken(`${env}-exp-past`, whole(env), { claims: { exp: NOW_S - 1000, iat: NOW_S - 2000 } }),
  'nbf-in-the-future': env => handshakeToken(`${env}-nbf-future`, whole(env), { claims: { nbf: NOW_S + 1000, iat: NOW_S + 1000 } }),
  'no-list': env => handshakeToken(`${env}-no-list`, undefined, { payload: { other: 1 } }),
  'list-is-text': env => handshakeToken(`${env}-list-is-text`, undefined, { payload: { handshake: whole(env)[0] } }),
  'list-is-object': env => handshakeToken(`${env}-list-is-object`, undefined, { payload: { handshake: { 0: whole(env)[0] } } }),
  'list-empty': env => handshakeToken(`${env}-list-empty`, []),
  'entry-number': env => handshakeToken(`${env}-entry-number`, [...whole(env), 5]),
  'entry-null': env => handshakeToken(`${env}-entry-null`, [null]),
  'entry-line-break': env => handshakeToken(`${env}-entry-line-break`, [...whole(env), 'a=b\r\nx: y']),
  'entry-nul': env => handshakeToken(`${env}-entry-nul`, [...whole(env), 'a=\u0000']),
  'entry-empty': env => handshakeToken(`${env}-entry-empty`, [...whole(env), '']),
  'entry-no-equals': env => handshakeToken(`${env}-entry-no-equals`, [...whole(env), 'foo']),
  'session-no-equals': env => handshakeToken(`${env}-session-no-equals`, ['__session']),
  'session-cleared': env => handshakeToken(`${env}-session-cleared`, ['__session=; Path=/; Max-Age=0', '__client_uat=0; Path=/']),
  'session-spaces': env => handshakeToken(`${env}-session-spaces`, [` __session=${expand(COMMON[env].valid)}; Path=/`]),
  'session-no-attributes': env => handshakeToken(`${env}-session-no-attributes`, [`__session=${expand(COMMON[env].valid)}`]),
  'session-padded': env => handshakeToken(`${env}-session-padded`, [`__session=${expand(COMMON[env].valid)}==; Path=/`]),
  'session-garbage': env => handshakeToken(`${env}-session-garbage`, ['__session=garbage; Path=/']),
  'uat-only': env => handshakeToken(`${env}-uat-only`, ['__client_uat=0; Path=/']),
  'own-suffix-only': env => handshakeToken(`${env}-own-suffix-only`, [`__session_${INSTANCES[env].suffix}=${expand(COMMON[env].valid)}; Path=/`]),
  'both-names-same': env => handshakeToken(`${env}-both-names`, [...whole(env), `__session_${INSTANCES[env].suffix}=${expand(COMMON[env].valid)}; Path=/`]),
  'own-suffix-last-expired': env => handshakeToken(`${env}-suffix-last-expired`, [...whole(env), `__session_${INSTANCES[env].suffix}=${expand(COMMON[env].longExpired)}; Path=/`]),
  'plain-last-expired': env => handshakeToken(`${env}-plain-last-expired`, [`__session_${INSTANCES[env].suffix}=${expand(COMMON[env].valid)}; Path=/`, `__session=${expand(COMMON[env].longExpired)}; Path=/`]),
  'other-suffix-only': env => handshakeToken(`${env}-other-suffix-only`, [`__session_abcdefgh=${expand(COMMON[env].valid)}; Path=/`]),
  'other-suffix-after': env => handshakeToken(`${env}-other-suffix-after`, [...whole(env), '__session_abcdefgh=garbage; Path=/']),
  'prefix-only': env => handshakeToken(`${env}-prefix-only`, [`__sessionX=${expand(COMMON[env].valid)}; Path=/`]),
  'prefix-after': env => handshakeToken(`${env}-prefix-after`, [...whole(env), '__sessionX=; Path=/']),
  'cleared-then-set': env => handshakeToken(`${env}-cleared-then-set`, ['__session=; Path=/; Max-Age=0', ...whole(env)]),
  'set-then-cleared': env => handshakeToken(`${env}-set-then-cleared`, [...whole(env), '__session=; Path=/; Max-Age=0']),
  'other-cookies-too': env => handshakeToken(`${env}-other-cookies`, [...whole(env), 'foo=bar; Path=/; Domain=example.com', '__clerk_db_jwt=dvb_new; Path=/', '__clerk_handshake=; Path=/; Max-Age=0']),
  'name-in-capitals': env => handshakeToken(`${env}-name-in-capitals`, [`__SESSION=${expand(COMMON[env].valid)}; Path=/`]),
  'payload-array': env => handshakeToken(`${env}-payload-array`, undefined, { payload: [] }),
  'payload-text': env => handshakeToken(`${env}-payload-text`, undefined, { payload: '"text"' }),
};
const forms = ENVS.flatMap(env => Object.entries(TOKENS).flatMap(([name, token]) => [
  make({ id: `${env}-token-${name}`, ...carriers[usual(env)](env, token(env)) }),
  make({
    id: `${env}-token-${name}-beside-valid-session`,
    ...carriers[usual(env)](env, token(env), { cookies: { ...(env === 'test' ? { db: 'dvb' } : {}), session: COMMON[env].fresh, uat: NOW_S - 5 } }),
  }),
]));
const texts = ENVS.flatMap(env => Object.entries({ word: 'abc', dots: 'a.b.c', empty: '', 'two-parts': 'eyJhIjoxfQ.eyJhIjoxfQ', 'not-json': 'YWJj.YWJj.YWJj' }).map(([name, text]) =>
  make({ id: `${env}-text-${name}`, ...carriers[usual(env)](env, text, { cookies: { uat: NOW_S - 5 } }) })));

// The address in the bar, in development.
const ok = handshakeToken('test-with-valid', directives('test', COMMON.test.valid));
const QUERIES = {
  'before-and-after': `/p?a=1&__clerk_handshake=${ok}&b=2`,
  'dev-browser-and-help': `/p?a=1&__clerk_handshake=${ok}&__clerk_db_jwt=x&__clerk_help=1`,
  'synced-stays': `/p?__clerk_synced=true&__clerk_handshake=${ok}`,
  're-serialised': `/p?q=a%20b&r=c+d&e=~&s=x/y&__clerk_handshake=${ok}`,
  'dev-session-stays': `/p?__dev_session=1&__clerk_handshake=${ok}`,
  'redirect-url-stays': `/p?__clerk_redirect_url=http%3A%2F%2Flocalhost%3A3001%2Fx&__clerk_handshake=${ok}`,
  'hs-reason-stays': `/p?__clerk_hs_reason=x&suffixed_cookies=true&__clerk_handshake=${ok}`,
  'first-of-two': `/p?__clerk_handshake=${ok}&__clerk_handshake=abc`,
  'empty-then-good': `/p?__clerk_handshake=&__clerk_handshake=${ok}`,
  'two-slashes': `//evil.example/p?__clerk_handshake=${ok}`,
  root: `/?__clerk_handshake=${ok}`,
};
const queries = Object.entries(QUERIES).flatMap(([name, path]) => [
  make({ id: `address-${name}`, env: 'test', path }),
  make({ id: `address-${name}-forwarded`, env: 'test', path, headers: [['x-forwarded-host', 'preview.example.com'], ['x-forwarded-proto', 'https']] }),
]);
const methods = ENVS.flatMap(env => ['POST', 'HEAD', 'PUT'].map(method => make({
  id: `${env}-${method}`, method, ...carriers[usual(env)](env, handshakeToken(`${env}-with-valid`, directives(env, COMMON[env].valid))),
})));
const counts = ENVS.flatMap(env => [1, 2, 3].flatMap(count => ['valid', 'forged'].map(name => make({
  id: `${env}-${name}-count-${count}`, ...carriers[usual(env)](env, handshakeToken(`${env}-with-${name}`, directives(env, COMMON[env][name])), { cookies: { count: String(count) } }),
}))));

// Both places at once, and the other transport beside it.
const both = ENVS.flatMap(env => {
  const good = handshakeToken(`${env}-with-valid`, directives(env, COMMON[env].valid));
  const bad = handshakeToken(`${env}-forged`, whole(env), { key: 'other' });
  const nonceAnswers = { 'GET /v1/clients/handshake_payload': json({ directives: ['__client_uat=0; Path=/'] }) };
  return [
    make({ id: `${env}-good-in-query-bad-in-cookie`, env, path: `/p?__clerk_handshake=${good}`, cookies: { handshake: bad } }),
    make({ id: `${env}-bad-in-query-good-in-cookie`, env, path: `/p?__clerk_handshake=${bad}`, cookies: { handshake: good } }),
    make({ id: `${env}-token-and-nonce`, ...(env === 'test' ? { path: `/p?__clerk_handshake=${good}&__clerk_handshake_nonce=n1` } : { cookies: { handshake: good, nonce: 'n1' } }), env, backend: nonceAnswers }),
    make({ id: `${env}-token-in-place-nonce-elsewhere`, ...(env === 'test' ? { path: `/p?__clerk_handshake=${good}`, cookies: { nonce: 'n1' } } : { path: '/p?__clerk_handshake_nonce=n1', cookies: { handshake: good } }), env, backend: nonceAnswers }),
    make({ id: `${env}-suffixed-handshake-cookie-is-not-read`, env, cookies: { handshake_: good, ...(env === 'test' ? { db: 'dvb' } : {}) } }),
    make({ id: `${env}-satellite-wants-sync`, env, satellite: true, path: `/p?__clerk_synced=false${env === 'test' ? `&__clerk_handshake=${good}` : ''}`, cookies: env === 'live' ? { handshake: good } : {} }),
    make({ id: `${env}-satellite-auto-sync`, env, satellite: true, options: { satelliteAutoSync: true }, path: `/p${env === 'test' ? `?__clerk_handshake=${good}` : ''}`, cookies: env === 'live' ? { handshake: good } : {} }),
    make({ id: `${env}-other-organization`, env, options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } }, path: `/orgs/acme${env === 'test' ? `?__clerk_handshake=${good}` : ''}`, cookies: env === 'live' ? { handshake: good } : {} }),
    make({ id: `${env}-foreign-referrer`, headers: [['referer', 'https://elsewhere.example/']], ...carriers[usual(env)](env, good) }),
    make({ id: `${env}-other-party`, options: { authorizedParties: ['https://x.example'] }, ...carriers[usual(env)](env, good) }),
    make({ id: `${env}-proxy`, options: { proxyUrl: 'https://proxy.example.com/__clerk' }, ...carriers[usual(env)](env, good) }),
    make({ id: `${env}-keys-fetched`, jwks: json(JWKS.main), ...carriers[usual(env)](env, good) }),
    make({ id: `${env}-keys-fetched-forged`, jwks: json(JWKS.main), ...carriers[usual(env)](env, bad) }),
    make({ id: `${env}-key-id-unknown`, jwks: json(JWKS.unrelated), ...carriers[usual(env)](env, good) }),
    make({ id: `${env}-key-id-unknown-beside-valid-session`, jwks: json(JWKS.main), ...carriers[usual(env)](env, handshakeToken(`${env}-unknown-kid`, whole(env), { header: { kid: 'ins_unknown' } }), { cookies: { session: COMMON[env].fresh, uat: NOW_S - 5 } }) }),
    make({ id: `${env}-secret-key-refused`, jwks: json({ errors: [{ code: 'clerk_key_invalid', message: 'no' }] }, 401), ...carriers[usual(env)](env, good) }),
    make({ id: `${env}-keys-forbidden`, jwks: json({ errors: [{ code: 'forbidden', message: 'no' }] }, 403), ...carriers[usual(env)](env, good) }),
    make({ id: `${env}-keys-out-of-reach`, jwks: { error: 'network' }, ...carriers[usual(env)](env, good) }),
    make({ id: `${env}-keys-503`, jwks: json({ errors: [] }, 503), ...carriers[usual(env)](env, good) }),
    make({ id: `${env}-zero-skew-expired-a-second-ago`, options: { clockSkewInMs: 0 }, ...carriers[usual(env)](env, handshakeToken(`${env}-expired-second`, directives(env, session(`${env}-expired-second`, { env, claims: { exp: NOW_S - 1 } })))) }),
  ];
});

const edges = [-86_399, -86_400, -86_401].map(by => make({
  id: `development-skew-exp-${-by}-ago`, ...carriers.query('test', handshakeToken(`test-exp${by}`, directives('test', session(`test-exp${by}`, { env: 'test', claims: { exp: NOW_S + by, iat: NOW_S - 90_000, nbf: NOW_S - 90_000 } })))),
})).concat([86_399, 86_400, 86_401].map(by => make({
  id: `development-skew-iat-in-${by}`, ...carriers.query('test', handshakeToken(`test-iat${by}`, directives('test', session(`test-iat${by}`, { env: 'test', claims: { exp: NOW_S + 200_000, iat: NOW_S + by } })))),
})));

export const cases = [...inside, ...forms, ...texts, ...queries, ...methods, ...counts, ...both, ...edges];
