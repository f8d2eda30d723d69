// Writes ../vectors/*.json by asking the pinned package about every case of every topic.
//
//   node record.mjs           record
//   node record.mjs --check   record into memory, name the files that would change, fail if there is one
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reference } from './reference.mjs';
import { ours } from './differences.mjs';
import { contract, expand, tableFor } from './fixtures.mjs';

const check = process.argv.includes('--check');
const here = fileURLToPath(new URL('./', import.meta.url));
const target = fileURLToPath(new URL('../vectors/', import.meta.url));
const { version } = JSON.parse(readFileSync(`${here}node_modules/@clerk/backend/package.json`, 'utf8'));

/** Keys in the order a reader wants them; everything else is left as the package gave it. */
async function recorded(spec) {
  const c = expand(spec);
  const outcome = await reference(c);
  const { expected, refused, gap } = await ours(c, outcome, reference);
  const { id, options, now, request, backend } = spec;
  return {
    id, options, now, request,
    ...(Object.keys(backend).length ? { backend } : {}),
    outcome: contract(outcome),
    ...(gap.length ? { gap } : {}),
    ...(refused ? { refused } : {}),
    ...(expected ? { expected: contract(expected) } : {}),
  };
}

/** One case a line: a change of one case is a change of one line. */
function written(topic, cases) {
  const fixtures = Object.entries(tableFor(cases)).map(pair => pair.map(text => JSON.stringify(text)).join(': '));
  return [
    '{',
    `"topic": ${JSON.stringify(topic)},`,
    `"recorded": ${JSON.stringify(`@clerk/backend ${version}`)},`,
    `"fixtures": {\n${fixtures.join(',\n')}\n},`,
    `"cases": [\n${cases.map(c => JSON.stringify(c)).join(',\n')}\n]`,
    '}',
    '',
  ].join('\n');
}

function report(rows) {
  const total = rows.reduce((sum, { cases }) => sum + cases.length, 0);
  const all = rows.flatMap(({ cases }) => cases);
  const tally = new Map();
  for (const name of all.flatMap(c => c.gap ?? [])) tally.set(name, (tally.get(name) ?? 0) + 1);
  const size = rows.reduce((sum, { text }) => sum + text.length, 0);
  console.log(`${total} cases, ${(size / 1e6).toFixed(2)} MB; ${all.filter(c => c.expected).length} with an expectation of ours, ${all.filter(c => c.refused).length} refused`);
  console.log(`gaps: ${[...tally].sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1))).map(([n, k]) => `${n} ${k}`).join(', ')}`);
  const reasons = new Set(all.map(c => c.outcome.reason).filter(Boolean));
  console.log(`${reasons.size} reasons: ${[...reasons].sort().join(', ')}`);
}

const files = readdirSync(`${here}topics`).filter(name => name.endsWith('.mjs')).sort();
const rows = [];
const ids = new Set();
const changed = [];
if (!check) mkdirSync(target, { recursive: true });

for (const file of files) {
  const topic = file.replace('.mjs', '');
  const { cases: specs } = await import(`./topics/${file}`);
  const cases = [];
  for (const spec of specs) {
    const id = `${topic}/${spec.id}`;
    if (ids.has(id)) throw new Error(`the id ${id} is used twice`);
    ids.add(id);
    cases.push(await recorded({ ...spec, id }));
  }
  const text = written(topic, cases);
  const path = `${target}${topic}.json`;
  const before = existsSync(path) ? readFileSync(path, 'utf8') : null;
  if (before !== text) {
    changed.push(`vectors/${topic}.json`);
    if (!check) writeFileSync(path, text);
  }
  rows.push({ topic, cases, text });
  console.log(`${topic.padEnd(24)} ${String(cases.length).padStart(5)} cases${before === text ? '' : check ? '  differs' : '  written'}`);
}

// A file that no topic writes any more is stale.
const orphans = existsSync(target) ? readdirSync(target).filter(name => !rows.some(({ topic }) => name === `${topic}.json`)) : [];
changed.push(...orphans.map(name => `vectors/${name}`));
report(rows);
if (orphans.length) console.log(`no topic records: ${orphans.join(', ')}`);
if (check && changed.length) {
  console.error(`would change: ${changed.join(', ')}`);
  process.exitCode = 1;
}
