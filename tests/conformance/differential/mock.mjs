// The Backend API on loopback. Key sets follow from the secret key; nonces and refreshes are those of announced cases.
import { createServer } from 'node:http';
import { keySetOf } from './generate.mjs';

export function startMock(port = 0) {
  const announced = new Map();
  const requests = { total: 0 };
  const server = createServer((req, res) => {
    requests.total += 1;
    const url = new URL(req.url, 'http://mock');
    const secretKey = (req.headers.authorization ?? '').replace(/^Bearer /, '');
    const answer = url.pathname === '/v1/jwks' ? keySetOf(secretKey)
      : url.pathname === '/v1/clients/handshake_payload' ? announced.get(url.searchParams.get('nonce'))
        : announced.get(`${req.method} ${url.pathname}`);
    req.resume().on('end', () => {
      if (!answer) {
        res.writeHead(404, { 'content-type': 'application/json' });
        res.end('{"errors":[{"code":"not_announced","message":"x"}]}');
        return;
      }
      res.writeHead(answer.status, answer.contentType ? { 'content-type': answer.contentType } : {});
      res.end(answer.body ?? '');
    });
  });
  const announce = c => {
    announced.clear();
    for (const [call, answer] of Object.entries(c.backend)) {
      if (call === 'GET /v1/clients/handshake_payload') announced.set(`nonce_${c.id.replace('/', '_')}`, answer);
      else if (call !== 'GET /v1/jwks') announced.set(call, answer);
    }
  };
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ port: server.address().port, announce, requests, close: () => server.close() }));
  });
}
