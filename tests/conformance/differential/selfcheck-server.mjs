// The conformance server's contract, played by the pinned package itself: what the comparison is checked against.
// Environment: PORT, CLERK_API_URL. Prints the port when it listens.
import { createServer } from 'node:http';
import { createClerkClient } from '../record/package.mjs';

const list = text => text?.split(',').filter(Boolean);

function optionsOf(headers) {
  const get = name => headers[name];
  const autoSync = get('x-satellite-auto-sync');
  return {
    publishableKey: get('x-publishable-key'),
    secretKey: get('x-secret-key'),
    proxyUrl: get('x-proxy-url'),
    domain: get('x-domain'),
    isSatellite: get('x-satellite') === 'true',
    signInUrl: get('x-sign-in-url'),
    signUpUrl: get('x-sign-up-url'),
    satelliteAutoSync: autoSync === undefined ? undefined : autoSync === 'true',
    organizationSyncOptions: get('x-organization-sync-options') && JSON.parse(get('x-organization-sync-options')),
    jwtKey: get('x-jwt-key') && Buffer.from(get('x-jwt-key'), 'base64').toString(),
    authorizedParties: list(get('x-authorized-parties')),
    audience: list(get('x-audience')),
    clockSkewInMs: get('x-clock-skew-ms') === undefined ? undefined : Number(get('x-clock-skew-ms')),
  };
}

async function answer(req, res) {
  const given = optionsOf(req.headers);
  const options = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  const { publishableKey, secretKey, jwtKey } = options;
  const client = createClerkClient({ publishableKey, secretKey, jwtKey, apiUrl: process.env.CLERK_API_URL, telemetry: { disabled: true } });
  const pairs = [];
  for (let at = 0; at < req.rawHeaders.length; at += 2) pairs.push([req.rawHeaders[at], req.rawHeaders[at + 1]]);
  const request = new Request(`http://${req.headers.host}${req.url}`, { method: req.method, headers: pairs });
  const state = await client.authenticateRequest(request, options);
  for (const [name, value] of state.headers) res.appendHeader(name, value);
  res.setHeader('x-clerk-auth-status', state.status);
  if (state.headers.get('location')) {
    res.writeHead(307).end();
    return;
  }
  const auth = state.toAuth();
  const body = { status: state.status, reason: state.reason ?? null };
  for (const name of ['userId', 'sessionId', 'sessionStatus', 'orgId', 'orgRole', 'orgSlug', 'orgPermissions', 'actor']) body[name] = auth?.[name] ?? null;
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

for (const level of ['log', 'warn', 'error']) {
  const speak = console[level];
  console[level] = (...words) => (String(words[0]).startsWith('listening ') ? speak(...words) : undefined);
}
const server = createServer((req, res) => {
  answer(req, res).catch(error => {
    for (const name of res.getHeaderNames()) res.removeHeader(name);
    res.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ error: error.message }));
  });
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => console.log(`listening ${server.address().port}`));
