//! Satellites and their primary (C2–C6), and links from elsewhere (C17).

use super::table::check;

#[test]
fn production_satellite_is_decided() {
    check(
        "
C2 a first visit                  | live+satellite         | document                                                     | - | signed-out session-token-and-uat-missing
C2 a client that signed out       | live+satellite         | document uat=0                                               | - | signed-out session-token-and-uat-missing
C3 back from signing in           | live+satellite         | document /path?__clerk_synced=false                          | - | handshake satellite-needs-syncing
C3 with older cookies             | live+satellite         | document /path?__clerk_synced=false session=valid uat={recent} | - | handshake satellite-needs-syncing session=valid
C3 once more, at most three times | live+satellite         | document /path?__clerk_synced=false count=3                  | - | signed-out satellite-needs-syncing
C3 asking about every browser     | live+satellite+auto    | document                                                     | - | handshake satellite-needs-syncing
C3 also one that signed out       | live+satellite+auto    | document uat=0                                               | - | handshake satellite-needs-syncing
C3 not one that was just synced   | live+satellite+auto    | document /path?__clerk_synced=true                           | - | signed-out session-token-and-uat-missing
C3 not one with cookies           | live+satellite+auto    | document session=valid uat={recent}                          | - | signed-in token=valid
C3 nor one with a session alone   | live+satellite+auto    | document session=valid                                       | - | handshake session-token-but-no-client-uat session=valid
C3 nor one with a client alone    | live+satellite+auto    | document uat={recent}                                        | - | handshake client-uat-but-no-session-token
C3 not in a frame                 | live+satellite+auto    | iframe                                                       | - | signed-out session-token-and-uat-missing
C3 not for a script               | live+satellite+auto    | api /path?__clerk_synced=false                               | - | signed-out session-token-and-uat-missing
C3 not for a form                 | live+satellite+auto    | POST document                                                | - | signed-out session-token-and-uat-missing
C3 through a proxy                | live+proxied-satellite | document /path?__clerk_synced=false                          | - | handshake satellite-needs-syncing
C1 a handshake comes first        | live+satellite         | document /path?__clerk_synced=false handshake=hs:valid       | - | signed-in token=valid cors sets=valid
C17 not on a satellite            | live+satellite         | document session=valid uat={recent} referer=https://primary.dev/ | - | signed-in
",
    );
}

#[test]
fn development_satellite_is_decided() {
    check(
        "
C4 a first visit                 | test+satellite      | document                                            | - | signed-out session-token-and-uat-missing
C5 back from signing in          | test+satellite      | document /path?__clerk_synced=false                 | - | handshake satellite-needs-syncing to=http://localhost:3000/sign-in?__clerk_redirect_url=http%3A%2F%2Flocalhost%3A3001%2Fpath%3F__clerk_synced%3Dfalse
C5 asking about every browser    | test+satellite+auto | document                                            | - | handshake satellite-needs-syncing to=http://localhost:3000/sign-in?__clerk_redirect_url=http%3A%2F%2Flocalhost%3A3001%2Fpath
C5 at most three times           | test+satellite+auto | document count=3                                    | - | signed-out satellite-needs-syncing
C7 back from the primary         | test+satellite      | document /path?__clerk_synced=true&__clerk_db_jwt=J | - | handshake dev-browser-sync dev=J redirect_url=http://localhost:3001/path?__clerk_synced=true
C8 cookies, but no browser       | test+satellite      | document session=valid uat={recent}                 | - | handshake dev-browser-missing session=valid
C8 in a frame                    | test+satellite+auto | iframe                                              | - | handshake dev-browser-missing
A sign-in page on another origin | test+satellite      | api origin=http://localhost:3001                    | - | signed-out dev-browser-missing
A sign-in page on its own origin | test+satellite      | document origin=http://localhost:3000               | - | undecided satellite-sign-in-url temporary=false
",
    );
}

#[test]
fn development_primary_is_decided() {
    check(
        "
C6 a satellite on this machine    | test         | document /sign-in?__clerk_redirect_url=http://localhost:3001/x | - | handshake primary-responds-to-syncing to=http://localhost:3001/x?__clerk_synced=true
C6 with the browser's token       | test         | document /sign-in?__clerk_redirect_url=http://localhost:3001/x dev=dvb_1 | - | handshake primary-responds-to-syncing to=http://localhost:3001/x?__clerk_db_jwt=dvb_1&__clerk_synced=true
C6 the marker is rewritten        | test         | document /sign-in?__clerk_redirect_url=http://localhost:3001/x%3F__clerk_synced%3Dfalse dev=dvb_1 | - | handshake primary-responds-to-syncing to=http://localhost:3001/x?__clerk_synced=true&__clerk_db_jwt=dvb_1
C6 loopback by number             | test         | document /sign-in?__clerk_redirect_url=http://127.0.0.1:3001/x | - | handshake primary-responds-to-syncing to=http://127.0.0.1:3001/x?__clerk_synced=true
C6 a configured satellite         | test+origins | document /sign-in?__clerk_redirect_url=https://satellite.example/x | - | handshake primary-responds-to-syncing to=https://satellite.example/x?__clerk_synced=true
C6 at most three times            | test         | document /sign-in?__clerk_redirect_url=http://localhost:3001/x count=3 | - | signed-out primary-responds-to-syncing
C6 for a script                   | test         | api /sign-in?__clerk_redirect_url=http://localhost:3001/x    | - | signed-out primary-responds-to-syncing
C6 somebody else's address (G15)  | test         | document /s?__clerk_redirect_url=https://evil.example dev=dvb_1 | - | signed-out session-token-and-uat-missing
C6 a host that begins alike (G15) | test+origins | document /s?__clerk_redirect_url=https://satellite.example.evil.example dev=dvb_1 | - | signed-out session-token-and-uat-missing
C6 another scheme (G15)           | test+origins | document /s?__clerk_redirect_url=http://satellite.example/ dev=dvb_1 | - | signed-out session-token-and-uat-missing
C6 a script's address (G15)       | test         | document /s?__clerk_redirect_url=javascript:alert(1) dev=dvb_1 | - | signed-out session-token-and-uat-missing
C6 no address                     | test         | document /s?__clerk_redirect_url=notaurl dev=dvb_1           | - | signed-out session-token-and-uat-missing
C6 not in production              | live+origins | document /s?__clerk_redirect_url=https://satellite.example/  | - | signed-out session-token-and-uat-missing
",
    );
}

#[test]
fn cross_origin_link_is_decided() {
    check(
        "
C17 another site                                  | live                         | document session=valid uat={recent} referer=https://evil.example/ | - | handshake primary-domain-cross-origin-sync session=valid
C17 another scheme                                | live                         | document session=valid uat={recent} referer=http://app.example.com/ | - | handshake primary-domain-cross-origin-sync session=valid
C17 a development portal                          | live                         | document session=valid uat={recent} referer=https://foo-bar-13.accounts.dev/ | - | handshake primary-domain-cross-origin-sync session=valid
C17 this application                              | live                         | document session=valid uat={recent} referer=https://app.example.com/x | - | signed-in
C17 the portal                                    | live                         | document session=valid uat={recent} referer=https://accounts.example.com/ | - | signed-in
C17 the Frontend API                              | live                         | document session=valid uat={recent} referer=https://clerk.example.com/ | - | signed-in
C17 the portal, with a proxy (G12)                | live+proxy                   | document session=valid uat={recent} referer=https://accounts.example.com/ | - | signed-in
C17 the Frontend API, with a proxy (G12)          | live+proxy                   | document session=valid uat={recent} referer=https://clerk.example.com/ | - | signed-in
C17 the proxy                                     | live+proxy                   | document session=valid uat={recent} referer=https://proxy.example/x | - | signed-in
C17 no address                                    | live                         | document session=valid uat={recent} referer=elsewhere        | - | signed-in
C17 in a frame                                    | live                         | iframe session=valid uat={recent} referer=https://evil.example/ | - | signed-in
C17 for a script                                  | live                         | api session=valid uat={recent} referer=https://evil.example/ | - | signed-in
C17 for a form                                    | live                         | POST document session=valid uat={recent} referer=https://evil.example/ | - | signed-in
C17 not a satellite, where only those count (G27) | live+origins+satellites-only | document session=valid uat={recent} referer=https://evil.example/ | - | signed-in
C17 a satellite, where only those count (G27)     | live+origins+satellites-only | document session=valid uat={recent} referer=https://satellite.example/ | - | handshake primary-domain-cross-origin-sync session=valid
C17 only once in a row                            | live                         | document session=valid uat={recent} referer=https://evil.example/ count=1 | - | signed-in uncount
C17 Clerk's own development host                  | test                         | document dev=d session=valid uat={recent} referer=https://accounts.foo.bar-13.lcl.dev/ | - | signed-in
C17 a Frontend API is no portal                   | test                         | document dev=d session=valid uat={recent} referer=https://other.clerk.accounts.dev/ | - | handshake primary-domain-cross-origin-sync session=valid dev=d
",
    );
}

#[test]
fn proxied_frontend_api_is_decided() {
    check(
        "
an absolute address       | live+proxy      | document uat={recent} | - | handshake client-uat-but-no-session-token
a path of the application | live+proxy-path | document uat={recent} | - | handshake client-uat-but-no-session-token
",
    );
}

#[test]
fn public_origin_is_decided() {
    check(
        "
believed where none is named (G1) | live               | document https://evil.example/a?b=1 uat={recent} | - | handshake client-uat-but-no-session-token redirect_url=https://evil.example/a?b=1
the one that is named (G1)        | live+public-origin | document https://evil.example/a?b=1 uat={recent} | - | handshake client-uat-but-no-session-token redirect_url=https://app.example.com/a?b=1
tokens were made for it           | live+public-origin | document session=valid uat={recent}              | - | signed-in
a token made for nobody           | live+public-origin | document session=without-azp uat={recent}        | - | signed-out token-invalid-authorized-parties
",
    );
}
