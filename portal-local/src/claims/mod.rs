//! Claim templates: JSON objects with shortcodes such as `{{user.public_metadata.role}}`.
//!
//! They customize session tokens and make up JWT templates. Source: Clerk's guides "Customize your session token" and
//! "JWT templates".

mod shortcode;

use serde_json::{Map, Value};

use self::shortcode::Text;

/// A template is a few hundred bytes: browsers drop a cookie above 4 KB, and the token is one.
pub(crate) const MOST_TEMPLATE_BYTES: usize = 16 * 1_024;

/// The claims that every token has by default. No template overrides them.
const DEFAULT_CLAIMS: [&str; 7] = ["azp", "exp", "iat", "iss", "jti", "nbf", "sub"];
/// The default claims of session tokens besides those, of version 2 and of version 1.
const SESSION_CLAIMS: [&str; 12] = [
    "act",
    "fea",
    "fva",
    "o",
    "org_id",
    "org_permissions",
    "org_role",
    "org_slug",
    "pla",
    "sid",
    "sts",
    "v",
];
/// The claims that tie a token to a session. Clerk keeps them out of JWT templates.
const SESSION_TIED_CLAIMS: [&str; 4] = ["fea", "pla", "sid", "v"];

/// The purpose of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TemplateKind {
    /// Additional claims of every session token.
    SessionToken,
    /// A JWT template.
    JwtTemplate,
}

impl TemplateKind {
    fn is_reserved(self, claim: &str) -> bool {
        let more: &[&str] = match self {
            Self::SessionToken => &SESSION_CLAIMS,
            Self::JwtTemplate => &SESSION_TIED_CLAIMS,
        };
        DEFAULT_CLAIMS.contains(&claim) || more.contains(&claim)
    }
}

/// The reason why a template is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TemplateProblem {
    /// This claim is set by the portal itself.
    Reserved(String),
    /// This text holds a malformed shortcode.
    Shortcode(String),
    /// The template has this many bytes as JSON.
    TooLong(usize),
}

/// Checks a template before it is kept.
pub(crate) fn check(template: &Map<String, Value>, kind: TemplateKind) -> Result<(), TemplateProblem> {
    if let Some(reserved) = template.keys().find(|claim| kind.is_reserved(claim)) {
        return Err(TemplateProblem::Reserved(reserved.clone()));
    }
    let bytes = serde_json::to_string(template).map_or(usize::MAX, |text| text.len());
    if bytes > MOST_TEMPLATE_BYTES {
        return Err(TemplateProblem::TooLong(bytes));
    }
    template.values().try_for_each(check_value)
}

fn check_value(value: &Value) -> Result<(), TemplateProblem> {
    match value {
        Value::String(text) if Text::parse(text).is_none() => Err(TemplateProblem::Shortcode(text.clone())),
        Value::Array(items) => items.iter().try_for_each(check_value),
        Value::Object(fields) => fields.values().try_for_each(check_value),
        _ => Ok(()),
    }
}

/// The claims of a template with `values` in the place of its shortcodes.
pub(crate) fn render(template: &Map<String, Value>, kind: TemplateKind, values: &Value) -> Map<String, Value> {
    template
        .iter()
        .filter(|(claim, _)| !kind.is_reserved(claim))
        .map(|(claim, value)| (claim.clone(), render_value(value, values)))
        .collect()
}

fn render_value(template: &Value, values: &Value) -> Value {
    match template {
        Value::String(text) => Text::parse(text).map_or_else(|| template.clone(), |text| text.render(values)),
        Value::Array(items) => items.iter().map(|item| render_value(item, values)).collect(),
        Value::Object(fields) => {
            let rendered = fields
                .iter()
                .map(|(name, value)| (name.clone(), render_value(value, values)));
            Value::Object(rendered.collect())
        }
        fixed => fixed.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).expect("an object")
    }

    fn rendered(template: Value) -> Value {
        let values = json!({
            "user": {
                "id": "user_1", "first_name": "Maria", "last_name": null, "created_at": 1_227_618_844,
                "email_verified": false, "phone_number_verified": true,
                "public_metadata": { "role": "admin", "interests": ["hiking"], "n": 0, "no": false, "deep": { "a": 1 } },
                "unsafe_metadata": {},
            },
            "org": { "id": "org_1", "role": "org:admin" },
        });
        Value::Object(render(&object(template), TemplateKind::SessionToken, &values))
    }

    #[test]
    fn shortcode_alone_keeps_its_json_type() {
        let template = json!({
            "metadata": "{{user.public_metadata}}", "role": "{{ user.public_metadata.role }}",
            "likes": "{{user.public_metadata.interests}}", "since": "{{user.created_at}}", "org": "{{org.role}}",
            "missing": "{{user.i_dont_exist}}", "deeper": "{{user.public_metadata.role.x}}", "root": "{{team.id}}",
            "whole": "{{user}}",
        });
        let expected = json!({
            "metadata": { "role": "admin", "interests": ["hiking"], "n": 0, "no": false, "deep": { "a": 1 } },
            "role": "admin", "likes": ["hiking"], "since": 1_227_618_844, "org": "org:admin",
            "missing": null, "deeper": null, "root": null, "whole": null,
        });
        assert_eq!(rendered(template), expected);
    }

    #[test]
    fn shortcode_inside_text_becomes_text() {
        let template = json!({
            "full_name": "{{user.last_name}} {{user.first_name}}", "trailing": "{{user.first_name}} ",
            "object": "x{{user.public_metadata.deep}}", "number": "#{{user.public_metadata.n}}", "plain": " as it is ",
        });
        let expected = json!({
            "full_name": "null Maria", "trailing": "Maria", "object": "x{\"a\":1}", "number": "#0", "plain": " as it is ",
        });
        assert_eq!(rendered(template), expected);
    }

    #[test]
    fn fallback_replaces_null_and_false_only() {
        let template = json!({
            "verified": "{{user.email_verified || user.phone_number_verified}}",
            "name": "{{user.last_name || 'Awesome || {{User}}'}}", "age": "{{user.public_metadata.age || 30 }}",
            "zero": "{{user.public_metadata.n || 5}}", "last": "{{user.last_name || user.public_metadata.no}}",
            "flag": "{{user.last_name||true}}", "float": "{{user.last_name || -1.5}}", "empty": "{{user.last_name || ''}}",
            "inside": "Hello {{user.last_name || 'you'}}!",
        });
        let expected = json!({
            "verified": true, "name": "Awesome || {{User}}", "age": 30, "zero": 0, "last": false, "flag": true,
            "float": -1.5, "empty": "", "inside": "Hello you!",
        });
        assert_eq!(rendered(template), expected);
    }

    #[test]
    fn nested_templates_are_rendered_and_fixed_values_kept() {
        let template = json!({ "a": { "b": ["{{user.id}}", 1, null, { "c": "{{org.id}}" }] }, "n": 1, "t": true });
        let expected = json!({ "a": { "b": ["user_1", 1, null, { "c": "org_1" }] }, "n": 1, "t": true });
        assert_eq!(rendered(template), expected);
    }

    #[test]
    fn reserved_claims_are_refused_at_the_top_level_only() {
        for claim in DEFAULT_CLAIMS.iter().chain(&SESSION_CLAIMS) {
            let refused = check(&object(json!({ *claim: 1 })), TemplateKind::SessionToken);
            assert_eq!(refused, Err(TemplateProblem::Reserved((*claim).to_owned())));
            assert_eq!(
                rendered(json!({ *claim: 1 })),
                json!({}),
                "nor does one from an older database get through"
            );
        }
        assert_eq!(
            check(&object(json!({ "x": { "sub": 1 } })), TemplateKind::SessionToken),
            Ok(())
        );
        let kind = TemplateKind::JwtTemplate;
        assert_eq!(
            check(
                &object(json!({ "org_id": "{{org.id}}", "act": "{{session.actor}}" })),
                kind
            ),
            Ok(())
        );
        assert!(check(&object(json!({ "sid": 1 })), kind).is_err());
    }

    #[test]
    fn malformed_shortcodes_are_refused() {
        for text in [
            "{{",
            "{{}}",
            "{{user.id",
            "{{user.id}",
            "{{user..id}}",
            "{{user.}}",
            "{{user id}}",
            "{{user.id ||}}",
            "{{|| 1}}",
            "{{'a}}",
            "{{user.id | 1}}",
            "{{\"x\"}}",
            "a {{user.{{id}} }}",
        ] {
            let template = object(json!({ "x": [{ "y": text }] }));
            let refused = check(&template, TemplateKind::SessionToken);
            assert_eq!(refused, Err(TemplateProblem::Shortcode(text.to_owned())));
            assert_eq!(rendered(json!({ "x": text })), json!({ "x": text }));
        }
        for text in [
            "",
            "}}",
            "{ {user.id} }",
            "{user.id}",
            "{{user.id}}}}",
            "{{ user.public_metadata.some-key }}",
        ] {
            assert_eq!(
                check(&object(json!({ "x": text })), TemplateKind::SessionToken),
                Ok(()),
                "{text}"
            );
        }
    }

    #[test]
    fn template_above_the_limit_is_refused() {
        let template = object(json!({ "x": "y".repeat(MOST_TEMPLATE_BYTES) }));
        let refused = check(&template, TemplateKind::JwtTemplate);
        assert_eq!(refused, Err(TemplateProblem::TooLong(MOST_TEMPLATE_BYTES + 8)));
    }
}
