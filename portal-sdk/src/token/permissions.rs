//! The compact lists of Clerk's session tokens.
//!
//! `fea` and `pla` list features and plans with their scope: `o:dashboard,u:beta,ou:teams`. In version 2, `o.per` lists
//! permissions and `o.fpm` has one number per organization feature, whose bit *j* grants permission *j*.

/// The holder of a feature or plan.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holder {
    Organization,
    User,
}

impl Holder {
    fn is_in(self, scope: &str) -> bool {
        match self {
            Self::Organization => matches!(scope, "o" | "ou" | "uo"),
            Self::User => matches!(scope, "u" | "ou" | "uo"),
        }
    }
}

/// Returns the names in claim `fea` or `pla` that `holder` has. An entry without a scope voids the whole claim.
pub(super) fn names(holder: Holder, claim: &str) -> impl Iterator<Item = &str> {
    let entries = || claim.split(',').map(|entry| entry.trim().split_once(':'));
    let is_valid = entries().all(|entry| entry.is_some());
    let valid = is_valid.then(entries).into_iter().flatten().flatten();
    valid.filter_map(move |(scope, name)| holder.is_in(scope).then_some(name))
}

/// Returns the permissions that `fea`, `per` and `fpm` grant, as `org:<feature>:<permission>`.
///
/// Anything malformed grants nothing.
pub(super) fn decode(features: &str, permissions: &str, masks: &str) -> Vec<Box<str>> {
    if permissions.is_empty() || masks.is_empty() {
        return Vec::new();
    }
    let permissions: Vec<&str> = permissions.split(',').map(str::trim).collect();
    let mut granted = Vec::new();
    for (feature, mask) in names(Holder::Organization, features).zip(masks.split(',')) {
        for (permission, _) in permissions.iter().zip(bits(mask.trim())).filter(|(_, bit)| *bit) {
            granted.push(format!("org:{feature}:{permission}").into());
        }
    }
    granted
}

/// Returns the bits of a decimal number of any length, lowest first; none if it is malformed.
fn bits(decimal: &str) -> Bits {
    let is_number = !decimal.is_empty() && decimal.bytes().all(|byte| byte.is_ascii_digit());
    let digits = if is_number {
        decimal.bytes().map(|byte| byte - b'0').collect()
    } else {
        Vec::new()
    };
    Bits { digits }
}

/// Halves a decimal number step by step; each remainder is one bit.
struct Bits {
    /// Most significant first.
    digits: Vec<u8>,
}

impl Iterator for Bits {
    type Item = bool;

    fn next(&mut self) -> Option<bool> {
        if self.digits.iter().all(|&digit| digit == 0) {
            return None;
        }
        let mut carry = 0;
        for digit in &mut self.digits {
            let value = carry * 10 + *digit;
            *digit = value / 2;
            carry = value % 2;
        }
        Some(carry == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(features: &str, permissions: &str, masks: &str) -> Vec<String> {
        decode(features, permissions, masks)
            .into_iter()
            .map(String::from)
            .collect()
    }

    #[test]
    fn each_bit_grants_one_permission_of_a_feature() {
        assert_eq!(
            decoded("o:dashboard,o:teams", "manage,read", "3,2"),
            ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"]
        );
        assert_eq!(
            decoded("u:a,o:dashboard,ou:teams", "manage, read", "1, 6"),
            ["org:dashboard:manage", "org:teams:read"]
        );
    }

    #[test]
    fn mask_of_151_bits_is_decoded() {
        let permissions: Vec<String> = (0..200).map(|n| format!("p{n}")).collect();
        // 2^150
        let mask = "1427247692705959881058285969449495136382746624";
        assert_eq!(decoded("o:f", &permissions.join(","), mask), ["org:f:p150"]);
    }

    #[test]
    fn names_are_listed_by_scope() {
        let claim = "o:dash, u:beta,uo:both,ou:all,x:other";
        assert!(names(Holder::Organization, claim).eq(["dash", "both", "all"]));
        assert!(names(Holder::User, claim).eq(["beta", "both", "all"]));
    }

    #[test]
    fn entry_without_scope_voids_all_names() {
        for claim in ["", "dash", "o:dash,beta", "o:dash,"] {
            assert_eq!(names(Holder::Organization, claim).count(), 0, "{claim:?}");
        }
    }

    #[test]
    fn malformed_claims_grant_nothing() {
        for (features, permissions, masks) in [
            ("dashboard", "read", "1"),
            ("o:dashboard,teams", "read", "1,1"),
            ("", "read", "1"),
            ("o:dashboard", "", "1"),
            ("o:dashboard", "read", ""),
            ("o:dashboard", "read", "-1"),
            ("o:dashboard", "read", "0x1"),
            ("x:dashboard", "read", "1"),
        ] {
            assert!(
                decoded(features, permissions, masks).is_empty(),
                "{features} {permissions} {masks}"
            );
        }
    }
}
