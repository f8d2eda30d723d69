//! The whole decision: any request, any answers of Clerk, any time.
#![no_main]

use arbitrary::Arbitrary;
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use portal_fuzz::answers::Answers;
use portal_fuzz::check;
use portal_fuzz::instances::{self, NOW_SECS};
use portal_fuzz::request::AnyRequest;
use portal_sdk::clock::UnixTime;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    instance: u8,
    clock: Clock,
    answers: Answers<'a>,
    request: AnyRequest<'a>,
}

#[derive(Arbitrary, Debug)]
enum Clock {
    /// The time at which most tokens are valid.
    Usual,
    /// A time around it.
    Near(i16),
    Any(i64),
}

fuzz_target!(|input: Input<'_>| {
    let instance = instances::instance(input.instance);
    let now = match input.clock {
        Clock::Usual => UnixTime::from_secs(NOW_SECS),
        Clock::Near(by) => UnixTime::from_secs(NOW_SECS + i64::from(by)),
        Clock::Any(secs) => UnixTime::from_secs(secs),
    };
    let parts = input.request.parts();
    let decided = input.answers.decide(instance, &parts, now);

    check::signed_in_by_a_genuine_token(&decided.state, instance, now);
    check::redirects_stay_on_allowed_origins(&decided.state, instance, &parts);
    check::no_secret_in(&decided.printed);
    let mut headers = HeaderMap::new();
    decided.state.headers.apply(&mut headers);
    check::headers_carry_no_control_character(&headers);
});
