// The client. It gets session tokens from its own origin, and sends them to the API.

const element = (id) => document.getElementById(id);

/** The user has to sign in. */
class SignedOut extends Error {}

/** The current token. It is kept until the API refuses it, so that no clock is needed. */
let token;

async function newToken() {
  const response = await fetch("/token");
  if (response.status === 401) throw new SignedOut();
  if (!response.ok) throw new Error(`/token: ${response.status}`);
  return (await response.json()).token;
}

async function callApi(api, path, method) {
  const call = () => fetch(api + path, { method, headers: { Authorization: `Bearer ${token}` } });
  token ??= await newToken();
  let response = await call();
  if (response.status === 401) {
    // The token has expired, or the session has ended. The page's server knows which.
    token = await newToken();
    response = await call();
  }
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function show({ user_id, clicks }, url) {
  element("user").textContent = user_id;
  element("status").textContent = clicks === 1 ? "1 click" : `${clicks} clicks`;
  element("curl").textContent = `curl -H 'Authorization: Bearer ${token}' ${url}`;
}

function showSection(isSignedIn) {
  element("signed-in").hidden = !isSignedIn;
  element("signed-out").hidden = isSignedIn;
}

async function update(api, method) {
  try {
    show(await callApi(api, "/api/clicks", method), `${api}/api/clicks`);
    showSection(true);
  } catch (error) {
    if (error instanceof SignedOut) {
      token = undefined;
      element("status").textContent = "You're signed out.";
      showSection(false);
      return;
    }
    element("status").textContent = "We couldn't reach the API. Please try again.";
    console.error(error);
  }
}

const { api } = await (await fetch("/settings.json")).json();
element("click").addEventListener("click", () => update(api, "POST"));
await update(api, "GET");
