//! The advice on the page that explains a redirect loop, for the application's developers.

use portal_sdk::state::AuthReason;
use portal_sdk::token::TokenErrorReason;

/// Returns what to check if a request is still signed out after sign-in.
pub(super) fn advice(reason: Option<&AuthReason>) -> &'static str {
    use TokenErrorReason as Token;
    match reason {
        Some(AuthReason::Token(reason)) => match reason {
            Token::TokenInvalidAuthorizedParties => {
                "Authorized parties: the session token was made for another origin than those this application accepts. \
                 Compare the address in the browser with public_origin and authorized_parties."
            }
            Token::TokenInvalidIssuer => {
                "Keys: the session token was issued by another Clerk instance than those this application accepts. \
                 Compare CLERK_PUBLISHABLE_KEY with the issuers that are configured."
            }
            Token::TokenNotActiveYet | Token::TokenIatInTheFuture | Token::TokenExpired => CLOCK,
            Token::SecretKeyInvalid => {
                "Keys: Clerk does not accept CLERK_SECRET_KEY. Copy it again from the API keys page of the Clerk \
                 dashboard."
            }
            _ => {
                "Keys: the session token was not signed by the key of this application's Clerk instance. \
                 CLERK_PUBLISHABLE_KEY, CLERK_SECRET_KEY and CLERK_JWT_KEY must be of the same instance as the portal \
                 that people sign in at."
            }
        },
        Some(
            AuthReason::SessionTokenNotActiveYet
            | AuthReason::SessionTokenIatInTheFuture
            | AuthReason::SessionTokenExpired(_),
        ) => CLOCK,
        Some(AuthReason::SessionTokenIatBeforeClientUat | AuthReason::SessionTokenWithoutClientUat) => {
            "Cookies: __session and __client_uat contradict each other. Look for cookies of the same name from another \
             application on this domain, and clear them."
        }
        None => {
            "Tasks: signing in has led to the tasks of the session, and they are still outstanding. Look which tasks \
             the instance asks for, and whether they can be done."
        }
        Some(AuthReason::DevBrowserMissing | AuthReason::DevBrowserSync) => {
            "Handshakes: what they should bring does not arrive. If the log says that a handshake payload cannot be \
             fetched, compare CLERK_SECRET_KEY with CLERK_PUBLISHABLE_KEY: they must be of the same Clerk instance. \
             Otherwise the browser may be blocking cookies."
        }
        Some(_) => {
            "Cookies: those of the session do not arrive here. They may be blocked by the browser, or marked Secure on \
             an address without https; or this address is not one that the Clerk instance sends people back to."
        }
    }
}

const CLOCK: &str = "Clock: the session token's times do not fit this server's clock. Set the clock, or allow for more \
                     difference with clock_skew.";
