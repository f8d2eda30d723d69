// Named long strings. A case says `${token:valid}`, the file says once what that is, and recorded outcomes are written
// back with the same names. Names are global to the recorder, so one name never means two things.
import { KEYS } from './keys.mjs';

const byName = new Map();
const byValue = new Map();

/** Registers a string and returns the reference to it. */
export function fixture(name, value) {
  if (/[{}]/.test(name)) throw new Error(`fixture name ${name} cannot be written as a reference`);
  const known = byName.get(name);
  if (known !== undefined && known !== value) throw new Error(`fixture ${name} is defined twice, differently`);
  byName.set(name, value);
  if (!byValue.has(value)) byValue.set(value, name);
  return `\${${name}}`;
}

for (const key of Object.values(KEYS)) fixture(`pem:${key.name}`, key.pem);

const REFERENCE = /\$\{([^}]+)\}/g;

/** Replaces every reference in every string of a JSON value. */
export function expand(node) {
  if (typeof node === 'string') {
    return node.replace(REFERENCE, (_, name) => {
      const found = byName.get(name);
      if (found === undefined) throw new Error(`unknown fixture ${name}`);
      return found;
    });
  }
  return mapStrings(node, expand);
}

// A JWT or something shaped like one: the only long strings that turn up in outcomes.
const JWT = /[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g;

/** The other direction, for outcomes. */
export function contract(node) {
  if (typeof node === 'string') {
    return node.replace(JWT, text => (byValue.has(text) ? `\${${byValue.get(text)}}` : text));
  }
  return mapStrings(node, contract);
}

/** The table a file needs for these cases. */
export function tableFor(cases) {
  const names = new Set();
  const visit = node => {
    if (typeof node === 'string') for (const [, name] of node.matchAll(REFERENCE)) names.add(name);
    else if (node && typeof node === 'object') Object.entries(node).forEach(pair => pair.forEach(visit));
  };
  visit(cases);
  return Object.fromEntries([...names].sort().map(name => [name, byName.get(name)]));
}

function mapStrings(node, change) {
  if (Array.isArray(node)) return node.map(change);
  if (node && typeof node === 'object') {
    return Object.fromEntries(Object.entries(node).map(([name, inner]) => [name, change(inner)]));
  }
  return node;
}
