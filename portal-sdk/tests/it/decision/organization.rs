//! Addresses that name an organization (C18).

use super::table::check;

#[test]
fn organization_in_the_path_is_decided() {
    check(
        "
C18 another one is active        | live+organizations | document /orgs/beta session=in-acme uat={recent}             | - | handshake active-organization-mismatch session=in-acme organization=beta
C18 none is active               | live+organizations | document /orgs/beta session=valid uat={recent}               | - | handshake active-organization-mismatch session=valid organization=beta
C18 by id                        | live+organizations | document /orgs-by-id/org_b session=in-acme uat={recent}      | - | handshake active-organization-mismatch session=in-acme organization=org_b
C18 it is active                 | live+organizations | document /orgs/acme session=in-acme uat={recent}             | - | signed-in
C18 below its address            | live+organizations | document /orgs/acme/bills/5 session=in-acme-v2 uat={recent}  | - | signed-in
C18 it is active by id           | live+organizations | document /orgs-by-id/org_a session=in-acme-v2 uat={recent}   | - | signed-in
C18 an address of none           | live+organizations | document /about session=in-acme uat={recent}                 | - | signed-in
C18 the personal account         | live+organizations | document /me session=valid uat={recent}                      | - | signed-in
C18 not the personal account     | live+organizations | document /me/settings session=in-acme uat={recent}           | - | handshake active-organization-mismatch session=in-acme organization=
C18 decoded once (G21)           | live+organizations | document /orgs/a%20b session=in-acme uat={recent}            | - | handshake active-organization-mismatch session=in-acme organization=a+b
C18 for a script                 | live+organizations | api /orgs/beta session=in-acme uat={recent}                  | - | signed-in
C18 for a form                   | live+organizations | POST document /orgs/beta session=in-acme uat={recent}        | - | signed-in
C18 it did not help three times  | live+organizations | document /orgs/beta session=in-acme uat={recent} count=3     | - | signed-in
C18 tasks come first             | live+organizations | document /orgs/beta session=in-acme-pending uat={recent}     | - | signed-in pending
C18 not from the header          | live+organizations | document /orgs/beta bearer=in-acme                           | - | signed-in
C18 another question comes first | live+organizations | document /orgs/beta session=in-acme uat={recent} referer=https://evil.example/ | - | handshake primary-domain-cross-origin-sync session=in-acme organization=beta
C18 it goes with any handshake   | live+organizations | document /orgs/beta uat={recent}                             | - | handshake client-uat-but-no-session-token organization=beta
C18 nobody is signed in          | live+organizations | document /orgs/beta                                          | - | signed-out session-token-and-uat-missing
",
    );
}
