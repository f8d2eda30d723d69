// From claims to what an application sees: both versions, organizations, permissions, actors, pending sessions.
import { expand } from '../fixtures.mjs';
import { handshakeToken, session } from '../tokens.mjs';
import { NOW_S, make } from '../world.mjs';

const org = { id: 'org_1', slg: 'acme', rol: 'admin' };
const v2 = (o, more = {}) => ({ v: 2, o, ...more });
const v1 = more => ({ v: undefined, ...more });
const masks = (fea, per, fpm) => v2({ ...org, per, fpm }, { fea });
const old = { org_id: 'org_1', org_slug: 'acme', org_role: 'org:admin', org_permissions: ['org:dash:read', 'org:dash:manage'] };

const CLAIMS = {
  'v2-no-organization': v2(undefined), 'v2-organization': v2(org), 'v2-organization-null': v2(null), 'v2-organization-empty-object': v2({}), 'v2-organization-text': v2('acme'), 'v2-organization-true': v2(true), 'v2-organization-list': v2([]),
  'v2-no-role': v2({ id: 'org_1', slg: 'acme' }), 'v2-role-empty': v2({ ...org, rol: '' }), 'v2-role-prefixed-already': v2({ ...org, rol: 'org:admin' }), 'v2-role-number': v2({ ...org, rol: 5 }), 'v2-no-slug': v2({ id: 'org_1', rol: 'member' }), 'v2-no-id': v2({ slg: 'acme', rol: 'member' }),
  'v2-old-claims-ignored': v2(undefined, old), 'v2-both': v2(org, { ...old, org_id: 'org_9' }),
  'v1-organization': v1(old), 'v1-no-organization': v1({}), 'v1-no-permissions': v1({ org_id: 'org_1', org_slug: 'acme', org_role: 'org:member' }), 'v1-permissions-empty': v1({ ...old, org_permissions: [] }), 'v1-role-without-prefix': v1({ ...old, org_role: 'admin' }), 'v1-new-claims-ignored': v1({ o: org }),
  'v1-number': { v: 1, ...old }, 'v3': { v: 3, ...old, o: org }, 'v-text-2': { v: '2', ...old, o: org }, 'v-2-point-0': { v: 2.0, o: org }, 'v-null': { v: null, ...old }, 'v-zero': { v: 0, ...old },
  'permissions-two-features': masks('o:dashboard,o:teams', 'manage,read', '3,2'),
  'permissions-spaces-and-user-scope': masks('u:a,o:dashboard,ou:teams', 'manage, read', '1, 6'),
  'permissions-user-scope-only': masks('u:a,u:b', 'manage,read', '3,3'),
  'permissions-uo-scope': masks('uo:dash', 'read', '1'), 'permissions-unknown-scope': masks('x:dash,o:teams', 'read', '1'), 'permissions-long-scope': masks('org:dash', 'read', '1'), 'permissions-capital-scope': masks('O:dash', 'read', '1'),
  'permissions-none-set': masks('o:dash', 'read,manage', '0'), 'permissions-all-set': masks('o:dash', 'a,b,c,d', '15'), 'permissions-bits-beyond-list': masks('o:dash', 'read', '255'),
  'permissions-more-features-than-masks': masks('o:a,o:b,o:c', 'read', '1'), 'permissions-more-masks-than-features': masks('o:a', 'read', '1,1,1'),
  'permissions-no-masks': masks('o:dash', 'read', undefined), 'permissions-masks-empty': masks('o:dash', 'read', ''), 'permissions-no-names': masks('o:dash', undefined, '1'), 'permissions-names-empty': masks('o:dash', '', '1'),
  'permissions-no-features': masks(undefined, 'read', '1'), 'permissions-features-empty': masks('', 'read', '1'), 'permissions-features-null': masks(null, 'read', '1'),
  'permissions-mask-word': masks('o:a,o:b', 'read', 'x,1'), 'permissions-mask-negative': masks('o:a', 'read', '-1'), 'permissions-mask-hexadecimal': masks('o:a', 'read', '0x1'), 'permissions-mask-fraction': masks('o:a', 'read,write', '1.5'), 'permissions-mask-blank': masks('o:a,o:b', 'read', ',1'), 'permissions-mask-leading-zeros': masks('o:a', 'read,write', '0003'),
  'permissions-mask-beyond-53-bits': masks('o:a', Array.from({ length: 60 }, (_, n) => `p${n}`).join(','), String(2n ** 59n + 1n)),
  'permissions-mask-beyond-64-bits': masks('o:a', Array.from({ length: 70 }, (_, n) => `p${n}`).join(','), String(2n ** 69n + 2n ** 64n)),
  'permissions-mask-long': masks('o:a', 'read,write', '9'.repeat(40)),
  'permissions-name-blank': masks('o:a', 'read,,write', '7'), 'permissions-feature-two-colons': masks('o:a:b', 'read', '1'), 'permissions-feature-id-empty': masks('o:', 'read', '1'), 'permissions-feature-spaces': masks(' o:a , o:b ', 'read', '1,1'), 'permissions-feature-space-after-colon': masks('o: a', 'read', '1'),
  'permissions-feature-twice': masks('o:a,o:a', 'read,write', '1,2'),
  'malformed-feature-without-colon': masks('dash', 'read', '1'), 'malformed-one-of-two-without-colon': masks('o:dash,teams', 'read', '1,1'), 'malformed-feature-trailing-comma': masks('o:dash,', 'read', '1'), 'malformed-features-number': masks(5, 'read', '1'), 'malformed-features-list': masks(['o:dash'], 'read', '1'), 'malformed-features-object': masks({}, 'read', '1'),
  'malformed-names-number': masks('o:dash', 5, '1'), 'malformed-names-list': masks('o:dash', ['read'], '1'), 'malformed-masks-number': masks('o:dash', 'read', 1), 'malformed-masks-list': masks('o:dash', 'read', ['1']), 'malformed-masks-true': masks('o:dash', 'read', true),
  'malformed-feature-without-organization': { v: 2, fea: 'dash' },
  actor: { act: { iss: 'https://dashboard.clerk.com', sid: 'sess_admin', sub: 'user_admin' } }, 'actor-and-organization': v2(org, { act: { sub: 'user_admin' } }), 'actor-null': { act: null }, 'actor-empty': { act: {} }, 'actor-more-fields': { act: { sub: 'user_admin', type: 'agent', x: 1 } },
  'status-active': { sts: 'active' }, 'status-pending': { sts: 'pending' }, 'status-other': { sts: 'something' }, 'status-null': { sts: null }, 'status-empty': { sts: '' }, 'status-capital': { sts: 'Pending' },
  'status-pending-v1': v1({ ...old, sts: 'pending' }), 'status-pending-with-organization': v2(org, { sts: 'pending' }), 'status-pending-with-actor': { sts: 'pending', act: { sub: 'user_admin' } },
  'factor-ages': { fva: [5, -1] }, 'factor-ages-text': { fva: 'x' }, 'plan-and-features': v2(org, { pla: 'o:pro', fea: 'o:dash,u:x' }), 'custom-claims': { metadata: { role: 'x' }, email: 'ada@example.com' },
  'user-id-empty': { sub: '' }, 'session-id-absent': { sid: undefined },
};

const refused = /^malformed/;
export const cases = Object.entries(CLAIMS).flatMap(([name, claims]) => {
  const token = session(`claims-${name}`, { claims });
  return [
    make({ id: `${name}-header`, authorization: `Bearer ${token}` }),
    make({ id: `${name}-cookie`, cookies: { session: token, uat: NOW_S - 5 } }),
    ...(refused.test(name) || /^(status|actor)/.test(name)
      ? [make({ id: `${name}-at-organization-path`, path: '/orgs/acme', options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } }, cookies: { session: token, uat: NOW_S - 5 } })]
      : []),
    // A session that arrives in a handshake is read the same way.
    ...(/^(malformed|status-pending|actor$)/.test(name)
      ? [make({ id: `${name}-in-handshake`, cookies: { handshake: handshakeToken(`claims-${name}`, [`__session=${expand(token)}; Path=/`]) } })]
      : []),
  ];
});
