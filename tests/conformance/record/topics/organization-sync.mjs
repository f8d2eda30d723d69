// Organizations named by the path.
import { COMMON, session } from '../tokens.mjs';
import { ENVS, NOW_S, combinations, make } from '../world.mjs';

const o = (env, name, org) => session(`${env}-org-${name}`, { env, claims: { o: org } });
const MEMBERS = env => ({
  none: COMMON[env].valid,
  acme: o(env, 'acme', { id: 'org_acme', slg: 'acme', rol: 'admin' }),
  beta: o(env, 'beta', { id: 'org_beta', slg: 'beta', rol: 'member' }),
  'version-1-acme': session(`${env}-org-v1-acme`, { env, claims: { v: undefined, org_id: 'org_acme', org_slug: 'acme', org_role: 'org:admin' } }),
  'slug-with-empty-id': o(env, 'slug-with-empty-id', { id: '', slg: 'acme' }),
  'version-1-slug-with-empty-id': session(`${env}-org-v1-slug-with-empty-id`, { env, claims: { v: undefined, org_id: '', org_slug: 'acme' } }),
  'id-without-slug': o(env, 'id-without-slug', { id: 'org_acme' }),
});
const signedIn = (env, token) => ({ ...(env === 'test' ? { db: 'dvb_1' } : {}), session: token, uat: NOW_S - 5 });

const usual = { organizationPatterns: ['/orgs/:slug', '/orgs/:slug/(.*)', '/by-id/:id', '/by-id/:id/(.*)'], personalAccountPatterns: ['/me', '/me/(.*)'] };
const PATHS = ['/', '/orgs/acme', '/orgs/acme/settings', '/orgs/beta', '/by-id/org_acme', '/by-id/org_acme/x', '/by-id/acme', '/me', '/me/settings', '/orgs'];
const matrix = ENVS.flatMap(env => [...combinations({ path: PATHS, member: Object.keys(MEMBERS(env)) })].map(({ path, member }) => make({
  id: `${env}-${member}-at-${path.slice(1).replaceAll('/', '-') || 'root'}`, env, path, options: { organizationSyncOptions: usual }, cookies: signedIn(env, MEMBERS(env)[member]),
})));

const requests = ENVS.flatMap(env => [
  ['api', { dest: 'api' }], ['accept', { dest: 'accept' }], ['iframe', { dest: 'iframe' }], ['post', { method: 'POST' }], ['head', { method: 'HEAD' }],
  ['count-1', { count: '1' }], ['count-2', { count: '2' }], ['count-3', { count: '3' }], ['count-4', { count: '4' }], ['count-minus-1', { count: '-1' }],
  ['foreign-referrer', { headers: [['referer', 'https://elsewhere.example/']] }],
  ['foreign-referrer-count-1', { headers: [['referer', 'https://elsewhere.example/']], count: '1' }],
].map(([name, { count, ...request }]) => make({
  id: `${env}-mismatch-${name}`, env, path: '/orgs/acme', options: { organizationSyncOptions: usual }, ...request, cookies: { ...signedIn(env, MEMBERS(env).beta), count },
})));

const states = ENVS.flatMap(env => [
  ['expired', { session: COMMON[env].expired, uat: NOW_S - 4000 }], ['early', { session: COMMON[env].early, uat: NOW_S - 5 }],
  ['uat-only', { uat: NOW_S - 5 }], ['session-only', { session: COMMON[env].valid }], ['nothing', {}], ['forged', { session: COMMON[env].forged, uat: NOW_S - 5 }],
  ['pending', { session: COMMON[env].pending, uat: NOW_S - 5 }],
  ['pending-of-other-organization', { session: session(`${env}-pending-beta`, { env, claims: { sts: 'pending', o: { id: 'org_beta', slg: 'beta' } } }), uat: NOW_S - 5 }],
].flatMap(([name, cookies]) => ['/orgs/acme', '/by-id/org_acme', '/me', '/other'].map(path => make({
  id: `${env}-${name}-at-${path.slice(1).replaceAll('/', '-')}`, env, path, options: { organizationSyncOptions: usual }, cookies: { ...(env === 'test' ? { db: 'dvb_1' } : {}), ...cookies },
}))));

const at = (id, path, organizationSyncOptions, token = COMMON.live.valid, more = {}) => make({ id: `pattern-${id}`, path, options: { organizationSyncOptions }, cookies: signedIn('live', token), ...more });
const org = (...organizationPatterns) => ({ organizationPatterns });
const me = (...personalAccountPatterns) => ({ personalAccountPatterns });
const acme = MEMBERS('live').acme;

const patterns = [
  at('trailing-slash-in-path', '/orgs/acme/', org('/orgs/:slug')),
  at('two-trailing-slashes', '/orgs/acme//', org('/orgs/:slug')),
  at('trailing-slash-in-pattern', '/orgs/acme', org('/orgs/:slug/')),
  at('trailing-slash-in-both', '/orgs/acme/', org('/orgs/:slug/')),
  at('case-insensitive-path', '/ORGS/acme', org('/orgs/:slug')),
  at('case-insensitive-pattern', '/orgs/acme', org('/ORGS/:slug')),
  at('slug-keeps-case', '/orgs/Acme', org('/orgs/:slug'), acme),
  at('one-segment-only', '/orgs/a/b', org('/orgs/:slug')),
  at('no-segment', '/orgs/', org('/orgs/:slug')),
  at('two-leading-slashes', '//orgs/acme', org('/orgs/:slug')),
  at('wildcard-needs-slash', '/orgs/acme', org('/orgs/:slug/(.*)')),
  at('wildcard-empty', '/orgs/acme/', org('/orgs/:slug/(.*)')),
  at('wildcard-deep', '/orgs/acme/x/y', org('/orgs/:slug/(.*)')),
  at('custom-expression-takes-all', '/orgs/acme/x', org('/orgs/:slug(.*)')),
  at('custom-digits', '/orgs/42', org('/orgs/:slug(\\d+)')),
  at('custom-digits-not', '/orgs/acme', org('/orgs/:slug(\\d+)')),
  at('custom-alternatives', '/orgs/b', org('/orgs/:slug(a|b)')),
  at('custom-class', '/orgs/org_1', org('/orgs/:id(org_[a-z0-9]+)')),
  at('prefix-in-segment', '/@acme', org('/@:slug')),
  at('suffix-in-segment', '/acme.html', org('/:slug.html')),
  at('dash-separated', '/orgs/a-b', org('/orgs/:slug-:rest')),
  at('optional-present', '/orgs/acme', org('/orgs/:slug?')),
  at('optional-absent', '/orgs', org('/orgs/:slug?')),
  at('star-one', '/orgs/acme', org('/orgs/:slug*')),
  at('star-two', '/orgs/acme/x', org('/orgs/:slug*')),
  at('star-none', '/orgs', org('/orgs/:slug*')),
  at('plus-one', '/orgs/acme', org('/orgs/:slug+')),
  at('plus-two', '/orgs/acme/x', org('/orgs/:slug+')),
  at('group-optional-present', '/orgs/a-acme', org('/orgs/{a-:slug}?')),
  at('group-optional-absent', '/orgs/', org('/orgs/{a-:slug}?')),
  at('group-plain', '/orgs/x-acme', org('/orgs/{x-}:slug')),
  at('escaped-colon', '/orgs/:slug', org('/orgs/\\:slug')),
  at('escaped-plus', '/a+b/acme', org('/a\\+b/:slug')),
  at('dot-is-literal', '/a.b/acme', org('/a.b/:slug')),
  at('dot-is-not-any', '/axb/acme', org('/a.b/:slug')),
  at('id-wins-over-slug', '/o/org_acme/acme', org('/o/:id/:slug')),
  at('id-wins-over-slug-reversed', '/o/acme/org_acme', org('/o/:slug/:id')),
  at('other-name-is-no-target', '/orgs/acme', org('/orgs/:name')),
  at('other-name-falls-to-personal', '/orgs/acme', { organizationPatterns: ['/orgs/:name'], personalAccountPatterns: ['/orgs/:name'] }, acme),
  at('organization-before-personal', '/x', { organizationPatterns: ['/:slug'], personalAccountPatterns: ['/x'] }),
  at('first-of-two-slug', '/a/acme', org('/a/:slug', '/a/:id')),
  at('first-of-two-id', '/a/acme', org('/a/:id', '/a/:slug')),
  at('second-pattern', '/b/acme', org('/a/:slug', '/b/:slug')),
  at('no-leading-slash', '/orgs/acme', org('orgs/:slug')),
  at('parameter-twice', '/a/b', org('/:slug/:slug')),
  at('text-without-parameters', '/orgs/acme', org('/orgs/acme')),
  at('query-is-not-matched', '/x?/orgs/acme', org('/orgs/:slug')),
  at('query-beside', '/orgs/acme?tab=1', org('/orgs/:slug')),
  at('personal-prefix', '/meow', me('/me(.*)'), acme),
  at('personal-exact', '/me', me('/me'), acme),
  at('personal-root', '/', me('/'), acme),
  at('personal-everything', '/a/b', me('/(.*)'), acme),
  at('personal-without-organization', '/me', me('/me')),
  at('personal-expired', '/me', me('/me'), COMMON.live.valid, { cookies: { session: COMMON.live.expired, uat: NOW_S - 4000 } }),
  at('dot-segment-in-path', '/orgs/./acme', org('/orgs/:slug')),
  at('semicolon', '/orgs/acme;v=1', org('/orgs/:slug')),
  at('forwarded-host', '/orgs/acme', org('/orgs/:slug'), COMMON.live.valid, { headers: [['x-forwarded-host', 'www.example.com'], ['x-forwarded-proto', 'https']] }),
  // Empty lists.
  at('personal-empty-list', '/x', me(), acme),
  at('personal-empty-list-without-organization', '/x', me()),
  at('organization-empty-list', '/x', org(), acme),
  at('both-empty', '/x', { organizationPatterns: [], personalAccountPatterns: [] }, acme),
  at('personal-empty-organization-matches', '/orgs/acme', { organizationPatterns: ['/orgs/:slug'], personalAccountPatterns: [] }, acme),
  at('personal-empty-organization-elsewhere', '/x', { organizationPatterns: ['/orgs/:slug'], personalAccountPatterns: [] }, acme),
  at('personal-empty-list-expired', '/x', me(), COMMON.live.valid, { cookies: { session: COMMON.live.expired, uat: NOW_S - 4000 } }),
  at('no-lists', '/x', {}, acme),
  // Encoded parameters.
  ...[['space', 'a%20b', 'a b'], ['slash', 'a%2Fb', 'a/b'], ['utf-8', '%C3%A9', '\u00e9'], ['unreserved', '%61cme', 'acme'], ['percent', 'a%25b', 'a%b'], ['plus', 'a+b', 'a+b']].flatMap(([name, raw, decoded]) => [
    at(`encoded-${name}`, `/orgs/${raw}`, org('/orgs/:slug')),
    at(`encoded-${name}-active`, `/orgs/${raw}`, org('/orgs/:slug'), session(`org-slug-${name}`, { claims: { o: { id: 'org_x', slg: decoded } } })),
    at(`encoded-${name}-by-id-active`, `/by-id/${raw}`, org('/by-id/:id'), session(`org-id-${name}`, { claims: { o: { id: decoded, slg: 'x' } } })),
    at(`encoded-${name}-expired`, `/orgs/${raw}`, org('/orgs/:slug'), COMMON.live.valid, { cookies: { session: COMMON.live.expired, uat: NOW_S - 4000 } }),
  ]),
  // Patterns that do not compile.
  ...[['question-mark-first', '/orgs/(?x)'], ['group-open', '/orgs/(a'], ['brace-open', '/orgs/{a'], ['brace-close', '/orgs/a}'], ['parameter-without-name', '/orgs/:'], ['star-alone', '/orgs/*'], ['question-alone', '/?'], ['plus-alone', '/+'], ['capturing-inside', '/orgs/:slug(a(b))'], ['expression-empty', '/orgs/:slug()']].flatMap(([name, pattern]) => [
    at(`broken-${name}`, '/x', org(pattern)), at(`broken-${name}-personal`, '/x', me(pattern)),
  ]),
  // Compile there, need more than a linear-time expression.
  ...[['look-ahead', '/orgs/:slug((?!new)[^/]+)'], ['look-behind', '/orgs/:slug([^/]+(?<!x))'], ['back-reference', '/orgs/:slug((?:a)\\1)']].map(([name, pattern]) =>
    at(`unbounded-${name}`, '/orgs/acme', org(pattern), COMMON.live.valid, { refused: true })),
];

// Claims that name nothing, repeated parameters, and counters of redirects for one organization.
const v1 = (name, claims) => session(`v1-${name}`, { claims: { v: undefined, ...claims } });
const nothing = [
  ['sub-empty', session('sub-empty', { claims: { sub: '', o: { id: 'org_beta', slg: 'beta' } } })],
  ['org-id-empty', v1('org-id-empty', { org_id: '', org_slug: '', org_role: '' })],
  ['o-id-empty', session('o-id-empty', { claims: { o: { id: '' } } })],
].flatMap(([name, token]) => ['/orgs/acme', '/me', '/other'].map(path => at(`${name}-at-${path.slice(1).replaceAll('/', '-')}`, path, usual, token)));
const inOrg = (name, slg) => session(`org-slug-list-${name}`, { claims: { o: { id: 'org_x', slg } } });
const repeated = [
  at('plus-encoded-slash', '/orgs/a%2Fb', org('/orgs/:slug+')),
  at('plus-encoded-slash-active', '/orgs/a%2Fb', org('/orgs/:slug+'), inOrg('slash', 'a/b')),
  at('plus-encoded-slash-of-two', '/orgs/a%2Fb/c', org('/orgs/:slug+')),
  at('plus-encoded-comma', '/orgs/a%2Cb', org('/orgs/:slug+')),
  at('plus-one-active', '/orgs/acme', org('/orgs/:slug+'), acme),
  at('star-one-active', '/orgs/acme', org('/orgs/:slug*'), acme),
  at('plus-two-active', '/orgs/a/b', org('/orgs/:slug+'), inOrg('comma', 'a,b')),
];
// FNV-1a of `slug:acme` and of `slug:beta`.
const MARKS = { acme: '4fdd44d2', beta: '2b6c123e' };
const counters = ['acme', 'beta'].flatMap(of => ['1', '2', '3', '4'].flatMap(count => [
  at(`counter-${count}-of-${of}`, '/orgs/acme', org('/orgs/:slug'), MEMBERS('live').beta, { cookies: { ...signedIn('live', MEMBERS('live').beta), count: `${count}.${MARKS[of]}` } }),
  at(`counter-${count}-of-${of}-elsewhere`, '/x', org('/orgs/:slug'), MEMBERS('live').beta, { cookies: { uat: NOW_S - 5, count: `${count}.${MARKS[of]}` } }),
]));

export const cases = [...nothing, ...repeated, ...counters, ...matrix, ...requests, ...states, ...patterns];
