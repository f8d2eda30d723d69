// Records what Clerk's `verifyWebhook` says of deliveries, for the SDK's webhooks.
//
//   node webhooks.mjs            writes tests/conformance/webhooks.json
//   node webhooks.mjs --check    writes nothing, exit status 1 if the file would change
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setNow } from './environment.mjs';
import { NOW, NOW_S } from './world.mjs';

const { verifyWebhook } = await import('@clerk/backend/webhooks');

const here = fileURLToPath(new URL('./', import.meta.url));
const FILE = fileURLToPath(new URL('../webhooks.json', import.meta.url));
const { version } = JSON.parse(readFileSync(`${here}node_modules/@clerk/backend/package.json`, 'utf8'));

const secretOf = (byte, length = 24) => `whsec_${Buffer.alloc(length, byte).toString('base64')}`;
const SECRET = secretOf(1);
const NEW_SECRET = secretOf(2);
const TYPE = 'user.created';
const BODY = JSON.stringify({
  object: 'event', type: TYPE, instance_id: 'ins_1', timestamp: NOW - 1500, data: { id: 'user_1', first_name: 'Zoë' },
});

// Each character of a body is one byte.
const latin1 = text => Buffer.from(text, 'utf8').toString('latin1');
const keyOf = secret => Buffer.from(secret.replace('whsec_', ''), 'base64');
const hmac = (key, id, timestamp, body) =>
  createHmac('sha256', key).update(Buffer.from(`${id}.${timestamp}.`, 'utf8')).update(Buffer.from(body, 'latin1')).digest('base64');

/** A delivery. `signed` may hold another id, timestamp, body or key than those that are sent. */
function make(id, { secret = SECRET, now = NOW, family = 'svix', body = latin1(BODY), message = 'msg_1', timestamp = NOW_S,
  signed = {}, signature = v1 => `v1,${v1}`, headers = fields => fields } = {}) {
  const over = { key: keyOf(SECRET), id: message, timestamp, body, ...signed };
  const v1 = hmac(over.key, over.id, over.timestamp, over.body);
  const fields = [['id', message], ['timestamp', String(timestamp)], ['signature', signature(v1)]];
  return { id, secret, now, headers: headers(fields.map(([name, value]) => [`${family}-${name}`, value])), body };
}

const without = name => fields => fields.filter(([found]) => !found.endsWith(name));
const replaced = (name, value) => fields => fields.map(([found, old]) => [found, found.endsWith(name) ? value : old]);
const doubled = (name, value) => fields =>
  fields.flatMap(field => (field[0].endsWith(name) ? [field, [field[0], value ?? field[1]]] : [field]));
const NAMES = ['id', 'timestamp', 'signature'];
const FAMILIES = ['svix', 'webhook'];
const WRONG = Buffer.alloc(32).toString('base64');

function* deliveries() {
  for (const family of FAMILIES) {
    const of = (id, spec) => make(`${family}/${id}`, { family, ...spec });
    yield of('genuine');
    yield of('another-secret', { signed: { key: keyOf(NEW_SECRET) } });
    for (const name of NAMES) {
      yield of(`${name}-missing`, { headers: without(name) });
      yield of(`${name}-empty`, { headers: replaced(name, '') });
    }
    yield of('no-fields', { headers: () => [] });
    yield of('late-by-a-second', { now: NOW + 301_000 });
  }
  const mixed = fields => fields.map(([name, value]) => [name === 'svix-signature' ? 'webhook-signature' : name, value]);
  yield make('families-mixed', { headers: mixed });
  yield make('families-both', { headers: fields => [...fields, ['webhook-id', 'msg_2'], ['webhook-signature', 'v1,x']] });

  yield make('body-changed', { signed: { body: latin1(BODY.replace('user_1', 'user_2')) } });
  yield make('body-with-a-space', { body: `${latin1(BODY)} `, signed: { body: latin1(BODY) } });
  yield make('id-changed', { signed: { id: 'msg_2' } });
  yield make('timestamp-changed', { signed: { timestamp: NOW_S - 1 } });

  const lists = {
    'several': v1 => `v1,${WRONG} v1,${v1}`,
    'several-first': v1 => `v1,${v1} v1,${WRONG}`,
    'several-wrong': () => `v1,${WRONG} v1,${WRONG}`,
    'with-v1a': v1 => `v1a,${WRONG} v1,${v1}`,
    'only-v1a': v1 => `v1a,${v1}`,
    'only-v2': v1 => `v2,${v1}`,
    'version-capital': v1 => `V1,${v1}`,
    'version-missing': v1 => v1,
    'version-empty': v1 => `,${v1}`,
    'version-alone': () => 'v1',
    'version-without-signature': () => 'v1,',
    'unpadded': v1 => `v1,${v1.replace(/=+$/, '')}`,
    'hexadecimal': v1 => `v1,${Buffer.from(v1, 'base64').toString('hex')}`,
    'with-more-commas': v1 => `v1,${v1},x`,
    'spaces-around': v1 => `  v1,${v1}  `,
    'two-spaces': v1 => `v1,${WRONG}  v1,${v1}`,
    'space-after-comma': v1 => `v1, ${v1}`,
    'tab-between': v1 => `v1,${WRONG}\tv1,${v1}`,
    'commas-between': v1 => `v1,${WRONG},v1,${v1}`,
    'lower-case': v1 => `v1,${v1.toLowerCase()}`,
  };
  for (const [id, signature] of Object.entries(lists)) yield make(`signature/${id}`, { signature });
  // The base64 of this delivery has characters that the other alphabet writes in another way.
  const odd = [...Array(100).keys()].map(n => `msg_${n}`).find(id => /\+.*\/|\/.*\+/.test(hmac(keyOf(SECRET), id, NOW_S, latin1(BODY))));
  yield make('signature/odd-characters', { message: odd });
  yield make('signature/odd-characters-url-safe', { message: odd, signature: v1 => `v1,${v1.replaceAll('+', '-').replaceAll('/', '_')}` });

  for (const seconds of [0, 299, 300, 301, 3600]) {
    yield make(`time/late-by-${seconds}`, { now: NOW + seconds * 1000 });
    yield make(`time/early-by-${seconds}`, { now: NOW - seconds * 1000 });
  }
  yield make('time/late-by-a-fraction', { now: NOW + 300_999 });
  yield make('time/early-by-a-fraction', { now: NOW - 300_001 });
  const number = { signed: { timestamp: NOW_S } };
  for (const [id, timestamp] of Object.entries({
    'letters': 'soon', 'letters-after': `${NOW_S}x`, 'decimal': `${NOW_S}.0`, 'exponent': '1.8e9', 'hexadecimal': '0x6b49d200',
    'plus': `+${NOW_S}`, 'minus': `-${NOW_S}`, 'zeros': `00${NOW_S}`, 'spaces': ` ${NOW_S} `, 'milliseconds': String(NOW),
    'list': `${NOW_S}, ${NOW_S}`, 'endless': '9'.repeat(400), 'zero': '0', 'iso': new Date(NOW).toISOString(),
  })) yield make(`timestamp/${id}`, { timestamp, ...number });

  for (const [id, message] of Object.entries({
    'full-stop': 'msg.1', 'spaces-around': ' msg_1 ', 'space': 'msg 1', 'comma': 'msg_1,msg_2', 'latin': 'msg_\u00e9',
    'longest': 'm'.repeat(256), 'too-long': 'm'.repeat(257), 'dash': '-',
  })) yield make(`id/${id}`, { message, signed: { id: message.trim() } });
  // The border between ID and time is moved into the body: a full stop in an ID would allow that.
  yield make('id/moved-border', {
    message: 'msg_1.1', body: latin1(BODY), signed: { id: 'msg_1', timestamp: 1, body: `${NOW_S}.${latin1(BODY)}` },
  });

  for (const name of NAMES) yield make(`doubled/${name}`, { headers: doubled(name) });
  yield make('doubled/id-signed-as-a-list', { headers: doubled('id'), signed: { id: 'msg_1, msg_1' } });
  yield make('doubled/signature-and-another', { headers: doubled('signature', `v1,${WRONG}`) });
  yield make('doubled/signature-after-another', { headers: fields => [['svix-signature', `v1,${WRONG}`], ...fields] });

  for (const [id, body] of Object.entries({
    'empty': '', 'not-json': 'user.created', 'truncated': latin1(BODY).slice(0, -1), 'null': 'null', 'list': '[]', 'number': '1',
    'text': '"user.created"', 'no-type': '{}', 'type-null': '{"type":null}', 'type-number': '{"type":1,"data":{}}',
    'type-empty': '{"type":""}', 'type-alone': '{"type":"user.created"}', 'unknown-type': '{"type":"x.y","data":{"a":1}}',
    'type-twice': '{"type":"x","type":"user.created"}', 'data-twice': '{"type":"user.created","data":{},"data":{}}',
    'deeply-nested': `{"type":"x","data":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
    'number-beyond-double': '{"type":"x","data":1e999}', 'half-surrogate': '{"type":"x","data":"\\ud800"}',
    'half-surrogate-in-type': '{"type":"\\ud800"}', 'spaces-around': ` \n${latin1(BODY)}\n`, 'not-utf8': '{"type":"\xff"}', 'byte-order-mark': latin1(`\ufeff${BODY}`),
  })) {
    yield make(`body/${id}`, { body });
    yield make(`body/${id}-forged`, { body, signed: { key: keyOf(NEW_SECRET) } });
  }
  yield make('body/byte-order-mark-not-signed', { body: latin1(`\ufeff${BODY}`), signed: { body: latin1(BODY) } });
  yield make('body/not-utf8-signed-as-replacement', { body: '{"type":"\xff"}', signed: { body: latin1('{"type":"\ufffd"}') } });

  const both = { signature: v1 => `v1,${hmac(keyOf(NEW_SECRET), 'msg_1', NOW_S, latin1(BODY))} v1,${v1}` };
  yield make('secret/rotated-old', { ...both });
  yield make('secret/rotated-new', { ...both, secret: NEW_SECRET });
  yield make('secret/rotated-third', { ...both, secret: secretOf(3) });
  yield make('secret/list', { secret: `${NEW_SECRET},${SECRET}` });
  yield make('secret/list-with-a-space', { secret: `${SECRET}, ${NEW_SECRET}` });
  yield make('secret/list-without-the-right-one', { secret: `${NEW_SECRET},${secretOf(3)}` });
  const plain = Buffer.alloc(25, 1).toString('base64');
  const of25 = { signed: { key: Buffer.alloc(25, 1) } };
  for (const [id, secret] of Object.entries({
    'padded': `whsec_${plain}`, 'unpadded': `whsec_${plain.replace(/=+$/, '')}`, 'half-padded': `whsec_${plain.replace(/=$/, '')}`,
    'last-bits': `whsec_${plain.replace(/Q==$/, 'R==')}`, 'no-prefix': plain, 'prefix-capital': `WHSEC_${plain}`, 'prefix-twice': `whsec_whsec_${plain}`,
    'white-space': ` whsec_${plain}\n`, 'character-left-over': `whsec_${plain.replace(/=+$/, '')}AAA`, 'empty': '', 'prefix-alone': 'whsec_',
    'url-safe': `whsec_${'-_'.repeat(16)}`, 'punctuation': `whsec_${plain}!`, 'secret-key': 'sk_test_x',
  })) yield make(`secret/${id}`, { secret, ...of25 });
  yield make('secret/23-bytes', { secret: secretOf(1, 23), signed: { key: Buffer.alloc(23, 1) } });
  yield make('secret/64-bytes', { secret: secretOf(1, 64), signed: { key: Buffer.alloc(64, 1) } });
  yield make('secret/65-bytes', { secret: secretOf(1, 65), signed: { key: Buffer.alloc(65, 1) } });
}

/** The package's reasons, in the words of `WebhookError::as_str`. `secret` is a setting, not a delivery. */
const REASONS = [
  [/Missing webhook signing secret|incorrect characters for decoding|Secret can't be empty/, 'secret'],
  [/Missing required webhook headers/, 'webhook-header-missing'],
  [/Invalid Signature Headers/, 'webhook-timestamp-invalid'],
  [/timestamp too old/, 'webhook-too-old'],
  [/timestamp too new/, 'webhook-too-new'],
  [/No matching signature found/, 'webhook-signature-invalid'],
  [/JSON|Cannot read properties of (undefined|null)/, 'webhook-payload-invalid'],
];

/** Asks the package: an accepted delivery's type, or the reason. */
async function clerks({ secret, now, headers, body }) {
  setNow(now);
  try {
    const request = new Request('https://app.example.com/webhooks', { method: 'POST', headers, body: Buffer.from(body, 'latin1') });
    const { type, timestamp, instance_id } = await verifyWebhook(request, { signingSecret: secret });
    // Half a surrogate pair cannot be written to the file.
    return { type: type?.toWellFormed?.() ?? type ?? null, timestamp: timestamp ?? null, instance: instance_id ?? null };
  } catch ({ message }) {
    const reason = REASONS.find(([pattern]) => pattern.test(message))?.[1];
    if (!reason) throw new Error(`no word for ${JSON.stringify(message)}`);
    return { reason };
  } finally {
    setNow(null);
  }
}

const REFUSED = { reason: 'refused' };

/** Ours, by the numbered differences of `docs/differences.md`. */
async function ours(delivery, outcome) {
  const { secret, headers, body } = delivery;
  const value = name => headers.filter(([found]) => found === name).map(([, value]) => value.trim());
  const answer = async (gap, changes) => {
    const changed = { ...delivery, ...changes };
    const theirs = await clerks(changed);
    const [gaps, expected] = await ours(changed, theirs);
    return [[gap, ...gaps], expected];
  };

  // W2: several secrets with commas between, and white space around each.
  const secrets = secret.split(',').map(one => one.trim());
  const isStrict = secrets.every(one => {
    const [, encoded] = /^whsec_([A-Za-z0-9+/]*)={0,2}$/.exec(one) ?? [];
    return encoded !== undefined && encoded.length % 4 !== 1 && Buffer.from(encoded, 'base64').length >= 24;
  });
  if (!isStrict) return [outcome.reason === 'secret' ? [] : ['W2'], REFUSED];
  if (secrets.length > 1 || secrets[0] !== secret) {
    const answers = await Promise.all(secrets.map(one => answer('W2', { secret: one })));
    return answers.find(([, { reason }]) => !reason) ?? answers[0];
  }

  // W1: the standard names too, if no field has a name of Svix.
  if (!headers.some(([name]) => name.startsWith('svix-')) && headers.length) {
    const [gaps, expected] = await answer('W1', { headers: headers.map(([name, value]) => [name.replace('webhook-', 'svix-'), value]) });
    return JSON.stringify(expected) === JSON.stringify(outcome) ? [[], outcome] : [gaps, expected];
  }
  if (outcome.reason === 'webhook-header-missing') return [[], outcome];

  // W3: one ID and one timestamp, in a strict form.
  const [ids, timestamps] = [value('svix-id'), value('svix-timestamp')];
  if (ids.length > 1 || !/^[!-\-/-~]{1,256}$/.test(ids[0])) return [['W3'], { reason: 'webhook-id-invalid' }];
  if (timestamps.length > 1 || !/^[0-9]+$/.test(timestamps[0])) {
    const expected = { reason: 'webhook-timestamp-invalid' };
    return [outcome.reason === expected.reason ? [] : ['W3'], expected];
  }
  if (['webhook-too-old', 'webhook-too-new'].includes(outcome.reason)) return [[], outcome];

  // W4: the bytes as sent are verified, and must then be UTF-8 without a byte order mark.
  const bytes = Buffer.from(body, 'latin1');
  const isText = Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes) && !bytes.toString('utf8').startsWith('\ufeff');
  if (!isText) {
    const genuine = hmac(keyOf(secret), ids[0], Number(timestamps[0]), body);
    const isGenuine = value('svix-signature').some(field => field.includes(genuine));
    const expected = { reason: isGenuine ? 'webhook-payload-invalid' : 'webhook-signature-invalid' };
    return [outcome.reason === expected.reason ? [] : ['W4'], expected];
  }

  // W5: an event is an object with one type, which is a text.
  const isOdd = typeof outcome.type !== 'string' || /"type":"\\ud8/.test(body) || body.split('"type"').length > 2;
  if (!outcome.reason && isOdd) return [['W5'], { reason: 'webhook-payload-invalid' }];
  return [[], outcome];
}

const cases = [];
const ids = new Set();
for (const delivery of deliveries()) {
  if (ids.has(delivery.id)) throw new Error(`the id ${delivery.id} is used twice`);
  ids.add(delivery.id);
  const outcome = await clerks(delivery);
  const [gap, expected] = await ours(delivery, outcome);
  const isDifferent = JSON.stringify(outcome) !== JSON.stringify(expected);
  const isRefused = expected === REFUSED;
  if (!gap.length && isDifferent && !isRefused) throw new Error(`${delivery.id}: a difference without a number`);
  cases.push({
    ...delivery, outcome, ...(gap.length ? { gap: [...new Set(gap)] } : {}),
    ...(isRefused ? { refused: true } : isDifferent ? { expected } : {}),
  });
}

const lines = cases.map(one => JSON.stringify(one)).join(',\n');
const text = `{"recorded":${JSON.stringify(`@clerk/backend ${version}`)},\n"cases":[\n${lines}\n]}\n`;

if (process.argv.includes('--check')) {
  if (readFileSync(FILE, 'utf8') !== text) {
    console.error(`${FILE} would change`);
    process.exit(1);
  }
} else {
  writeFileSync(FILE, text);
}
const gaps = cases.flatMap(({ gap }) => gap ?? []);
const tally = [...new Set(gaps)].sort().map(name => `${name} ${gaps.filter(found => found === name).length}`);
console.log(`${cases.length} deliveries, ${cases.filter(({ outcome }) => !outcome.reason).length} of them accepted; gaps: ${tally.join(', ')}`);
