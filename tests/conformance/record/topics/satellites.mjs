// Satellites of both environments: when they ask for a sync, where they send the browser, and what cannot work.
import { COMMON, session } from '../tokens.mjs';
import { ENVS, NOW_S, SATELLITES, combinations, make } from '../world.mjs';

const AUTO = { unset: undefined, on: true, off: false };
const SYNCED = { none: '', false: '?__clerk_synced=false', true: '?__clerk_synced=true', other: '?__clerk_synced=maybe', empty: '?__clerk_synced=' };
// Production satellites issue under their own frontend API.
const own = { live: session('satellite-own-issuer', { claims: { iss: 'https://clerk.satellite.dev' } }), test: COMMON.test.valid };
const cookies = env => ({
  none: {},
  'uat-zero': { uat: '0' },
  'uat-only': { uat: NOW_S - 5 },
  session: { session: own[env], uat: NOW_S - 5 },
  'session-of-primary': { session: COMMON[env].valid, uat: NOW_S - 5 },
});

const matrix = ENVS.flatMap(env => [...combinations({
  auto: Object.keys(AUTO), synced: Object.keys(SYNCED), cookies: Object.keys(cookies(env)), dest: ['document', 'iframe', 'api'],
})].filter(c => c.dest === 'document' || (c.synced !== 'other' && c.synced !== 'empty' && c.auto !== 'off')).map(c => make({
  id: `${env}-auto-${c.auto}-synced-${c.synced}-${c.cookies}-${c.dest}`, env, satellite: true, dest: c.dest,
  options: { satelliteAutoSync: AUTO[c.auto] }, path: `/path${SYNCED[c.synced]}`,
  cookies: { ...(env === 'test' && c.cookies !== 'none' ? { db: 'dvb_1' } : {}), ...cookies(env)[c.cookies] },
})));

const at = (id, env, spec = {}) => make({ id: `${env}-${id}`, env, satellite: true, ...spec });
const requests = ENVS.flatMap(env => [
  at('accept-header-only', env, { dest: 'accept', path: '/path?__clerk_synced=false' }),
  at('post', env, { method: 'POST', path: '/path?__clerk_synced=false' }),
  at('head', env, { method: 'HEAD', path: '/path?__clerk_synced=false' }),
  at('synced-twice-false-first', env, { path: '/path?__clerk_synced=false&__clerk_synced=true' }),
  at('synced-twice-true-first', env, { path: '/path?__clerk_synced=true&__clerk_synced=false' }),
  ...['1', '2', '3', '4'].flatMap(count => [
    at(`count-${count}`, env, { path: '/path?__clerk_synced=false', cookies: { count } }),
    at(`count-${count}-auto`, env, { options: { satelliteAutoSync: true }, cookies: { count } }),
    at(`count-${count}-signed-out`, env, { cookies: { count, db: env === 'test' ? 'dvb' : undefined } }),
  ]),
  at('query-kept', env, { path: '/path?a=1&b=c%20d&__clerk_synced=false' }),
  at('foreign-referrer', env, { cookies: { ...(env === 'test' ? { db: 'dvb' } : {}), session: own[env], uat: NOW_S - 5 }, headers: [['referer', 'https://elsewhere.example/']] }),
  at('other-organization', env, { cookies: { ...(env === 'test' ? { db: 'dvb' } : {}), session: own[env], uat: NOW_S - 5 }, path: '/orgs/acme', options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } } }),
  at('other-organization-while-syncing', env, { path: '/orgs/acme?__clerk_synced=false', options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } } }),
  at('suffixed-cookies', env, { cookies: { ...(env === 'test' ? { db_: 'dvb' } : {}), session_: own[env], uat_: NOW_S - 5 } }),
  at('suffixed-cookies-asked-to-sync', env, { path: '/path?__clerk_synced=false', cookies: { session_: own[env], uat_: NOW_S - 5 } }),
  at('forwarded-host', env, { origin: 'http://127.0.0.1:8080', headers: [['x-forwarded-host', 'sat.example.net'], ['x-forwarded-proto', 'https']], path: '/path?__clerk_synced=false' }),
  at('proxy-instead-of-domain', env, { options: { domain: undefined, proxyUrl: '/__clerk' }, path: '/path?__clerk_synced=false' }),
  at('proxy-absolute', env, { options: { domain: undefined, proxyUrl: 'https://satellite.dev/__clerk' }, path: '/path?__clerk_synced=false' }),
  at('proxy-and-domain', env, { options: { proxyUrl: 'https://proxy.example.com/__clerk' }, path: '/path?__clerk_synced=false' }),
  at('proxy-own-session', env, { options: { domain: undefined, proxyUrl: '/__clerk' }, cookies: { ...(env === 'test' ? { db: 'dvb' } : {}), session: COMMON[env].valid, uat: NOW_S - 5 } }),
  at('return-to-satellite-parameter', env, { path: '/path?__clerk_redirect_url=http%3A%2F%2Flocalhost%3A3002%2Fx', cookies: { db: env === 'test' ? 'dvb' : undefined } }),
  at('expired-session', env, { cookies: { ...(env === 'test' ? { db: 'dvb' } : {}), session_: env === 'live' ? session('satellite-old', { claims: { iss: 'https://clerk.satellite.dev', iat: NOW_S - 3605, exp: NOW_S - 3545 } }) : COMMON.test.expired, uat_: NOW_S - 4000 } }),
  at('neither-domain-nor-proxy', env, { options: { domain: undefined } }),
  at('origin-of-sign-in-url', env, { headers: [['origin', new URL(SATELLITES[env].options.signInUrl).origin]] }),
  at('origin-elsewhere', env, { headers: [['origin', 'https://elsewhere.example']] }),
  at('origin-null', env, { headers: [['origin', 'null']] }),
  at('origin-of-sign-in-url-bearer', env, { headers: [['origin', new URL(SATELLITES[env].options.signInUrl).origin]], authorization: `Bearer ${COMMON[env].valid}` }),
]);

const development = [
  at('sign-in-url-missing', 'test', { options: { signInUrl: undefined } }),
  at('sign-in-url-empty', 'test', { options: { signInUrl: '' } }),
  at('sign-in-url-relative', 'test', { options: { signInUrl: '/sign-in' }, path: '/path?__clerk_synced=false' }),
  at('sign-in-url-with-query', 'test', { options: { signInUrl: 'http://localhost:3000/sign-in?x=1' }, path: '/path?__clerk_synced=false' }),
  at('sign-in-url-with-fragment', 'test', { options: { signInUrl: 'http://localhost:3000/#/sign-in' }, path: '/path?__clerk_synced=false' }),
  at('sign-in-url-on-the-portal', 'test', { options: { signInUrl: 'https://foo-bar-13.accounts.dev/sign-in' }, path: '/path?__clerk_synced=false' }),
  at('back-from-primary', 'test', { path: '/path?__clerk_synced=true&__clerk_db_jwt=dvb_new' }),
  at('back-from-primary-auto', 'test', { options: { satelliteAutoSync: true }, path: '/path?__clerk_synced=true&__clerk_db_jwt=dvb_new' }),
  at('back-from-primary-without-dev-browser', 'test', { path: '/path?__clerk_synced=true' }),
  at('no-dev-browser-valid-cookies', 'test', { cookies: { session: COMMON.test.valid, uat: NOW_S - 5 } }),
];
const production = [
  at('sign-in-url-missing', 'live', { options: { signInUrl: undefined }, path: '/path?__clerk_synced=false' }),
  at('domain-with-port', 'live', { options: { domain: 'satellite.dev:8443' }, path: '/path?__clerk_synced=false' }),
];

export const cases = [...matrix, ...requests, ...development, ...production];
