//! Users, organizations and memberships that a custom backend creates: the same as Clerk's of the same fields.

use portal_sdk::backend::{EmailAddress, Organization, OrganizationMembership, User};
use portal_sdk::clock::UnixTime;
use serde_json::{Map, Value, json};

fn map(name: &str) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), Value::from(1))])
}

#[test]
fn built_user_has_the_fields_of_the_one_that_clerk_describes() {
    let read: User = serde_json::from_value(json!({
        "id": "user_1",
        "external_id": "42",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "username": "ada",
        "image_url": "https://img.example.com/ada",
        "email_addresses": [
            { "id": "idn_1", "email_address": "old@example.com" },
            { "id": "idn_2", "email_address": "ada@example.com", "verification": { "status": "verified" } },
        ],
        "primary_email_address_id": "idn_2",
        "public_metadata": { "public": 1 },
        "private_metadata": { "private": 1 },
        "unsafe_metadata": { "unsafe": 1 },
        "created_at": 1_700_000_000_000_i64,
        "updated_at": 1_700_000_001_000_i64,
    }))
    .unwrap();
    let built = User::builder("user_1")
        .external_id("42")
        .first_name("Ada")
        .last_name("Lovelace")
        .username("ada")
        .image_url("https://img.example.com/ada")
        .email_address(EmailAddress::new("idn_1", "old@example.com"))
        .primary_email_address(EmailAddress::new("idn_2", "ada@example.com").with_verified(true))
        .public_metadata(map("public"))
        .private_metadata(map("private"))
        .unsafe_metadata(map("unsafe"))
        .created_at(UnixTime::from_secs(1_700_000_000))
        .updated_at(UnixTime::from_secs(1_700_000_001))
        .build();
    assert_eq!(built.id, read.id);
    assert_eq!(built.external_id, read.external_id);
    assert_eq!(built.first_name, read.first_name);
    assert_eq!(built.last_name, read.last_name);
    assert_eq!(built.username, read.username);
    assert_eq!(built.image_url, read.image_url);
    assert_eq!(built.email_addresses, read.email_addresses);
    assert_eq!(built.primary_email_address_id, read.primary_email_address_id);
    assert_eq!(built.public_metadata, read.public_metadata);
    assert_eq!(built.private_metadata, read.private_metadata);
    assert_eq!(built.unsafe_metadata, read.unsafe_metadata);
    assert_eq!(built.created_at, read.created_at);
    assert_eq!(built.updated_at, read.updated_at);
    assert_eq!(built.full_name().as_deref(), Some("Ada Lovelace"));
    assert_eq!(format!("{built:?}"), format!("{read:?}"));
    for personal in ["Ada", "example.com", "private", "42"] {
        assert!(!format!("{built:?}").contains(personal), "{built:?}");
    }
}

#[test]
fn later_primary_address_replaces_the_earlier_one() {
    let (old, new) = (
        EmailAddress::new("idn_1", "old@example.com"),
        EmailAddress::new("idn_2", "new@example.com"),
    );
    let user = User::builder("user_1").primary_email_address(old.clone());
    let user = user.primary_email_address(new.clone()).build();
    assert_eq!(user.primary_email_address(), Some(&new));
    assert_eq!(user.email_addresses, [old, new]);
    let without = User::builder("user_1").email_address(EmailAddress::new("idn_1", "a@example.com"));
    assert_eq!(without.build().primary_email_address(), None);
}

#[test]
fn full_name_omits_missing_names() {
    for (first, last, expected) in [
        ("Ada", "Lovelace", Some("Ada Lovelace")),
        ("Ada", "", Some("Ada")),
        ("", "Lovelace", Some("Lovelace")),
        ("", "", None),
    ] {
        let user = User::builder("user_1").first_name(first).last_name(last).build();
        assert_eq!(user.full_name().as_deref(), expected);
    }
    assert_eq!(User::builder("user_1").build().full_name(), None);
}

#[test]
fn built_organization_equals_the_one_that_clerk_describes() {
    let mut described = json!({ "id": "org_1", "name": "Acme" });
    let read = |described: &Value| serde_json::from_value::<Organization>(described.clone()).unwrap();
    assert_eq!(read(&described), Organization::new("org_1", "Acme"));
    described["slug"] = "acme".into();
    described["image_url"] = "https://img.example.com/acme".into();
    let built = Organization::new("org_1", "Acme").with_slug("acme");
    assert_ne!(read(&described), built);
    let mut built = built.with_image_url("https://img.example.com/acme");
    assert_eq!(read(&described), built);

    described["public_metadata"] = json!({ "public": 1 });
    described["private_metadata"] = json!({ "private": 1 });
    described["created_at"] = 1_000.into();
    described["updated_at"] = 2_000.into();
    built.public_metadata = map("public");
    built.private_metadata = map("private");
    built.created_at = Some(UnixTime::from_secs(1));
    built.updated_at = Some(UnixTime::from_secs(2));
    assert_eq!(read(&described), built);
    assert!(!format!("{built:?}").contains("private"), "{built:?}");
}

#[test]
fn built_membership_equals_the_one_that_clerk_describes() {
    let mut described = json!({
        "id": "orgmem_1", "role": "org:admin", "permissions": ["org:a:read", "org:b:read"],
        "organization": { "id": "org_1", "name": "Acme" },
    });
    let read = |described: &Value| serde_json::from_value::<OrganizationMembership>(described.clone()).unwrap();
    let built = OrganizationMembership::new("orgmem_1", Organization::new("org_1", "Acme"), "org:admin");
    let mut built = built.with_permissions(["org:a:read", "org:b:read"]);
    assert_eq!(read(&described), built);

    described["public_metadata"] = json!({ "public": 1 });
    described["private_metadata"] = json!({ "private": 1 });
    described["created_at"] = 1_000.into();
    described["updated_at"] = 2_000.into();
    built.public_metadata = map("public");
    built.private_metadata = map("private");
    built.created_at = Some(UnixTime::from_secs(1));
    built.updated_at = Some(UnixTime::from_secs(2));
    assert_eq!(read(&described), built);
    assert!(!format!("{built:?}").contains("private"), "{built:?}");
}

#[test]
fn malformed_optional_fields_hide_neither_organization_nor_membership() {
    let odd = json!({
        "id": "orgmem_1", "role": "org:admin", "permissions": ["org:a:read", 5, null],
        "organization": {
            "id": "org_1", "name": "Acme", "slug": 5, "image_url": [], "public_metadata": "odd",
            "private_metadata": 1, "created_at": "odd", "updated_at": null,
        },
        "public_metadata": [], "private_metadata": null, "created_at": {}, "updated_at": 1.5,
    });
    let read: OrganizationMembership = serde_json::from_value(odd).unwrap();
    let plain = OrganizationMembership::new("orgmem_1", Organization::new("org_1", "Acme"), "org:admin");
    assert_eq!(read, plain.with_permissions(["org:a:read"]));
    for missing in [
        json!({ "id": "org_1" }),
        json!({ "name": "Acme" }),
        json!({ "id": 5, "name": "Acme" }),
    ] {
        assert!(
            serde_json::from_value::<Organization>(missing.clone()).is_err(),
            "{missing}"
        );
    }
}
