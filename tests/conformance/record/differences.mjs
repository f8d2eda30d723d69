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
import { KID, jwk } from './keys.mjs';
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
  const restores = [];
  const swap = text => {
    const changed = change(text);
    if (changed === null || changed === text) return text;
    restores.push([encodeURIComponent(changed), text], [changed, text]);
    return changed;
  };
  const names = ['__session', read.suffixed(c, '__session')];
  let next = read.mapCookies(c, (name, value) => (names.includes(name) ? swap(value) : value));
  const words = (read.header(c, 'authorization') ?? '').split(' ');
  const at = words.length === 1 ? 0 : words[0] === 'Bearer' ? 1 : -1;
  if (words[at]) next = read.withHeader(next, 'authorization', words.with(at, swap(words[at])).join(' '));
  const directives = eachDirective(next, directive =>
    directive.replace(/^(__session[^=;]*=)([^=;]*)/, (_, name, token) => `${name}${swap(token)}`));
  return { c: directives.c, restore: replacing([...directives.restores, ...restores]) };
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

const rereadings = [
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
    gap: 'G24',
    says: 'the Bearer scheme in any case; spaces separate, however many',
    apply(c) {
      const [scheme, ...words] = (read.header(c, 'authorization') ?? '').split(/ +/);
      if (!words.length) return null;
      const plain = [/^bearer$/i.test(scheme) ? 'Bearer' : scheme, ...words].join(' ');
      return { c: read.withHeader(c, 'authorization', plain), restore: o => o };
    },
  },
  {
    gap: 'G9',
    says: 'the loop counter is a decimal, anything else is 0, and 3 or more is 3',
    apply(c) {
      const value = read.cookie(c, '__clerk_redirect_count');
      if (value === undefined) return null;
      const count = /^\d+$/.test(value) ? Math.min(Number(value), 3) : 0;
      return { c: read.mapCookies(c, (n, v) => (n === '__clerk_redirect_count' ? String(count) : v)), restore: o => o };
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
        if (changed) restores.push([encodeURIComponent(changed), text], [changed, text]);
        return changed ?? text;
      });
      return { c: next, restore: outcome => sessions.restore(replacing(restores)(outcome)) };
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
      const ids = [...new Set([...JSON.stringify(c).matchAll(/eyJ[\w-]+(?=\.)/g)].map(([part]) => String(JSON_BODY(Buffer.from(part, 'base64url').toString())?.kid)))];
      const keys = [...ids, KID].map(kid => jwk('main', { kid, n, e }));
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
      const refused = { status: 404, contentType: 'application/json', body: '{"errors":[]}' };
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
          // What the handshake would have brought cannot be told, and the cookies alone sign nobody in.
          const tells = o.status === 'signed-in' || o.throws || !outOfReach(answer, 'directives');
          return tells ? { ...o, calls } : { ...undecided(calls), calls };
        },
      };
    },
  },
];

/** The header token as Clerk splits it. */
function bearer(c) {
  const [scheme, token] = (read.header(c, 'authorization') ?? '').split(' ', 2);
  return token ? (scheme === 'Bearer' ? token : undefined) : scheme || undefined;
}

const unreachable = answer => !!answer.error || answer.status >= 500 || answer.status === 429
  || (answer.status < 300 && JSON_BODY(answer.body) === undefined);

/** Also an answer in JSON that lacks the list it should hold. */
const outOfReach = (answer, list) => unreachable(answer)
  || (answer.status < 300 && !Array.isArray(JSON_BODY(answer.body)?.[list]));

const undecided = calls => ({ status: 'undecided', reason: null, headers: [], auth: null, calls });

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
      const session = read.cookie(c, '__session');
      const authorization = [['authorization', `Bearer ${session}`]];
      const alone = session && await ask({ ...c, request: { ...c.request, headers: authorization } });
      return alone?.status === 'signed-in' ? outcome : undecided(outcome.calls);
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
      if (typeof raw !== 'string' || !raw.includes('%')) return outcome;
      const decoded = decodeURIComponent(raw);
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
    gap: 'G5',
    says: 'keys out of reach: undecided, never signed out',
    conclude(outcome, c) {
      const answer = c.backend?.['GET /v1/jwks'];
      const asked = outcome.calls?.some(([, path]) => path === '/v1/jwks');
      if (!asked || !answer || !unreachable(answer)) return outcome;
      return { status: 'undecided', reason: null, headers: [], auth: null, calls: outcome.calls };
    },
  },
];

const CLERK_COOKIES = ['__session', '__client_uat', '__refresh', '__clerk_db_jwt', ...HANDSHAKE_PARAMETERS, '__clerk_redirect_count'];

/** Our counter cookie; count 0 removes it. */
export function counterCookie(count, c) {
  const age = count ? 10 : 0;
  const secure = read.publicUrl(c).protocol === 'https:' ? '; Secure' : '';
  return `__clerk_redirect_count=${count || ''}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax${secure}`;
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
      if (settled && read.isDocument(c) && /^0*[12]$/.test(count)) headers.push(['set-cookie', counterCookie(0, c)]);
      return { ...outcome, headers };
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

/** Settings that our SDK refuses when an instance is built (G26 and the patterns Clerk itself cannot compile or bound). */
export function refusedSettings(c, outcome) {
  if (c.refused) return true;
  const { publishableKey = '', secretKey = '' } = c.options;
  if (/^pk_live_/.test(publishableKey) && /^(sk_)?test_/.test(secretKey)) return true;
  if (/^pk_test_/.test(publishableKey) && /^(sk_)?live_/.test(secretKey)) return true;
  return false;
}

/** Runs the case as we read it. `active` collects the gaps whose rule changed anything. */
async function withRules(c, ask, leaveOut, active = new Set()) {
  const note = (rule, before, after) => {
    if (JSON.stringify(before) !== JSON.stringify(after)) active.add(rule.gap);
    return after;
  };
  let next = c;
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
 * `ask` runs the package. Returns `{ gap: [] }` where there is no difference.
 */
export async function ours(c, outcome, ask) {
  if (refusedSettings(c, outcome)) return { refused: true, gap: c.refused === true ? [] : [c.refused || 'G26'] };
  const active = new Set();
  const expected = await withRules(c, ask, undefined, active);
  if (expected.throws && !REQUEST_TIME_THROWS.some(text => text.test(expected.throws))) return { refused: true, gap: [] };
  if (same(expected, arranged(outcome))) return { gap: [] };
  const explaining = [];
  for (const name of active) if (!same(await withRules(c, ask, name), expected)) explaining.push(name);
  const { message, ...rest } = expected;
  return { expected: rest, gap: explaining.sort((a, b) => a.slice(1) - b.slice(1)) };
}
