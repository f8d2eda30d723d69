// Records what Clerk's `createRedirect` makes of every combination of settings, for the SDK's links.
//
//   node links.mjs            writes tests/conformance/links.json
//   node links.mjs --check    writes nothing, exit status 1 if the file would change
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createRedirect } from '@clerk/backend/internal';

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
  signInUrl: [null, '/sign-in', '/sign-in/?a=1', 'https://id.example.com/sign-in?z=1&redirect_url=old'],
  signUpUrl: [null, '/up?b=2', 'https://id.example.com/up/'],
  returnBackUrl: [null, '', '/a?b=1 2', 'https://app.example.com/x?__clerk_synced=true&a=1', 'https://evil.example/x'],
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
function isDropped({ returnBackUrl, baseUrl, publishableKey }) {
  if (!returnBackUrl) return false;
  const back = new URL(returnBackUrl, baseUrl);
  const domain = Buffer.from(publishableKey.split('_')[2], 'base64').toString().slice(0, -1).replace('clerk.', '');
  const isOnDomain = back.protocol === 'https:' && !back.port && (back.hostname === domain || back.hostname.endsWith(`.${domain}`));
  return back.origin !== new URL(baseUrl).origin && !isOnDomain;
}

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
