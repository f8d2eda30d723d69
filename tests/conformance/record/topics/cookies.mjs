// The cookie path in production and development: every state of the session cookie against every state of the client's
// last change, and how a Cookie header is read.
import { COMMON } from '../tokens.mjs';
import { ENVS, NOW_S, INSTANCES, combinations, make } from '../world.mjs';

const tokens = env => {
  const { valid, expired, early, nbf, iat, forged, template, machine, longExpired, noIssuer, foreign, pending } = COMMON[env];
  return {
    none: undefined, valid, expired, 'expired-two-days-ago': longExpired, early, nbf, 'iat-ahead': iat, forged,
    template, machine, 'no-issuer': noIssuer, 'other-issuer': foreign, pending, garbage: 'abc',
  };
};
const UATS = { none: undefined, zero: '0', old: String(NOW_S - 400_000), same: String(NOW_S - 5), newer: String(NOW_S - 4) };

const matrix = ENVS.flatMap(env => [...combinations({
  session: Object.keys(tokens(env)), uat: Object.keys(UATS), dest: ['document', 'api'],
})].map(({ session, uat, dest }) => make({
  id: `${env}-session-${session}-uat-${uat}-${dest}`,
  env,
  dest,
  cookies: { ...(env === 'test' ? { db: 'dvb_1' } : {}), session: tokens(env)[session], uat: UATS[uat] },
})));

const { valid, forged } = COMMON.live;
const uat = String(NOW_S - 5);
const NUMBERS = {
  'with-letters-after': `${NOW_S - 5}abc`, hexadecimal: '0x10', negative: '-5', 'negative-zero': '-0', plus: '+5', word: 'abc',
  decimal: '12.7', exponent: '1e3', 'leading-zeros': '007', 'all-zeros': '000', huge: '99999999999999999999999', space: '%2012',
  underscore: '1_0', infinity: 'Infinity', empty: '', 'encoded-digits': '%31%32',
};
const numbers = Object.entries(NUMBERS).flatMap(([name, text]) => [
  make({ id: `uat-${name}-no-session`, cookies: { uat: text } }),
  make({ id: `uat-${name}-valid-session`, cookies: { session: valid, uat: text } }),
]);

const HEADERS = {
  'one-pair': `__session=${valid}; __client_uat=${uat}`,
  'no-space-between': `__session=${valid};__client_uat=${uat}`,
  'many-semicolons': `;;__session=${valid};;; __client_uat=${uat};`,
  'spaces-around-names': ` __session = ${valid} ;  __client_uat =\t${uat}`,
  quoted: `__session="${valid}"; __client_uat=${uat}`,
  'quoted-uat': `__session=${valid}; __client_uat="${uat}"`,
  'first-of-two-valid': `__session=${valid}; __session=${forged}; __client_uat=${uat}`,
  'second-of-two-valid': `__session=${forged}; __session=${valid}; __client_uat=${uat}`,
  'empty-then-valid': `__session=; __session=${valid}; __client_uat=${uat}`,
  'two-uats': `__session=${valid}; __client_uat=0; __client_uat=${uat}`,
  'no-equals-sign': `__session; __client_uat=${uat}`,
  'equals-in-value': `__session=${valid}=; __client_uat=${uat}`,
  'empty-session': `__session=; __client_uat=${uat}`,
  'empty-uat': `__session=${valid}; __client_uat=`,
  'encoded-name': `__sess%69on=${valid}; __client_uat=${uat}`,
  'encoded-underscore-name': `%5F_session=${valid}; __client_uat=${uat}`,
  'encoded-semicolon-in-other': `other=a%3B%20__session%3D${forged}; __session=${valid}; __client_uat=${uat}`,
  'encoded-value': `__session=%65%79.abc.def; __client_uat=${uat}`,
  'bad-encoding': `__session=%zz; __client_uat=${uat}`,
  'bad-encoding-in-other': `other=%zz; __session=${valid}; __client_uat=${uat}`,
  'name-in-capitals': `__SESSION=${valid}; __client_uat=${uat}`,
  'name-with-prefix': `x__session=${valid}; __client_uat=${uat}`,
  'host-prefix': `__Host-__session=${valid}; __client_uat=${uat}`,
  'comma-separated': `__session=${valid}, __client_uat=${uat}`,
  'latin-1-in-other': `other=caf\u00e9; __session=${valid}; __client_uat=${uat}`,
  'prototype-name': `__proto__=x; constructor=y; __session=${valid}; __client_uat=${uat}`,
  'one-character': 'a',
  'equals-only': '=',
  'name-empty': `=x; __session=${valid}; __client_uat=${uat}`,
  'client-cookie-only': '__client=abc',
  'client-cookie-beside': `__client=abc; __session=${valid}; __client_uat=${uat}`,
};
const syntax = Object.entries(HEADERS).map(([name, cookie]) => make({ id: `syntax-${name}`, cookie }));

const percentEncoded = make({
  id: 'syntax-session-fully-encoded-dots',
  cookie: `__session=${valid}; __client_uat=%3${uat[0]}${uat.slice(1)}`,
});

const split = [
  make({ id: 'split-over-two-headers', headers: [['cookie', `__session=${valid}`], ['cookie', `__client_uat=${uat}`]] }),
  make({ id: 'split-first-wins', headers: [['cookie', `__session=${valid}; __client_uat=${uat}`], ['cookie', `__session=${forged}`]] }),
  make({ id: 'split-name-in-capitals', headers: [['Cookie', `__session=${valid}`], ['COOKIE', `__client_uat=${uat}`]] }),
];

const others = ENVS.flatMap(env => [
  make({ id: `${env}-suffix-of-another-instance`, env, cookies: { ...(env === 'test' ? { db: 'dvb' } : {}), __session_abcdefgh: COMMON[env].valid, __client_uat_abcdefgh: uat } }),
  make({ id: `${env}-suffix-in-another-case`, env, cookies: { ...(env === 'test' ? { db: 'dvb' } : {}), [`__session_${INSTANCES[env].suffix.toUpperCase()}`]: COMMON[env].valid, uat } }),
  make({ id: `${env}-uat-one-second-before-iat`, env, cookies: { ...(env === 'test' ? { db: 'dvb' } : {}), session: COMMON[env].valid, uat: NOW_S - 6 } }),
  make({ id: `${env}-other-cookies-only`, env, cookies: { theme: 'dark', lang: 'en' } }),
]);

export const cases = [...matrix, ...numbers, ...syntax, percentEncoded, ...split, ...others];
