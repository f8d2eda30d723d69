//! The rows: a request in words and the expected answer in words.

use crate::guard_table::case::Case;

/// The cases and their rows.
pub(crate) const TABLES: [(Case, &str); 10] = [
    (Case::SignedOut, SIGNED_OUT_TABLE),
    (Case::Pending, PENDING_TABLE),
    (Case::Unmet, UNMET_TABLE),
    (Case::NoActiveOrganization, NO_ACTIVE_ORGANIZATION_TABLE),
    (Case::NeedsReverification, REVERIFICATION_TABLE),
    (Case::CannotTell, CANNOT_TELL_TABLE),
    (Case::SignedOut, CROSS_SITE_TABLE),
    (Case::Pending, CROSS_SITE_TABLE),
    (Case::Unmet, CROSS_SITE_TABLE),
    (Case::CannotTell, CROSS_SITE_TABLE),
];

const SIGNED_OUT_TABLE: &str = "
page                                            | 303 location=/sign-in back=/dashboard?tab=1
HEAD page                                       | 303 location=/sign-in back=/dashboard?tab=1
HEAD page ?__clerk_db_jwt=old&a=b               | 303 location=/sign-in back=/dashboard?a=b
iframe                                          | 303 location=/sign-in back=/dashboard?tab=1
fetch navigate accept=text/html                 | 303 location=/sign-in back=/dashboard?tab=1
POST fetch navigate referer=/form               | 303 location=/sign-in back=/form
fetch htmx history on=/list                     | 200 hx-redirect=/sign-in back=/dashboard?tab=1 goes-to=/sign-in back=/dashboard?tab=1
fetch history on=/list                          | 200 hx-redirect=/sign-in back=/dashboard?tab=1 goes-to=/sign-in back=/dashboard?tab=1
accept=text/html,*/*;q=0.8                      | 303 location=/sign-in back=/dashboard?tab=1
POST page referer=/form?step=2                  | 303 location=/sign-in back=/form?step=2
PUT page referer=/form?__clerk_synced=true      | 303 location=/sign-in back=/form
POST page referer=https://evil.example/form     | 303 location=/sign-in back=/
POST page                                       | 303 location=/sign-in back=/
fetch                                           | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
fetch referer=/list?page=2                      | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in back=/list?page=2
fetch accept=text/html                          | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
DELETE fetch                                    | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
accept=application/json                         | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
htmx on=/list?page=2                            | 401 Bearer hx-redirect=/sign-in back=/list?page=2 fragment
POST htmx on=/list?page=2                       | 401 Bearer hx-redirect=/sign-in back=/list?page=2 fragment
htmx on=https://evil.example/list               | 401 Bearer hx-redirect=/sign-in back=/ fragment
htmx on=https://evil.example/list referer=/list | 401 Bearer hx-redirect=/sign-in back=/list fragment
htmx boosted on=/list?page=2                    | 401 Bearer hx-redirect=/sign-in back=/dashboard?tab=1 fragment
POST htmx boosted on=/form                      | 401 Bearer hx-redirect=/sign-in back=/form fragment
turbo-frame referer=/list?page=2                | 401 Bearer reload goes-to=/sign-in back=/list?page=2
POST turbo-stream referer=/form                 | 401 Bearer reload goes-to=/sign-in back=/form
turbo-visit referer=/list                       | 401 Bearer reload goes-to=/sign-in back=/dashboard?tab=1
POST turbo-visit referer=/form                  | 401 Bearer reload goes-to=/sign-in back=/form
unpoly referer=/list?page=2                     | 401 Bearer overlay goes-to=/sign-in back=/list?page=2
POST unpoly referer=/form                       | 401 Bearer overlay goes-to=/sign-in back=/form
unpoly referer=https://evil.example/list        | 401 Bearer overlay goes-to=/sign-in back=/
datastar referer=/list?page=2                   | 200 patch goes-to=/sign-in back=/list?page=2
POST datastar referer=/form                     | 200 patch goes-to=/sign-in back=/form
datastar                                        | 200 patch goes-to=/sign-in back=/
websocket                                       | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
event-stream                                    | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
POST grpc                                       | 200 grpc=16 no session token was sent
OPTIONS origin=https://spa.example ask=POST     | 401 Bearer json unauthorized cors-preflight
";

const PENDING_TABLE: &str = "
page                             | 303 location=/sign-in/tasks back=/dashboard?tab=1
POST page referer=/form          | 303 location=/sign-in/tasks back=/form
fetch                            | 401 Bearer json unauthorized session-pending sign-in=/sign-in/tasks
htmx on=/list                    | 401 Bearer hx-redirect=/sign-in/tasks back=/list fragment
htmx history                     | 200 hx-redirect=/sign-in/tasks back=/dashboard?tab=1 goes-to=/sign-in/tasks back=/dashboard?tab=1
turbo-frame referer=/list        | 401 Bearer reload goes-to=/sign-in/tasks back=/list
unpoly referer=/list             | 401 Bearer overlay goes-to=/sign-in/tasks back=/list
datastar referer=/list           | 200 patch goes-to=/sign-in/tasks back=/list
websocket                        | 401 Bearer json unauthorized session-pending sign-in=/sign-in/tasks
event-stream                     | 401 Bearer json unauthorized session-pending sign-in=/sign-in/tasks
POST grpc                        | 200 grpc=16 session-pending
";

const UNMET_TABLE: &str = "
page                             | 403 page: You don't have access to this page
HEAD page                        | 403 page: You don't have access to this page
POST page referer=/form          | 403 page: You don't have access to this page
fetch                            | 403 json forbidden requirement-not-met
htmx on=/list                    | 403 fragment
htmx history                     | 403 fragment
turbo-frame referer=/list        | 403 page: You don't have access to this page
unpoly referer=/list             | 403 page: You don't have access to this page
datastar referer=/list           | 200 patch: You don't have access to this page
websocket                        | 403 json forbidden requirement-not-met
event-stream                     | 403 json forbidden requirement-not-met
POST grpc                        | 200 grpc=7 requirement-not-met
";

const NO_ACTIVE_ORGANIZATION_TABLE: &str = "
page                             | 403 page: No organization is active organization=/organization back=/dashboard?tab=1
HEAD page                        | 403 page: No organization is active
POST page referer=/form          | 403 page: No organization is active organization=/organization back=/form
fetch referer=/list              | 403 json forbidden no-active-organization organization=/organization back=/list
htmx on=/list                    | 403 fragment organization=/organization back=/list
turbo-frame referer=/list        | 403 page: No organization is active organization=/organization back=/list
unpoly referer=/list             | 403 page: No organization is active organization=/organization back=/list
datastar referer=/list           | 200 patch: No organization is active organization=/organization back=/list
websocket                        | 403 json forbidden no-active-organization organization=/organization
POST grpc                        | 200 grpc=7 no-active-organization
";

const REVERIFICATION_TABLE: &str = "
page                             | 403 page: Please verify that it's you
POST page referer=/form          | 403 page: Please verify that it's you
fetch                            | 403 json clerk_error forbidden reverification-error second_factor/10
htmx on=/list                    | 403 fragment
unpoly                           | 403 page: Please verify that it's you
datastar                         | 200 patch: Please verify that it's you
websocket                        | 403 json clerk_error forbidden reverification-error second_factor/10
POST grpc                        | 200 grpc=7 reverification-error
";

const CANNOT_TELL_TABLE: &str = "
page                             | 503 retry-after=5 page: We couldn't reach the sign-in service
POST page referer=/form          | 503 retry-after=5 page: We couldn't reach the sign-in service
fetch                            | 503 retry-after=5 json unavailable clerk-unreachable
htmx on=/list                    | 503 retry-after=5 fragment
turbo-frame referer=/list        | 503 retry-after=5 page: We couldn't reach the sign-in service
unpoly referer=/list             | 503 retry-after=5 page: We couldn't reach the sign-in service
datastar referer=/list           | 200 patch: We couldn't reach the sign-in service
websocket                        | 503 retry-after=5 json unavailable clerk-unreachable
event-stream                     | 503 retry-after=5 json unavailable clerk-unreachable
POST grpc                        | 200 grpc=14 clerk-unreachable
";

/// Before any other check, for signed-in and signed-out requests.
const CROSS_SITE_TABLE: &str = "
POST page site=cross-site referer=https://evil.example/ | 403 page: This request came from another site
POST page site=same-site                         | 403 page: This request came from another site
POST page origin=null                            | 403 page: This request came from another site
POST page origin=https://evil.example            | 403 page: This request came from another site
DELETE fetch site=cross-site                     | 403 json forbidden cross-site-request
websocket origin=https://evil.example            | 403 json forbidden cross-site-request
POST htmx site=cross-site                        | 403 fragment
POST unpoly site=cross-site                      | 403 page: This request came from another site
POST datastar site=cross-site                    | 200 patch: This request came from another site
POST grpc site=cross-site                        | 200 grpc=7 cross-site-request
";
