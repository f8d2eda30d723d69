// Development only: the dev browser's token, and the primary answering a satellite.
import { COMMON } from '../tokens.mjs';
import { NOW_S, combinations, make } from '../world.mjs';

const STATES = env => ({
  'signed-out': {}, 'uat-zero': { uat: '0' }, 'uat-only': { uat: NOW_S - 5 }, valid: { session: COMMON[env].valid, uat: NOW_S - 5 },
  expired: { session: COMMON[env].expired, uat: NOW_S - 4000 }, suffixed: { session_: COMMON[env].valid, uat_: NOW_S - 5 },
});
const JARS = { none: {}, plain: { db: 'dvb_1' }, own: { db_: 'dvb_2' }, both: { db: 'dvb_1', db_: 'dvb_2' }, empty: { db: '' } };
const QUERIES = { none: '', new: '?__clerk_db_jwt=dvb_new', empty: '?__clerk_db_jwt=', bare: '?__clerk_db_jwt', twice: '?__clerk_db_jwt=a&x=1&__clerk_db_jwt=b', legacy: '?__dev_session=old' };

const matrix = [...combinations({ state: Object.keys(STATES('test')), jar: Object.keys(JARS), query: Object.keys(QUERIES) })]
  .filter(c => ['none', 'new'].includes(c.query) || ['signed-out', 'valid'].includes(c.state))
  .map(c => make({
    id: `state-${c.state}-cookie-${c.jar}-query-${c.query}`, env: 'test', path: `/p${QUERIES[c.query]}`, cookies: { ...JARS[c.jar], ...STATES('test')[c.state] },
  }));
const requests = [...combinations({ dest: ['api', 'iframe', 'accept', 'empty'], query: ['none', 'new'], jar: ['none', 'plain'] })].map(c => make({
  id: `request-${c.dest}-cookie-${c.jar}-query-${c.query}`, env: 'test', dest: c.dest, path: `/p${QUERIES[c.query]}`, cookies: JARS[c.jar],
}));
const values = Object.entries({ encoded: 'a%20b', plus: 'a+b', unicode: '%C3%A9', ampersand: 'a%26b' }).flatMap(([name, text]) => [
  make({ id: `value-${name}-in-cookie`, env: 'test', cookies: { db: text, uat: NOW_S - 5 } }),
  make({ id: `value-${name}-in-query`, env: 'test', path: `/p?__clerk_db_jwt=${text}` }),
]);
const production = Object.entries(STATES('live')).flatMap(([state, cookies]) => ['new', 'empty'].map(query => make({
  id: `production-${state}-query-${query}`, path: `/p${QUERIES[query]}`, cookies: { ...cookies, db: 'dvb_1' },
})));

const back = target => `/p?__clerk_redirect_url=${encodeURIComponent(target)}`;
const TARGETS = {
  localhost: 'http://localhost:3001/x', 'localhost-https': 'https://localhost:3001/x', ipv4: 'http://127.0.0.1:3001/x', ipv6: 'http://[::1]:3001/x', 'localhost-no-port': 'http://localhost/x',
  'with-query': 'http://localhost:3001/x?a=1', 'with-space': 'http://localhost:3001/x?a=b%20c', 'synced-false-already': 'http://localhost:3001/x?__clerk_synced=false&a=1', 'synced-twice': 'http://localhost:3001/x?__clerk_synced=false&__clerk_synced=true',
  'dev-browser-already': 'http://localhost:3001/x?__clerk_db_jwt=old', 'with-fragment': 'http://localhost:3001/x#top', 'no-path': 'http://localhost:3001',
  elsewhere: 'https://evil.example/x', 'elsewhere-http': 'http://evil.example/x', 'script-url': 'javascript:alert(1)', 'data-url': 'data:text/html,x', 'file-url': 'file:///etc/passwd', 'looks-like-localhost': 'https://localhost.evil.example/', 'user-info': 'http://localhost:3001@evil.example/',
  'not-a-url': 'notaurl', relative: '/x', 'scheme-relative': '//evil.example/x', empty: '', 'localhost-ftp': 'ftp://localhost/x',
};
const primary = Object.entries(TARGETS).flatMap(([name, target]) => [
  make({ id: `primary-${name}`, env: 'test', path: back(target) }),
  make({ id: `primary-${name}-with-dev-browser`, env: 'test', path: back(target), cookies: { db: 'dvb_1' } }),
]);
const local = back(TARGETS.localhost);
const primaryMore = [
  make({ id: 'primary-api', env: 'test', dest: 'api', path: local }),
  make({ id: 'primary-post', env: 'test', method: 'POST', path: local }),
  make({ id: 'primary-iframe', env: 'test', dest: 'iframe', path: local }),
  make({ id: 'primary-accept', env: 'test', dest: 'accept', path: local }),
  make({ id: 'primary-signed-in', env: 'test', path: local, cookies: { db: 'dvb_1', session: COMMON.test.valid, uat: NOW_S - 5 } }),
  make({ id: 'primary-suffixed-dev-browser', env: 'test', path: local, cookies: { db_: 'dvb_2', session_: COMMON.test.valid, uat_: NOW_S - 5 } }),
  make({ id: 'primary-dev-browser-in-query', env: 'test', path: `${local}&__clerk_db_jwt=new` }),
  make({ id: 'primary-count-2', env: 'test', path: local, cookies: { count: '2' } }),
  make({ id: 'primary-count-3', env: 'test', path: local, cookies: { count: '3' } }),
  make({ id: 'primary-two-targets', env: 'test', path: `${local}&__clerk_redirect_url=https%3A%2F%2Fevil.example%2F` }),
  make({ id: 'primary-two-targets-first-elsewhere', env: 'test', path: `${back('https://evil.example/')}&__clerk_redirect_url=http%3A%2F%2Flocalhost%3A3001%2F` }),
  make({ id: 'primary-configured-satellite', env: 'test', path: back('https://satellite.example.net/x?a=1'), options: { satelliteOrigins: ['https://satellite.example.net'] }, cookies: { db: 'dvb_1' } }),
  make({ id: 'primary-configured-satellite-other-port', env: 'test', path: back('https://satellite.example.net:8443/x'), options: { satelliteOrigins: ['https://satellite.example.net'] }, cookies: { db: 'dvb_1' } }),
  make({ id: 'primary-configured-satellite-other-scheme', env: 'test', path: back('http://satellite.example.net/x'), options: { satelliteOrigins: ['https://satellite.example.net'] }, cookies: { db: 'dvb_1' } }),
  make({ id: 'primary-elsewhere-signed-in', env: 'test', path: back(TARGETS.elsewhere), cookies: { db: 'dvb_1', session: COMMON.test.valid, uat: NOW_S - 5 } }),
  make({ id: 'primary-in-production', path: local, cookies: { session: COMMON.live.valid, uat: NOW_S - 5 } }),
  make({ id: 'primary-in-production-signed-out', path: local }),
];

// The mark of ours that a browser gets which sent no cookies.
const MARKS = { now: NOW_S, 'a-minute-ago': NOW_S - 60, ahead: NOW_S + 30, old: NOW_S - 61, 'far-ahead': NOW_S + 61, word: 'x', empty: '', huge: '99999999999999999999' };
const marked = [...combinations({ mark: Object.keys(MARKS), jar: ['none', 'plain', 'empty'], dest: ['document', 'iframe', 'accept', 'api'] })]
  .filter(c => c.dest === 'document' || ['now', 'old'].includes(c.mark))
  .map(c => make({
    id: `mark-${c.mark}-cookie-${c.jar}-${c.dest}`, env: 'test', dest: c.dest, path: `/p?a=b%20c&__portal_cookie_check=${MARKS[c.mark]}`, cookies: JARS[c.jar],
  }));
const markedMore = [
  make({ id: 'mark-other-cookies', env: 'test', path: `/p?__portal_cookie_check=${NOW_S}`, cookie: 'theme=dark; __session_abcdefgh=x' }),
  make({ id: 'mark-counter-only', env: 'test', path: `/p?__portal_cookie_check=${NOW_S}`, cookies: { count: '1' } }),
  make({ id: 'mark-counter-3', env: 'test', path: `/p?__portal_cookie_check=${NOW_S}`, cookies: { count: '3' } }),
  make({ id: 'mark-signed-in', env: 'test', path: `/p?__portal_cookie_check=${NOW_S}`, cookies: { db: 'dvb_1', session: COMMON.test.valid, uat: NOW_S - 5 } }),
  make({ id: 'mark-dev-browser-in-query', env: 'test', path: `/p?__portal_cookie_check=${NOW_S}&__clerk_db_jwt=new` }),
  make({ id: 'mark-post', env: 'test', method: 'POST', path: `/p?__portal_cookie_check=${NOW_S}` }),
  make({ id: 'mark-bearer', env: 'test', path: `/p?__portal_cookie_check=${NOW_S}`, authorization: `Bearer ${COMMON.test.valid}` }),
  make({ id: 'mark-in-production', path: `/p?__portal_cookie_check=${NOW_S}`, cookies: { uat: NOW_S - 5 } }),
  make({ id: 'mark-in-production-signed-out', path: `/p?__portal_cookie_check=${NOW_S}` }),
];

export const cases = [...marked, ...markedMore, ...matrix, ...requests, ...values, ...production, ...primary, ...primaryMore];
