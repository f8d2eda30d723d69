//! The IDs of Clerk's objects: opaque strings, one type each.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Cloning shares the string. Any string is accepted, because Clerk documents no format.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the ID as a string.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id.into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        // `Hash`, `Eq` and `Ord` derive from the string alone, as `Borrow` requires.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }

        impl PartialEq<$name> for str {
            fn eq(&self, other: &$name) -> bool {
                *self == *other.0
            }
        }

        impl PartialEq<$name> for &str {
            fn eq(&self, other: &$name) -> bool {
                **self == *other.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

id! {
    /// A user's ID, `user_…` (claim `sub`).
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// use portal_sdk::token::UserId;
    ///
    /// let mut carts: HashMap<UserId, u32> = HashMap::new();
    /// carts.insert(UserId::from("user_1"), 3);
    /// assert_eq!(carts.get("user_1"), Some(&3));
    /// ```
    UserId
}
id! {
    /// A session's ID, `sess_…` (claim `sid`).
    ///
    /// ```
    /// use portal_sdk::token::SessionId;
    ///
    /// assert_eq!(SessionId::from("sess_1"), "sess_1");
    /// ```
    SessionId
}
id! {
    /// An organization's ID, `org_…` (claim `o.id`, or `org_id` in version 1).
    ///
    /// ```
    /// use portal_sdk::token::OrganizationId;
    ///
    /// let id = OrganizationId::from("org_1");
    /// assert_eq!(format!("/teams/{id}"), "/teams/org_1");
    /// ```
    OrganizationId
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn id_is_compared_and_found_by_its_text() {
        let id = UserId::from("user_1".to_owned());
        assert_eq!(id, "user_1");
        assert_eq!("user_1", id);
        assert_eq!(id, *"user_1");
        assert_eq!(*"user_1", id);
        assert_ne!(id, "user_2");
        let map = BTreeMap::from([(id.clone(), 1)]);
        assert_eq!((map.get("user_1"), map.get("user_2")), (Some(&1), None));
        assert_eq!((id.as_ref(), format!("{id:>8}").as_str()), ("user_1", "  user_1"));
    }

    #[test]
    fn id_is_a_string_in_json() {
        let id: OrganizationId = serde_json::from_str("\"org_\\u0031\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"org_1\"");
        assert!(serde_json::from_str::<SessionId>("1").is_err());
    }
}
