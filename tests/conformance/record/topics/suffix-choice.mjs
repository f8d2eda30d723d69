// Plain or suffixed cookies: every state of the four cookies that take part in the choice.
import { COMMON, session } from '../tokens.mjs';
import { ENVS, INSTANCES, NOW_S, SATELLITES, combinations, make } from '../world.mjs';

const plain = env => ({
  none: undefined, valid: COMMON[env].valid, fresh: COMMON[env].fresh, expired: COMMON[env].expired,
  foreign: COMMON[env].foreign, 'no-issuer': COMMON[env].noIssuer, garbage: 'garbage',
});
const own = env => ({ none: undefined, valid: COMMON[env].valid, expired: COMMON[env].expired });
const UATS = { none: undefined, zero: '0', set: String(NOW_S - 4000) };

const choice = ENVS.flatMap(env => [...combinations({
  plain: Object.keys(plain(env)), own: Object.keys(own(env)), uat: Object.keys(UATS), ownUat: Object.keys(UATS),
})].map(c => make({
  id: `${env}-plain-${c.plain}-uat-${c.uat}-own-${c.own}-uat-${c.ownUat}`,
  env,
  cookies: {
    ...(env === 'test' ? { db: 'dvb_plain', db_: 'dvb_own' } : {}),
    session: plain(env)[c.plain], uat: UATS[c.uat], session_: own(env)[c.own], uat_: UATS[c.ownUat],
  },
})));

const cookies = { uat: NOW_S - 4000, session_: COMMON.live.fresh, uat_: NOW_S - 4000 };
const ISSUERS = {
  'http-scheme': 'http://clerk.example.com', 'no-scheme': 'clerk.example.com', 'upper-case-scheme': 'HTTPS://clerk.example.com',
  'scheme-twice': 'https://https://clerk.example.com', 'trailing-slash': 'https://clerk.example.com/', 'upper-case-host': 'https://CLERK.example.com',
  'with-port': 'https://clerk.example.com:443', 'scheme-inside': 'clerk.http://example.com', number: 5, list: ['https://clerk.example.com'], object: {}, true: true,
  zero: 0, false: false, null: null, empty: '',
};
const issuers = Object.entries(ISSUERS).map(([name, iss]) => make({
  id: `issuer-${name}`, cookies: { ...cookies, session: session(`issuer-${name}`, { claims: { iss } }) },
}));

// The issuer is compared with the host before any proxy, and with the satellite's own host on a production satellite.
const hosts = [
  ['proxy-issuer-is-host', { proxyUrl: 'https://app.example.com/__clerk' }, 'https://clerk.example.com'],
  ['proxy-issuer-is-proxy', { proxyUrl: 'https://app.example.com/__clerk' }, 'https://app.example.com/__clerk'],
  ['proxy-relative-issuer-is-host', { proxyUrl: '/__clerk' }, 'https://clerk.example.com'],
  ['domain-without-satellite', { domain: 'satellite.dev' }, 'https://clerk.example.com'],
  ['domain-without-satellite-issuer-is-domain', { domain: 'satellite.dev' }, 'https://clerk.satellite.dev'],
  ['satellite-issuer-is-satellite', SATELLITES.live.options, 'https://clerk.satellite.dev'],
  ['satellite-issuer-is-primary', SATELLITES.live.options, 'https://clerk.example.com'],
].flatMap(([name, options, iss]) => {
  const token = session(`host-${name}`, { claims: { iss } });
  return [
    make({ id: `host-${name}-plain-only`, options, cookies: { session: token, uat: NOW_S - 5 } }),
    make({ id: `host-${name}-both`, options, cookies: { session: token, uat: NOW_S - 5, session_: COMMON.live.fresh, uat_: NOW_S - 5 } }),
  ];
});

const iats = Object.entries({ absent: undefined, text: '9999999999', null: null, fraction: NOW_S - 4.5, zero: 0 }).map(([name, iat]) => make({
  id: `plain-iat-${name}`, cookies: { session: session(`plain-iat-${name}`, { claims: { iat } }), uat: NOW_S - 4000, session_: COMMON.live.valid, uat_: NOW_S - 4000 },
}));

const ownIats = Object.entries({ absent: undefined, word: 'x', text: '9999999999', null: null, zero: 0 }).map(([name, iat]) => make({
  id: `own-iat-${name}`, cookies: { session: COMMON.live.valid, uat: NOW_S - 4000, session_: session(`plain-iat-${name}`, { claims: { iat } }), uat_: NOW_S - 4000 },
}));

const refresh = ENVS.map(env => make({
  id: `${env}-plain-refresh-cookie-is-not-read`, env,
  cookies: { ...(env === 'test' ? { db: 'dvb' } : {}), session: COMMON[env].expired, uat: NOW_S - 4000, __refresh: 'r1', [`__refresh_${INSTANCES.live.suffix.toLowerCase()}`]: 'r2' },
}));

const quirks = [
  make({ id: 'own-session-garbage-plain-valid', cookies: { session: COMMON.live.valid, uat: NOW_S - 5, session_: 'garbage', uat_: NOW_S - 5 } }),
  make({ id: 'own-session-garbage-alone', cookies: { session_: 'garbage', uat_: NOW_S - 5 } }),
  make({ id: 'own-session-forged-plain-older', cookies: { session: COMMON.live.older, uat: NOW_S - 20, session_: COMMON.live.forged, uat_: NOW_S - 20 } }),
  make({ id: 'test-own-expired-in-this-second', env: 'test', now: NOW_S * 1000 + 999, cookies: { db: 'd', db_: 'd_', uat: '0', uat_: NOW_S - 4000, session_: session('expires-now', { env: 'test', claims: { exp: NOW_S } }) } }),
  make({ id: 'test-own-expires-next-second', env: 'test', now: NOW_S * 1000 + 999, cookies: { db: 'd', db_: 'd_', uat: '0', uat_: NOW_S - 4000, session_: session('expires-next', { env: 'test', claims: { exp: NOW_S + 1 } }) } }),
  make({ id: 'dev-browser-plain-only-own-session', env: 'test', cookies: { db: 'dvb', session_: COMMON.test.valid, uat_: NOW_S - 5 } }),
  make({ id: 'dev-browser-own-only-plain-session', env: 'test', cookies: { db_: 'dvb', session: COMMON.test.valid, uat: NOW_S - 5 } }),
  make({ id: 'dev-browser-own-only', env: 'test', cookies: { db_: 'dvb' } }),
  make({ id: 'dev-browser-own-with-own-uat-zero', env: 'test', cookies: { db_: 'dvb', uat_: '0', uat: '0' } }),
];

export const cases = [...choice, ...issuers, ...hosts, ...iats, ...ownIats, ...refresh, ...quirks];
