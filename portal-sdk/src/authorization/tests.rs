use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::*;

const RECORDED: &str = include_str!("../../tests/fixtures/authorization.json");

fn claims(payload: &Value) -> SessionClaims {
    let Value::Object(payload) = payload.clone() else {
        panic!("claims are an object")
    };
    SessionClaims::of_payload("user_1", payload)
}

fn of(pairs: &[(&str, Value)]) -> SessionClaims {
    let payload: Map<String, Value> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    SessionClaims::of_payload("user_1", payload)
}

fn reverification(config: &Value) -> Reverification {
    match config.as_str() {
        Some("strict_mfa") => return Reverification::STRICT_MFA,
        Some("strict") => return Reverification::STRICT,
        Some("moderate") => return Reverification::MODERATE,
        Some("lax") => return Reverification::LAX,
        _ => {}
    }
    let levels = [
        ReverificationLevel::FirstFactor,
        ReverificationLevel::SecondFactor,
        ReverificationLevel::MultiFactor,
    ];
    let level = levels
        .into_iter()
        .find(|level| level.as_str() == config["level"])
        .unwrap();
    let after_minutes = config["afterMinutes"].as_u64().unwrap();
    Reverification::new(level, Duration::from_secs(after_minutes * 60))
}

fn verdict(params: &Value, claims: &SessionClaims) -> Verdict {
    let (kind, asked) = params.as_object().unwrap().iter().next().unwrap();
    let name = asked.as_str().unwrap_or_default();
    match kind.as_str() {
        "role" => Role::new(name).verdict(claims),
        "permission" => Permission::new(name).verdict(claims),
        "feature" => Feature::new(name).verdict(claims),
        "plan" => Plan::new(name).verdict(claims),
        "reverification" => reverification(asked).verdict(claims),
        other => panic!("unknown requirement {other}"),
    }
}

#[test]
fn recorded_cases_get_clerks_verdicts() {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    let cases = recorded["cases"].as_array().unwrap();
    for case in cases {
        let (name, params, expected) = (case[0].as_str().unwrap(), &case[1], case[2].as_bool().unwrap());
        let verdict = verdict(params, &claims(&recorded["claims"][name]));
        assert_eq!(verdict.is_met(), expected, "{name}: {params}");
        let may_ask_again = params.get("reverification").is_some();
        assert_eq!(
            matches!(verdict, Verdict::NeedsReverification(_)),
            !expected && may_ask_again,
            "{name}: {params}"
        );
    }
    assert!(cases.len() > 1_000);
}

#[test]
fn combined_requirements_report_the_first_obstacle() {
    let met = requirement_fn(|_| true);
    let unmet = requirement_fn(|_| false);
    let again = Reverification::STRICT;
    let asks = Verdict::NeedsReverification(again);
    let claims = of(&[]);
    for (verdict, expected) in [
        (met.and(met).verdict(&claims), Verdict::Met),
        (met.and(unmet).verdict(&claims), Verdict::Unmet),
        (met.and(again).verdict(&claims), asks),
        (again.and(met).verdict(&claims), asks),
        (again.and(unmet).verdict(&claims), Verdict::Unmet),
        (met.or(unmet).verdict(&claims), Verdict::Met),
        (unmet.or(met).verdict(&claims), Verdict::Met),
        (unmet.or(unmet).verdict(&claims), Verdict::Unmet),
        (unmet.or(again).verdict(&claims), asks),
        (again.or(unmet).verdict(&claims), asks),
        (again.or(met).verdict(&claims), Verdict::Met),
    ] {
        assert_eq!(verdict, expected);
    }
}

#[test]
fn missing_organization_has_its_own_verdict() {
    let personal = of(&[("fea", "u:dash".into())]);
    let member = of(&[("org_id", "org_1".into()), ("org_role", "org:member".into())]);
    let unmet = requirement_fn(|_| false);
    let met = requirement_fn(|_| true);
    let admin = || Role::new("admin");
    let missing = Verdict::NoActiveOrganization;
    for (verdict, expected) in [
        (admin().verdict(&personal), missing),
        (Permission::new("dash:read").verdict(&personal), missing),
        (Feature::new("org:dash").verdict(&personal), missing),
        (Plan::new("o:pro").verdict(&personal), missing),
        (Feature::new("user:other").verdict(&personal), Verdict::Unmet),
        (Feature::new("other").verdict(&personal), Verdict::Unmet),
        (admin().verdict(&member), Verdict::Unmet),
        (Feature::new("org:dash").verdict(&member), Verdict::Unmet),
        (admin().and(unmet).verdict(&personal), missing),
        (unmet.and(admin()).verdict(&personal), missing),
        (admin().and(Reverification::STRICT).verdict(&personal), missing),
        (admin().or(met).verdict(&personal), Verdict::Met),
        (admin().or(unmet).verdict(&personal), missing),
        (unmet.or(admin()).verdict(&personal), missing),
        (
            admin().or(Reverification::STRICT).verdict(&personal),
            Verdict::NeedsReverification(Reverification::STRICT),
        ),
    ] {
        assert_eq!(verdict, expected);
    }
}

#[test]
fn negation_is_met_exactly_if_the_requirement_is_not() {
    let user = of(&[("fea", "u:dash".into())]);
    let without_user = SessionClaims::of_payload("", Map::new());
    for (verdict, expected) in [
        (requirement_fn(|_| true).not().verdict(&user), Verdict::Unmet),
        (requirement_fn(|_| false).not().verdict(&user), Verdict::Met),
        (Feature::new("dash").not().verdict(&user), Verdict::Unmet),
        (Feature::new("dash").not().not().verdict(&user), Verdict::Met),
        (Role::new("admin").not().verdict(&user), Verdict::Met),
        (Reverification::STRICT.not().verdict(&user), Verdict::Met),
        (Role::new("admin").not().verdict(&without_user), Verdict::Unmet),
    ] {
        assert_eq!(verdict, expected);
    }
}

#[test]
fn pointers_to_requirements_return_the_same_verdict() {
    let user = of(&[("fea", "u:dash".into())]);
    let has_dash = Feature::new("dash");
    let boxed: Box<dyn Requirement> = Box::new(has_dash.clone());
    let shared: Arc<dyn Requirement + Send + Sync> = Arc::new(Feature::new("other"));
    assert_eq!((&has_dash).and(boxed).verdict(&user), Verdict::Met);
    assert_eq!((&has_dash).and(shared.clone()).verdict(&user), Verdict::Unmet);
    assert_eq!(shared.not().verdict(&user), Verdict::Met);
}

#[test]
fn reverification_serializes_as_clerks_configuration() {
    let level = ReverificationLevel::MultiFactor;
    for (requirement, after_minutes) in [
        (Reverification::STRICT_MFA, serde_json::json!(10)),
        (
            Reverification::new(level, Duration::from_secs(90)),
            serde_json::json!(1.5),
        ),
        (Reverification::new(level, Duration::ZERO), serde_json::json!(0)),
    ] {
        let expected = serde_json::json!({ "level": "multi_factor", "afterMinutes": after_minutes });
        assert_eq!(serde_json::to_value(requirement).unwrap(), expected);
    }
}

/// Clerk names these four: <https://clerk.com/docs/guides/secure/reverification>.
#[test]
fn named_reverifications_have_clerks_levels_and_ages() {
    for (requirement, level, after_minutes) in [
        (Reverification::STRICT_MFA, "multi_factor", 10),
        (Reverification::STRICT, "second_factor", 10),
        (Reverification::MODERATE, "second_factor", 60),
        (Reverification::LAX, "second_factor", 24 * 60),
    ] {
        let expected = serde_json::json!({ "level": level, "afterMinutes": after_minutes });
        assert_eq!(serde_json::to_value(requirement).unwrap(), expected);
        assert_eq!(requirement.level().as_str(), level);
        assert_eq!(requirement.max_age(), Duration::from_secs(after_minutes * 60));
    }
}

#[test]
fn malformed_claims_meet_nothing() {
    let odd = of(&[
        ("v", 2.into()),
        (
            "o",
            serde_json::json!({ "id": "org_1", "rol": 5, "per": ["read"], "fpm": 1 }),
        ),
        ("fea", "dash".into()),
        ("pla", serde_json::json!(["u:pro"])),
        ("fva", serde_json::json!({ "0": 0 })),
    ]);
    assert_eq!(Role::new("admin").verdict(&odd), Verdict::Unmet);
    assert_eq!(Permission::new("dash:read").verdict(&odd), Verdict::Unmet);
    assert_eq!(Feature::new("dash").verdict(&odd), Verdict::Unmet);
    assert_eq!(Plan::new("pro").verdict(&odd), Verdict::Unmet);
    assert!(!Reverification::LAX.verdict(&odd).is_met());
}

#[test]
fn empty_user_or_organization_id_meets_nothing() {
    let everything = serde_json::json!({
        "org_id": "org_1", "org_role": "org:admin", "org_permissions": ["org:dash:read"],
        "fea": "u:dash", "pla": "u:pro", "fva": [0, 0],
    });
    let judge = |user: &str, organization: &str, role: &str| {
        let mut payload = everything.as_object().unwrap().clone();
        payload.insert("org_id".to_owned(), organization.into());
        payload.insert("org_role".to_owned(), role.into());
        let claims = SessionClaims::of_payload(user, payload);
        [
            Role::new(role).verdict(&claims),
            Permission::new("dash:read").verdict(&claims),
            Feature::new("dash").verdict(&claims),
            Plan::new("pro").verdict(&claims),
            Reverification::STRICT.verdict(&claims),
        ]
    };
    use Verdict::{Met, NoActiveOrganization as NoOrganization, Unmet};
    assert_eq!(judge("user_1", "org_1", "admin"), [Met; 5]);
    assert_eq!(judge("", "org_1", "admin"), [Unmet; 5]);
    assert_eq!(
        judge("user_1", "", "admin"),
        [NoOrganization, NoOrganization, Met, Met, Met]
    );
    assert_eq!(judge("user_1", "org_1", ""), [Unmet, Met, Met, Met, Met]);
}
