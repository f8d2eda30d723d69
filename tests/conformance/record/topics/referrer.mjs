// The cross-origin check of a primary: whose referrer makes a signed-in document request ask once more.
import { COMMON } from '../tokens.mjs';
import { ENVS, INSTANCES, NOW_S, combinations, make } from '../world.mjs';

const REFERRERS = env => {
  const { origin, host, portal } = INSTANCES[env];
  return {
    none: undefined, same: `${origin}/before`, 'same-other-case': `${origin.toUpperCase()}/`, 'other-port': `${origin}1/`.replace('com1', 'com:444'), 'other-scheme': origin.startsWith('https') ? origin.replace('https', 'http') : origin.replace('http', 'https'),
    subdomain: 'https://www.app.example.com/', parent: 'https://example.com/', elsewhere: 'https://elsewhere.example/x?y#z',
    'frontend-api': `https://${host}/`, 'frontend-api-http-port': `http://${host}:8080/`, portal: `${portal}/sign-in`, 'portal-http': `${portal.replace('https', 'http')}/`, 'portal-port': `${portal}:8443/`,
    'other-development-portal': 'https://quick-fox-1.accounts.dev/', 'development-frontend-api': 'https://quick-fox-1.clerk.accounts.dev/', 'staging-portal': 'https://quick-fox-1.accountsstage.dev/', 'staging-frontend-api': 'https://quick-fox-1.clerk.accountsstage.dev/',
    'legacy-portal': 'https://accounts.foo.bar-13.lcl.dev/', 'legacy-portal-stage': 'https://accounts.foo.bar-13.lclstage.dev/', 'legacy-portal-lclclerk': 'https://accounts.foo.bar-13.lclclerk.com/', 'legacy-not-a-portal': 'https://www.foo.bar-13.lcl.dev/',
    'lclclerk-portal': 'https://quick-fox-1.accounts.lclclerk.com/', 'not-a-url': 'nonsense', empty: '', 'about-blank': 'about:blank', 'android-app': 'android-app://com.example/', 'looks-like-portal': 'https://accounts.dev.evil.example/', 'production-looking-portal': 'https://accounts.example.com.evil.example/',
  };
};
const signedIn = env => ({ ...(env === 'test' ? { db: 'dvb_1' } : {}), session: COMMON[env].valid, uat: NOW_S - 5 });
const PROXIES = { none: undefined, absolute: 'https://proxy.example.com/__clerk', relative: '/__clerk' };

const matrix = ENVS.flatMap(env => [...combinations({ referrer: Object.keys(REFERRERS(env)), proxy: Object.keys(PROXIES) })].map(({ referrer, proxy }) => {
  const text = REFERRERS(env)[referrer];
  return make({
    id: `${env}-${referrer}-proxy-${proxy}`, env, options: { proxyUrl: PROXIES[proxy] }, cookies: signedIn(env), headers: text === undefined ? [] : [['referer', text]],
  });
}));

const proxied = ENVS.flatMap(env => ['https://proxy.example.com/', 'https://proxy.example.com:9/x', 'https://accounts.proxy.example.com/'].map((text, n) => make({
  id: `${env}-proxy-host-${n}`, env, options: { proxyUrl: PROXIES.absolute }, cookies: signedIn(env), headers: [['referer', text]],
})));

const requests = ENVS.flatMap(env => [
  ['iframe', { dest: 'iframe' }], ['accept', { dest: 'accept' }], ['api', { dest: 'api' }], ['post', { method: 'POST' }], ['head', { method: 'HEAD' }],
  ['count-0', { count: '0' }], ['count-1', { count: '1' }], ['count-3', { count: '3' }], ['count-word', { count: 'x' }], ['count-minus-1', { count: '-1' }], ['count-4', { count: '4' }],
].map(([name, { count, ...request }]) => make({
  id: `${env}-elsewhere-${name}`, env, ...request, cookies: { ...signedIn(env), count }, headers: [['referer', 'https://elsewhere.example/']],
})));

const states = ENVS.flatMap(env => Object.entries({
  pending: { session: COMMON[env].pending, uat: NOW_S - 5 }, 'signed-out': {}, 'uat-only': { uat: NOW_S - 5 }, suffixed: { session_: COMMON[env].valid, uat_: NOW_S - 5 },
  expired: { session: COMMON[env].expired, uat: NOW_S - 4000 },
}).map(([name, cookies]) => make({
  id: `${env}-elsewhere-${name}`, env, cookies: { ...(env === 'test' ? { db: 'dvb_1' } : {}), ...cookies }, headers: [['referer', 'https://elsewhere.example/']],
})));

const more = [
  make({ id: 'live-repeated-referrer', cookies: signedIn('live'), headers: [['referer', 'https://app.example.com/'], ['referer', 'https://elsewhere.example/']] }),
  make({ id: 'live-domain-set-without-satellite', options: { domain: 'satellite.dev' }, cookies: signedIn('live'), headers: [['referer', 'https://clerk.satellite.dev/']] }),
  make({ id: 'live-satellite-origin-configured', options: { satelliteOrigins: ['https://satellite.dev'] }, cookies: signedIn('live'), headers: [['referer', 'https://satellite.dev/']] }),
  make({ id: 'live-synced-true', path: '/path?__clerk_synced=true', cookies: signedIn('live'), headers: [['referer', 'https://elsewhere.example/']] }),
];

export const cases = [...matrix, ...proxied, ...requests, ...states, ...more];
