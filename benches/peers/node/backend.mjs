// Measures `authenticateRequest` of @clerk/backend. Reads lines of JSON and answers each with one:
// a set-up, then rounds.
import { answer, cpuTime, read, require } from './modules.mjs';

const { createClerkClient } = require('@clerk/backend');

const setUp = await read();
const clerk = createClerkClient({ publishableKey: setUp.publishable_key, secretKey: setUp.secret_key });
// With the key at hand nothing is fetched.
const options = { jwtKey: setUp.pem };

const request = (headers) => new Request(`https://app.example.com${setUp.target}`, { headers });
const signedIn = request(setUp.headers);
const signedOut = request(setUp.headers.filter(([name]) => name !== 'cookie'));

for (const [sent, expected] of [[signedIn, 'signed-in'], [signedOut, 'signed-out']]) {
  const { status, reason } = await clerk.authenticateRequest(sent, options);
  if (status !== expected) throw new Error(`expected ${expected}, found ${status}: ${reason}`);
}
for (let index = 0; index < 500; index++) await clerk.authenticateRequest(signedIn, options);
answer({ outcome: 'signed-in' });

// Nanoseconds of processor time per request.
async function measure(sent, batchMs) {
  const start = cpuTime();
  let count = 0;
  while (cpuTime() - start < batchMs * 1000) {
    for (let index = 0; index < 10; index++) await clerk.authenticateRequest(sent, options);
    count += 10;
  }
  return ((cpuTime() - start) * 1000) / count;
}

for (;;) {
  const { batch_ms: batchMs } = await read();
  answer({ signed_in_ns: await measure(signedIn, batchMs), signed_out_ns: await measure(signedOut, batchMs) });
}
