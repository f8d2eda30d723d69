// The recorder's RSA keys. They protect nothing: they keep recorded tokens stable.
// `node keys.mjs` writes keys.json if it is not there; it is never written over.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = new URL('./keys.json', import.meta.url);
const SIZES = { main: 2048, other: 2048, big: 4096, small: 1024 };

if (process.argv[1] === fileURLToPath(import.meta.url) && !existsSync(file)) {
  const made = {};
  for (const [name, modulusLength] of Object.entries(SIZES)) {
    made[name] = generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  }
  writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`);
  console.log(`wrote ${fileURLToPath(file)}`);
}

/** The key id that tokens name unless a case says otherwise. */
export const KID = 'ins_main';

function load() {
  const keys = {};
  for (const [name, pem] of Object.entries(JSON.parse(readFileSync(file, 'utf8')))) {
    const privateKey = createPrivateKey(pem);
    const publicKey = createPublicKey(privateKey);
    keys[name] = { name, privateKey, publicKey, pem: publicKey.export({ type: 'spki', format: 'pem' }) };
  }
  return keys;
}

export const KEYS = load();

export function jwk(name, { kid = KID, ...rest } = {}) {
  const { n, e } = KEYS[name].publicKey.export({ format: 'jwk' });
  return { use: 'sig', kty: 'RSA', kid, alg: 'RS256', n, e, ...rest };
}
