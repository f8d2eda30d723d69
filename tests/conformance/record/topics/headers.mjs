// The Authorization header: how it is split, that it wins over every cookie, and each state of its token.
import { COMMON, handshakeToken, session } from '../tokens.mjs';
import { ENVS, NOW_S, combinations, make } from '../world.mjs';

const STATES = ['valid', 'fresh', 'expired', 'longExpired', 'early', 'nbf', 'iat', 'forged', 'foreign', 'noIssuer', 'template', 'machine', 'pending'];

const states = ENVS.flatMap(env => [...combinations({ token: STATES, dest: ['document', 'iframe', 'api', 'accept'] })]
  .map(({ token, dest }) => make({ id: `${env}-bearer-${token}-${dest}`, env, dest, authorization: `Bearer ${COMMON[env][token]}` })));

const t = COMMON.live.valid;
const FORMS = {
  bearer: `Bearer ${t}`,
  'no-scheme': t,
  'lower-case': `bearer ${t}`,
  'upper-case': `BEARER ${t}`,
  'mixed-case': `bEaReR ${t}`,
  'two-spaces': `Bearer  ${t}`,
  'four-spaces': `Bearer    ${t}`,
  'lower-case-two-spaces': `bearer  ${t}`,
  'space-around': `  Bearer ${t}  `,
  'more-after-the-token': `Bearer ${t} extra`,
  'tab-instead-of-space': `Bearer\t${t}`,
  'basic-two-spaces': 'Basic  eHg6eXk=',
  'scheme-alone': 'Bearer',
  'scheme-and-space': 'Bearer ',
  'lower-case-scheme-alone': 'bearer',
  basic: 'Basic eHg6eXk=',
  'basic-alone': 'Basic',
  digest: 'Digest username="x", realm="y"',
  'token-scheme': `Token ${t}`,
  empty: '',
  'one-letter': 'x',
  'api-key': 'Bearer ak_123',
  'machine-token': 'Bearer mt_123',
  'oauth-token': 'Bearer oat_123',
  'api-key-no-scheme': 'ak_123',
  'two-dots': 'Bearer ..',
  'three-dots': 'Bearer a.b.c.d',
  'trailing-dot': `Bearer ${t}.`,
  quoted: `Bearer "${t}"`,
  'with-comma': `Bearer ${t},`,
  'percent-encoded-dot': 'Bearer abc%2Edef%2Eghi',
  'latin-1': 'Bearer caf\u00e9',
};
const forms = Object.entries(FORMS).flatMap(([name, authorization]) => [
  make({ id: `form-${name}`, dest: 'document', authorization }),
  make({ id: `form-${name}-beside-valid-cookies`, dest: 'document', authorization, cookies: { session: COMMON.live.fresh, uat: NOW_S - 5 } }),
]);

const repeated = [
  make({ id: 'repeated-bearer-twice', headers: [['authorization', `Bearer ${t}`], ['authorization', `Bearer ${COMMON.live.fresh}`]] }),
  make({ id: 'repeated-basic-then-bearer', headers: [['authorization', 'Basic eHg6eXk='], ['authorization', `Bearer ${t}`]] }),
  make({ id: 'name-in-capitals', headers: [['Authorization', `Bearer ${t}`]] }),
];

const beside = ENVS.flatMap(env => {
  const { valid, expired, forged } = COMMON[env];
  const ok = handshakeToken(`${env}-beside-bearer`, ['__session=other; Path=/']);
  const at = (id, spec) => make({ id: `${env}-beside-${id}`, env, ...spec });
  return [
    at('forged-session-cookie', { authorization: `Bearer ${valid}`, cookies: { session: forged, uat: NOW_S - 5 } }),
    at('uat-after-iat', { authorization: `Bearer ${valid}`, cookies: { uat: NOW_S + 100 } }),
    at('handshake-cookie', { authorization: `Bearer ${valid}`, cookies: { handshake: ok } }),
    at('handshake-in-query', { authorization: `Bearer ${valid}`, path: `/p?__clerk_handshake=${ok}` }),
    at('nonce-cookie', { authorization: `Bearer ${valid}`, cookies: { nonce: 'n1' } }),
    at('nonce-in-query', { authorization: `Bearer ${valid}`, path: '/p?__clerk_handshake_nonce=n1' }),
    at('dev-browser-in-query', { authorization: `Bearer ${valid}`, path: '/p?__clerk_db_jwt=dvb' }),
    at('return-to-satellite', { authorization: `Bearer ${valid}`, path: '/p?__clerk_redirect_url=http%3A%2F%2Flocalhost%3A3001%2Fx' }),
    at('foreign-referrer', { authorization: `Bearer ${valid}`, headers: [['referer', 'https://elsewhere.example/']] }),
    at('organization-path', {
      authorization: `Bearer ${valid}`, path: '/orgs/acme', options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } },
    }),
    at('organization-path-expired', {
      authorization: `Bearer ${expired}`, path: '/orgs/acme', options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } },
    }),
    at('satellite-asked-to-sync', { satellite: true, authorization: `Bearer ${valid}`, path: '/p?__clerk_synced=false' }),
    at('satellite-auto-sync', { satellite: true, options: { satelliteAutoSync: true }, authorization: `Bearer ${valid}` }),
    at('expired-and-other-session-cookie', { authorization: `Bearer ${expired}`, cookies: { session: valid, uat: NOW_S - 5 } }),
    at('expired-and-dev-browser', { authorization: `Bearer ${expired}`, cookies: { db: 'dvb_1' } }),
    at('expired-and-suffixed-dev-browser', { authorization: `Bearer ${expired}`, cookies: { db_: 'dvb_2', uat_: NOW_S - 5 } }),
    at('expired-post', { authorization: `Bearer ${expired}`, method: 'POST' }),
    at('early-post', { authorization: `Bearer ${COMMON[env].early}`, method: 'POST' }),
    at('expired-count-2', { authorization: `Bearer ${expired}`, cookies: { count: 2 } }),
    at('expired-count-3', { authorization: `Bearer ${expired}`, cookies: { count: 3 } }),
    at('valid-count-1', { authorization: `Bearer ${valid}`, cookies: { count: 1 } }),
    at('valid-count-1-api', { authorization: `Bearer ${valid}`, cookies: { count: 1 }, dest: 'api' }),
  ];
});

const CATEGORIES = {
  session: 'cl_B7d4PD111AAA', template: 'cl_B7d4PD222AAA', m2m: 'cl_B7d4PD333AAA', ignore: 'cl_I7d4PD111III',
  unknown: 'cl_unknown', empty: '', null: null, number: 5, absent: undefined,
};
const TYPES = { 'at+jwt': 'at+jwt', 'application-at+jwt': 'application/at+jwt', 'AT+JWT': 'AT+JWT' };
const categories = [
  ...Object.entries(CATEGORIES).map(([name, cat]) => [`category-${name}`, session(`category-${name}`, { header: { cat } })]),
  ...Object.entries(TYPES).map(([name, typ]) => [`type-${name}`, session(`type-${name}`, { header: { typ } })]),
  ['machine-subject-forged', session('machine-subject-forged', { claims: { sub: 'mch_1' }, key: 'other' })],
  ['machine-subject-prefix-only', session('machine-subject-prefix', { claims: { sub: 'mch_' } })],
  ['template-forged', session('template-forged', { header: { cat: CATEGORIES.template }, key: 'other' })],
  ['template-expired', session('template-expired', { header: { cat: CATEGORIES.template }, claims: { exp: NOW_S - 60 } })],
  ['m2m-category-user-subject', session('m2m-category-user', { header: { cat: CATEGORIES.m2m } })],
].flatMap(([name, token]) => [
  make({ id: `${name}-in-header`, authorization: `Bearer ${token}` }),
  make({ id: `${name}-in-cookie`, cookies: { session: token, uat: NOW_S - 5 } }),
  make({ id: `${name}-in-suffixed-cookie`, cookies: { session_: token, uat_: NOW_S - 5 } }),
]);

export const cases = [...states, ...forms, ...repeated, ...beside, ...categories];
