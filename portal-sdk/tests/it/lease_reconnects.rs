//! Leases of a client that opens and closes connections, in paused time.

use std::time::Duration;

use portal_sdk::authenticator::Authenticator;
use portal_sdk::fleet::SessionEndReason;
use portal_sdk::lease::{LeaseEnd, LeasePolicy};
use portal_sdk::testing::FakeBackend;
use tokio::time::timeout;

use crate::leases::{builder, claims_at, instance, look_ups, pass, secs, set_session, settle};

#[tokio::test(start_paused = true)]
async fn client_that_reconnects_in_a_loop_causes_one_look_up_in_each_interval() {
    let clerk = instance();
    let policy = LeasePolicy::default().with_jitter(false).with_interval(secs(10));
    let authenticator = builder(&clerk).leases(policy).build();
    let claims = claims_at(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
    // Older than the interval, so that its session is looked up at once.
    pass(&clerk, secs(11)).await;
    for _ in 0..290 {
        let lease = authenticator.lease(&claims);
        pass(&clerk, Duration::from_millis(100)).await;
        assert_eq!(lease.end(), None);
    }
    assert_eq!(look_ups(&clerk), 3);
    // A longer pause changes nothing.
    pass(&clerk, secs(10)).await;
    let _lease = authenticator.lease(&claims);
    pass(&clerk, Duration::from_millis(100)).await;
    assert_eq!(look_ups(&clerk), 4);
}

#[tokio::test(start_paused = true)]
async fn earlier_look_up_does_not_hide_an_end_that_is_forgotten() {
    type End = fn(&Authenticator<FakeBackend>);
    let session: End = |clerk| clerk.session_ended(&"sess_1".into(), SessionEndReason::Revoked);
    let user: End = |clerk| clerk.user_deleted(&"user_1".into());
    for end in [session, user] {
        let clerk = instance();
        let policy = LeasePolicy::default().with_jitter(false).with_interval(secs(3_600));
        let authenticator = builder(&clerk).leases(policy).build();
        let claims = claims_at(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
        pass(&clerk, secs(3_601)).await;
        let lease = authenticator.lease(&claims);
        settle().await;
        assert_eq!((look_ups(&clerk), lease.end()), (1, None));
        drop(lease);
        end(&authenticator);
        set_session(&clerk, "sess_1", Ok("revoked"));
        clerk.clock().advance(secs(100));
        let end = timeout(secs(1), authenticator.lease(&claims).ended()).await;
        assert_eq!(end, Ok(LeaseEnd::SessionEnded(SessionEndReason::Revoked)));
    }
}
