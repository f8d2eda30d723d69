// The Authorization header.
import { COMMON } from '../tokens.mjs';
import { ENVS, NOW_S, combinations, make } from '../world.mjs';

const states = ENVS.flatMap(env => [...combinations({
  token: ['valid', 'expired', 'early', 'nbf', 'iat', 'forged', 'foreign', 'noIssuer', 'template', 'machine', 'pending'],
  dest: ['document', 'api', 'accept'],
})].map(({ token, dest }) => make({
  id: `${env}-bearer-${token}-${dest}`, env, dest, authorization: `Bearer ${COMMON[env][token]}`,
})));

export const cases = [...states];
