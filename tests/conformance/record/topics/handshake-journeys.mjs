// The counterpart of Clerk's own integration file for the handshake: its cases under names of ours, keys fetched from
// the Backend API as there. A page at the root of a plain http application, tokens without authorized party or category.
import { expand, fixture } from '../fixtures.mjs';
import { KID } from '../keys.mjs';
import { JWKS, handshakeToken, jwt } from '../tokens.mjs';
import { ENVS, INSTANCES, NOW_S, json, make } from '../world.mjs';

const LIFE = { active: 0, expired: -600, early: 600 };
/** A bare token of the given state, and when its client last changed. */
function token(env, state, claims = {}, name = '') {
  const iat = NOW_S + LIFE[state];
  const payload = { iss: `https://${INSTANCES[env].host}`, sub: 'user_12345', iat, nbf: iat - 10, exp: iat + 60, ...claims };
  const text = jwt({ alg: 'RS256', typ: 'JWT', kid: KID }, payload);
  return { text: fixture(`token:journey-${env}-${state}${name}`, text), uat: iat };
}
const ORIGIN = 'http://localhost:3000';
const db = env => (env === 'test' ? { db: 'needstobeset' } : {});
const journey = (id, spec) => make({ id, origin: ORIGIN, path: '/', jwks: json(JWKS.main), ...spec });
const browser = (env, state, more = {}) => {
  const { text, uat } = token(env, state);
  return { env, cookies: { ...db(env), uat, session: text }, ...more };
};
const bearer = (env, state, more = {}) => {
  const { text, uat } = token(env, state);
  return { env, cookies: { ...db(env), uat }, authorization: `Bearer ${text}`, ...more };
};
const FORWARDED = [['x-forwarded-host', 'example.com'], ['x-forwarded-proto', 'https']];
const FORWARDED_PORT = [['x-forwarded-host', 'example.com:3213'], ['x-forwarded-proto', 'https']];

const both = ENVS.flatMap(env => [
  journey(`${env}-signed-in-by-cookie`, browser(env, 'active')),
  journey(`${env}-signed-in-by-header`, bearer(env, 'active', env === 'live' ? { dest: 'api' } : {})),
  journey(`${env}-expired-cookie`, browser(env, 'expired')),
  journey(`${env}-expired-header`, bearer(env, 'expired')),
  journey(`${env}-early-cookie`, browser(env, 'early')),
  journey(`${env}-early-header`, bearer(env, 'early')),
  journey(`${env}-proxy-takes-the-handshake`, browser(env, 'expired', { options: { proxyUrl: 'https://example.com/clerk' } })),
  journey(`${env}-domain-alone-changes-nothing`, browser(env, 'expired', { options: { domain: env === 'test' ? 'localhost:3000' : 'example.com' } })),
  journey(`${env}-client-without-session`, { env, cookies: { ...db(env), uat: '1' } }),
  journey(`${env}-client-signed-out`, { env, cookies: { ...db(env), uat: '0' } }),
  journey(`${env}-no-client-known`, { env, cookies: db(env) }),
  journey(`${env}-path-and-query-come-back`, browser(env, 'expired', { path: '/hello?foo=bar' })),
  journey(`${env}-forwarded-host-comes-back`, browser(env, 'expired', { path: '/hello?foo=bar', headers: FORWARDED })),
  journey(`${env}-forwarded-port-comes-back`, browser(env, 'expired', { path: '/hello?foo=bar', headers: FORWARDED_PORT })),
]);

const SATELLITE = { isSatellite: true, domain: 'example.com' };
const satellites = [
  journey('live-satellite-domain-takes-the-handshake', browser('live', 'expired', { options: SATELLITE })),
  journey('live-satellite-signed-out-not-a-document', { dest: 'api', options: SATELLITE }),
  journey('live-satellite-signed-out-stays', { options: SATELLITE }),
  journey('live-satellite-signed-out-auto-sync-off', { options: { ...SATELLITE, satelliteAutoSync: false } }),
  journey('live-satellite-asked-to-sync-auto-sync-off', { path: '/?__clerk_synced=false', options: { ...SATELLITE, satelliteAutoSync: false } }),
  journey('live-satellite-already-synced', { path: '/?__clerk_synced=true', options: SATELLITE }),
  journey('live-satellite-asked-to-sync', { path: '/?__clerk_synced=false', options: SATELLITE }),
  journey('live-satellite-signed-out-auto-sync-on', { options: { ...SATELLITE, satelliteAutoSync: true } }),
  journey('test-satellite-signed-out-not-a-document', { env: 'test', dest: 'api', options: { ...SATELLITE, signInUrl: 'https://example.com/sign-in' } }),
];

const development = [
  journey('test-first-visit-has-no-dev-browser', { env: 'test' }),
  journey('test-visit-with-new-dev-browser', { env: 'test', path: '/?__clerk_db_jwt=asdf', cookies: db('test') }),
];

const directives = (env, state) => [`__session=${expand(token(env, state).text)};path=/`, 'foo=bar;path=/;domain=example.com'];
const returned = (env, name, list, key) => {
  const hs = handshakeToken(`journey-${env}-${name}`, list, { header: { typ: 'JWT' }, key });
  return env === 'test' ? { env, path: `/?__clerk_handshake=${hs}`, cookies: db(env) } : { env, cookies: { handshake: hs } };
};
const handshakes = [
  ...ENVS.map(env => journey(`${env}-back-from-handshake`, returned(env, 'nominal', directives(env, 'active')))),
  ...ENVS.map(env => journey(`${env}-back-from-handshake-clock-behind`, returned(env, 'early', directives(env, 'early')))),
  journey('test-back-from-handshake-clock-ahead', returned('test', 'expired', directives('test', 'expired'))),
  journey('live-back-from-stale-handshake-with-expired-session', {
    cookies: { ...returned('live', 'expired', directives('live', 'expired')).cookies, session: token('live', 'expired').text, uat: token('live', 'expired').uat },
  }),
  ...ENVS.map(env => journey(`${env}-back-from-handshake-of-other-keys`, returned(env, 'other-keys', directives(env, 'active'), 'other'))),
  journey('test-back-from-handshake-with-new-dev-browser', returned('test', 'dev-browser', [directives('test', 'active')[0], '__clerk_db_jwt=asdf;path=/'])),
];

// Organizations, all in development.
const BY_ID = ['/organizations-by-id/:id', '/organizations-by-id/:id/(.*)'];
const BY_SLUG = ['/organizations-by-slug/:slug', '/organizations-by-slug/:id/(.*)'];
const PERSONAL = ['/personal-account', '/personal-account/(.*)'];
const IN_A = { org_id: 'org_a' };
const organization = (id, { state = 'active', claims = {}, path, sync, header = false, count }) => {
  const { text, uat } = token('test', state, claims, claims.org_id ? `-in-${claims.org_id}` : '');
  return journey(`organization-${id}`, {
    env: 'test', path, options: { organizationSyncOptions: sync },
    ...(header ? { authorization: `Bearer ${text}`, dest: 'api' } : { cookies: { ...db('test'), uat, session: text, count } }),
  });
};
const organizations = [
  organization('expired-none-active-one-named', { state: 'expired', path: '/organizations-by-id/org_a', sync: { organizationPatterns: [BY_ID[0]] } }),
  organization('none-active-one-named', { path: '/organizations-by-id/org_a', sync: { organizationPatterns: [BY_ID[0]] } }),
  organization('header-is-left-alone', { path: '/organizations-by-id/org_a', sync: { organizationPatterns: [BY_ID[0]] }, header: true }),
  organization('expired-header-is-left-alone', { state: 'expired', path: '/organizations-by-id/org_a', sync: { organizationPatterns: [BY_ID[0]] }, header: true }),
  organization('other-named-by-id', { claims: IN_A, path: '/organizations-by-id/org_b', sync: { organizationPatterns: BY_ID } }),
  organization('none-active-named-by-slug', { path: '/organizations-by-slug/bcorp', sync: { organizationPatterns: [...BY_ID, ...BY_SLUG] } }),
  organization('other-named-below-slug', { claims: IN_A, path: '/organizations-by-slug/bcorp/settings', sync: { organizationPatterns: [...BY_SLUG, ...BY_ID] } }),
  organization('expired-trailing-slash', { state: 'expired', claims: IN_A, path: '/organizations-by-id/org_b/', sync: { organizationPatterns: BY_ID } }),
  organization('personal-account-named', { claims: IN_A, path: '/personal-account', sync: { organizationPatterns: [...BY_ID, ...BY_SLUG], personalAccountPatterns: PERSONAL } }),
  organization('personal-account-already', { path: '/personal-account', sync: { organizationPatterns: BY_SLUG, personalAccountPatterns: PERSONAL } }),
  organization('active-one-named', { claims: IN_A, path: '/organizations-by-id/org_a', sync: { organizationPatterns: BY_ID, personalAccountPatterns: PERSONAL } }),
  organization('nothing-configured', { claims: IN_A, path: '/organizations-by-id/org_a', sync: undefined }),
  organization('pattern-that-never-matches', { claims: IN_A, path: '/organizations-by-id/org_a', sync: { organizationPatterns: ['i am not valid config'] } }),
  organization('redirect-counts', { path: '/organizations-by-id/org_a', sync: { organizationPatterns: BY_ID, personalAccountPatterns: PERSONAL } }),
  organization('third-redirect-was-the-last', { path: '/organizations-by-id/org_a', sync: { organizationPatterns: BY_ID, personalAccountPatterns: PERSONAL }, count: '3' }),
];

export const cases = [...both, ...satellites, ...development, ...handshakes, ...organizations];
