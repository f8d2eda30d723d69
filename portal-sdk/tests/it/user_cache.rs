//! Users in the authenticator's memory. The clock stands still until a test moves it.

use std::time::Duration;

use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::User;
use portal_sdk::clock::{Clock as _, UnixTime};
use portal_sdk::instance::Instance;
use portal_sdk::testing::{FakeBackend, TestClock};
use portal_sdk::token::UserId;

use crate::common::{LIVE_KEY, clock, down};

struct World {
    clerk: FakeBackend,
    clock: TestClock,
    authenticator: Authenticator<FakeBackend>,
    id: UserId,
}

impl World {
    fn new(lifetime: Option<Duration>) -> Self {
        let clerk = FakeBackend::new();
        let clock = clock();
        let instance = Instance::builder(LIVE_KEY, "sk_live_x").build().unwrap();
        let mut builder = Authenticator::builder(instance)
            .backend(clerk.clone())
            .clock(clock.clone());
        if let Some(lifetime) = lifetime {
            builder = builder.user_cache(lifetime);
        }
        clerk.set_user("user_1", Ok(User::builder("user_1").first_name("Ada").build()));
        Self {
            clerk,
            clock,
            authenticator: builder.build(),
            id: "user_1".into(),
        }
    }

    async fn name(&self) -> Option<String> {
        let user = self.authenticator.user(&self.id).await.unwrap();
        user.first_name.clone()
    }

    fn rename(&self, name: &str) {
        self.clerk
            .set_user("user_1", Ok(User::builder("user_1").first_name(name).build()));
    }

    fn advance(&self, millis: i64) {
        self.clock
            .set(UnixTime::from_millis(self.clock.now().as_millis() + millis));
    }

    fn look_ups(&self) -> usize {
        self.clerk.calls().len()
    }
}

#[tokio::test]
async fn user_is_served_from_memory_for_five_seconds() {
    let world = World::new(None);
    assert_eq!(world.name().await.as_deref(), Some("Ada"));
    world.rename("Grace");
    world.advance(4_999);
    assert_eq!(world.name().await.as_deref(), Some("Ada"));
    world.advance(1);
    assert_eq!(world.name().await.as_deref(), Some("Grace"));
    assert_eq!(world.look_ups(), 2);
}

#[tokio::test]
async fn concurrent_look_ups_share_one_call() {
    let world = World::new(None);
    let (one, two, three) = tokio::join!(world.name(), world.name(), world.name());
    assert!(one == two && two == three);
    assert_eq!(world.look_ups(), 1);
}

#[tokio::test]
async fn forgotten_user_is_looked_up_again() {
    let world = World::new(None);
    world.name().await;
    world.rename("Grace");
    world.authenticator.clone().forget_user(&world.id);
    assert_eq!(world.name().await.as_deref(), Some("Grace"));
}

#[tokio::test]
async fn answer_to_a_call_from_before_forgetting_is_not_kept() {
    let world = World::new(None);
    let before = world.authenticator.user(&world.id);
    let forget = async { world.authenticator.forget_user(&world.id) };
    // Polled in this order: the call is under way when the user is forgotten.
    let (before, ()) = tokio::join!(biased; before, forget);
    assert_eq!(before.unwrap().first_name.as_deref(), Some("Ada"));
    world.rename("Grace");
    assert_eq!(world.name().await.as_deref(), Some("Grace"));
}

#[tokio::test]
async fn failed_look_up_is_not_kept() {
    let world = World::new(None);
    world.clerk.set_user("user_1", Err(down()));
    assert!(world.authenticator.user(&world.id).await.unwrap_err().is_connect());
    world.rename("Grace");
    assert_eq!(world.name().await.as_deref(), Some("Grace"));
}

#[tokio::test]
async fn clock_set_back_looks_the_user_up_again() {
    let world = World::new(Some(Duration::from_secs(60)));
    world.name().await;
    world.advance(-1);
    world.name().await;
    assert_eq!(world.look_ups(), 2);
}

#[tokio::test]
async fn zero_lifetime_switches_the_cache_off() {
    let world = World::new(Some(Duration::ZERO));
    tokio::join!(world.name(), world.name());
    assert_eq!(world.look_ups(), 2);
}

#[tokio::test]
async fn call_that_began_before_the_wanted_time_is_not_shared() {
    let world = World::new(None);
    let before = world.authenticator.user(&world.id);
    let after = async {
        tokio::task::yield_now().await;
        world.advance(1_000);
        world.authenticator.user_since(&world.id, world.clock.now()).await
    };
    // Polled in this order: the first call is under way when the second one begins.
    let (before, after) = tokio::join!(biased; before, after);
    assert!(before.is_ok() && after.is_ok());
    assert_eq!(world.look_ups(), 2);
}
