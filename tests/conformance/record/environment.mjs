// Makes the package a function of its input: clock, randomness, pauses and the network are ours while it runs.
// Has to be imported before the package, which binds the global `fetch` when it loads.

const system = { now: Date.now, random: Math.random, setTimeout: globalThis.setTimeout, console: { ...console } };
let now = null;
let answer = null;

Date.now = () => now ?? system.now();
// `new Date()` does not go through Date.now; the package only uses `new Date(Date.now())` where it matters.

/** Freezes time (null: the real clock again). */
export const setNow = value => { now = value; };

/** Replaces the network: `answer(request)` returns a Response or throws. */
export const setNetwork = value => { answer = value; };

globalThis.fetch = async (input, init) => {
  if (!answer) throw new Error('the network is closed while recording');
  return answer(new URL(String(input?.url ?? input)), init ?? {});
};

/** Runs with instant back-off pauses, fixed jitter and a silent console. */
export async function quietly(work) {
  Math.random = () => 0.5;
  globalThis.setTimeout = (callback, _delay, ...rest) => system.setTimeout(callback, 0, ...rest);
  for (const level of ['log', 'warn', 'error', 'info', 'debug']) console[level] = () => {};
  try {
    return await work();
  } finally {
    Math.random = system.random;
    globalThis.setTimeout = system.setTimeout;
    Object.assign(console, system.console);
  }
}

// The package reads its host's environment in places (automatic proxy, defaults); vectors do not.
for (const name of Object.keys(process.env)) if (/^(CLERK_|VERCEL|NEXT_PUBLIC_)/.test(name)) delete process.env[name];
