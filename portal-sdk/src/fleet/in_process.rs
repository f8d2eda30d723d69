//! [`InProcessFleet`]: the authenticators of one process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Fleet, FleetEvent, FleetMember};

/// A fleet of the authenticators of one process. Clones are the same fleet.
///
/// It is the default: each authenticator then has its own. Give several authenticators of one Clerk instance the same
/// value, so that a sign-out at one is known to all.
///
/// ```
/// use portal_sdk::authenticator::Authenticator;
/// use portal_sdk::fleet::InProcessFleet;
/// use portal_sdk::instance::Instance;
///
/// # fn main() -> Result<(), portal_sdk::instance::ConfigError> {
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
/// let fleet = InProcessFleet::new();
/// let pages = Authenticator::builder(instance.clone()).fleet(fleet.clone()).build();
/// let api = Authenticator::builder(instance).fleet(fleet).build();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct InProcessFleet {
    members: Arc<Mutex<Vec<FleetMember>>>,
}

impl InProcessFleet {
    /// Creates a fleet without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Passes events to the members.
    pub(super) fn hear(&self, events: &[FleetEvent]) {
        // Unlocked while they hear it, because a member may build or drop another one.
        let members = self.members().clone();
        for member in members {
            member.hear(events);
        }
    }

    fn members(&self) -> MutexGuard<'_, Vec<FleetMember>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fleet for InProcessFleet {
    fn tell(&self, event: &FleetEvent) {
        self.hear(std::slice::from_ref(event));
    }

    fn join(&self, member: FleetMember) {
        let mut members = self.members();
        members.retain(|member| !member.is_gone());
        members.push(member);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::super::Listener;
    use super::*;

    #[derive(Default)]
    struct Ear(Mutex<Vec<FleetEvent>>);

    impl Listener for Ear {
        fn hear(&self, events: &[FleetEvent]) {
            self.0.lock().unwrap().extend_from_slice(events);
        }
    }

    fn member(ear: &Arc<Ear>) -> FleetMember {
        let ear: Weak<Ear> = Arc::downgrade(ear);
        FleetMember::new(ear)
    }

    #[test]
    fn members_hear_events_and_dropped_ones_leave() {
        let (fleet, one, two) = (
            InProcessFleet::new(),
            Arc::new(Ear::default()),
            Arc::new(Ear::default()),
        );
        fleet.join(member(&one));
        fleet.clone().join(member(&two));
        let event = FleetEvent::KeyRemoved { key_id: "ins_1".into() };
        fleet.tell(&event);
        assert_eq!(
            (&*one.0.lock().unwrap(), &*two.0.lock().unwrap()),
            (&vec![event.clone()], &vec![event.clone()])
        );
        drop(two);
        fleet.tell(&event);
        assert_eq!(one.0.lock().unwrap().len(), 2);
        fleet.join(member(&one));
        assert_eq!(fleet.members().len(), 2, "the dropped member has left");
    }
}
