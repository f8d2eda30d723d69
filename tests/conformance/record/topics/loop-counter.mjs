// The redirect counter: which counts stop, what is set, and when it is removed.
import { COMMON } from '../tokens.mjs';
import { ENVS, NOW_S, combinations, make } from '../world.mjs';

const COUNTS = {
  0: '0', 1: '1', 2: '2', 3: '3', 4: '4', 100: '100', 'minus-1': '-1', word: 'abc', hexadecimal: '0x3', fraction: '2.5', '3-point-0': '3.0', exponent: '3e0',
  empty: '', 'leading-zero': '03', 'leading-zero-1': '01', plus: '+3', 'encoded-3': '%33', infinity: 'Infinity', huge: '99999999999999999999', '3-and-letters': '3abc', space: '%203',
};
const rows = env => {
  const { valid, expired, early } = COMMON[env];
  const db = env === 'test' ? { db: 'dvb_1' } : {};
  return {
    'uat-only': { cookies: { ...db, uat: NOW_S - 5 } },
    'session-only': { cookies: { ...db, session: valid } },
    expired: { cookies: { ...db, session: expired, uat: NOW_S - 4000 } },
    early: { cookies: { ...db, session: early, uat: NOW_S - 5 } },
    'signed-in': { cookies: { ...db, session: valid, uat: NOW_S - 5 } },
    'signed-out': { cookies: db },
    'foreign-referrer': { cookies: { ...db, session: valid, uat: NOW_S - 5 }, headers: [['referer', 'https://elsewhere.example/']] },
    'other-organization': {
      cookies: { ...db, session: valid, uat: NOW_S - 5 }, path: '/orgs/acme', options: { organizationSyncOptions: { organizationPatterns: ['/orgs/:slug'] } },
    },
  };
};

const matrix = ENVS.flatMap(env => [...combinations({ count: Object.keys(COUNTS), row: Object.keys(rows(env)) })]
  // Odd spellings of a count only for rows in which the count has a distinct effect.
  .filter(({ count, row }) => /^\d$/.test(count) || (env === 'live' && ['uat-only', 'signed-in', 'foreign-referrer', 'other-organization'].includes(row)))
  .map(({ count, row }) => {
    const spec = rows(env)[row];
    return make({ id: `${env}-count-${count}-${row}`, env, ...spec, cookies: { ...spec.cookies, count: COUNTS[count] } });
  }));

const requests = ENVS.flatMap(env => [...combinations({ count: ['1', '2', '3'], dest: ['iframe', 'accept', 'api', 'empty'], row: ['uat-only', 'signed-in', 'signed-out'] })].map(({ count, dest, row }) => {
  const spec = rows(env)[row];
  return make({ id: `${env}-count-${count}-${row}-${dest}`, env, dest, ...spec, cookies: { ...spec.cookies, count } });
}));

const others = [
  make({ id: 'post-settles-with-count', method: 'POST', cookies: { session: COMMON.live.valid, uat: NOW_S - 5, count: '1' } }),
  make({ id: 'suffixed-counter-is-not-read', cookies: { uat: NOW_S - 5, count_: '3' } }),
  make({ id: 'http-page-sets-no-secure', origin: 'http://app.example.com', cookies: { uat: NOW_S - 5, count: '1' } }),
  make({ id: 'http-page-settles', origin: 'http://app.example.com', cookies: { count: '1' } }),
  make({ id: 'https-by-forwarded-proto', origin: 'http://127.0.0.1:8080', headers: [['x-forwarded-proto', 'https'], ['x-forwarded-host', 'app.example.com']], cookies: { uat: NOW_S - 5 } }),
  make({ id: 'https-by-forwarded-proto-settles', origin: 'http://127.0.0.1:8080', headers: [['x-forwarded-proto', 'https'], ['x-forwarded-host', 'app.example.com']], cookies: { count: '2' } }),
  make({ id: 'dev-browser-missing-count-2', env: 'test', cookies: { count: '2' } }),
  make({ id: 'dev-browser-missing-count-3', env: 'test', cookies: { count: '3' } }),
  make({ id: 'dev-browser-sync-count-2', env: 'test', path: '/p?__clerk_db_jwt=new', cookies: { count: '2' } }),
  make({ id: 'dev-browser-sync-count-3', env: 'test', path: '/p?__clerk_db_jwt=new', cookies: { count: '3' } }),
  make({ id: 'two-counters-first-wins', cookie: `__client_uat=${NOW_S - 5}; __clerk_redirect_count=3; __clerk_redirect_count=0` }),
];

export const cases = [...matrix, ...requests, ...others];
