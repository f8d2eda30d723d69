// The checks on a session token, their order, and the reason each gives, in the header and in the cookie.
import { COMMON, HEADER, JWKS, claimsFor, jwt, session } from '../tokens.mjs';
import { NOW_S, combinations, json, make } from '../world.mjs';

const b64 = text => Buffer.from(text).toString('base64url');
const [goodHeader, goodPayload, goodSignature] = jwt(HEADER, claimsFor('live')).split('.');
const raw = (name, text) => session(`form-${name}`, { raw: text });

const FORMS = {
  'two-parts': 'a.b', 'four-parts': 'a.b.c.d', 'empty-parts': '..', 'header-missing': `.${goodPayload}.${goodSignature}`, 'payload-missing': `${goodHeader}..${goodSignature}`,
  'signature-missing': `${goodHeader}.${goodPayload}.`, 'signature-short': `${goodHeader}.${goodPayload}.AAAA`, 'signature-of-other-payload': `${goodHeader}.${b64(JSON.stringify(claimsFor('live', { sub: 'user_2' })))}.${goodSignature}`,
  'header-not-base64': `!!!.${goodPayload}.${goodSignature}`, 'payload-not-base64': `${goodHeader}.!!!.${goodSignature}`, 'signature-not-base64': `${goodHeader}.${goodPayload}.!!!`,
  'standard-alphabet-signature': `${goodHeader}.${goodPayload}.${goodSignature.replaceAll('-', '+').replaceAll('_', '/')}`,
  'header-not-json': jwt('hello', claimsFor('live')), 'payload-not-json': jwt(HEADER, 'hello'),
  'padded-signature': `${goodHeader}.${goodPayload}.${goodSignature}==`, 'padded-header': `${goodHeader}=.${goodPayload}.${goodSignature}`,
  'discarded-bits': `${goodHeader}.${goodPayload}.${goodSignature.slice(0, -1)}${goodSignature.endsWith('A') ? 'B' : goodSignature.slice(-1) === 'Q' ? 'R' : 'h'}`,
  'one-character-part': `${goodHeader}.${goodPayload}.A`, 'space-inside': `${goodHeader}. ${goodPayload}.${goodSignature}`,
  'trailing-newline-encoded': `${goodHeader}.${goodPayload}.${goodSignature}%0A`,
  'json-with-spaces': jwt(' { "alg" : "RS256" , "kid":"ins_main" } ', ` ${JSON.stringify(claimsFor('live'))} `),
  'duplicate-claim': jwt(HEADER, JSON.stringify(claimsFor('live')).replace('"sub":"user_1"', '"sub":"user_0","sub":"user_1"')),
  'byte-order-mark': jwt(HEADER, `\ufeff${JSON.stringify(claimsFor('live'))}`),
  'not-utf-8': jwt(HEADER, Buffer.from(JSON.stringify(claimsFor('live', { sid: 'a\u00ffb' })), 'latin1')),
};
const PARTS = { null: 'null', number: '5', text: '"text"', true: 'true', list: '[]', 'list-of-one': '[1]' };
const partTokens = Object.entries(PARTS).flatMap(([name, text]) => [
  [`payload-${name}`, jwt(HEADER, text)],
  [`header-${name}`, jwt(text, claimsFor('live'))],
]);
const forms = [...Object.entries(FORMS), ...partTokens].flatMap(([name, text]) => {
  const token = /^[\w.-]+$/.test(text) ? raw(name, text) : text;
  return [
    make({ id: `form-${name}-header`, authorization: `Bearer ${token}` }),
    make({ id: `form-${name}-cookie`, cookies: { session: token, uat: NOW_S - 5 } }),
    make({ id: `form-${name}-suffixed-cookie`, cookies: { session_: token, uat_: NOW_S - 5 } }),
  ];
}).concat(partTokens.map(([name]) => make({
  id: `form-${name}-beside-good-suffixed`, cookies: { session: raw(name, Object.fromEntries(partTokens)[name]), uat: NOW_S - 5, session_: COMMON.live.valid, uat_: NOW_S - 5 },
})));

const h = (name, header) => [`header-${name}`, session(`header-${name}`, { header })];
const c = (name, claims) => [`claim-${name}`, session(`claim-${name}`, { claims })];
const checks = [
  h('typ-absent', { typ: undefined }), h('typ-lower-case', { typ: 'jwt' }), h('typ-empty', { typ: '' }), h('typ-null', { typ: null }), h('typ-number', { typ: 5 }),
  h('alg-rs384', { alg: 'RS384' }), h('alg-rs512', { alg: 'RS512' }), h('alg-hs256', { alg: 'HS256' }), h('alg-none', { alg: 'none' }), h('alg-ps256', { alg: 'PS256' }), h('alg-es256', { alg: 'ES256' }),
  h('alg-lower-case', { alg: 'rs256' }), h('alg-absent', { alg: undefined }), h('alg-null', { alg: null }), h('crit', { crit: ['exp'] }), h('unknown-entry', { x: 1 }), h('kid-number', { kid: 5 }),
  c('sub-absent', { sub: undefined }), c('sub-empty', { sub: '' }), c('sub-number', { sub: 5 }), c('sub-null', { sub: null }),
  c('exp-absent', { exp: undefined }), c('exp-text', { exp: String(NOW_S + 55) }), c('exp-null', { exp: null }), c('exp-fraction', { exp: NOW_S + 0.9 }), c('exp-fraction-past', { exp: NOW_S - 5.9 }), c('exp-zero', { exp: 0 }), c('exp-negative', { exp: -1 }), c('exp-huge', { exp: 1e20 }), c('exp-beyond-dates', { exp: 8.64e12 + 1 }), c('exp-at-the-last-date', { exp: 8.64e12 }),
  c('nbf-absent', { nbf: undefined }), c('nbf-text', { nbf: 'x' }), c('nbf-null', { nbf: null }), c('nbf-huge', { nbf: 1e20 }), c('nbf-fraction', { nbf: NOW_S + 5.9 }), c('nbf-negative', { nbf: -1 }),
  c('iat-absent', { iat: undefined }), c('iat-text', { iat: 'x' }), c('iat-numeric-text', { iat: String(NOW_S - 5) }), c('iat-null', { iat: null }), c('iat-huge', { iat: 1e20 }), c('iat-fraction', { iat: NOW_S + 5.9 }), c('iat-zero', { iat: 0 }), c('iat-list', { iat: [NOW_S] }),
  c('sid-absent', { sid: undefined }), c('azp-absent', { azp: undefined }), c('minimal', { azp: undefined, sid: undefined, nbf: undefined, iat: undefined, v: undefined }),
  // Two faults at once: the first of the order wins.
  ['order-forged-and-expired', session('order-forged-expired', { claims: { exp: NOW_S - 60 }, key: 'other' })],
  ['order-typ-and-alg', session('order-typ-alg', { header: { typ: 'x', alg: 'HS256' } })],
  ['order-typ-and-forged', session('order-typ-forged', { header: { typ: 'x' }, key: 'other' })],
  ['order-alg-and-expired', session('order-alg-expired', { header: { alg: 'HS256' }, claims: { exp: NOW_S - 60 } })],
  ['order-sub-and-expired', session('order-sub-expired', { claims: { sub: 5, exp: NOW_S - 60 } })],
  ['order-expired-and-nbf', session('order-expired-nbf', { claims: { exp: NOW_S - 60, nbf: NOW_S + 60 } })],
  ['order-nbf-and-iat', session('order-nbf-iat', { claims: { nbf: NOW_S + 60, iat: NOW_S + 60, exp: NOW_S + 200 } })],
  ['order-expired-and-iat', session('order-expired-iat', { claims: { exp: NOW_S - 60, iat: NOW_S + 60 } })],
  ['order-exp-text-and-nbf', session('order-exp-nbf', { claims: { exp: 'x', nbf: NOW_S + 60 } })],
  ['order-nbf-text-and-iat', session('order-nbf-iat-text', { claims: { nbf: 'x', iat: NOW_S + 60, exp: NOW_S + 200 } })],
];
const single = checks.flatMap(([name, token]) => [
  make({ id: `${name}-in-header`, authorization: `Bearer ${token}` }),
  make({ id: `${name}-in-cookie`, cookies: { session: token, uat: '1' } }),
  make({ id: `${name}-in-cookie-development`, env: 'test', cookies: { db: 'dvb', session: token, uat: '1' } }),
]);

const wrong = session('everything-wrong', { claims: { aud: 'c', azp: 'https://x.example', iss: 'https://x.example', exp: NOW_S - 60 } });
const ORDER = { audience: 'a', authorizedParties: ['https://app.example.com'], issuer: 'https://clerk.example.com' };
const order = [...combinations({ audience: [true, false], authorizedParties: [true, false], issuer: [true, false] })].map(set => {
  const options = Object.fromEntries(Object.entries(ORDER).filter(([name]) => set[name]));
  return make({ id: `order-required-${Object.keys(options).join('-') || 'nothing'}`, options, authorization: `Bearer ${wrong}` });
});

// With fetched keys the algorithm of the key counts as well.
const fetched = [
  ['rs256', {}, JWKS.main], ['rs384', { alg: 'RS384' }, JWKS.main], ['rs512', { alg: 'RS512' }, JWKS.main],
  ['hs256', { alg: 'HS256' }, JWKS.main], ['typ', { typ: 'x' }, JWKS.main],
].flatMap(([name, header, keys]) => [
  make({ id: `fetched-${name}-header`, jwks: json(keys), authorization: `Bearer ${session(`fetched-${name}`, { header })}` }),
  make({ id: `fetched-${name}-cookie`, jwks: json(keys), cookies: { session: session(`fetched-${name}`, { header }), uat: NOW_S - 5 } }),
]);

const milliseconds = [0, 1, 500, 999].flatMap(ms => [
  make({ id: `now-plus-${ms}-ms-expiring`, now: NOW_S * 1000 + ms, dest: 'api', authorization: `Bearer ${session('edge-exp--5', { claims: { iat: NOW_S - 100, nbf: NOW_S - 100, exp: NOW_S - 5 } })}` }),
  make({ id: `now-plus-${ms}-ms-ahead`, now: NOW_S * 1000 + ms, dest: 'api', authorization: `Bearer ${session('edge-iat-6', { claims: { iat: NOW_S + 6, nbf: NOW_S - 100, exp: NOW_S + 100 } })}` }),
]);

// Kinds of tokens that call themselves machines', as they are, without a signature and with padding.
const MACHINES = {
  'typ-at-jwt': jwt({ ...HEADER, typ: 'at+jwt' }, claimsFor('live')),
  'typ-application-at-jwt': jwt({ ...HEADER, typ: 'application/at+jwt' }, claimsFor('live')),
  'sub-machine': jwt(HEADER, claimsFor('live', { sub: 'mch_1' })),
  'sub-machine-alg-none': jwt({ ...HEADER, alg: 'none' }, claimsFor('live', { sub: 'mch_1' })),
  'template-category': jwt({ ...HEADER, cat: 'cl_B7d4PD222AAA' }, claimsFor('live')),
};
const padded = text => {
  const [header, payload, signature] = text.split('.');
  return [header, payload, signature && `${signature}${'='.repeat((4 - (signature.length % 4)) % 4)}`].join('.');
};
const machines = Object.entries(MACHINES).flatMap(([name, text]) => [
  ['', text], ['-unsigned', `${text.split('.').slice(0, 2).join('.')}.`], ['-padded', padded(text)], ['-padded-payload', text.replace(/\.([^.]+)\./, '.$1=.')],
].filter(([kind, changed]) => kind === '' || changed !== text).flatMap(([kind, changed]) => {
  const token = /^[\w.-]+$/.test(changed) ? raw(`machine-${name}${kind}`, changed) : changed;
  return [
    make({ id: `machine-${name}${kind}-header`, authorization: `Bearer ${token}` }),
    make({ id: `machine-${name}${kind}-cookie`, cookies: { session: token, uat: NOW_S - 5 } }),
    make({ id: `machine-${name}${kind}-cookie-before-uat`, cookies: { session: token, uat: NOW_S } }),
  ];
}));

export const cases = [...forms, ...single, ...order, ...fetched, ...milliseconds, ...machines];
