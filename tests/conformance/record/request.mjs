// Reading and changing the parts of a case's request that the differences are about.
import { INSTANCES } from './world.mjs';

export const header = (c, name) => {
  const values = c.request.headers.filter(([n]) => n.toLowerCase() === name).map(([, v]) => v);
  return values.length ? values.join(name === 'cookie' ? '; ' : ', ').trim() : undefined;
};

export const withHeader = (c, name, value) => {
  const headers = c.request.headers.filter(([n]) => n.toLowerCase() !== name);
  if (value !== undefined) headers.push([name, value]);
  return { ...c, request: { ...c.request, headers } };
};

export const withUrl = (c, url) => ({ ...c, request: { ...c.request, url } });

/** The cookie pairs in order, values as they stand in the header. */
export const cookiePairs = c => (header(c, 'cookie') ?? '')
  .split(';')
  .filter(text => text.includes('='))
  .map(text => [text.slice(0, text.indexOf('=')).trim(), text.slice(text.indexOf('=') + 1).trim()]);

/** The first value of a cookie, percent-decoded as far as it can be; an empty one is absent. */
export const cookie = (c, name) => {
  const pair = cookiePairs(c).find(([n]) => n === name);
  if (!pair || !pair[1]) return undefined;
  try {
    return decodeURIComponent(pair[1]);
  } catch {
    return pair[1];
  }
};

/** `change(name, value)` returns the new value, or undefined to drop the pair. */
export const mapCookies = (c, change) => {
  const pairs = cookiePairs(c).map(([n, v]) => [n, change(n, v)]).filter(([, v]) => v !== undefined);
  return withHeader(c, 'cookie', pairs.length ? pairs.map(([n, v]) => `${n}=${v}`).join('; ') : undefined);
};

export const instanceOf = c =>
  Object.values(INSTANCES).find(({ publishableKey }) => publishableKey === c.options.publishableKey);

export const isProduction = c => c.options.publishableKey?.startsWith('pk_live_');
export const isDevelopment = c => c.options.publishableKey?.startsWith('pk_test_');

export const suffixed = (c, name) => `${name}_${instanceOf(c)?.suffix}`;

/** The page's scheme behind a forwarded one; undefined for what no page has. An empty one is left to the package. */
export const PAGE_SCHEMES = { http: 'http', https: 'https', ws: 'http', wss: 'https', '': '' };

/** The forwarded scheme and host, read as we read them; null if one of them makes no origin of the web. */
export function forwarded(c) {
  const first = name => header(c, name)?.split(',')[0];
  const [host, written] = [first('x-forwarded-host'), first('x-forwarded-proto')];
  const proto = written === undefined ? undefined : PAGE_SCHEMES[written.trim().toLowerCase()];
  const isOdd = (written !== undefined && proto === undefined) || (host && /[@\\]/.test(host));
  return isOdd ? null : { host, proto };
}

/** The public URL: scheme and authority of the forwarded headers, path and query of the request. */
export function publicUrl(c) {
  const url = new URL(c.request.url);
  const claimed = forwarded(c);
  if (!claimed) return url;
  const host = claimed.host ?? header(c, 'host');
  const proto = claimed.proto ?? url.protocol.slice(0, -1);
  if (!host || !proto || `${proto}://${host}` === url.origin) return url;
  try {
    const origin = new URL(`${proto}://${host}`);
    url.protocol = origin.protocol;
    url.host = origin.host;
    if (!origin.port) url.port = '';
    url.hash = '';
    return url;
  } catch {
    return url;
  }
}

/** A request that Clerk would answer with a redirect if it had to. */
export function isDocument(c) {
  const dest = header(c, 'sec-fetch-dest');
  if (c.request.method !== 'GET') return false;
  return dest === 'document' || dest === 'iframe' || (!dest && !!header(c, 'accept')?.startsWith('text/html'));
}

/** Decodes as Clerk does, parts of any JSON type. */
export function decode(token) {
  const parts = String(token ?? '').split('.');
  if (parts.length !== 3 || parts.some(p => !/^[A-Za-z0-9_-]*=*$/.test(p))) return null;
  try {
    const [head, payload] = parts.slice(0, 2).map(p => JSON.parse(Buffer.from(p, 'base64url').toString()));
    return { header: head, payload };
  } catch {
    return null;
  }
}

const isObject = v => v !== null && typeof v === 'object' && !Array.isArray(v);

/** Decodes as we do: header and payload are objects. */
export function decodeStrictly(token) {
  const decoded = decode(token);
  return decoded && isObject(decoded.header) && isObject(decoded.payload) ? decoded : null;
}
