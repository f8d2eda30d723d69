// The public URL of a request, seen through the redirect of a handshake.
import { COMMON } from '../tokens.mjs';
import { NOW_S, combinations, make } from '../world.mjs';

const cookies = { uat: NOW_S - 5 };
const INSIDE = 'http://127.0.0.1:8080';
const at = (id, headers, path = '/a', more = {}) => make({ id, origin: INSIDE, path, headers, cookies, ...more });
const list = object => Object.entries(object).filter(([, v]) => v !== undefined);

const HOSTS = { none: undefined, same: '127.0.0.1:8080', app: 'app.example.com', 'app-port': 'app.example.com:8443' };
const FORWARDED_HOSTS = { none: undefined, app: 'app.example.com', port: 'app.example.com:8443', list: 'app.example.com, inner.example', empty: '' };
const PROTOS = { none: undefined, https: 'https', http: 'http', list: 'https,http', empty: '' };

const matrix = [...combinations({ host: Object.keys(HOSTS), forwarded: Object.keys(FORWARDED_HOSTS), proto: Object.keys(PROTOS) })]
  .map(({ host, forwarded, proto }) => at(`host-${host}-forwarded-${forwarded}-proto-${proto}`, list({
    host: HOSTS[host], 'x-forwarded-host': FORWARDED_HOSTS[forwarded], 'x-forwarded-proto': PROTOS[proto],
  })));

const https = ['x-forwarded-proto', 'https'];
const forwarded = value => [['x-forwarded-host', value], https];
const odd = [
  at('cloudfront-proto-only', [['host', 'app.example.com'], ['cloudfront-forwarded-proto', 'https']]),
  at('cloudfront-proto-and-forwarded-proto', [['host', 'app.example.com'], ['cloudfront-forwarded-proto', 'https'], ['x-forwarded-proto', 'http']]),
  at('forwarded-port', [...forwarded('app.example.com'), ['x-forwarded-port', '8443']]),
  at('rfc-7239', [['forwarded', 'host=app.example.com;proto=https']]),
  at('host-not-a-host', forwarded('<bad>')),
  at('host-with-space-inside-list', forwarded('app.example.com , inner')),
  at('host-second-of-list-ignored', forwarded('app.example.com,evil.example')),
  at('host-list-starts-empty', forwarded(',app.example.com')),
  at('host-upper-case', forwarded('APP.example.com')),
  at('host-default-port', forwarded('app.example.com:443')),
  at('host-default-port-of-other-scheme', forwarded('app.example.com:80')),
  at('host-port-not-a-number', forwarded('app.example.com:x')),
  at('host-port-too-large', forwarded('app.example.com:70000')),
  at('host-ipv4', forwarded('192.0.2.1')),
  at('host-ipv6', forwarded('[::1]:3000')),
  at('host-international', forwarded('b\u00fccher.example')),
  at('host-punycode', forwarded('xn--bcher-kva.example')),
  at('host-trailing-dot', forwarded('app.example.com.')),
  at('host-repeated', [['x-forwarded-host', 'app.example.com'], ['x-forwarded-host', 'evil.example'], https]),
  at('proto-repeated', [['x-forwarded-host', 'app.example.com'], ['x-forwarded-proto', 'https'], ['x-forwarded-proto', 'http']]),
  at('proto-upper-case', [['x-forwarded-host', 'app.example.com'], ['x-forwarded-proto', 'HTTPS']]),
  at('proto-list-with-spaces', [['x-forwarded-host', 'app.example.com'], ['x-forwarded-proto', 'https, http']]),
  at('request-already-public', [['host', 'app.example.com'], https], '/a', { origin: 'https://app.example.com' }),
  at('request-public-forwarded-same', forwarded('app.example.com'), '/a', { origin: 'https://app.example.com' }),
];

const PATHS = {
  root: '/', 'trailing-slash': '/a/', 'two-slashes-inside': '/a//b', 'encoded-slash': '/a%2Fb', 'encoded-space': '/a%20b',
  'percent-letters': '/%7Ea', 'plus-in-path': '/a+b', semicolon: '/a;b=1', 'dot-segment': '/a/./b', colon: '/a:b', unicode: '/%C3%A9',
  'bad-percent': '/a%zzb',
  'query-plain': '/a?b=1&c=2', 'query-spaces': '/a?q=a%20b', 'query-plus': '/a?q=a+b', 'query-tilde': '/a?q=~x', 'query-slash': '/a?q=x/y',
  'query-colon': '/a?q=x:y', 'query-quote': "/a?q='x'", 'query-brackets': '/a?q[]=1&q[]=2', 'query-no-value': '/a?q', 'query-empty-value': '/a?q=',
  'query-empty': '/a?', 'query-ampersands': '/a?&&b=1&', 'query-repeated': '/a?b=1&b=2', 'query-utf-8': '/a?q=%C3%A9', 'query-bad-utf-8': '/a?q=%E9',
  'query-bad-percent': '/a?q=%zz', 'query-encoded-ampersand': '/a?q=a%26b', 'query-question-mark': '/a?q=a?b', 'query-star': '/a?q=*-._',
  'query-url': '/a?next=https%3A%2F%2Fx.example%2F%3Fa%3D1', 'query-equals-twice': '/a?q=a=b', 'query-name-encoded': '/a?%61=1',
  'query-emoji': '/a?q=%F0%9F%98%80', 'query-unicode-name': '/a?%C3%A9=1',
  'synced-kept': '/a?__clerk_synced=true&q=a+b', 'handshake-parameters-kept': '/a?__clerk_help=1&__clerk_hs_reason=x',
  'dev-session-dropped': '/a?__dev_session=1&b=2', 'dev-browser-dropped': '/a?__clerk_db_jwt=x&b=2', 'dev-browser-dropped-twice': '/a?__clerk_db_jwt=x&b=2&__clerk_db_jwt=y',
  'redirect-url-kept': '/a?__clerk_redirect_url=http%3A%2F%2Flocalhost%3A3001%2F',
};
const paths = Object.entries(PATHS).flatMap(([name, path]) => [
  at(`path-${name}`, forwarded('app.example.com'), path),
  at(`path-${name}-request-url-as-is`, [], path, { origin: 'https://app.example.com' }),
]);

const slashes = ['//evil.example/x', '//evil.example', '///evil.example/x', '//', '//evil.example/x?a=1', '//user@evil.example/'].flatMap((path, n) => [
  at(`two-slashes-${n}-forwarded`, forwarded('app.example.com'), path),
  at(`two-slashes-${n}-host`, [['host', 'app.example.com']], path),
  at(`two-slashes-${n}-request-url-as-is`, [], path, { origin: 'https://app.example.com' }),
  at(`two-slashes-${n}-relative-proxy`, forwarded('app.example.com'), path, { options: { proxyUrl: '/__clerk' } }),
  at(`two-slashes-${n}-development`, [['host', 'localhost:4000']], path, { env: 'test', cookies: { db: 'dvb', uat: NOW_S - 5 } }),
  at(`two-slashes-${n}-signed-in-foreign-referrer`, forwarded('app.example.com'), path, {
    cookies: { session: COMMON.live.valid, uat: NOW_S - 5 }, headers: [...forwarded('app.example.com'), ['referer', 'https://evil.example/']],
  }),
]);

// Where the public origin decides: relative proxy, referrer, cookie security.
const uses = [
  at('relative-proxy-follows-forwarded-host', forwarded('app.example.com'), '/a', { options: { proxyUrl: '/__clerk' } }),
  at('relative-proxy-without-forwarding', [], '/a', { options: { proxyUrl: '/__clerk' } }),
  at('referrer-equals-forwarded-origin', [...forwarded('app.example.com'), ['referer', 'https://app.example.com/x']], '/a', { cookies: { session: COMMON.live.valid, uat: NOW_S - 5 } }),
  at('referrer-equals-inner-origin', [...forwarded('app.example.com'), ['referer', `${INSIDE}/x`]], '/a', { cookies: { session: COMMON.live.valid, uat: NOW_S - 5 } }),
];

// Schemes of WebSockets are their pages'; what no page has counts as absent.
const strange = [
  ...['wss', 'ws', 'WSS', 'wss,http', 'javascript', 'ftp', 'file', 'https:', 'h ttps'].map(proto =>
    at(`proto-${proto.replace(/\W/g, '-')}`, [['host', 'inner.example'], ['x-forwarded-host', 'app.example.com'], ['x-forwarded-proto', proto]])),
  at('proto-wss-without-host', [['host', 'app.example.com'], ['x-forwarded-proto', 'wss']]),
  at('proto-javascript-without-host', [['host', 'app.example.com'], ['x-forwarded-proto', 'javascript']]),
  at('host-user-information', [['host', 'app.example.com'], ...forwarded('user@evil.example')]),
  at('host-user-and-password', [['host', 'app.example.com'], ...forwarded('user:pw@evil.example')]),
  at('host-backslash', [['host', 'app.example.com'], ...forwarded('evil.example\\@app.example.com')]),
];

export const cases = [...matrix, ...odd, ...strange, ...paths, ...slashes, ...uses];
