// Where our SDK differs from Clerk's on purpose, as rules. There are three kinds:
//
//   rereadings   our SDK reads the request (or the settings, or an answer of the Backend API) differently. The rule
//                rewrites the case to one that Clerk's package reads the way we read the original; the package then
//                still makes the decision. `restore` puts the original text back where it shows in the outcome.
//   verdicts     our SDK concludes something else from the same reading.
//   manners      how every answer of ours looks, whatever the decision was.
//
// The numbers are those of docs/differences.md. The same rules explain differences in `../differential`.
import { createHash, createPublicKey } from 'node:crypto';
import { match } from '@clerk/shared/pathToRegexp';
import { KEYS, KID, jwk } from './keys.mjs';
import * as read from './request.mjs';
import { jwt, signer } from './tokens.mjs';

const HANDSHAKE_PARAMETERS = ['__clerk_handshake_nonce', '__clerk_handshake'];

/** Renames a query parameter, leaving the rest of the query as it is written. */
const renameParameter = (c, from, to) => {
  const url = new URL(c.request.url);
  if (!url.searchParams.has(from)) return null;
  const search = url.search.replace(new RegExp(`([?&])${from}(?==|&|$)`, 'g'), `$1${to}`);
  return read.withUrl(c, `${url.origin}${url.pathname}${search}`);
};

const replacing = pairs => outcome => {
  let text = JSON.stringify(outcome);
  for (const [marker, original] of pairs) text = text.replaceAll(marker, original);
  return JSON.parse(text);
};

/** `replacing` for tokens, which an address holds encoded. */
const replacingTokens = pairs => outcome => {
  const encoded = pairs.map(pair => pair.map(encodeURIComponent));
  const header = field => replacing(field[0] === 'location' ? encoded : pairs)(field);
  const rest = replacing(pairs)({ ...outcome, headers: [] });
  return outcome.headers ? { ...rest, headers: outcome.headers.map(header) } : replacing(pairs)(outcome);
};

/** The key IDs of all tokens in a text, also of those inside a handshake token. */
function keyIds(text) {
  const parts = [...text.matchAll(/eyJ[\w-]+/g)].map(([part]) => Buffer.from(part, 'base64url').toString());
  return new Set(parts.flatMap(part => [String(JSON_BODY(part)?.kid), ...keyIds(part)]));
}

/** Whether a handshake was taken over: the browser is led to the address without it. */
const leadsOutOfHandshake = outcome => {
  const leads = outcome.headers?.find(([name]) => name === 'location');
  if (!leads || outcome.status === 'handshake') return false;
  return !HANDSHAKE_PARAMETERS.some(name => new URL(leads[1]).searchParams.has(name));
};

/**
 * Applies `change` to every directive that a handshake token or the Backend API brings. A changed handshake token is
 * signed again; `restores` turns it back.
 */
function eachDirective(c, change) {
  const restores = [];
  const changed = directive => (typeof directive === 'string' ? change(directive) : directive);
  const signedAgain = text => {
    const again = remint(text, claims => (Array.isArray(claims.handshake) ? { ...claims, handshake: claims.handshake.map(changed) } : null));
    if (!again || again === text) return text;
    restores.push([again, text]);
    return again;
  };
  const next = eachHandshakeToken(c, signedAgain);
  const backend = Object.fromEntries(Object.entries(c.backend ?? {}).map(([call, answer]) => {
    const body = JSON_BODY(answer.body);
    const lists = ['directives', 'cookies'].filter(name => Array.isArray(body?.[name]));
    for (const name of lists) body[name] = body[name].map(changed);
    return [call, lists.length ? { ...answer, body: JSON.stringify(body) } : answer];
  }));
  return { c: { ...next, backend }, restores };
}

/** Applies `change` to the handshake token in the cookie and in the query. */
function eachHandshakeToken(c, change) {
  const next = read.mapCookies(c, (name, value) => (name === '__clerk_handshake' ? change(value) : value));
  const inQuery = new URL(c.request.url).searchParams.get('__clerk_handshake');
  return inQuery ? read.withUrl(next, next.request.url.replace(inQuery, change(inQuery))) : next;
}

/** Applies `change` to every token that may be taken for a session: in cookies, in the header and in directives. */
function eachSessionToken(c, change) {
  const originals = new Map();
  const swap = text => {
    const changed = change(text);
    if (changed === null || changed === text) return text;
    originals.set(changed, text);
    return changed;
  };
  const names = ['__session', read.suffixed(c, '__session')];
  let next = read.mapCookies(c, (name, value) => (names.includes(name) ? swap(value) : value));
  const words = (read.header(c, 'authorization') ?? '').split(' ');
  const at = words.length === 1 ? 0 : words[0] === 'Bearer' ? 1 : -1;
  if (words[at]) {
    const swapped = words.map((word, index) => (index === at ? swap(word) : word));
    next = read.withHeader(next, 'authorization', swapped.join(' '));
  }
  const directives = eachDirective(next, directive =>
    directive.replace(/^(__session[^=;]*=)([^=;]*)/, (_, name, token) => `${name}${swap(token)}`));
  const restoreTokens = replacingTokens([...originals]);
  return { c: directives.c, restore: outcome => restoreTokens(replacing(directives.restores)(outcome)) };
}

/** The same claims, changed, signed by the same key again. Two tokens never become one: each remembers its original. */
function remint(token, change) {
  const decoded = read.decodeStrictly(token);
  const key = decoded && signer(token);
  if (!key) return null;
  const payload = change(structuredClone(decoded.payload));
  if (!payload || JSON.stringify(payload) === JSON.stringify(decoded.payload)) return null;
  return jwt(decoded.header, { ...payload, 'instead-of': createHash('sha256').update(token).digest('hex').slice(0, 16) }, key);
}

const isLoopback = ({ hostname }) =>
  hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);

function mayReturnTo(target, c) {
  try {
    const url = new URL(target);
    if (!['http:', 'https:'].includes(url.protocol)) return false;
    return isLoopback(url) || (c.options.satelliteOrigins ?? []).includes(url.origin);
  } catch {
    return false;
  }
}

const JSON_BODY = text => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const failed = answer => !!answer.error || answer.status >= 400 || !Array.isArray(JSON_BODY(answer.body)?.directives);

const NONCE_CALL = 'GET /v1/clients/handshake_payload';

const REFRESH_CALL = /^POST \/v1\/sessions\/[^/]*\/refresh$/;

/** Applies `change` to the lists of cookies that handshakes by nonce and renewals bring. */
function eachBrought(c, change) {
  const backend = Object.fromEntries(Object.entries(c.backend ?? {}).map(([call, answer]) => {
    const name = call === NONCE_CALL ? 'directives' : REFRESH_CALL.test(call) ? 'cookies' : undefined;
    const body = name && !answer.error ? JSON_BODY(answer.body) : undefined;
    if (!Array.isArray(body?.[name])) return [call, answer];
    const changed = change(body[name]);
    return [call, changed === body[name] ? answer : { ...answer, body: JSON.stringify({ ...body, [name]: changed }) }];
  }));
  return { c: { ...c, backend }, restore: o => o };
}

/** A value of RFC 9110, section 5.5. */
const canBeField = text => typeof text === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(text.trim());

const isNamed = (c, text, name) => [name, read.suffixed(c, name)].includes(text.split(';')[0].split('=')[0]);

const MARK = '__portal_cookie_check';

/** An origin as a browser writes it; undefined if no token can be issued to it. */
function originOf(text) {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const plain = url.pathname.replace(/^\/+$/, '') === '' && !url.search && !url.hash && !url.username && !url.password;
  return ['http:', 'https:'].includes(url.protocol) && plain && !/[*,]/.test(url.host) ? url.origin : undefined;
}

/** Our own cookies and Clerk's that the server reads, as names. */
const cookieNames = c => [
  '__session', '__client_uat', '__clerk_db_jwt', ...HANDSHAKE_PARAMETERS, '__clerk_redirect_count',
  ...['__session', '__client_uat', '__clerk_db_jwt', '__refresh'].map(name => read.suffixed(c, name)),
];
const hasClerkCookies = c => read.cookiePairs(c).some(([name]) => cookieNames(c).includes(name));

/** What the path names: `[kind, name]`, decoded once, or undefined. */
function targetOf(c) {
  const sync = c.options.organizationSyncOptions;
  const path = read.publicUrl(c).pathname;
  const params = (sync?.organizationPatterns?.length && match(sync.organizationPatterns)(path).params) || {};
  const text = raw => [raw].flat().map(decodeURIComponent).join(',');
  if (params.id?.length) return ['id', text(params.id)];
  if (params.slug?.length) return ['slug', text(params.slug)];
  return sync?.personalAccountPatterns?.length && match(sync.personalAccountPatterns)(path) ? ['personal', ''] : undefined;
}

/** FNV-1a, 32 bits: the mark of an organization in the counter. */
function markOf(c) {
  const target = targetOf(c);
  if (!target) return undefined;
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(target.join(':'))) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** The URLs of the Frontend API; null if the settings do not tell all of them. */
function issuersOf(c) {
  const { proxyUrl, domain, isSatellite, satelliteOrigins } = c.options;
  const host = frontendApi(c);
  if (!host || (read.isProduction(c) && satelliteOrigins?.length) || (proxyUrl && !URL.canParse(proxyUrl))) return null;
  const onDomain = isSatellite && domain && read.isProduction(c) ? [`https://clerk.${domain}`] : [];
  return [`https://${host.replace(/\/+$/, '')}`, ...onDomain, ...(proxyUrl ? [new URL(proxyUrl).href.replace(/\/+$/, '')] : [])];
}

/** The host in the publishable key. */
function frontendApi(c) {
  const body = Buffer.from(c.options.publishableKey?.split('_')[2] ?? '', 'base64').toString();
  return body.endsWith('$') ? body.slice(0, -1) : undefined;
}

const rereadings = [
  {
    gap: 'G24',
    says: 'the Bearer scheme in any case; spaces separate, however many',
    // First, so that the other rules find the token.
    apply(c) {
      const [scheme, ...words] = (read.header(c, 'authorization') ?? '').split(/ +/);
      if (!words.length) return null;
      const plain = [/^bearer$/i.test(scheme) ? 'Bearer' : scheme, ...words].join(' ');
      return { c: read.withHeader(c, 'authorization', plain), restore: o => o };
    },
  },
  {
    gap: 'G44',
    says: 'a cookie that cannot be a header field is skipped; it may be the session only where no session is beside it',
    apply(c) {
      return eachBrought(c, list => {
        const usable = list.filter(canBeField);
        if (usable.length === list.length) return list;
        return usable.some(text => isNamed(c, text, '__session')) ? usable : [5];
      });
    },
  },
  {
    gap: 'G31',
    says: 'a renewal of other things than Clerk\'s cookies is out of reach',
    apply(c) {
      const isGarbage = list => {
        const session = list.filter(text => typeof text === 'string').findLast(text => isNamed(c, text, '__session'));
        if (!session) return list.length > 0 && !list.some(text => typeof text === 'string' && isNamed(c, text, '__client_uat'));
        const token = session.split(';')[0].split('=')[1];
        return !!token && !read.decodeStrictly(token);
      };
      const backend = Object.fromEntries(Object.entries(c.backend ?? {}).map(([call, answer]) => {
        const list = REFRESH_CALL.test(call) && answer.status < 300 && JSON_BODY(answer.body)?.cookies;
        return [call, Array.isArray(list) && isGarbage(list) ? { status: 503, contentType: 'text/plain', body: 'x' } : answer];
      }));
      return { c: { ...c, backend }, restore: o => o };
    },
  },
  {
    gap: 'G34',
    says: 'authorized parties and issuers are read as addresses',
    apply(c) {
      const { authorizedParties, issuer } = c.options;
      const list = authorizedParties && { authorizedParties: authorizedParties.map(text => originOf(text) ?? text) };
      const bare = text => (URL.canParse(text) ? new URL(text).href.replace(/\/+$/, '') : text);
      const issuers = issuer && { issuer: Array.isArray(issuer) ? issuer.map(bare) : bare(issuer) };
      return { c: { ...c, options: { ...c.options, ...list, ...issuers } }, restore: o => o };
    },
  },
  {
    gap: 'G48',
    says: 'without the setting, the issuers are the URLs of the Frontend API, where the settings tell them',
    apply(c) {
      if ([c.options.issuer].flat().some(Boolean)) return null;
      const issuer = issuersOf(c);
      return issuer && { c: { ...c, options: { ...c.options, issuer } }, restore: o => o };
    },
  },
  {
    gap: 'G38',
    says: 'a forwarded wss is https; a forwarded scheme or host that no page has counts as absent',
    apply(c) {
      const claimed = read.forwarded(c);
      const proto = read.header(c, 'x-forwarded-proto');
      if (claimed === null) {
        return { c: ['x-forwarded-proto', 'x-forwarded-host', 'host'].reduce((next, name) => read.withHeader(next, name, undefined), c), restore: o => o };
      }
      if (!claimed.proto || claimed.proto === proto) return null;
      return { c: read.withHeader(c, 'x-forwarded-proto', [claimed.proto, ...proto.split(',').slice(1)].join(',')), restore: o => o };
    },
  },
  {
    gap: 'G39',
    says: 'a machine\'s token is one with padding too',
    apply(c) {
      const isMachine = ({ header, payload }) => ['at+jwt', 'application/at+jwt'].includes(header.typ) || String(payload.sub).startsWith('mch_');
      return eachSessionToken(c, text => {
        const decoded = text.includes('=') && read.decodeStrictly(text);
        return decoded && isMachine(decoded) ? text.replaceAll('=', '') : null;
      });
    },
  },
  {
    gap: 'G42',
    says: 'a session id that is no path segment is not sent',
    apply(c) {
      const isOdd = sid => typeof sid === 'string' && sid !== '' && !/^[\w-]+$/.test(sid);
      // A bearer token decides the request, but what Clerk's package renews is the cookie's session, expired or not.
      const inCookies = ['__session', read.suffixed(c, '__session')].map(name => read.cookie(c, name));
      const isRenewed = (text, claims) => claims.exp * 1000 < (c.now ?? Infinity) || (bearer(c) && inCookies.includes(text));
      return eachSessionToken(c, text => remint(text, claims => (isOdd(claims.sid) && isRenewed(text, claims) ? { ...claims, sid: '..' } : null)));
    },
  },
  {
    gap: 'G41',
    says: 'keys below 2048 bits check nothing, and a key that names no algorithm checks RS256 only',
    apply(c) {
      const answer = c.backend?.['GET /v1/jwks'];
      const body = JSON_BODY(answer?.body);
      if (!Array.isArray(body?.keys)) return null;
      const bits = ({ n }) => (typeof n === 'string' ? Buffer.from(n, 'base64url').length * 8 : 0);
      const keys = body.keys.map(key => (key?.kty !== 'RSA' ? key : bits(key) < 2048 ? { ...key, alg: 'unusable' } : { ...key, alg: key.alg ?? 'RS256' }));
      return { c: { ...c, backend: { ...c.backend, 'GET /v1/jwks': { ...answer, body: JSON.stringify({ ...body, keys }) } } }, restore: o => o };
    },
  },
  {
    gap: 'G2',
    says: 'a path that begins with two slashes stays a path',
    apply(c) {
      const url = new URL(c.request.url);
      if (!url.pathname.startsWith('//')) return null;
      const marked = `${url.origin}/-two-slashes-/${url.pathname.slice(2)}${url.search}`;
      return { c: read.withUrl(c, marked), restore: replacing([['/-two-slashes-/', '//'], ['%2F-two-slashes-%2F', '%2F%2F']]) };
    },
  },
  {
    gap: 'G9',
    says: 'the loop counter is a decimal, anything else is 0, and 3 or more is 3',
    apply(c) {
      const value = read.cookie(c, '__clerk_redirect_count');
      if (value === undefined) return null;
      const [, plain] = /^(\d+)(?:\.[0-9a-f]{8})?$/i.exec(value) ?? [];
      const count = plain === undefined ? 0 : Math.min(Number(plain), 3);
      return { c: read.mapCookies(c, (n, v) => (n === '__clerk_redirect_count' ? String(count) : v)), restore: o => o };
    },
  },
  {
    gap: 'G35',
    says: 'a browser that loses every cookie of a development handshake is sent into no other; the mark leaves the address',
    apply(c) {
      const url = new URL(c.request.url);
      if (!read.isDevelopment(c) || !url.searchParams.has(MARK)) return null;
      const seconds = url.searchParams.get(MARK);
      const isFresh = /^[+-]?\d+$/.test(seconds) && Math.abs(Math.floor(c.now / 1000) - Number(seconds)) <= 60;
      url.searchParams.delete(MARK);
      const next = read.withUrl(c, url.href);
      const isPage = read.isDocument(c) && !bearer(c);
      const comesBack = HANDSHAKE_PARAMETERS.some(name => url.searchParams.get(name));
      const restore = o => {
        if (o.throws || o.status === 'undecided' || !isPage) return o;
        const isResolved = comesBack && leadsOutOfHandshake(o);
        if (isFresh && !isResolved && !hasClerkCookies(c) && !url.searchParams.get('__clerk_db_jwt')) {
          const reason = 'dev-browser-missing';
          return { status: 'signed-out', reason, headers: [['x-clerk-auth-reason', reason], ['x-clerk-auth-status', 'signed-out']], auth: null, calls: [] };
        }
        if (o.status === 'handshake' || o.headers.some(([name]) => name === 'location')) return o;
        return { ...o, headers: [...o.headers, ['location', read.publicUrl(next).href], ['cache-control', 'no-store']] };
      };
      return { c: next, restore };
    },
  },
  {
    gap: 'G30',
    says: '__client_uat is an unsigned decimal or 0',
    apply(c) {
      const names = ['__client_uat', read.suffixed(c, '__client_uat')];
      const odd = name => !/^\d*$/.test(read.cookie(c, name) ?? '');
      return { c: read.mapCookies(c, (n, v) => (names.includes(n) && odd(n) ? '0' : v)), restore: o => o };
    },
  },
  {
    gap: 'G11',
    says: 'in production a handshake counts only in the cookie',
    apply(c) {
      if (!read.isProduction(c)) return null;
      let next = c;
      for (const name of HANDSHAKE_PARAMETERS) next = renameParameter(next, name, name.replace('__', '__x_')) ?? next;
      return { c: next, restore: replacing(HANDSHAKE_PARAMETERS.map(name => [name.replace('__', '__x_'), name])) };
    },
  },
  {
    gap: 'G10',
    says: 'in development a handshake counts only in the query',
    apply(c) {
      if (!read.isDevelopment(c)) return null;
      return { c: read.mapCookies(c, (n, v) => (HANDSHAKE_PARAMETERS.includes(n) ? undefined : v)), restore: o => o };
    },
  },
  {
    gap: 'G17',
    says: 'beside suffixed cookies, a plain session cookie without an issuer is absent',
    apply(c) {
      const plain = read.cookie(c, '__session');
      const beside = ['__session', '__client_uat'].some(name => read.cookie(c, read.suffixed(c, name)));
      if (!plain || !beside || read.decodeStrictly(plain)?.payload.iss) return null;
      return { c: read.mapCookies(c, (n, v) => (n === '__session' ? undefined : v)), restore: o => o };
    },
  },
  {
    gap: 'G3',
    says: 'a JWT whose header or payload is not an object does not decode',
    apply(c) {
      const undecodable = text => (read.decode(text) && !read.decodeStrictly(text) ? `@${text}` : null);
      const sessions = eachSessionToken(c, undecodable);
      const restores = [];
      const next = eachHandshakeToken(sessions.c, text => {
        const changed = undecodable(text);
        if (changed) restores.push([changed, text]);
        return changed ?? text;
      });
      return { c: next, restore: outcome => sessions.restore(replacingTokens(restores)(outcome)) };
    },
  },
  {
    gap: 'G16',
    says: 'an audience that is neither a string nor a list of strings is refused where one is required',
    apply(c) {
      if (![c.options.audience].flat().some(Boolean)) return null;
      const strange = aud => aud !== undefined && aud !== null && typeof aud !== 'string'
        && !(Array.isArray(aud) && aud.every(a => typeof a === 'string'));
      return eachSessionToken(c, text => remint(text, claims => (strange(claims.aud) ? { ...claims, aud: 'refused' } : null)));
    },
  },
  {
    gap: 'G22',
    says: 'malformed features or permissions give no permissions',
    apply(c) {
      const wellFormedList = v => v === undefined || v === null || typeof v === 'string';
      const features = v => wellFormedList(v) && (!v || v.split(',').every(f => f.includes(':')));
      return eachSessionToken(c, text => remint(text, claims => {
        if (claims.v !== 2 || !claims.o) return null;
        if (features(claims.fea) && wellFormedList(claims.o.per) && wellFormedList(claims.o.fpm)) return null;
        const { fea, o: { per, fpm, ...o }, ...others } = claims;
        return { ...others, o };
      }));
    },
  },
  {
    gap: 'G12',
    says: 'behind a proxy the hosts of the publishable key are still known referrers',
    apply(c) {
      const instance = read.instanceOf(c);
      const referer = read.header(c, 'referer');
      if (!c.options.proxyUrl || !instance || !URL.canParse(referer ?? '')) return null;
      const url = new URL(referer);
      if (url.hostname !== instance.host && url.origin !== instance.portal) return null;
      return { c: read.withHeader(c, 'referer', undefined), restore: o => o };
    },
  },
  {
    gap: 'G15',
    says: 'the development primary answers only loopback and configured satellite origins',
    apply(c) {
      if (!read.isDevelopment(c) || c.options.isSatellite) return null;
      const target = read.publicUrl(c).searchParams.get('__clerk_redirect_url');
      if (!target || mayReturnTo(target, c)) return null;
      const next = renameParameter(c, '__clerk_redirect_url', '__x_clerk_redirect_url');
      return next && { c: next, restore: replacing([['__x_clerk_redirect_url', '__clerk_redirect_url']]) };
    },
  },
  {
    gap: 'G20',
    says: 'an empty pattern list matches nothing',
    apply(c) {
      const sync = c.options.organizationSyncOptions;
      if (!sync) return null;
      const kept = Object.fromEntries(Object.entries(sync).filter(([, patterns]) => patterns?.length));
      return { c: { ...c, options: { ...c.options, organizationSyncOptions: kept } }, restore: o => o };
    },
  },
  {
    gap: 'G18',
    says: 'a PEM key of any size from 2048 bits, line breaks escaped or not',
    apply(c) {
      const pem = c.options.jwtKey?.replaceAll('\\n', '\n');
      if (!pem || c.refused) return null;
      // The package cannot take such a key as PEM at all, so it gets it as a key set.
      let n, e;
      try {
        ({ n, e } = createPublicKey(pem).export({ format: 'jwk' }));
      } catch {
        return null;
      }
      if (n.length < 400 && pem === c.options.jwtKey) return null;
      const { jwtKey, ...options } = c.options;
      // Whatever key id a token names, or none: the package looks that one up as `undefined`.
      const keys = [...keyIds(JSON.stringify(c)), KID].map(kid => jwk('main', { kid, n, e }));
      const answer = { status: 200, contentType: 'application/json', body: JSON.stringify({ keys }) };
      return {
        c: { ...c, options, backend: { ...c.backend, 'GET /v1/jwks': answer } },
        restore: o => ({ ...o, ...(o.calls ? { calls: o.calls.filter(([, path]) => path !== '/v1/jwks') } : {}) }),
      };
    },
  },
  {
    gap: 'G13',
    says: 'the session comes only from this instance\'s own cookie names',
    apply(c) {
      const own = ['__session', read.suffixed(c, '__session')];
      const marked = directive => {
        const name = directive.split(';')[0].split('=')[0];
        return name.startsWith('__session') && !own.includes(name) ? `-x-${directive}` : directive;
      };
      const { c: next, restores } = eachDirective(c, marked);
      return { c: next, restore: replacing([...restores, ['-x-__session', '__session']]) };
    },
  },
  {
    gap: 'G19',
    says: 'answers of the Backend API are read whatever their content type',
    apply(c) {
      const backend = Object.fromEntries(Object.entries(c.backend ?? {}).map(([call, answer]) => {
        if (answer.error || answer.status === 204) return [call, answer];
        if (JSON_BODY(answer.body) !== undefined) return [call, { ...answer, contentType: 'application/json' }];
        const refusal = call === 'GET /v1/jwks' && answer.status >= 400 && answer.status < 500 && answer.status !== 429;
        return [call, refusal ? { ...answer, contentType: 'application/json', body: '{"errors":[]}' } : answer];
      }));
      return { c: { ...c, backend }, restore: o => o };
    },
  },
  {
    gap: 'G32',
    says: 'what cannot be a nonce is not looked up, as if the look-up had been refused',
    apply(c) {
      const nonce = read.isProduction(c)
        ? read.cookie(c, '__clerk_handshake_nonce')
        : read.publicUrl(c).searchParams.get('__clerk_handshake_nonce');
      if (!nonce || /^[!-~]{1,256}$/.test(nonce)) return null;
      const isLookUp = ([, path]) => path.startsWith('/v1/clients/handshake_payload');
      const refused = { status: 404, contentType: 'application/json', body: '{"errors":[{"code":"resource_not_found"}]}' };
      return {
        c: { ...c, backend: { ...c.backend, [NONCE_CALL]: refused } },
        restore: o => (o.calls ? { ...o, calls: o.calls.filter(call => !isLookUp(call)) } : o),
      };
    },
  },
  {
    gap: 'G4',
    says: 'in production a failed nonce look-up leaves the ordinary cookies in force',
    apply(c) {
      const answer = c.backend?.[NONCE_CALL];
      const nonce = read.cookie(c, '__clerk_handshake_nonce');
      // A token in the header is decided without looking at the nonce.
      if (!read.isProduction(c) || !nonce || !answer || !failed(answer) || bearer(c)) return null;
      const search = new URLSearchParams({ nonce });
      const call = ['GET', `/v1/clients/handshake_payload?${search}`];
      return {
        c: read.mapCookies(c, (n, v) => (HANDSHAKE_PARAMETERS.includes(n) ? undefined : v)),
        restore(o) {
          const calls = [call, ...(o.calls ?? [])];
          // The handshake's result is unknown, and the cookies alone are signed out.
          const tells = o.status === 'signed-in' || o.throws || !outOfReach(answer, 'directives');
          return tells ? { ...o, calls } : { ...undecided(calls), calls };
        },
      };
    },
  },
];

/** Signatures of RSA keys from 2048 to 8192 bits have 256 to 1024 bytes. */
function isHopeless(token) {
  const { header } = read.decodeStrictly(token);
  const bytes = Buffer.from(token.split('.')[2], 'base64url').length;
  const isUsable = (header.typ === undefined || header.typ === 'JWT') && ['RS256', 'RS384', 'RS512'].includes(header.alg);
  return !isUsable || bytes < 256 || bytes > 1024;
}

const MARKED = 'marked-as-hopeless';

/** The token with a type that shows in the package's message. */
function marked(token) {
  const { header } = read.decodeStrictly(token);
  const parts = token.split('.');
  return [Buffer.from(JSON.stringify({ ...header, typ: MARKED })).toString('base64url'), ...parts.slice(1)].join('.');
}

/** The header token as Clerk splits it. */
function bearer(c) {
  const [scheme, token] = (read.header(c, 'authorization') ?? '').split(' ', 2);
  return token ? (scheme === 'Bearer' ? token : undefined) : scheme || undefined;
}

/** A refusal of Clerk's has a code; an error answer without one comes from something in between. */
const isRefusal = answer => answer.status >= 400 && answer.status < 500 && ![407, 408, 425, 429].includes(answer.status)
  && [JSON_BODY(answer.body)?.errors].flat().some(error => typeof error?.code === 'string' && error.code);

const unreachable = answer => !!answer.error || !(isRefusal(answer) || (answer.status < 300 && JSON_BODY(answer.body) !== undefined));

/** Also an answer in JSON that lacks the list it should hold. */
const outOfReach = (answer, list) => unreachable(answer)
  || (answer.status < 300 && !Array.isArray(JSON_BODY(answer.body)?.[list]));

const asksForKeys = outcome => !!outcome.calls?.some(([, path]) => path === '/v1/jwks');

const undecided = calls => ({ status: 'undecided', reason: null, headers: [], auth: null, calls });

/**
 * The session of the set of cookies that counts. The package tells it in the address of a handshake, and a development
 * token in the query makes it ask for one before anything else.
 */
async function sessionThatCounts(c, ask) {
  const url = new URL(c.request.url);
  // Synchronisation between domains comes before cookies, and tells no session.
  for (const name of [...HANDSHAKE_PARAMETERS, '__clerk_redirect_url', '__clerk_synced']) url.searchParams.delete(name);
  url.searchParams.set('__clerk_db_jwt', 'x');
  const others = ['__clerk_redirect_count', ...HANDSHAKE_PARAMETERS];
  const page = read.withHeader(read.withHeader(read.withUrl(c, url.href), 'sec-fetch-dest', 'document'), 'authorization', undefined);
  const asked = read.mapCookies({ ...page, request: { ...page.request, method: 'GET' } }, (n, v) => (others.includes(n) || n.startsWith('__refresh') ? undefined : v));
  const { headers } = await ask(asked);
  const location = headers?.find(([name]) => name === 'location')?.[1];
  return location && new URL(location).searchParams.get('__session');
}

/** A session that was renewed for this request, sent to the path's organization as one whose token was valid. */
async function toPathOrganization(outcome, c, ask) {
  const renewed = outcome.calls?.find(([, path, body]) => body?.expired_token);
  if (outcome.status !== 'signed-in' || !renewed || !targetOf(c) || bearer(c) || outcome.headers.some(([name]) => name === 'location')) return outcome;
  const own = ['__session', read.suffixed(c, '__session')];
  const brought = outcome.headers.filter(([name]) => name === 'set-cookie').map(([, text]) => text.split(';')[0].split('='));
  const token = brought.findLast(([name]) => own.includes(name))?.[1];
  const old = renewed[2].expired_token;
  const uats = ['__client_uat', read.suffixed(c, '__client_uat')];
  const asIf = read.mapCookies(read.withHeader(c, 'referer', undefined), (n, v) => (own.includes(n) && v === old ? token : uats.includes(n) && v !== '0' ? '1' : v));
  const again = await ask(asIf);
  if (again.reason !== 'active-organization-mismatch') return outcome;
  const cookies = outcome.headers.filter(([name]) => name === 'set-cookie');
  const headers = again.headers.map(([name, text]) => [name, name === 'location' ? text.replaceAll(encodeURIComponent(token), old).replaceAll(token, old) : text]);
  return { ...again, headers: [...cookies, ...headers], calls: outcome.calls };
}

const verdicts = [
  {
    gap: 'G31',
    says: 'a renewal out of reach: undecided, never signed out',
    conclude(outcome, c) {
      const [, path] = outcome.calls?.find(([, path]) => /^\/v1\/sessions\/.*\/refresh/.test(path)) ?? [];
      const answer = path && c.backend?.[`POST ${path.split('?')[0]}`];
      return answer && outOfReach(answer, 'cookies') ? undecided(outcome.calls) : outcome;
    },
  },
  {
    gap: 'G31',
    says: 'in development a nonce out of reach is undecided without a valid session beside it',
    async conclude(outcome, c, ask) {
      const asked = outcome.calls?.find(([, path]) => path.startsWith('/v1/clients/handshake_payload'));
      const answer = c.backend?.[NONCE_CALL];
      if (read.isProduction(c) || !asked || !answer || !outOfReach(answer, 'directives')) return outcome;
      const session = await sessionThatCounts(c, ask);
      const authorization = [['authorization', `Bearer ${session}`]];
      const isValid = session && (await ask({ ...c, request: { ...c.request, headers: authorization } })).status === 'signed-in';
      return isValid ? outcome : undecided(outcome.calls);
    },
  },
  {
    gap: 'G37',
    says: 'a session that was just renewed is sent to the path\'s organization too',
    conclude: toPathOrganization,
  },
  {
    gap: 'G36',
    says: 'redirects for another organization do not count',
    async conclude(outcome, c, ask) {
      const [, , mark] = /^(\d+)\.([0-9a-f]{8})$/i.exec(c.countAsSent ?? '') ?? [];
      const counted = outcome.status === 'signed-in' || outcome.reason === 'active-organization-mismatch';
      const own = mark && counted && markOf(c);
      if (!own || mark.toLowerCase() === own) return outcome;
      const uncounted = read.mapCookies(read.withHeader(c, 'referer', undefined), (n, v) => (n === '__clerk_redirect_count' ? '0' : v));
      const again = await toPathOrganization(await ask(uncounted), uncounted, ask);
      return again.reason === 'active-organization-mismatch' ? again : outcome;
    },
  },
  {
    gap: 'G40',
    says: 'a repeated parameter is its values with commas, and may be the active organization',
    async conclude(outcome, c, ask) {
      const target = outcome.reason === 'active-organization-mismatch' && targetOf(c);
      if (!target) return outcome;
      const { organizationSyncOptions, ...options } = c.options;
      const params = match(organizationSyncOptions.organizationPatterns ?? [])(read.publicUrl(c).pathname).params ?? {};
      if (!Array.isArray(params[target[0]])) return outcome;
      const plain = await ask({ ...c, options });
      return plain.auth?.[target[0] === 'id' ? 'orgId' : 'orgSlug'] === target[1] ? plain : outcome;
    },
  },
  {
    gap: 'G21',
    says: 'path parameters are decoded once',
    async conclude(outcome, c, ask) {
      const sync = c.options.organizationSyncOptions;
      if (!sync || outcome.throws) return outcome;
      const path = read.publicUrl(c).pathname;
      const params = sync.organizationPatterns?.length ? match(sync.organizationPatterns)(path).params : undefined;
      const raw = params?.id || params?.slug;
      if (!raw || !String(raw).includes('%')) return outcome;
      const decoded = [raw].flat().map(decodeURIComponent).join(',');
      if (outcome.reason === 'active-organization-mismatch') {
        const { organizationSyncOptions, ...options } = c.options;
        const plain = await ask({ ...c, options });
        if (plain.auth?.[params.id ? 'orgId' : 'orgSlug'] === decoded) return plain;
      }
      const headers = outcome.headers.map(([name, text]) => {
        if (name !== 'location' || !URL.canParse(text)) return [name, text];
        const url = new URL(text);
        if (url.searchParams.has('organization_id')) url.searchParams.set('organization_id', decoded);
        return [name, url.href];
      });
      return { ...outcome, headers };
    },
  },
  {
    gap: 'G47',
    says: 'a token that no key can verify, by its header or the length of its signature, causes no fetch of keys',
    async conclude(outcome, c, ask) {
      if (!(asksForKeys(outcome) || outcome.throws) || c.options.jwtKey) return outcome;
      // With a PEM key the package fetches nothing, and its message tells a marked token that decides.
      const withPem = of => ask({ ...of, options: { ...of.options, jwtKey: KEYS.main.pem } });
      const mark = text => (read.decodeStrictly(text) && isHopeless(text) ? marked(text) : null);
      const next = eachHandshakeToken(eachSessionToken(c, mark).c, text => mark(text) ?? text);
      if (JSON.stringify(next) === JSON.stringify(c)) return outcome;
      // A payload's token that fails may leave no message, but only its fetch.
      const unreadable = eachDirective(c, text => text.replace(/^(__session[^=;]*=)([^=;]*)/, (all, name, token) => (mark(token) ? `${name}x` : all))).c;
      if (asksForKeys(outcome) && !asksForKeys(await ask(unreadable))) return withPem(c);
      const judged = await withPem(next);
      return new RegExp(MARKED).test(judged.throws ?? judged.message) ? withPem(c) : outcome;
    },
  },
  {
    gap: 'G5',
    says: 'keys out of reach: undecided, never signed out',
    conclude(outcome, c) {
      const answer = c.backend?.['GET /v1/jwks'];
      if (!asksForKeys(outcome) || !answer || !unreachable(answer)) return outcome;
      return { status: 'undecided', reason: null, headers: [], auth: null, calls: outcome.calls };
    },
  },
];

const CLERK_COOKIES = ['__session', '__client_uat', '__refresh', '__clerk_db_jwt', ...HANDSHAKE_PARAMETERS, '__clerk_redirect_count'];

/** Our counter cookie; count 0 removes it. */
export function counterCookie(count, c) {
  const age = count ? 10 : 0;
  const secure = read.publicUrl(c).protocol === 'https:' ? '; Secure' : '';
  return `__clerk_redirect_count=${count || ''}; HttpOnly; SameSite=Lax${secure}; Path=/; Max-Age=${age}`;
}

const manners = [
  {
    gap: 'G9',
    says: 'the counter cookie has a path and ten seconds, and is removed when things have settled',
    dress(outcome, c) {
      if (outcome.throws || outcome.status === 'undecided') return outcome;
      const headers = outcome.headers.map(([name, text]) => {
        const count = name === 'set-cookie' && /^__clerk_redirect_count=(\d+); SameSite=Lax; HttpOnly; Max-Age=2$/.exec(text);
        return count ? [name, counterCookie(Number(count[1]), c)] : [name, text];
      });
      const count = read.cookie(c, '__clerk_redirect_count') ?? '';
      const settled = outcome.status !== 'handshake' && !headers.some(([name]) => name === 'location');
      if (settled && read.isDocument(c) && /^0*[12](\.[0-9a-f]{8})?$/i.test(count)) headers.push(['set-cookie', counterCookie(0, c)]);
      return { ...outcome, headers };
    },
  },
  {
    gap: 'G36',
    says: 'the counter names the organization that a redirect was for',
    dress(outcome, c) {
      if (outcome.reason !== 'active-organization-mismatch') return outcome;
      const counted = text => text.replace(/^(__clerk_redirect_count=\d+);/, `$1.${markOf(c)};`);
      return { ...outcome, headers: outcome.headers.map(([name, text]) => [name, name === 'set-cookie' ? counted(text) : text]) };
    },
  },
  {
    gap: 'G35',
    says: 'a development handshake that comes back without any of Clerk\'s cookies marks the address and sets the counter',
    dress(outcome, c) {
      const query = new URL(c.request.url).searchParams;
      const comesBack = HANDSHAKE_PARAMETERS.some(name => query.get(name));
      const leads = outcome.headers?.find(([name]) => name === 'location');
      if (!read.isDevelopment(c) || bearer(c) || !comesBack || !leadsOutOfHandshake(outcome)) return outcome;
      if (!read.isDocument(c) || hasClerkCookies(c)) return outcome;
      const mark = `${leads[1].includes('?') ? '&' : '?'}${MARK}=${Math.floor(c.now / 1000)}`;
      const headers = outcome.headers.map(([name, text]) => [name, name === 'location' ? `${text}${mark}` : text]);
      return { ...outcome, headers: [...headers, ['set-cookie', counterCookie(1, c)]] };
    },
  },
  {
    gap: 'G14',
    says: 'an answer that sets a cookie is not stored',
    dress(outcome) {
      const names = outcome.headers?.map(([name]) => name) ?? [];
      if (!names.includes('set-cookie') || names.includes('cache-control')) return outcome;
      return { ...outcome, headers: [...outcome.headers, ['cache-control', 'no-store']] };
    },
  },
  {
    gap: 'G6',
    says: 'each kind of call is made once per request',
    dress(outcome) {
      if (!outcome.calls) return outcome;
      const calls = outcome.calls.filter((call, at, all) => all.findIndex(other => other[1] === call[1]) === at);
      return { ...outcome, calls };
    },
  },
  {
    gap: 'G23',
    says: 'a refresh carries neither the application\'s cookies nor its Authorization',
    dress(outcome, c) {
      if (!outcome.calls) return outcome;
      const calls = outcome.calls.map(([method, path, body]) => {
        if (!body?.request_headers) return body ? [method, path, body] : [method, path];
        const { authorization, cookie, ...request_headers } = body.request_headers;
        // Rewritten from the case: a rereading may have changed the header on its way through the package.
        const kept = read.cookiePairs(c).filter(([name]) => CLERK_COOKIES.some(own => name === own || name === read.suffixed(c, own)));
        if (kept.length) request_headers.cookie = [kept.map(pair => pair.join('=')).join('; ')];
        return [method, path, { ...body, request_headers: sorted(request_headers) }];
      });
      return { ...outcome, calls };
    },
  },
];

const sorted = object => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

// Set-Cookie keeps its order; the others are sorted, as recorded outcomes are.
const arranged = outcome => (outcome.headers
  ? { ...outcome, headers: [...outcome.headers].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) }
  : outcome);

/** What a request-time exception of the package is for us. */
const REQUEST_TIME_THROWS = [/^Clerk: Handshake token verification failed/, /^The signInUrl needs to be on a different origin/];

/**
 * The gaps that explain why our SDK refuses these settings when an instance is built; undefined if it does not. Patterns
 * that Clerk itself cannot compile or bound, and lists with an empty audience, are refused without a gap.
 */
export function refusedSettings(c) {
  if (c.refused) return c.refused === true ? [] : [c.refused];
  const { publishableKey = '', secretKey = '', authorizedParties = [], audience } = c.options;
  if (/^pk_live_/.test(publishableKey) && /^(sk_)?test_/.test(secretKey)) return ['G26'];
  if (/^pk_test_/.test(publishableKey) && /^(sk_)?live_/.test(secretKey)) return ['G26'];
  if (authorizedParties.some(text => !originOf(text))) return ['G34'];
  if (Array.isArray(audience) && audience.some(name => !name.trim())) return [];
  return undefined;
}

/** Runs the case as we read it. `active` collects the gaps whose rule changed anything. */
async function withRules(c, ask, leaveOut, active = new Set()) {
  const note = (rule, before, after) => {
    if (JSON.stringify(before) !== JSON.stringify(after)) active.add(rule.gap);
    return after;
  };
  // A rereading makes the counter plain; what it counted for is still wanted.
  let next = { ...c, countAsSent: read.cookie(c, '__clerk_redirect_count') };
  const restores = [];
  for (const rule of rereadings) {
    const applied = rule.gap === leaveOut ? null : rule.apply(next);
    if (!applied) continue;
    next = note(rule, next, applied.c);
    restores.unshift(applied.restore);
  }
  let outcome = await ask(next);
  for (const rule of verdicts) {
    if (rule.gap !== leaveOut) outcome = note(rule, outcome, await rule.conclude(outcome, next, ask));
  }
  for (const restore of restores) outcome = restore(outcome);
  for (const rule of manners) {
    if (rule.gap !== leaveOut) outcome = note(rule, outcome, rule.dress(outcome, c));
  }
  return arranged(outcome);
}

/** Equality as a replayer sees it: the message is not part of it. */
export const same = (a, b) => {
  const plain = ({ message, ...rest }) => JSON.stringify(rest);
  return plain(a) === plain(b);
};

/**
 * What our SDK answers to a case, and the gaps that explain why that is not what Clerk's package answers.
 * `ask` runs the package, `leaveOut` is a gap that does not count. Returns `{ gap: [] }` where there is no difference.
 */
export async function ours(c, outcome, ask, leaveOut) {
  const refused = refusedSettings(c);
  if (refused) return { refused: true, gap: refused };
  const active = new Set();
  const expected = await withRules(c, ask, leaveOut, active);
  if (expected.throws && !REQUEST_TIME_THROWS.some(text => text.test(expected.throws))) return { refused: true, gap: [] };
  if (same(expected, arranged(outcome))) return { gap: [] };
  const explaining = [];
  for (const name of active) if (!same(await withRules(c, ask, name), expected)) explaining.push(name);
  const { message, ...rest } = expected;
  return { expected: rest, gap: explaining.sort((a, b) => a.slice(1) - b.slice(1)) };
}
