// Records what Clerk's `createRedirect` makes of every combination of settings, for the SDK's links.
//
//   node links.mjs            writes tests/conformance/links.json
//   node links.mjs --check    writes nothing, exit status 1 if the file would change
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createRedirect } from '@clerk/backend/internal';
import { createAllowedRedirectOrigins, isAllowedRedirect } from '@clerk/shared/internal/clerk-js/url';

const FILE = fileURLToPath(new URL('../links.json', import.meta.url));
const key = (prefix, host) => `${prefix}_${Buffer.from(`${host}$`).toString('base64')}`;

// A case is a digit for each of these, in this order.
const AXES = {
  publishableKey: [
    key('pk_live', 'clerk.example.com'),
    key('pk_test', 'foo-bar-13.clerk.accounts.dev'),
    key('pk_test', 'clerk.foo.bar-13.lcl.dev'),
    key('pk_test', 'foo-bar-13.clerk.accountsstage.dev'),
    key('pk_live', 'frontend.example.com'),
  ],
  baseUrl: ['http://localhost:3000/dash?x=1', 'https://app.example.com/x', 'http://accounts.example.com/x'],
  signInUrl: [
    null,
    '/sign-in',
    '/sign-in/?a=1',
    'https://id.example.com/sign-in?z=1&redirect_url=old',
    // Another site than the first base by its port alone.
    'http://localhost:4000/sign-in',
  ],
  signUpUrl: [null, '/up?b=2', 'https://id.example.com/up/'],
  returnBackUrl: [
    null,
    '',
    '/a?b=1 2',
    'https://app.example.com/x?__clerk_synced=true&a=1',
    'https://evil.example/x',
    'http://localhost:4000/x',
    'https://foo-bar-13.clerk.accounts.dev/x',
  ],
  devBrowserToken: [null, 'dvb'],
  sessionStatus: [null, 'pending'],
  isSatellite: [false, true],
  page: ['redirectToSignIn', 'redirectToSignUp'],
};

function* combinations(axes) {
  const [first, ...rest] = axes;
  if (!first) return yield [];
  for (let index = 0; index < first.length; index++) for (const others of combinations(rest)) yield [index, ...others];
}

function link({ page, returnBackUrl, ...settings }) {
  const options = { ...settings, redirectAdapter: url => url };
  return createRedirect(options)[page]({ returnBackUrl });
}

// G28: tasks and sign-up below the sign-in page are path segments, whatever query or closing slash the address has.
function withSegments(settings) {
  const { page, baseUrl, sessionStatus, ...rest } = settings;
  const below = (url, segment) => {
    const target = new URL(url, baseUrl);
    target.pathname = `${target.pathname.replace(/\/$/, '')}/${segment}`;
    return target.href;
  };
  const signUp = page === 'redirectToSignUp';
  let target = signUp ? rest.signUpUrl ?? (rest.signInUrl && below(rest.signInUrl, 'create')) : rest.signInUrl;
  if (target && sessionStatus === 'pending') target = below(target, 'tasks');
  if (!target) return null;
  const url = link({ ...rest, page, baseUrl, [signUp ? 'signUpUrl' : 'signInUrl']: target });
  return url;
}

// L1: the portal drops an address on an origin that is not allowed, so that a link with one is not written.
// Which one is, Clerk's own rule for browsers says, for a page of the application's.
function isDropped({ returnBackUrl, baseUrl, publishableKey }) {
  if (!returnBackUrl) return false;
  const { origin } = new URL(baseUrl);
  const [, kind, body] = publishableKey.split('_');
  const frontendApi = Buffer.from(body, 'base64').toString().slice(0, -1);
  const type = kind === 'test' ? 'development' : 'production';
  const allowed = [origin, ...createAllowedRedirectOrigins(undefined, frontendApi, type)];
  return !isAllowedRedirect(allowed, origin)(new URL(returnBackUrl, baseUrl));
}

// The rule warns of every address that it drops.
console.warn = () => {};

const cases = [];
for (const indices of combinations(Object.values(AXES))) {
  const names = Object.keys(AXES);
  const settings = Object.fromEntries(names.map((name, axis) => [name, AXES[name][indices[axis]]]));
  const clerks = link(settings);
  const ours = withSegments(settings) ?? clerks;
  const line = [indices.join(''), clerks];
  if (isDropped(settings)) line.push('L1', null);
  else if (ours !== clerks) line.push('G28', ours);
  cases.push(line);
}

// One table of addresses, since many cases come to the same.
const addresses = [...new Set(cases.flatMap(([, clerks, , ours]) => [clerks, ours]).filter(url => url != null))];
const numbers = new Map(addresses.map((url, number) => [url, number]));
const rows = cases.map(([indices, clerks, gap, ours]) => {
  const row = [indices, numbers.get(clerks)];
  if (gap) row.push(gap, ours == null ? null : numbers.get(ours));
  return JSON.stringify(row);
});
const list = addresses.map(url => JSON.stringify(url)).join(',\n');
const text = `{"axes":${JSON.stringify(AXES)},\n"addresses":[\n${list}\n],\n"cases":[\n${rows.join(',\n')}\n]}\n`;

if (process.argv.includes('--check')) {
  if (readFileSync(FILE, 'utf8') !== text) {
    console.error(`${FILE} would change`);
    process.exit(1);
  }
} else {
  writeFileSync(FILE, text);
}
console.log(`${cases.length} links, ${addresses.length} of them different`);
