// Keys, frontend API, proxy and domain: which host a handshake goes to, and which settings cannot work.
import { COMMON, session } from '../tokens.mjs';
import { ENVS, NOW_S, SATELLITES, combinations, make } from '../world.mjs';
import { KEYS } from '../keys.mjs';
import { fixture } from '../fixtures.mjs';

const body = text => Buffer.from(text).toString('base64');
const key = (text, kind = 'live') => `pk_${kind}_${body(text)}`;
const withKey = (id, publishableKey, more = {}) => make({
  id, options: { publishableKey, ...(publishableKey?.startsWith('pk_test_') ? { secretKey: 'sk_test_conformance' } : {}), ...more.options }, cookies: more.cookies ?? { uat: NOW_S - 5 },
});

const good = key('clerk.example.com$');
const refused = {
  missing: undefined, empty: '', 'prefix-only': 'pk_live_', 'wrong-prefix': good.replace('pk_', 'xx_'), 'capital-prefix': good.replace('pk_live', 'PK_LIVE'),
  'unknown-kind': good.replace('live', 'prod'), 'secret-key': 'sk_live_conformance', 'leading-space': ` ${good}`, 'no-dollar': key('clerk.example.com'),
  'two-dollars': key('clerk.example.com$$'), 'text-after-dollar': key('clerk.example.com$x'), 'no-dot': key('localhost$'), 'underscore-in-body': `${good}_x`,
  'not-base64': 'pk_live_!!!!', 'url-safe-alphabet': `pk_live_${Buffer.from('clerk.example.com?>>$').toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`,
  'one-padding-too-many': `${good}=`, 'one-character-left': `${good}A`, 'not-a-key': 'hello',
};
const keys = [
  ...Object.entries(refused).map(([name, publishableKey]) => make({ id: `key-${name}`, options: { publishableKey }, cookies: { uat: NOW_S - 5 } })),
  withKey('key-padded', key('clerk.app.example.com$')),
  withKey('key-padding-removed', key('clerk.app.example.com$').replace(/=+$/, '')),
  withKey('key-discarded-bits', `pk_live_${body('clerk.app.example.com$').replace(/=+$/, '').replace(/A$/, 'B')}`),
  withKey('key-country-domain', key('clerk.app.example.co.uk$')),
  withKey('key-custom-frontend-name', key('frontend.example.com$')),
  withKey('key-legacy-development', key('clerk.foo.bar-13.lcl.dev$', 'test')),
  withKey('key-staging-development', key('foo-bar-13.clerk.accountsstage.dev$', 'test')),
  withKey('key-test-of-production-host', key('clerk.example.com$', 'test')),
  withKey('key-live-of-development-host', key('foo-bar-13.clerk.accounts.dev$', 'live')),
];

const secrets = [
  make({ id: 'secret-missing', options: { secretKey: undefined }, cookies: { uat: NOW_S - 5 } }),
  make({ id: 'secret-empty', options: { secretKey: '' }, cookies: { uat: NOW_S - 5 } }),
  make({ id: 'both-keys-missing', options: { secretKey: undefined, publishableKey: undefined } }),
  make({ id: 'environments-test-live', env: 'test', options: { secretKey: 'sk_live_x' }, cookies: { db: 'dvb' } }),
  make({ id: 'environments-live-test', options: { secretKey: 'sk_test_x' } }),
  make({ id: 'environments-live-legacy-test', options: { secretKey: 'test_x' } }),
  make({ id: 'environments-test-legacy-live', env: 'test', options: { secretKey: 'live_x' }, cookies: { db: 'dvb' } }),
  make({ id: 'secret-legacy-live', options: { secretKey: 'live_x' }, cookies: { session: COMMON.live.valid, uat: NOW_S - 5 } }),
  make({ id: 'secret-legacy-test', env: 'test', options: { secretKey: 'test_x' }, cookies: { db: 'dvb', session: COMMON.test.valid, uat: NOW_S - 5 } }),
];

const PROXIES = {
  none: undefined, absolute: 'https://app.example.com/__clerk', 'trailing-slash': 'https://proxy.example.com/api/__clerk/', 'many-slashes': 'https://proxy.example.com/__clerk///',
  'no-path': 'https://proxy.example.com', relative: '/__clerk', 'relative-deep': '/api/auth/__clerk/', http: 'http://proxy.example.com/__clerk', port: 'https://proxy.example.com:8443/c',
};
const DOMAINS = { none: undefined, set: 'satellite.dev' };
const hosts = ENVS.flatMap(env => [...combinations({ proxy: Object.keys(PROXIES), domain: Object.keys(DOMAINS) })].map(({ proxy, domain }) => make({
  id: `${env}-proxy-${proxy}-domain-${domain}`, env,
  options: { proxyUrl: PROXIES[proxy], domain: DOMAINS[domain] },
  cookies: { ...(env === 'test' ? { db: 'dvb_1' } : {}), uat: NOW_S - 5 },
})));

const pems = [
  ['crlf', KEYS.main.pem.replaceAll('\n', '\r\n')],
  ['no-final-newline', KEYS.main.pem.trimEnd()],
  ['escaped-newlines', KEYS.main.pem.replaceAll('\n', '\\n')],
].flatMap(([name, text]) => [
  make({ id: `pem-${name}`, options: { jwtKey: fixture(`pem:main-${name}`, text) }, cookies: { session: COMMON.live.valid, uat: NOW_S - 5 } }),
  make({ id: `pem-${name}-forged`, options: { jwtKey: fixture(`pem:main-${name}`, text) }, cookies: { session: COMMON.live.forged, uat: NOW_S - 5 } }),
  make({ id: `pem-${name}-bearer`, options: { jwtKey: fixture(`pem:main-${name}`, text) }, authorization: `Bearer ${COMMON.live.valid}` }),
]);
const big = session('signed-by-4096-bits', { key: 'big' });
const moreKeys = [
  make({ id: 'pem-4096-bits', options: { jwtKey: '${pem:big}' }, cookies: { session: big, uat: NOW_S - 5 } }),
  make({ id: 'pem-4096-bits-bearer', options: { jwtKey: '${pem:big}' }, authorization: `Bearer ${big}` }),
  make({ id: 'pem-4096-bits-forged', options: { jwtKey: '${pem:big}' }, cookies: { session: COMMON.live.valid, uat: NOW_S - 5 } }),
  make({ id: 'pem-of-another-instance', options: { jwtKey: '${pem:other}' }, cookies: { session: COMMON.live.valid, uat: NOW_S - 5 } }),
  make({ id: 'pem-any-key-id', cookies: { session: session('kid-unknown', { header: { kid: 'ins_unknown' } }), uat: NOW_S - 5 } }),
  make({ id: 'pem-no-key-id', cookies: { session: session('kid-absent', { header: { kid: undefined } }), uat: NOW_S - 5 } }),
  ...[['garbage', 'garbage'], ['begin-only', '-----BEGIN PUBLIC KEY-----'], ['private-key-marker', KEYS.main.pem.replaceAll('PUBLIC', 'PRIVATE')]].map(([name, text]) =>
    make({ id: `pem-${name}`, options: { jwtKey: text }, cookies: { session: COMMON.live.valid, uat: NOW_S - 5 }, refused: 'G18' })),
];

const PARTIES = { none: undefined, empty: [], matching: ['https://app.example.com'], second: ['https://x.example', 'https://app.example.com'], other: ['https://x.example'], 'trailing-slash': ['https://app.example.com/'], capitals: ['https://APP.example.com'], 'prefix-only': ['https://app.example.co'] };
const AZPS = { matching: 'https://app.example.com', absent: undefined, empty: '', number: 5, null: null };
const parties = [...combinations({ parties: Object.keys(PARTIES), azp: Object.keys(AZPS), carrier: ['header', 'cookie'] })].map(({ parties, azp, carrier }) => {
  const token = session(`azp-${azp}`, { claims: { azp: AZPS[azp] } });
  return make({
    id: `parties-${parties}-azp-${azp}-${carrier}`, options: { authorizedParties: PARTIES[parties] },
    ...(carrier === 'header' ? { authorization: `Bearer ${token}` } : { cookies: { session: token, uat: NOW_S - 5 } }),
  });
});

const AUDIENCES = { none: undefined, one: 'a', empty: '', list: ['a', 'b'], 'empty-list': [], 'empty-in-list': [''] };
const AUDS = {
  absent: undefined, a: 'a', c: 'c', empty: '', 'list-a': ['a'], 'list-c-b': ['c', 'b'], 'list-c': ['c'], 'list-empty': [], 'list-of-empty': [''],
  number: 5, object: { a: 1 }, true: true, 'mixed-list': ['a', 5], 'list-of-numbers': [5], null: null,
};
const audiences = [...combinations({ audience: Object.keys(AUDIENCES), aud: Object.keys(AUDS) })].map(({ audience, aud }, n) => {
  const token = session(`aud-${aud}`, { claims: { aud: AUDS[aud] } });
  return make({
    id: `audience-${audience}-aud-${aud}`, options: { audience: AUDIENCES[audience] },
    ...(n % 2 ? { authorization: `Bearer ${token}` } : { cookies: { session: token, uat: NOW_S - 5 } }),
  });
});

const ISSUERS = { none: undefined, matching: 'https://clerk.example.com', other: 'https://x.example', list: ['https://x.example', 'https://clerk.example.com'], 'empty-list': [], empty: '', slash: 'https://clerk.example.com/' };
const issuers = [...combinations({ issuer: Object.keys(ISSUERS), token: ['valid', 'noIssuer', 'expired'], carrier: ['header', 'cookie'] })].map(({ issuer, token, carrier }) => make({
  id: `issuer-${issuer}-${token}-${carrier}`, options: { issuer: ISSUERS[issuer] },
  ...(carrier === 'header' ? { authorization: `Bearer ${COMMON.live[token]}` } : { cookies: { session: COMMON.live[token], uat: NOW_S - 4000 } }),
}));

// Without the setting, the issuers follow from the other settings (G48).
const DERIVED = {
  nothing: {}, proxy: { proxyUrl: 'https://app.example.com/__clerk/' }, 'proxy-path': { proxyUrl: '/__clerk' },
  'domain-alone': { domain: 'satellite.dev' }, satellite: SATELLITES.live.options, satellites: { satelliteOrigins: ['https://satellite.dev'] },
};
const FRONTEND_APIS = { host: 'https://clerk.example.com', proxy: 'https://app.example.com/__clerk', satellite: 'https://clerk.satellite.dev', other: 'https://clerk.elsewhere.example', none: undefined };
const derivedIssuers = [...combinations({ settings: Object.keys(DERIVED), iss: Object.keys(FRONTEND_APIS), carrier: ['header', 'cookie'] })].map(({ settings, iss, carrier }) => {
  const token = session(`issuer-url-${iss}`, { claims: { iss: FRONTEND_APIS[iss] } });
  return make({
    id: `issuer-by-${settings}-${iss}-${carrier}`, options: DERIVED[settings],
    ...(carrier === 'header' ? { authorization: `Bearer ${token}` } : { cookies: { session_: token, uat_: NOW_S - 4000 } }),
  });
});

const SKEWS = { default: undefined, zero: 0, second: 1000, 'ten-seconds': 10_000, fraction: 1500.5 };
const skews = [...combinations({ skew: Object.keys(SKEWS), edge: ['exp', 'nbf', 'iat'], by: [-11, -6, -5, -4, -1, 0, 1, 4, 5, 6, 11] })].map(({ skew, edge, by }) => {
  // `by` is how far the claim lies from now; the other claims are out of the way.
  const claims = { iat: NOW_S - 100, nbf: NOW_S - 100, exp: NOW_S + 100, [edge]: NOW_S + by };
  return make({
    id: `skew-${skew}-${edge}-${by < 0 ? `${-by}-ago` : `in-${by}`}`, options: { clockSkewInMs: SKEWS[skew] }, dest: 'api',
    authorization: `Bearer ${session(`edge-${edge}-${by}`, { claims })}`,
  });
}).filter(c => !(/ago/.test(c.id) && /-(nbf|iat)-/.test(c.id)) && !(/-in-/.test(c.id) && /-exp-/.test(c.id) && !/in-0/.test(c.id)));

const urls = [
  make({ id: 'sign-in-and-sign-up-urls', options: { signInUrl: '/sign-in', signUpUrl: '/sign-up' }, cookies: { uat: NOW_S - 5 } }),
  make({ id: 'sign-in-url-and-origin-header-on-primary', options: { signInUrl: 'https://app.example.com/sign-in' }, headers: [['origin', 'https://app.example.com']], cookies: { uat: NOW_S - 5 } }),
];

export const cases = [...keys, ...secrets, ...hosts, ...pems, ...moreKeys, ...parties, ...audiences, ...issuers, ...derivedIssuers, ...skews, ...urls];
