//! Handshakes that come back (C1), by token and by nonce.

use portal_sdk::state::Outcome;

use super::request::request;
use super::table::{check, decide_at};
use super::words::Setting;
use crate::common::now;

#[test]
fn development_handshake_is_resolved() {
    check(
        "
C1 a token in the address        | test | document /p?__clerk_handshake={hs:valid}&a=1&__clerk_db_jwt=J&__clerk_help=H | -              | signed-in token=valid cors sets=valid to=http://localhost:3000/p?a=1 marked
C1 keys are fetched              | test | document /p?__clerk_handshake={hs:valid}                     | keys           | signed-in cors sets=valid to=http://localhost:3000/p marked
C1 for a script                  | test | api /p?__clerk_handshake={hs:valid}                          | -              | signed-in cors sets=valid to=http://localhost:3000/p
C1 for a form                    | test | POST document /p?__clerk_handshake={hs:valid}                | -              | signed-in cors sets=valid to=http://localhost:3000/p
C1 the marker stays              | test | document /p?__clerk_synced=true&__clerk_handshake={hs:valid} | -              | signed-in cors sets=valid to=http://localhost:3000/p?__clerk_synced=true marked
C1 the rest is written anew      | test | document /p?q=a+b&r=c%20d&e=~&s=x%2Fy&__clerk_handshake={hs:valid} | -              | signed-in cors sets=valid to=http://localhost:3000/p?q=a+b&r=c+d&e=%7E&s=x%2Fy marked
C1 the token's own times         | test | document /p?__clerk_handshake={hs-that-expired}              | -              | signed-in cors sets=valid to=http://localhost:3000/p marked
C1 nobody is signed in           | test | document /p?__clerk_handshake={hs:none}                      | -              | signed-out session-token-missing cors to=http://localhost:3000/p marked
C1 a payload that is no list     | test | document /p?__clerk_handshake={hs-of-nothing}                | -              | signed-out session-token-missing cors to=http://localhost:3000/p marked
C1 signed out meanwhile          | test | document /p?__clerk_handshake={hs:cleared}                   | -              | signed-out session-token-missing cors sets=cleared to=http://localhost:3000/p marked
C1 a clock that is fast by 1 h   | test | document /p?__clerk_handshake={hs:expired}                   | -              | signed-in token=expired cors sets=expired to=http://localhost:3000/p marked
C1 a clock that is slow by 1 h   | test | document /p?__clerk_handshake={hs:future-by-1h}              | -              | signed-in cors sets=future-by-1h to=http://localhost:3000/p marked
C1 a day is too much             | test | document /p?__clerk_handshake={hs:expired-2-days-ago} dev=dvb_1 | -              | signed-out session-token-and-uat-missing
C1 a session of another key      | test | document /p?__clerk_handshake={hs:forged} dev=dvb_1          | -              | signed-out session-token-and-uat-missing
C1 a machine's token             | test | document /p?__clerk_handshake={hs:m2m} dev=dvb_1             | -              | signed-out session-token-and-uat-missing
C1 a cookie that is no header    | test | document /p?__clerk_handshake={hs:line-end} dev=dvb_1        | -              | signed-out session-token-and-uat-missing
C1 a cookie that is no text      | test | document /p?__clerk_handshake={hs-of-numbers} dev=dvb_1      | -              | signed-out session-token-and-uat-missing
C1 another key's token           | test | document /p?__clerk_handshake={hs-of-foreign-key}            | -              | undecided handshake-token temporary=false
C1 garbage                       | test | document /p?__clerk_handshake=abc                            | -              | undecided handshake-token temporary=false
C1 a header of null (G3)         | test | document /p?__clerk_handshake=bnVsbA.e30.AA                  | -              | undecided handshake-token temporary=false
C1 another category              | test | document /p?__clerk_handshake={hs-of-template}               | -              | undecided handshake-token temporary=false
C1 an unknown key                | test | document /p?__clerk_handshake={hs-of-unknown-key}            | memory keys    | undecided handshake-token temporary=false
C1 the keys are out of reach     | test | document /p?__clerk_handshake={hs:valid}                     | keys=down      | undecided keys-out-of-reach temporary=true
C1 a cookie does not count (G10) | test | document dev=dvb_1 handshake=hs:valid                        | -              | signed-out session-token-and-uat-missing
C1 nor a cookie's nonce (G10)    | test | document dev=dvb_1 nonce=n1                                  | -              | signed-out session-token-and-uat-missing
C1 empty is none                 | test | document /p?__clerk_handshake=&__clerk_handshake_nonce= dev=dvb_1 | -              | signed-out session-token-and-uat-missing
C1 a nonce                       | test | document /p?__clerk_handshake_nonce=n1&a=1                   | nonce=valid    | signed-in token=valid cors sets=valid to=http://localhost:3000/p?a=1 marked
C1 a nonce, then keys            | test | document /p?__clerk_handshake_nonce=n1                       | nonce=valid keys | signed-in cors sets=valid to=http://localhost:3000/p marked
C1 a nonce wins over a token     | test | document /p?__clerk_handshake={hs:valid}&__clerk_handshake_nonce=n1 | nonce=none     | signed-out session-token-missing cors to=http://localhost:3000/p marked
C1 a nonce nobody knows          | test | document /p?__clerk_handshake_nonce=n1&a=1                   | nonce=404:resource_not_found | signed-out session-token-missing cors to=http://localhost:3000/p?a=1 marked
C1 a nonce in an outage (G4)     | test | document /p?__clerk_handshake_nonce=n1&a=1 session=valid uat={recent} dev=dvb_1 | nonce=down     | signed-out session-token-missing cors to=http://localhost:3000/p?a=1
C1 an outage and no session       | test | document /p?__clerk_handshake_nonce=n1&a=1 dev=dvb_1 | nonce=503 | undecided handshake-out-of-reach temporary=true
C1 an outage and another token    | test | document /p?__clerk_handshake_nonce=n1 session=template uat={recent} dev=dvb_1 | nonce=down | undecided handshake-out-of-reach temporary=true
C1 an outage and an old session   | test | api /p?__clerk_handshake_nonce=n1 session=expired uat=1 dev=dvb_1 | nonce=429 | undecided handshake-out-of-reach temporary=true
",
    );
}

#[test]
fn production_handshake_is_resolved() {
    check(
        "
C1 a token in a cookie              | live | document handshake=hs:valid                                  | -              | signed-in token=valid cors sets=valid
C1 keys are fetched                 | live | document handshake=hs:valid                                  | keys           | signed-in cors sets=valid
C1 for a form                       | live | POST document handshake=hs:valid                             | -              | signed-in cors sets=valid
C1 the token's own times            | live | document handshake=hs-that-expired                           | -              | signed-in cors sets=valid
C1 it wins over old cookies         | live | document handshake=hs:valid session=expired uat=1            | -              | signed-in token=valid cors sets=valid
C1 signed out meanwhile             | live | document handshake=hs:cleared session=valid uat={recent}     | -              | signed-out session-token-missing cors sets=cleared
C1 another key's token              | live | document handshake=hs-of-foreign-key                         | -              | signed-out session-token-and-uat-missing
C1 garbage                          | live | document handshake=garbage                                   | -              | signed-out session-token-and-uat-missing
C1 then old cookies decide          | live | document handshake=hs-of-foreign-key session=valid uat={recent} | -              | signed-in token=valid
C1 or another handshake             | live | document handshake=hs-of-foreign-key uat={recent}            | -              | handshake client-uat-but-no-session-token
C1 an unknown key                   | live | document handshake=hs-of-unknown-key                         | memory keys    | signed-out session-token-and-uat-missing
C1 the keys are out of reach        | live | document handshake=hs:valid                                  | keys=down      | undecided keys-out-of-reach temporary=true
C1 a machine's token                | live | document handshake=hs:m2m                                    | -              | signed-out session-token-and-uat-missing
C1 no tolerance for clocks          | live | document handshake=hs:expired session=expired uat=1          | -              | handshake session-token-expired-refresh-non-eligible-no-refresh-cookie session=expired
C1 a cookie that is no header       | live | document handshake=hs:line-end                               | -              | signed-out session-token-and-uat-missing
C1 the last session cookie counts   | live | document handshake=hs:suffixed-expired-last                  | -              | signed-out session-token-and-uat-missing
C1 names that begin alike (G13)     | live | document handshake=hs:name-that-begins-alike                 | -              | signed-out session-token-missing cors sets=name-that-begins-alike
C1 another instance's cookie (G13)  | live | document handshake=hs:another-suffix                         | -              | signed-out session-token-missing cors sets=another-suffix
C1 the address does not count (G11) | live | document /p?__clerk_handshake={hs:valid}                     | -              | signed-out session-token-and-uat-missing
C1 nor an address's nonce (G11)     | live | document /p?__clerk_handshake_nonce=n1                       | -              | signed-out session-token-and-uat-missing
C1 a nonce                          | live | document nonce=n1                                            | nonce=valid    | signed-in token=valid cors sets=valid
C1 a nonce, then keys               | live | document nonce=n1                                            | nonce=valid keys | signed-in cors sets=valid
C1 a nonce wins over a token        | live | document nonce=n1 handshake=hs:valid                         | nonce=none     | signed-out session-token-missing cors
C1 a nonce nobody knows             | live | document nonce=n1                                            | nonce=404:resource_not_found | signed-out session-token-and-uat-missing
C1 a valid session stays (G4)       | live | document nonce=n1 session=valid uat={recent}                 | nonce=404:resource_not_found | signed-in token=valid
C1 also in an outage (G4)           | live | document nonce=n1 session=valid uat={recent}                 | nonce=down     | signed-in token=valid
C1 and under load (G4)              | live | document nonce=n1 session=valid uat={recent}                 | nonce=429      | signed-in token=valid
C1 everything at once               | live | document nonce=n1 session=expired uat=1 refresh'=r           | nonce=expired keys refresh=valid | signed-in token=valid sets=valid
C1 everything at once, failing      | live | api nonce=n1 session=expired uat=1 refresh'=r                | nonce=503 keys=down-but-kept refresh=down | undecided renewal-out-of-reach temporary=true
C1 an outage and no session         | live | document nonce=n1 uat={recent}                                | nonce=503      | undecided handshake-out-of-reach temporary=true
C1 an outage, for a script          | live | api nonce=n1                                                 | nonce=unreadable | undecided handshake-out-of-reach temporary=true
",
    );
}

#[test]
fn signed_out_state_names_the_problem_of_the_handshake() {
    for (words, has_problem) in [
        ("document handshake=garbage", true),
        ("document handshake=hs-of-foreign-key", true),
        ("document handshake=hs:expired-2-days-ago", true),
        ("document", false),
    ] {
        let setting = Setting::named("live");
        let parts = request(&setting, words);
        let Outcome::SignedOut(state) = decide_at(&setting, &parts, now()).outcome else {
            panic!("{words}: expected a signed-out state");
        };
        assert_eq!(state.handshake_problem.is_some(), has_problem, "{words}");
    }
}
