//! The words of each likely cause.

use std::time::Duration;

use portal_sdk::state::LikelyCause;

use super::API;

#[test]
fn every_cause_has_a_sentence_and_a_fix() {
    let text = |text: &str| Box::<str>::from(text);
    let by = Duration::from_secs(90);
    for (cause, said, fix) in [
        (
            LikelyCause::OtherInstance {
                issuer: None,
                variable: "CLERK_SECRET_KEY",
            },
            "different Clerk instances",
            "CLERK_SECRET_KEY",
        ),
        (
            LikelyCause::Issuer {
                found: Some(text("https://a")),
                accepted: text("https://b"),
            },
            "issuer https://a is not accepted; accepted: https://b.",
            "PORTAL_ISSUERS",
        ),
        (
            LikelyCause::SecretKeyRefused { api_url: text(API) },
            API,
            "CLERK_SECRET_KEY",
        ),
        (
            LikelyCause::PayloadRefused { problem: text("404") },
            "404",
            "CLERK_PUBLISHABLE_KEY",
        ),
        (
            LikelyCause::ApiOutOfReach {
                api_url: text(API),
                problem: text("refused"),
            },
            "refused",
            "CLERK_API_URL",
        ),
        (LikelyCause::ClockBehind { by }, "90 s behind", "clock_skew"),
        (LikelyCause::ClockAhead { by }, "90 s ahead", "clock_skew"),
        (LikelyCause::CookiesBlocked, "blocks cookies", "Allow cookies"),
        (
            LikelyCause::AuthorizedParty {
                found: Some(text("https://a")),
                accepted: text("https://b"),
            },
            "https://a",
            "PORTAL_AUTHORIZED_PARTIES",
        ),
        (
            LikelyCause::PublicOrigin {
                used: text("https://a"),
                named: text("https://b"),
            },
            "https://a",
            "PORTAL_PUBLIC_ORIGIN) to https://b",
        ),
        (
            LikelyCause::SignInUrl {
                origin: text("https://a"),
            },
            "https://a",
            "CLERK_SIGN_IN_URL",
        ),
        (
            LikelyCause::SatelliteDomain {
                domain: text("a.example"),
                host: text("b.example"),
            },
            "a.example",
            "CLERK_DOMAIN to b.example",
        ),
        (
            LikelyCause::TokenTooLarge { found: 5000, max: 4096 },
            "5000 bytes",
            "custom claims",
        ),
        (LikelyCause::ConflictingCookies, "__client_uat", "Clear"),
        (LikelyCause::PendingTasks, "outstanding", "session tasks"),
    ] {
        assert!(cause.to_string().contains(said), "{cause}");
        assert!(cause.fix().contains(fix), "{}", cause.fix());
        assert!(
            cause.to_string().ends_with('.') && cause.fix().ends_with('.'),
            "{cause:?}"
        );
    }
}
