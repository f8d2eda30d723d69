// Minting. RSASSA-PKCS1-v1_5 is deterministic, so the same claims always give the same token.
import { createHmac, sign, verify } from 'node:crypto';
import { fixture } from './fixtures.mjs';
import { KEYS, KID, jwk } from './keys.mjs';
import { INSTANCES, NOW_S } from './world.mjs';

const part = value => Buffer.from(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString('base64url');

const HASHES = { RS256: 'sha256', RS384: 'sha384', RS512: 'sha512' };

/** Signs any header and payload; both may be raw text or bytes, encoded as they are. */
export function jwt(header, payload, key = 'main') {
  const signed = `${part(header)}.${part(payload)}`;
  const alg = header?.alg;
  if (alg === 'none') return `${signed}.`;
  if (alg === 'HS256') return `${signed}.${createHmac('sha256', 'secret').update(signed).digest('base64url')}`;
  return `${signed}.${sign(HASHES[alg] ?? 'sha256', Buffer.from(signed), KEYS[key].privateKey).toString('base64url')}`;
}

export const HEADER = { alg: 'RS256', cat: 'cl_B7d4PD111AAA', kid: KID, typ: 'JWT' };

const without = (object, names) => Object.fromEntries(Object.entries(object).filter(([name, v]) => !names.includes(name) && v !== undefined));

/** The claims of a plain valid session token: 60 seconds long, five seconds old. */
export function claimsFor(env, claims = {}) {
  const { host, origin } = INSTANCES[env];
  return {
    azp: origin, exp: NOW_S + 55, iat: NOW_S - 5, iss: `https://${host}`, nbf: NOW_S - 15,
    sid: 'sess_1', sub: 'user_1', v: 2, ...claims,
  };
}

/** Registers a session token under `token:<name>`; `undefined` in header or claims removes an entry. */
export function session(name, { env = 'live', header = {}, claims = {}, key = 'main', raw } = {}) {
  const text = raw ?? jwt(without({ ...HEADER, ...header }, []), without(claimsFor(env, claims), []), key);
  return fixture(`token:${name}`, text);
}

const aged = (age, life = 60) => ({ iat: NOW_S - age, nbf: NOW_S - age - 10, exp: NOW_S - age + life });

/** The tokens nearly every topic needs, by environment. */
export const COMMON = Object.fromEntries(
  Object.keys(INSTANCES).map(env => {
    const t = (name, claims = {}, more = {}) => session(`${env}-${name}`, { env, claims, ...more });
    return [env, {
      valid: t('valid'),
      fresh: t('fresh', { iat: NOW_S - 1, jti: 'fresh' }),
      older: t('older', { iat: NOW_S - 20, jti: 'older' }),
      expired: t('expired', aged(3605)),
      longExpired: t('expired-two-days-ago', aged(172_800)),
      early: t('not-yet-active', { iat: NOW_S + 60, nbf: NOW_S + 60, exp: NOW_S + 120 }),
      nbf: t('nbf-ahead', { nbf: NOW_S + 60, exp: NOW_S + 120 }),
      iat: t('iat-ahead', { iat: NOW_S + 60, exp: NOW_S + 120 }),
      forged: t('signed-by-other-key', {}, { key: 'other' }),
      foreign: t('other-issuer', { iss: 'https://clerk.elsewhere.example' }),
      noIssuer: t('no-issuer', { iss: undefined }),
      template: t('template-category', {}, { header: { cat: 'cl_B7d4PD222AAA' } }),
      machine: t('machine-subject', { sub: 'mch_1' }),
      pending: t('pending', { sts: 'pending' }),
    }];
  }),
);

/** Registers a handshake token carrying these directives (references inside them are expanded by the caller). */
export function handshakeToken(name, directives, { header = {}, claims = {}, key = 'main', payload } = {}) {
  const text = jwt(without({ alg: 'RS256', kid: KID, ...header }, []), payload ?? { handshake: directives, ...claims }, key);
  return fixture(`handshake:${name}`, text);
}

/** Which of our keys signed this token, if any. */
export function signer(text) {
  const [header, payload, signature] = text.split('.');
  return Object.keys(KEYS).find(name => {
    try {
      return verify('sha256', Buffer.from(`${header}.${payload}`), KEYS[name].publicKey, Buffer.from(signature, 'base64url'));
    } catch {
      return false;
    }
  });
}

export const JWKS = {
  main: fixture('jwks:main', JSON.stringify({ keys: [jwk('main')] })),
  both: fixture('jwks:both', JSON.stringify({ keys: [jwk('other', { kid: 'ins_other' }), jwk('main')] })),
  unrelated: fixture('jwks:unrelated', JSON.stringify({ keys: [jwk('other', { kid: 'ins_other' })] })),
  swapped: fixture('jwks:same-kid-other-key', JSON.stringify({ keys: [jwk('other')] })),
  empty: fixture('jwks:empty', JSON.stringify({ keys: [] })),
};
