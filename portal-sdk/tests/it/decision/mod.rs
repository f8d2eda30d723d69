//! The decision as tables. A row is a line: its name (with the decision's row as protocol documents number it), the
//! instance, the request, what Clerk answers (and thereby what it is asked, in order), and the outcome, complete: a
//! header or an effect that the row does not name fails it. `words` says what the words mean.

mod claims;
mod cookie_check;
mod expected;
mod explained;
mod handshake;
mod organization;
mod renewal;
mod request;
mod session;
mod several_domains;
mod suffix;
mod table;
mod times;
mod words;
