//! Session tokens: in the header (H1–H4), in cookies (C7–C16), renewed, and the counter of redirects.

use super::table::check;

#[test]
fn header_token_is_decided() {
    check(
        "
H1 a machine's token             | live           | api bearer=machine                                           | -              | signed-out token-type-mismatch
H1 an OAuth access token         | live           | api bearer=oauth                                             | -              | signed-out token-type-mismatch
H2 a JWT template's token        | live           | api bearer=template                                          | -              | signed-out token-type-mismatch
H2 a machine-to-machine token    | live           | api bearer=m2m                                               | -              | signed-out token-type-mismatch
H2 an unknown category           | live           | api bearer=of-unknown-category                               | -              | signed-out token-type-mismatch
H2 a category of null            | live           | api bearer=of-null-category                                  | -              | signed-out token-type-mismatch
H2 it is not redirected          | live           | document bearer=template                                     | -              | signed-out token-type-mismatch
H3 a session token               | live           | api bearer=valid                                             | -              | signed-in token=valid
H3 for a page                    | live           | document bearer=valid                                        | -              | signed-in token=valid
H3 without a scheme              | live           | api authorization={valid}                                    | -              | signed-in token=valid
H3 scheme in lower case (G24)    | live           | api authorization=bearer+{valid}                             | -              | signed-in token=valid
H3 two spaces (G24)              | live           | api authorization=Bearer++{valid}                            | -              | signed-in token=valid
H3 words after the token         | live           | api authorization=Bearer+{valid}+extra                       | -              | signed-in token=valid
H3 no category                   | live           | api bearer=of-no-category                                    | -              | signed-in
H3 a category that says nothing  | live           | api bearer=of-ignored-category                               | -              | signed-in
H3 within the clocks' tolerance  | live           | api bearer=expired-2s-ago                                    | -              | signed-in
H3 beyond any date               | live           | api bearer=never-expires                                     | -              | signed-in
H3 without iat                   | live           | api bearer=without-iat                                       | -              | signed-in
H3 a pending session             | live           | api bearer=pending                                           | -              | signed-in pending
H3 cookies do not matter         | live           | document bearer=valid session=forged uat=9999999999          | -              | signed-in token=valid
H3 a handshake does not matter   | live           | document bearer=valid handshake=hs:expired                   | -              | signed-in token=valid
H3 nor does a nonce              | live           | document bearer=valid nonce=n1                               | -              | signed-in token=valid
H3 nor a referrer                | live           | document bearer=valid referer=https://evil.example/          | -              | signed-in token=valid
H3 nor the development browser   | test           | document bearer=valid                                        | -              | signed-in token=valid
H3 nor a satellite's marker      | live+satellite | document /path?__clerk_synced=false bearer=valid             | -              | signed-in token=valid
H3 with a configured key         | live+pem       | api bearer=valid                                             | -              | signed-in
H3 it serves every key id        | live+pem       | api bearer=of-unknown-key                                    | -              | signed-in
H3 keys are fetched              | live           | api bearer=valid                                             | keys           | signed-in
H3 kept keys serve in an outage  | live           | api bearer=valid                                             | keys=down-but-kept | signed-in
H4 garbage                       | live           | api bearer=garbage                                           | -              | signed-out token-invalid
H4 the scheme alone              | live           | api authorization=Bearer                                     | -              | signed-out token-invalid
H4 an API key                    | live           | api authorization=Bearer+ak_123                              | -              | signed-out token-invalid
H4 a payload of null (G3)        | live           | api bearer=null-payload                                      | -              | signed-out token-invalid
H4 a header of null (G3)         | live           | api authorization=Bearer+bnVsbA.e30.AA                       | -              | signed-out token-invalid
H4 another type                  | live           | api bearer=lower-case-typ                                    | -              | signed-out token-invalid
H4 HS256                         | live           | api bearer=hs256                                             | -              | signed-out token-invalid-algorithm
H4 no algorithm                  | live           | api bearer=alg-none                                          | -              | signed-out token-invalid-algorithm
H4 RS384 with a key for RS256    | live           | api bearer=rs384                                             | -              | signed-out token-verification-failed
H4 another key's signature       | live           | api bearer=forged                                            | -              | signed-out token-invalid-signature
H4 signature before times        | live           | document bearer=expired-and-forged                           | -              | signed-out token-invalid-signature
H4 no subject                    | live           | api bearer=without-sub                                       | -              | signed-out token-verification-failed
H4 a subject that is no text     | live           | api bearer=sub-is-number                                     | -              | signed-out token-verification-failed
H4 no expiry                     | live           | api bearer=without-exp                                       | -              | signed-out token-verification-failed
H4 an expiry that is no number   | live           | api bearer=exp-is-text                                       | -              | signed-out token-verification-failed
H4 another authorized party      | live+parties   | api bearer=valid                                             | -              | signed-out token-invalid-authorized-parties
H4 no authorized party           | live+parties   | api bearer=without-azp                                       | -              | signed-out token-invalid-authorized-parties
H4 one audience of two           | live+audience  | api bearer=aud-api                                           | -              | signed-in
H4 no audience                   | live+audience  | api bearer=valid                                             | -              | signed-in
H4 another audience              | live+audience  | api bearer=aud-other                                         | -              | signed-out token-verification-failed
H4 an audience of no type (G16)  | live+audience  | api bearer=aud-number                                        | -              | signed-out token-verification-failed
H4 another issuer than required  | live+issuer    | api bearer=valid                                             | -              | signed-out token-invalid-issuer
H4 unknown key id, keys fetched  | live           | api bearer=of-unknown-key                                    | keys           | signed-out jwk-kid-mismatch
H4 unknown beside known keys     | live           | api bearer=of-unknown-key                                    | memory keys    | signed-out jwk-kid-mismatch
H4 no key id                     | live           | api bearer=without-key-id                                    | memory keys    | signed-out jwk-kid-mismatch
H4 the secret key is refused     | live           | api bearer=valid                                             | keys=secret-key-refused | signed-out secret-key-invalid
H4 Clerk has no keys             | live           | api bearer=valid                                             | keys=none      | signed-out jwk-remote-failed-to-load
H4 expired, for a page           | live           | document bearer=expired                                      | -              | handshake session-token-expired-refresh-non-eligible-no-refresh-cookie session=expired
H4 expired, for a script         | live           | api bearer=expired                                           | -              | signed-out session-token-expired-refresh-non-eligible-no-refresh-cookie
H4 expired, for a form           | live           | POST document bearer=expired                                 | -              | signed-out session-token-expired-refresh-non-eligible-no-refresh-cookie
H4 not yet valid, for a page     | live           | document bearer=early                                        | -              | handshake session-token-nbf session=early
H4 not yet valid, for a script   | live           | api bearer=early                                             | -              | signed-out session-token-nbf
H4 from the future, for a page   | live           | document bearer=future                                       | -              | handshake session-token-iat-in-the-future session=future
H4 from the future, for a script | live           | api bearer=future                                            | -              | signed-out session-token-iat-in-the-future
Another scheme is no token       | live           | document authorization=Basic+eHg6eXk=                        | -              | signed-out session-token-and-uat-missing
Then cookies decide              | live           | document authorization=Basic+eHg6eXk= session=valid uat={recent} | -              | signed-in token=valid
",
    );
}

#[test]
fn production_cookies_are_decided() {
    check(
        "
C9  nothing                                | live       | document                                                 | -              | signed-out session-token-and-uat-missing
C9  a client that signed out               | live       | document uat=0                                           | -              | signed-out session-token-and-uat-missing
C9  the development token is not asked for | live       | document /path?__clerk_db_jwt=J                          | -              | signed-out session-token-and-uat-missing
C10 a token alone                          | live       | document session=valid                                   | -              | handshake session-token-but-no-client-uat session=valid
C10 a token, client signed out             | live       | document session=valid uat=0                             | -              | handshake session-token-but-no-client-uat session=valid
C10 for a script                           | live       | api session=valid uat=0                                  | -              | signed-out session-token-but-no-client-uat
C10 an unreadable uat (G30)                | live       | document session=valid uat=12abc                         | -              | handshake session-token-but-no-client-uat session=valid
C11 a client without a token               | live       | document uat={recent}                                    | -              | handshake client-uat-but-no-session-token
C11 in a frame                             | live       | iframe uat={recent}                                      | -              | handshake client-uat-but-no-session-token
C11 by what it accepts                     | live       | accept=text/html,*/* uat={recent}                        | -              | handshake client-uat-but-no-session-token
C11 HTML is not the first choice           | live       | accept=application/xhtml+xml,text/html uat={recent}      | -              | signed-out client-uat-but-no-session-token
C11 the destination counts more            | live       | dest=empty accept=text/html uat={recent}                 | -              | signed-out client-uat-but-no-session-token
C11 for a script                           | live       | api uat={recent}                                         | -              | signed-out client-uat-but-no-session-token
C11 for a form                             | live       | POST document uat={recent}                               | -              | signed-out client-uat-but-no-session-token
C11 HEAD is not GET                        | live       | HEAD document uat={recent}                               | -              | signed-out client-uat-but-no-session-token
C11 a negative uat (G30)                   | live       | document uat=-5                                          | -              | signed-out session-token-and-uat-missing
C11 a hexadecimal uat (G30)                | live       | document uat=0x10                                        | -              | signed-out session-token-and-uat-missing
C11 the address is written anew            | live       | document /a?q=a%20b&__clerk_synced=true uat={recent}     | -              | handshake client-uat-but-no-session-token redirect_url=https://app.example.com/a?q=a+b&__clerk_synced=true
C12 garbage                                | live       | document session=garbage uat={recent}                    | -              | signed-out token-invalid
C12 a quoted token                         | live       | document session=quoted uat={recent}                     | -              | signed-out token-invalid
C12 a payload of null (G3)                 | live       | document session=null-payload uat={recent}               | -              | signed-out token-invalid
C13 a JWT template's token                 | live       | document session=template uat={recent}                   | -              | signed-out token-type-mismatch
C13 a machine's token                      | live       | document session=machine uat={recent}                    | -              | signed-out token-type-mismatch
C14 older than the client                  | live       | document session=before-client uat={recent}              | -              | handshake session-token-iat-before-client-uat session=before-client
C14 for a script                           | live       | api session=before-client uat={recent}                   | -              | signed-out session-token-iat-before-client-uat
C14 without iat                            | live       | document session=without-iat uat={recent}                | -              | signed-in
C14 before the signature                   | live       | document session=forged uat=9999999999                   | -              | handshake session-token-iat-before-client-uat session=forged
C15 another key's signature                | live       | document session=forged uat={recent}                     | -              | signed-out token-invalid-signature
C15 not yet valid                          | live       | document session=early uat={recent}                      | -              | handshake session-token-nbf session=early
C15 from the future                        | live       | document session=future uat={recent}                     | -              | handshake session-token-iat-in-the-future session=future
C15 expired                                | live       | document session=expired uat=1                           | -              | handshake session-token-expired-refresh-non-eligible-no-refresh-cookie session=expired
C15 expired, for a script                  | live       | api session=expired uat=1                                | -              | signed-out session-token-expired-refresh-non-eligible-no-refresh-cookie
C15 expired, for a form                    | live       | POST document session=expired uat=1                      | -              | signed-out session-token-expired-refresh-non-eligible-no-refresh-cookie
C15 expired, HEAD                          | live       | HEAD document session=expired uat=1                      | -              | signed-out session-token-expired-refresh-non-eligible-no-refresh-cookie
C15 expired, for a form, as Clerk's SDK    | live+get-only | POST document session=expired uat=1                   | -              | signed-out session-token-expired-refresh-non-eligible-non-get
C15 the keys are out of reach              | live       | document session=valid uat={recent}                      | keys=down      | undecided keys-out-of-reach temporary=true
C15 also for a script                      | live       | api session=valid uat={recent}                           | keys=down      | undecided keys-out-of-reach temporary=true
C15 kept keys serve                        | live       | document session=valid uat={recent}                      | keys=down-but-kept | signed-in
C15 an unknown key in an outage            | live       | document session=of-unknown-key uat={recent}             | memory keys=down-but-kept | undecided keys-out-of-reach temporary=true
C15 an unknown key, too soon               | live       | document session=of-unknown-key uat={recent}             | memory keys=too-soon | undecided key-not-looked-up-yet temporary=true
C15 an unknown key                         | live       | document session=of-unknown-key uat={recent}             | memory keys    | signed-out jwk-kid-mismatch
C15 the secret key is refused              | live       | document session=valid uat={recent}                      | keys=secret-key-refused | signed-out secret-key-invalid
C15 Clerk has no keys                      | live       | document session=valid uat={recent}                      | keys=none      | signed-out jwk-remote-failed-to-load
C16 no authorized party                    | live       | document session=without-azp uat={recent}                | -              | signed-in
C19 signed in                              | live       | document session=valid uat={recent}                      | -              | signed-in token=valid
C19 for a script                           | live       | api session=valid uat={recent}                           | -              | signed-in token=valid
C19 for a form                             | live       | POST document session=valid uat={recent}                 | -              | signed-in token=valid
C19 keys are fetched                       | live       | document session=valid uat={recent}                      | keys           | signed-in
C19 a pending session                      | live       | document session=pending uat={recent}                    | -              | signed-in pending
C19 an escaped cookie                      | live       | document session=escaped uat={recent}                    | -              | signed-in token=valid
C19 the first cookie counts                | live       | document session=valid session=forged uat={recent} uat=0 | -              | signed-in token=valid
The message only in debug (G25)            | live+debug | document session=garbage uat={recent}                    | -              | signed-out token-invalid message=the+token+does+not+consist+of+three+parts+separated+by+dots
",
    );
}

#[test]
fn development_cookies_are_decided() {
    check(
        "
C7  a token in the address       | test | document /p?a=1&__clerk_db_jwt=NEW&__dev_session=1&b=2       | -         | handshake dev-browser-sync dev=NEW redirect_url=http://localhost:3000/p?a=1&b=2
C7  it wins over the cookie      | test | document /p?__clerk_db_jwt=NEW dev=OLD                       | -         | handshake dev-browser-sync dev=NEW redirect_url=http://localhost:3000/p
C7  empty, it still must go      | test | document /p?__clerk_db_jwt= dev=dvb_1                        | -         | handshake dev-browser-sync dev=dvb_1 redirect_url=http://localhost:3000/p
C7  for a script                 | test | api /p?__clerk_db_jwt=NEW                                    | -         | signed-out dev-browser-sync
C8  a new browser                | test | document                                                     | -         | handshake dev-browser-missing
C8  a new browser with a session | test | document session=valid uat={recent}                          | -         | handshake dev-browser-missing session=valid
C8  for a script                 | test | api                                                          | -         | signed-out dev-browser-missing
C8  for a form                   | test | POST document session=valid uat={recent}                     | -         | signed-out dev-browser-missing
C9  nothing but the browser      | test | document dev=dvb_1                                           | -         | signed-out session-token-and-uat-missing
C10 a token alone                | test | document dev=dvb_1 session=valid                             | -         | handshake session-token-but-no-client-uat session=valid dev=dvb_1
C11 a client without a token     | test | document dev=dvb_1 uat={recent}                              | -         | handshake client-uat-but-no-session-token dev=dvb_1
C14 older than the client        | test | document dev=dvb_1 session=before-client uat={recent}        | -         | handshake session-token-iat-before-client-uat session=before-client dev=dvb_1
C15 expired                      | test | document dev=dvb_1 session=expired uat=1                     | -         | handshake session-token-expired-refresh-non-eligible-no-refresh-cookie session=expired dev=dvb_1
C15 the keys are out of reach    | test | document dev=dvb_1 session=valid uat={recent}                | keys=down | undecided keys-out-of-reach temporary=true
C19 signed in                    | test | document dev=dvb_1 session=valid uat={recent}                | -         | signed-in token=valid
C19 from the portal              | test | document dev=dvb_1 session=valid uat={recent} referer=https://foo-bar-13.accounts.dev/ | -         | signed-in
",
    );
}

#[test]
fn expired_token_is_renewed() {
    check(
        "
renewed                         | live | document session=expired uat=1 refresh'=r                | refresh=valid  | signed-in token=valid sets=valid
renewed for a script            | live | api session=expired uat=1 refresh'=r                     | refresh=valid  | signed-in token=valid sets=valid
renewed, keys fetched before    | live | document session=expired uat=1 refresh'=r                | keys refresh=valid | signed-in token=valid sets=valid
renewed in development          | test | document dev=dvb_1 session=expired uat=1 refresh'=r      | refresh=valid  | signed-in token=valid sets=valid
renewed from the header         | live | api bearer=expired refresh'=r                            | refresh=valid  | signed-in token=valid sets=valid
renewed beside a valid cookie   | live | api bearer=expired session=valid uat={recent} refresh'=r | refresh=valid  | signed-in token=valid sets=valid
renewed for a form              | live | POST document session=expired uat=1 refresh'=r           | refresh=valid  | signed-in token=valid sets=valid
renewed for a form of our own   | live | POST document site=same-origin session=expired uat=1 refresh'=r | refresh=valid  | signed-in token=valid sets=valid
renewed for any method          | live | PUT api origin=https://app.example.com session=expired uat=1 refresh'=r | refresh=valid  | signed-in token=valid sets=valid
renewed for a named origin      | live+callers | POST api site=same-site origin=https://spa.example.com session=expired uat=1 refresh'=r | refresh=valid  | signed-in token=valid sets=valid
not for a form if asked so      | live+get-only | POST document session=expired uat=1 refresh'=r  | -              | signed-out session-token-expired-refresh-non-eligible-non-get
not for a form from elsewhere   | live | POST document site=cross-site session=expired uat=1 refresh'=r | -        | signed-out session-token-expired-refresh-non-eligible-non-get
nor with the older header alone | live | POST document origin=https://evil.example session=expired uat=1 refresh'=r | - | signed-out session-token-expired-refresh-non-eligible-non-get
nor with a bearer from elsewhere | live | POST api site=cross-site bearer=expired refresh'=r      | -              | signed-out session-token-expired-refresh-non-eligible-non-get
a link from elsewhere is a GET  | live | document site=cross-site session=expired uat=1 refresh'=r | refresh=valid  | signed-in token=valid sets=valid
the plain cookie does not count | live | document session=expired uat=1 refresh=r                 | -              | handshake session-token-expired-refresh-non-eligible-no-refresh-cookie session=expired
only what has expired           | live | document session=early uat={recent} refresh'=r           | -              | handshake session-token-nbf session=early
not what is forged              | live | document session=expired-and-forged uat=1 refresh'=r     | -              | signed-out token-invalid-signature
refused with a code             | live | document session=expired uat=1 refresh'=r                | refresh=401:refresh_token_expired | handshake session-token-expired-refresh-refresh_token_expired session=expired
refused, for a script           | live | api session=expired uat=1 refresh'=r                     | refresh=401:refresh_token_expired | signed-out session-token-expired-refresh-refresh_token_expired
broken, for a page              | live | document session=expired uat=1 refresh'=r                | refresh=500    | undecided renewal-out-of-reach temporary=true
broken, for a script            | live | api session=expired uat=1 refresh'=r                     | refresh=500    | undecided renewal-out-of-reach temporary=true
out of reach                    | live | document session=expired uat=1 refresh'=r                | refresh=down   | undecided renewal-out-of-reach temporary=true
out of reach, for a script      | live | api session=expired uat=1 refresh'=r                     | refresh=down   | undecided renewal-out-of-reach temporary=true
too slow                        | live | document session=expired uat=1 refresh'=r                | refresh=timeout | undecided renewal-out-of-reach temporary=true
an answer that cannot be read   | live | document session=expired uat=1 refresh'=r                | refresh=unreadable | undecided renewal-out-of-reach temporary=true
under load, for a page          | live | document session=expired uat=1 refresh'=r                | refresh=429:too_many_requests | undecided renewal-out-of-reach temporary=true
under load, for a form          | live | POST document session=expired uat=1 refresh'=r           | refresh=429    | undecided renewal-out-of-reach temporary=true
unreadable, for a script        | live | api session=expired uat=1 refresh'=r                     | refresh=unreadable | undecided renewal-out-of-reach temporary=true
broken, from the header         | live | api bearer=expired refresh'=r                            | refresh=502    | undecided renewal-out-of-reach temporary=true
broken, in development          | test | document dev=dvb_1 session=expired uat=1 refresh'=r      | refresh=503    | undecided renewal-out-of-reach temporary=true
no cookies                      | live | document session=expired uat=1 refresh'=r                | refresh=none   | handshake session-token-expired-refresh-unexpected-sdk-error session=expired
a cookie that is no header      | live | document session=expired uat=1 refresh'=r                | refresh=line-end | undecided renewal-out-of-reach temporary=true
an expired token again          | live | document session=expired uat=1 refresh'=r                | refresh=expired | handshake session-token-expired-refresh-invalid-session-token session=expired
a forged token                  | live | document session=expired uat=1 refresh'=r                | refresh=forged | handshake session-token-expired-refresh-invalid-session-token session=expired
a token without a session       | live | document session=expired-without-sid uat=1 refresh'=r    | -              | handshake session-token-expired-refresh-expired-session-token-missing-sid-claim session=expired-without-sid
a session that is a path        | live | document session=expired-with-odd-sid uat=1 refresh'=r   | -              | handshake session-token-expired-refresh-unexpected-bapi-error session=expired-with-odd-sid
",
    );
}

#[test]
fn redirects_are_counted_up_to_the_limit() {
    check(
        "
the second                     | live | document uat={recent} count=1                     | -             | handshake client-uat-but-no-session-token count=2
the third                      | live | document uat={recent} count=2                     | -             | handshake client-uat-but-no-session-token count=3
no fourth                      | live | document uat={recent} count=3                     | -             | signed-out client-uat-but-no-session-token
nor any after it (G9)          | live | document uat={recent} count=4                     | -             | signed-out client-uat-but-no-session-token
a negative count is none (G9)  | live | document uat={recent} count=-1                    | -             | handshake client-uat-but-no-session-token
garbage is none (G9)           | live | document uat={recent} count=abc                   | -             | handshake client-uat-but-no-session-token
a broken number is none (G9)   | live | document uat={recent} count=0x3                   | -             | handshake client-uat-but-no-session-token
one beyond all numbers is many | live | document uat={recent} count=99999999999999999999  | -             | signed-out client-uat-but-no-session-token
in development too             | test | document count=2                                  | -             | handshake dev-browser-missing count=3
no fourth in development       | test | document count=3                                  | -             | signed-out dev-browser-missing
a page that settles removes it | live | document session=valid uat={recent} count=1       | -             | signed-in uncount
also signed out                | live | document count=2                                  | -             | signed-out session-token-and-uat-missing uncount
a script does not              | live | api session=valid uat={recent} count=1            | -             | signed-in
a row at its end is kept       | live | document session=valid uat={recent} count=3       | -             | signed-in
nothing to remove              | live | document session=valid uat={recent} count=0       | -             | signed-in
a renewal settles              | live | document session=expired uat=1 refresh'=r count=1 | refresh=valid | signed-in sets=valid uncount
a resolved handshake settles   | live | document handshake=hs:valid count=1               | -             | signed-in cors sets=valid uncount
unless it redirects once more  | test | document /p?__clerk_handshake={hs:valid} count=1  | -             | signed-in cors sets=valid to=http://localhost:3000/p
cannot tell settles nothing    | live | document session=valid uat={recent} count=1       | keys=down     | undecided keys-out-of-reach temporary=true
",
    );
}
