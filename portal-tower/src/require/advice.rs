//! The advice on the page that explains a redirect loop, for the application's developers.

use portal_sdk::state::AuthReason;
use portal_sdk::token::TokenErrorReason;

/// Returns what to check if a request is still signed out after sign-in.
pub(super) fn advice(reason: Option<&AuthReason>) -> &'static str {
    use TokenErrorReason as Token;
    match reason {
        Some(AuthReason::Token(reason)) => match reason {
            Token::TokenInvalidAuthorizedParties => {
                "Authorized parties: the session token was issued for an origin that this application does not accept. \
                 Compare the address in the browser with public_origin (PORTAL_PUBLIC_ORIGIN) and authorized_parties \
                 (PORTAL_AUTHORIZED_PARTIES)."
            }
            Token::TokenInvalidIssuer => {
                "Keys: the session token was issued by a Clerk instance that this application does not accept. \
                 Compare CLERK_PUBLISHABLE_KEY with the configured issuers."
            }
            Token::TokenNotActiveYet | Token::TokenIatInTheFuture | Token::TokenExpired => CLOCK,
            Token::SecretKeyInvalid => {
                "Keys: Clerk does not accept CLERK_SECRET_KEY. Copy it again from the API keys page of the Clerk \
                 dashboard."
            }
            _ => {
                "Keys: the session token was not signed by the key of this application's Clerk instance. \
                 CLERK_PUBLISHABLE_KEY, CLERK_SECRET_KEY and CLERK_JWT_KEY must belong to the instance whose portal \
                 users sign in at."
            }
        },
        Some(
            AuthReason::SessionTokenNotActiveYet
            | AuthReason::SessionTokenIatInTheFuture
            | AuthReason::SessionTokenExpired(_),
        ) => CLOCK,
        Some(AuthReason::SessionTokenIatBeforeClientUat | AuthReason::SessionTokenWithoutClientUat) => {
            "Cookies: __session and __client_uat contradict each other. Look for cookies of the same names from \
             another application on this domain, and clear them."
        }
        None => {
            "Tasks: the session's tasks are still outstanding after sign-in. Check which tasks the instance requires, \
             and whether users can complete them."
        }
        Some(AuthReason::DevBrowserMissing | AuthReason::DevBrowserSync) => {
            "Handshakes: their cookies do not arrive. If the log says that a handshake payload was refused, \
             check that CLERK_SECRET_KEY and CLERK_PUBLISHABLE_KEY belong to the same Clerk instance: a local portal in \
             memory makes a new secret key at each start. Otherwise the browser may be blocking cookies."
        }
        Some(_) => {
            "Cookies: the session's cookies do not arrive here. The browser may block them, they may be marked Secure \
             on an address without https, or the Clerk instance may not redirect users to this address."
        }
    }
}

const CLOCK: &str = "Clock: the session token's times do not match this server's clock. Set the clock, or allow a \
                     larger difference with clock_skew.";
