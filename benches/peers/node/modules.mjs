// Packages of tests/express, so that one lock file names the versions of all.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

export const require = createRequire(new URL('../../../tests/express/package.json', import.meta.url));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// The next line of input; the program ends with its input.
export async function read() {
  const { value, done } = await lines.next();
  if (done) process.exit(0);
  return JSON.parse(value);
}

export function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

// Microseconds of all threads: signatures are checked outside of the main one.
export function cpuTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}
