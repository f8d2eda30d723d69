// An expired session beside a refresh cookie: what is sent to the Backend API and what its answers come to.
import { COMMON, JWKS, session } from '../tokens.mjs';
import { ENVS, INSTANCES, NOW_S, combinations, json, make } from '../world.mjs';

const CALL = 'POST /v1/sessions/sess_1/refresh';
const cookiesOf = (env, token) => json({ object: 'cookies', cookies: [`__session=${token}; Path=/; SameSite=Lax`, `__session_${INSTANCES[env].suffix}=${token}; Path=/; SameSite=Lax`] });
const error = code => ({ errors: [{ code, message: 'x', long_message: 'x' }] });

const ANSWERS = env => ({
  ok: cookiesOf(env, COMMON[env].fresh),
  'plain-only': json({ object: 'cookies', cookies: [`__session=${COMMON[env].fresh}; Path=/`] }),
  'with-refresh-and-uat': json({ object: 'cookies', cookies: [`__session=${COMMON[env].fresh}; Path=/`, `__client_uat=${NOW_S}; Path=/`, `__refresh_${INSTANCES[env].suffix}=r2; Path=/; HttpOnly`] }),
  'other-suffix-after': json({ object: 'cookies', cookies: [`__session=${COMMON[env].fresh}; Path=/`, '__session_abcdefgh=x; Path=/'] }),
  'other-suffix-only': json({ object: 'cookies', cookies: [`__session_abcdefgh=${COMMON[env].fresh}; Path=/`] }),
  'no-session-among': json({ object: 'cookies', cookies: ['__client_uat=0; Path=/'] }),
  'session-cleared': json({ object: 'cookies', cookies: ['__session=; Path=/; Max-Age=0'] }),
  'still-expired': cookiesOf(env, COMMON[env].expired),
  forged: cookiesOf(env, COMMON[env].forged),
  pending: cookiesOf(env, COMMON[env].pending),
  'no-cookies': json({ object: 'cookies', cookies: [] }),
  'entry-number': json({ object: 'cookies', cookies: [5] }),
  'entry-without-name': json({ object: 'cookies', cookies: ['x'] }),
  'entry-empty': json({ object: 'cookies', cookies: [''] }),
  'session-no-token': json({ object: 'cookies', cookies: ['__session=garbage; Path=/'] }),
  'control-character-before': json({ object: 'cookies', cookies: ['a=b\u0001', `__session=${COMMON[env].fresh}; Path=/`] }),
  'line-break-after': json({ object: 'cookies', cookies: [`__session=${COMMON[env].fresh}; Path=/`, 'a=b\r\nc: d'] }),
  'line-break-alone': json({ object: 'cookies', cookies: ['a=b\r\nc: d'] }),
  'cookies-missing': json({ object: 'cookies' }),
  'other-object': json({ object: 'token', jwt: 'x' }),
  charset: { ...cookiesOf(env, COMMON[env].fresh), contentType: 'application/json; charset=utf-8' },
  'text-type': { ...cookiesOf(env, COMMON[env].fresh), contentType: 'text/plain' },
  html: { status: 200, contentType: 'text/html', body: '<html></html>' },
  'token-expired': json(error('refresh_token_expired'), 401),
  'session-missing': json(error('session_not_found'), 404),
  'two-errors': json({ errors: [...error('first_code').errors, ...error('second_code').errors] }, 422),
  'too-many': json(error('too_many_requests'), 429),
  'server-error': json(error('internal_clerk_error'), 500),
  'unexpected-error-code': json(error('unexpected_error'), 500),
  'error-charset': { ...json(error('refresh_token_expired'), 401), contentType: 'application/json; charset=utf-8' },
  'text-500': { status: 500, contentType: 'text/plain', body: 'oops' },
  'html-302': { status: 302, contentType: 'text/html', body: '<html></html>' },
  'html-403': { status: 403, contentType: 'text/html', body: '<html></html>' },
  'html-407': { status: 407, contentType: 'text/html', body: '<html></html>' },
  'text-451': { status: 451, contentType: 'text/plain', body: 'no' },
  'html-502': { status: 502, contentType: 'text/html', body: '<html></html>' },
  'errors-empty': json({ errors: [] }, 400),
  'errors-missing': json({}, 401),
  network: { error: 'network' },
});

const base = env => ({ ...(env === 'test' ? { db: 'dvb_1' } : {}), session: COMMON[env].expired, uat: NOW_S - 4000, refresh_: 'refresh_1' });

const answers = ENVS.flatMap(env => [...combinations({ answer: Object.keys(ANSWERS(env)), dest: ['document', 'api'] })].map(({ answer, dest }) => make({
  id: `${env}-${answer}-${dest}`, env, dest, cookies: base(env), backend: { [CALL]: ANSWERS(env)[answer] },
})));

const methods = ENVS.flatMap(env => ['POST', 'HEAD', 'PUT', 'DELETE'].map(method => make({
  id: `${env}-${method}`, env, method, cookies: base(env), backend: { [CALL]: ANSWERS(env).ok },
})));

const t = COMMON.live;
const at = (id, spec, answer = ANSWERS('live').ok) => make({ id, cookies: base('live'), backend: { [CALL]: answer }, ...spec });
const sid = (name, value) => session(`expired-sid-${name}`, { claims: { iat: NOW_S - 3605, nbf: NOW_S - 3615, exp: NOW_S - 3545, sid: value } });

const carriers = [
  at('suffixed-session', { cookies: { session_: t.expired, uat_: NOW_S - 4000, refresh_: 'r1' } }),
  at('suffixed-session-beside-plain', { cookies: { session: t.expired, uat: NOW_S - 4000, session_: t.expired, uat_: NOW_S - 4000, refresh_: 'r1' } }),
  at('bearer-document', { cookies: { refresh_: 'r1' }, authorization: `Bearer ${t.expired}` }),
  at('bearer-api', { cookies: { refresh_: 'r1' }, authorization: `Bearer ${t.expired}`, dest: 'api' }),
  at('bearer-lower-case-api', { cookies: { refresh_: 'r1' }, authorization: `bearer ${t.expired}`, dest: 'api' }),
  at('bearer-beside-valid-session-cookie', { cookies: { session: t.valid, uat: NOW_S - 5, refresh_: 'r1' }, authorization: `Bearer ${t.expired}` }),
  at('bearer-beside-garbage-session-cookie', { cookies: { session: 'garbage', refresh_: 'r1' }, authorization: `Bearer ${t.expired}` }),
  at('plain-refresh-cookie-only', { cookies: { session: t.expired, uat: NOW_S - 4000, __refresh: 'r1' } }),
  at('refresh-of-another-suffix', { cookies: { session: t.expired, uat: NOW_S - 4000, __refresh_abcdefgh: 'r1' } }),
  at('refresh-empty', { cookies: { session: t.expired, uat: NOW_S - 4000, refresh_: '' } }),
  at('refresh-encoded', { cookies: { ...base('live'), refresh_: 'a%20b%2Fc' } }),
  at('valid-session-does-not-refresh', { cookies: { session: t.valid, uat: NOW_S - 5, refresh_: 'r1' } }),
  at('early-session-does-not-refresh', { cookies: { session: t.early, uat: NOW_S - 5, refresh_: 'r1' } }),
  at('forged-session-does-not-refresh', { cookies: { session: t.forged, uat: NOW_S - 5, refresh_: 'r1' } }),
  at('before-uat-does-not-refresh', { cookies: { session: t.expired, uat: NOW_S - 5, refresh_: 'r1' } }),
  at('no-uat-does-not-refresh', { cookies: { session: t.expired, refresh_: 'r1' } }),
  at('refresh-cookie-alone', { cookies: { refresh_: 'r1' } }),
];

const ids = [
  at('sid-missing', { cookies: { ...base('live'), session: sid('missing', undefined) } }),
  at('sid-empty', { cookies: { ...base('live'), session: sid('empty', '') } }),
  at('sid-null', { cookies: { ...base('live'), session: sid('null', null) } }),
  at('sid-other', { cookies: { ...base('live'), session: sid('other', 'sess_other') }, backend: { 'POST /v1/sessions/sess_other/refresh': ANSWERS('live').ok } }),
  at('sid-dot-segments', { cookies: { ...base('live'), session: sid('dots', '../users') }, backend: {} }),
  ...[['question-mark', 'sess_1?a=b'], ['space', 'sess 1'], ['slash', 'sess_1/x'], ['percent', 'sess%31'], ['non-ascii', 'sess_\u00e9']].map(([name, id]) =>
    at(`sid-${name}`, { cookies: { ...base('live'), session: sid(name, id) }, backend: {
      'POST /v1/sessions/sess_1': ANSWERS('live').ok, [`POST ${new URL(`https://x/v1/sessions/${id}/refresh`).pathname}`]: ANSWERS('live').ok,
    } })),
  at('sid-two-dots', { cookies: { ...base('live'), session: sid('two-dots', '..') }, backend: {} }),
];

const sent = [
  at('headers-sent', { headers: [['user-agent', 'browser/1'], ['accept-language', 'en'], ['x-custom', 'yes'], ['referer', 'https://app.example.com/before']] }),
  at('headers-sent-repeated', { headers: [['x-list', 'a'], ['x-list', 'b']] }),
  at('headers-sent-with-application-cookies', { cookies: { theme: 'dark', ...base('live'), cart: '3' } }),
  at('headers-sent-with-basic-authorization', { headers: [['authorization', 'Basic eHg6eXk=']] }),
  at('origin-forwarded', { origin: 'http://127.0.0.1:8080', headers: [['x-forwarded-host', 'app.example.com'], ['x-forwarded-proto', 'https']] }),
  at('origin-with-port', { origin: 'https://app.example.com:8443' }),
  at('proxy', { options: { proxyUrl: 'https://proxy.example.com/__clerk' } }),
  make({ id: 'satellite', satellite: true, cookies: { session_: session('satellite-expired', { claims: { iss: 'https://clerk.satellite.dev', iat: NOW_S - 3605, exp: NOW_S - 3545 } }), uat_: NOW_S - 4000, refresh_: 'r1' }, backend: { [CALL]: ANSWERS('live').ok } }),
];

const after = [
  at('foreign-referrer-is-not-checked', { headers: [['referer', 'https://elsewhere.example/']] }),
  at('organization-is-not-checked', { path: '/orgs/acme', options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } } }),
  at('organization-is-active', { path: '/orgs/acme', options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } } }, cookiesOf('live', session('fresh-in-acme', { claims: { iat: NOW_S - 1, o: { id: 'org_acme', slg: 'acme' } } }))),
  at('organization-count-3', { path: '/orgs/acme', options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } }, cookies: { ...base('live'), count: '3' } }),
  at('organization-of-a-script', { path: '/orgs/acme', dest: 'api', options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } } }),
  at('organization-goes-into-the-handshake', { path: '/orgs/acme', options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } } }, ANSWERS('live')['token-expired']),
  at('ok-count-1', { cookies: { ...base('live'), count: '1' } }),
  at('ok-count-2-api', { cookies: { ...base('live'), count: '2' }, dest: 'api' }),
  at('failed-count-2', { cookies: { ...base('live'), count: '2' } }, ANSWERS('live')['token-expired']),
  at('failed-count-3', { cookies: { ...base('live'), count: '3' } }, ANSWERS('live')['token-expired']),
  at('returned-token-of-other-party', { options: { authorizedParties: ['https://app.example.com'] } }, cookiesOf('live', session('fresh-other-party', { claims: { azp: 'https://x.example', iat: NOW_S - 1 } }))),
  at('keys-fetched', { options: { jwtKey: undefined }, backend: { [CALL]: ANSWERS('live').ok, 'GET /v1/jwks': json(JWKS.main) } }),
  at('keys-out-of-reach', { options: { jwtKey: undefined }, backend: { [CALL]: ANSWERS('live').ok, 'GET /v1/jwks': { error: 'network' } } }),
  at('inside-clock-skew-does-not-refresh', { cookies: { ...base('live'), session: session('expired-4-seconds', { claims: { exp: NOW_S - 4 } }) } }),
  at('outside-clock-skew-refreshes', { cookies: { ...base('live'), session: session('expired-5-seconds', { claims: { exp: NOW_S - 5 } }) } }),
  at('zero-skew-refreshes', { options: { clockSkewInMs: 0 }, cookies: { ...base('live'), session: session('expired-this-second', { claims: { exp: NOW_S } }) } }),
];

export const cases = [...answers, ...methods, ...carriers, ...ids, ...sent, ...after];
