//! The compact permissions of version 2 session tokens.
//!
//! `fea` lists features with their scope, `o.per` permissions, and `o.fpm` one number per organization feature: its
//! bit *j* grants permission *j*.

/// Features or plans of one claim, by who holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scoped<'c> {
    pub(super) organization: Vec<&'c str>,
    pub(super) user: Vec<&'c str>,
}

impl<'c> Scoped<'c> {
    /// Reads `o:dashboard,u:beta,ou:teams`. `None` if an entry has no scope: then nothing of the claim counts.
    pub(super) fn parse(claim: &'c str) -> Option<Self> {
        let mut scoped = Self::default();
        if claim.is_empty() {
            return Some(scoped);
        }
        for entry in claim.split(',') {
            let (scope, name) = entry.trim().split_once(':')?;
            if matches!(scope, "o" | "ou" | "uo") {
                scoped.organization.push(name);
            }
            if matches!(scope, "u" | "ou" | "uo") {
                scoped.user.push(name);
            }
        }
        Some(scoped)
    }
}

/// The permissions that `fea`, `per` and `fpm` grant, as `org:<feature>:<permission>`. Anything malformed grants
/// nothing.
pub(super) fn decode(features: &str, permissions: &str, masks: &str) -> Vec<Box<str>> {
    if permissions.is_empty() || masks.is_empty() {
        return Vec::new();
    }
    let Some(Scoped {
        organization: features, ..
    }) = Scoped::parse(features)
    else {
        return Vec::new();
    };
    let permissions: Vec<&str> = permissions.split(',').map(str::trim).collect();
    let mut granted = Vec::new();
    for (feature, mask) in features.iter().zip(masks.split(',')) {
        for (permission, _) in permissions.iter().zip(bits(mask.trim())).filter(|(_, bit)| *bit) {
            granted.push(format!("org:{feature}:{permission}").into());
        }
    }
    granted
}

/// The bits of a decimal number of any length, lowest first; no bits if it is not one.
fn bits(decimal: &str) -> Bits {
    let is_number = !decimal.is_empty() && decimal.bytes().all(|byte| byte.is_ascii_digit());
    let digits = if is_number {
        decimal.bytes().map(|byte| byte - b'0').collect()
    } else {
        Vec::new()
    };
    Bits { digits }
}

/// Halves a decimal number step by step; each remainder is a bit.
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
    fn bits_grant_permissions_by_feature() {
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
    fn masks_may_exceed_any_machine_word() {
        let permissions: Vec<String> = (0..200).map(|n| format!("p{n}")).collect();
        // 2^150
        let mask = "1427247692705959881058285969449495136382746624";
        assert_eq!(decoded("o:f", &permissions.join(","), mask), ["org:f:p150"]);
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
