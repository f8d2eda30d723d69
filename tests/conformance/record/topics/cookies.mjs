// The cookie path in production and development: every state of the session cookie against every state of the client's.
import { COMMON } from '../tokens.mjs';
import { ENVS, NOW_S, combinations, make } from '../world.mjs';

const tokens = env => {
  const { valid, expired, early, nbf, iat, forged, template, machine, longExpired } = COMMON[env];
  return {
    none: undefined, valid, expired, 'expired-two-days-ago': longExpired, early, nbf, 'iat-ahead': iat, forged,
    template, machine, garbage: 'abc',
  };
};
const UATS = { none: undefined, zero: '0', old: String(NOW_S - 400_000), current: String(NOW_S - 5), newer: String(NOW_S - 2) };

const matrix = ENVS.flatMap(env => [...combinations({
  session: Object.keys(tokens(env)),
  uat: Object.keys(UATS),
  dest: ['document', 'api'],
})].map(({ session, uat, dest }) => make({
  id: `${env}-session-${session}-uat-${uat}-${dest}`,
  env,
  dest,
  cookies: { ...(env === 'test' ? { db: 'dvb_1' } : {}), session: tokens(env)[session], uat: UATS[uat] },
})));

export const cases = [...matrix];
