// Clerk's scripts put a page's path and parameters behind a `#`, which no server sees: /sign-in#/factor-one?redirect_url=…
// becomes /sign-in/factor-one?redirect_url=…, and the page loads again. Without script the rest of the address counts.
const { hash, pathname, search } = window.location;
if (hash.startsWith("#/")) {
  const inner = new URL(hash.slice(1), "http://fragment.invalid");
  const query = new URLSearchParams(search);
  inner.searchParams.forEach((value, name) => query.set(name, value));
  const path = pathname.replace(/\/+$/, "") + inner.pathname.replace(/\/+$/, "");
  const text = query.toString();
  window.location.replace(text ? `${path}?${text}` : path);
}
