// Records what Clerk's `has()` says of claims and requirements, for the SDK's authorization rules.
//
//   node authorization.mjs            writes portal-sdk/tests/fixtures/authorization.json
//   node authorization.mjs --check    writes nothing, exit status 1 if the file would change
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCheckAuthorization } from '@clerk/shared/authorization';
import { __experimental_JWTPayloadToAuthObjectProperties as properties } from '@clerk/shared/jwtPayloadParser';

const FILE = fileURLToPath(new URL('../../../portal-sdk/tests/fixtures/authorization.json', import.meta.url));

const session = claims => ({ sub: 'user_1', sid: 'sess_1', iat: 1800000000, exp: 1800000060, ...claims });
const organization = { v: 2, o: { id: 'org_1', slg: 'acme', rol: 'admin', per: 'read,manage', fpm: '1,3' } };
const CLAIMS = {
  nobody: session({}),
  'version 1': session({ org_id: 'org_1', org_role: 'org:admin', org_permissions: ['org:dash:read', 'org:teams:manage'] }),
  'version 1, odd role': session({ org_id: 'org_1', org_role: 'org:org:admin', org_permissions: ['dash:read'] }),
  'version 1, no organization': session({ org_role: 'org:admin', org_permissions: ['org:dash:read'] }),
  'version 2': session({ ...organization, fea: 'o:dash,uo:teams,u:pro', pla: 'u:free' }),
  'version 2, organization plan': session({ ...organization, fea: 'o:dash', pla: 'o:pro,u:free' }),
  'version 2, personal': session({ v: 2, fea: 'u:pro', pla: 'u:free' }),
  'version 2, capital letters': session({ v: 2, fea: 'u:Pro', pla: 'u:Free' }),
};
const AGES = [undefined, [0, -1], [5, -1], [9.5, 3], [10, 10], [70, 9], [-1, 3], [-1, -1], [2000, 2000], [-2, 0], [1], ['1', 2]];
AGES.forEach((fva, index) => {
  CLAIMS[`ages ${index}`] = session(fva === undefined ? {} : { fva });
});

const NAMES = {
  role: ['admin', 'org:admin', 'org:org:admin', 'member', 'Admin', ''],
  permission: ['org:dash:read', 'dash:read', 'org:org:dash:read', 'teams:manage', 'org:teams:read', 'dash', ''],
  feature: ['dash', 'o:dash', 'org:dash', 'organization:dash', 'user:dash', 'u:teams', 'teams', 'pro', 'u:pro', 'o:dash:x', 'x:dash', 'o:', ''],
  plan: ['free', 'u:free', 'o:free', 'o:pro', 'org:pro', 'pro', 'user:free', ''],
};
const LEVELS = ['first_factor', 'second_factor', 'multi_factor'];
const REVERIFICATIONS = ['strict_mfa', 'strict', 'moderate', 'lax',
  ...LEVELS.flatMap(level => [1, 5, 6, 10, 60].map(afterMinutes => ({ level, afterMinutes })))];

function* requirements() {
  for (const [kind, names] of Object.entries(NAMES)) for (const name of names) yield { [kind]: name };
  for (const reverification of REVERIFICATIONS) yield { reverification };
}

function has(claims, params) {
  const auth = properties(claims);
  const check = createCheckAuthorization({
    userId: auth.userId, orgId: auth.orgId, orgRole: auth.orgRole, orgPermissions: auth.orgPermissions,
    factorVerificationAge: auth.factorVerificationAge, features: claims.fea, plans: claims.pla,
  });
  try {
    return check(params);
  } catch {
    // A malformed scope makes the package throw, which refuses every request too.
    return false;
  }
}

const cases = [];
for (const [name, claims] of Object.entries(CLAIMS)) {
  for (const params of requirements()) cases.push([name, params, has(claims, params)]);
}
const lines = cases.map(line => JSON.stringify(line)).join(',\n');
const text = `{"claims":${JSON.stringify(CLAIMS)},\n"cases":[\n${lines}\n]}\n`;

if (process.argv.includes('--check')) {
  if (readFileSync(FILE, 'utf8') !== text) {
    console.error(`${FILE} would change`);
    process.exit(1);
  }
} else {
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, text);
}
console.log(`${cases.length} verdicts, ${cases.filter(([, , met]) => met).length} of them met`);
