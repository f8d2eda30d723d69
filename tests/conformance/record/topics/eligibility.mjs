// Which requests may be answered with a redirect: method, Sec-Fetch-Dest and Accept, for each row that would redirect.
import { COMMON } from '../tokens.mjs';
import { ENVS, NOW_S, combinations, make } from '../world.mjs';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const DESTINATIONS = [undefined, 'document', 'iframe', 'empty', 'frame', 'embed', 'Document', 'script', ''];
const ACCEPTS = {
  none: undefined,
  html: 'text/html',
  browser: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'html-second': 'application/xhtml+xml,text/html',
  any: '*/*',
  json: 'application/json',
  'html-capitals': 'TEXT/HTML',
  'html-prefix': 'text/htmlx',
};
const headersFor = (dest, accept) => [
  ...(dest === undefined ? [] : [['sec-fetch-dest', dest]]),
  ...(ACCEPTS[accept] ? [['accept', ACCEPTS[accept]]] : []),
];
const label = dest => (dest === undefined ? 'none' : dest === '' ? 'blank' : dest === 'Document' ? 'capital-document' : dest);

const destinations = [...combinations({ dest: DESTINATIONS, accept: Object.keys(ACCEPTS) })].map(({ dest, accept }) => make({
  id: `dest-${label(dest)}-accept-${accept}`, dest: 'api', headers: headersFor(dest, accept), cookies: { uat: NOW_S - 5 },
}));

const methods = ENVS.flatMap(env => [...combinations({
  method: METHODS,
  row: ['uat-only', 'session-only', 'expired', 'before-uat', 'early', 'valid', 'nothing'],
  dest: ['document', 'accept'],
})].map(({ method, row, dest }) => {
  const { valid, expired, early } = COMMON[env];
  const cookies = {
    'uat-only': { uat: NOW_S - 5 },
    'session-only': { session: valid },
    expired: { session: expired, uat: NOW_S - 4000 },
    'before-uat': { session: valid, uat: NOW_S },
    early: { session: early, uat: NOW_S - 5 },
    valid: { session: valid, uat: NOW_S - 5 },
    nothing: {},
  }[row];
  return make({ id: `${env}-${method}-${row}-${dest}`, env, method, dest, cookies: { ...(env === 'test' ? { db: 'dvb_1' } : {}), ...cookies } });
}));

export const cases = [
  ...destinations, ...methods,
  make({ id: 'dest-repeated', dest: 'api', headers: [['sec-fetch-dest', 'document'], ['sec-fetch-dest', 'document']], cookies: { uat: NOW_S - 5 } }),
  make({ id: 'accept-repeated', dest: 'api', headers: [['accept', 'text/html'], ['accept', 'application/json']], cookies: { uat: NOW_S - 5 } }),
];
