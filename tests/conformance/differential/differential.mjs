// Sends the same random request to the pinned package, in this process, and to the conformance server, and compares
// what both answer. Differences on purpose are those of ../record/differences.mjs and nothing else.
//
//   node differential.mjs --base http://127.0.0.1:4100 --mock-port 4200 --cases 2000 --seed 1
//   node differential.mjs --server ../../../target/debug/conformance-server
//   node differential.mjs --selfcheck --cases 500
//
// A server given by --base has to run with CLERK_API_URL=http://127.0.0.1:<mock port>; one given by --server is started
// so, on a free port. One case again: --case <index> with its seed.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { reference } from '../record/reference.mjs';
import { ours } from '../record/differences.mjs';
import { generate } from './generate.mjs';
import { startMock } from './mock.mjs';
import { asCurl, differences, fromTheWire, onTheWire, send } from './wire.mjs';

const { values: args } = parseArgs({
  options: {
    base: { type: 'string' },
    server: { type: 'string' },
    cases: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    'mock-port': { type: 'string', default: '0' },
    case: { type: 'string' },
    show: { type: 'string', default: '5' },
    selfcheck: { type: 'boolean', default: false },
  },
});
const seed = Number(args.seed);
const show = Number(args.show);
if (!Number.isInteger(seed) || (!args.base && !args.server && !args.selfcheck)) {
  console.error('usage: node differential.mjs (--base <address> | --server <program> | --selfcheck) [--cases N] [--seed S] [--mock-port P] [--case INDEX] [--show K]');
  process.exit(2);
}

const mock = await startMock(Number(args['mock-port']));
console.log(`Backend API mock on http://127.0.0.1:${mock.port}`);

/** Runs a server that says where it listens. */
function start(program, programArgs) {
  const child = spawn(program, programArgs, {
    env: { PATH: process.env.PATH, PORT: '0', CLERK_API_URL: `http://127.0.0.1:${mock.port}` }, stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.stdout.once('data', text => resolve({ base: `http://127.0.0.1:${/\d+(?=\s*$)/.exec(String(text))[0]}`, stop: () => child.kill() }));
    child.once('exit', code => reject(new Error(`${program} ended with ${code}`)));
  });
}
// With --selfcheck the package itself plays the server, for a comparison that has to find nothing.
const selfcheck = [process.execPath, [fileURLToPath(new URL('./selfcheck-server.mjs', import.meta.url))]];
const launched = args.selfcheck ? await start(...selfcheck) : args.server ? await start(args.server, []) : null;
const base = launched?.base ?? args.base;

/** What the server has to answer, and the gaps that make it differ from the package. */
async function expectation(c, leaveOut) {
  const outcome = await reference(c);
  const clerk = onTheWire(outcome, c);
  if (args.selfcheck) return { wire: clerk, gap: [] };
  const { expected, refused, gap } = await ours(c, outcome, reference, leaveOut);
  const wire = onTheWire(refused ? { refused } : expected ?? outcome, c);
  // Calls are not seen from here, so a difference in calls alone explains nothing.
  const visible = differences(clerk, wire).length > 0;
  return { wire, gap: visible ? (gap.length ? gap.filter(name => !['G6', 'G23'].includes(name)) : ['refused']) : [] };
}

const tally = { cases: 0, explained: 0, unexplained: 0, byGap: new Map(), statuses: new Map() };
const first = args.case === undefined ? 0 : Number(args.case);
const last = args.case === undefined ? Number(args.cases) : first + 1;
const started = Date.now();

try {
  for (let index = first; index < last; index += 1) {
    const c = generate(seed, index);
    const { wire, gap } = await expectation(c);
    mock.announce(c);
    let actual;
    try {
      actual = fromTheWire(await send(base, c), c);
    } catch (error) {
      actual = { status: `no answer: ${error.message}` };
    }
    tally.cases += 1;
    const word = wire.headers?.['x-clerk-auth-status'] ?? String(wire.status);
    tally.statuses.set(word, (tally.statuses.get(word) ?? 0) + 1);
    let found = differences(wire, actual);
    // A server that still has keys in memory answers as after a fetch.
    if (found.length) found = differences((await expectation(c, 'G47')).wire, actual);
    if (found.length) {
      tally.unexplained += 1;
      if (tally.unexplained <= show || args.case !== undefined) {
        console.log(`\n--- case ${index} of seed ${seed}${gap.length ? ` (differs from Clerk on purpose: ${gap.join(', ')})` : ''}`);
        for (const { path, expected, actual: got } of found) console.log(`  ${path}\n    expected ${JSON.stringify(expected)}\n    actual   ${JSON.stringify(got)}`);
        console.log(asCurl(base, c));
      }
    } else if (gap.length) {
      tally.explained += 1;
      for (const name of gap) tally.byGap.set(name, (tally.byGap.get(name) ?? 0) + 1);
    }
    if (tally.cases % 500 === 0) console.log(`${tally.cases} cases, ${Math.round(tally.cases / ((Date.now() - started) / 1000))} a second, ${tally.unexplained} unexplained`);
  }
} finally {
  launched?.stop();
  mock.close();
}

const counts = map => [...map].sort(([, a], [, b]) => b - a).map(([name, n]) => `${name} ${n}`).join(', ');
console.log(`\nseed ${seed}: ${tally.cases} cases, ${tally.explained} explained${tally.byGap.size ? ` (${counts(tally.byGap)})` : ''}, ${tally.unexplained} unexplained`);
console.log(`answers: ${counts(tally.statuses)}`);
process.exit(tally.unexplained ? 1 : 0);
