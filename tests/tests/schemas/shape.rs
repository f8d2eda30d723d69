//! Shapes as text, and what does not fit them.

use serde_json::{Value, json};

/// Fails with everything that is wrong: what it is, its shape, and how it came.
pub(crate) fn agree(found: &[(&str, &str, Value)]) {
    let wrong: Vec<String> = found
        .iter()
        .flat_map(|(name, shape, value)| {
            problems(value, shape)
                .into_iter()
                .map(move |problem| format!("{name}: {problem}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with `value` by `shape`.
fn problems(value: &Value, shape: &str) -> Vec<String> {
    let Some(object) = value.as_object() else {
        return vec![format!("no object: {value}")];
    };
    let fields: Vec<(&str, &str, bool)> = shape
        .split_whitespace()
        .map(|field| {
            let (name, kind) = field.split_once(':').expect("name:type");
            (name.trim_start_matches('~'), kind, name.starts_with('~'))
        })
        .collect();
    let mut problems = Vec::new();
    for (name, kind, may_be_absent) in &fields {
        match object.get(*name) {
            None if *may_be_absent => {}
            None => problems.push(format!("{name} is missing")),
            Some(value) if is_of(value, kind) => {}
            Some(value) => problems.push(format!("{name} is {value}, expected {kind}")),
        }
    }
    let unknown = object
        .keys()
        .filter(|name| !fields.iter().any(|(known, ..)| known == name));
    problems.extend(unknown.map(|name| format!("{name} is no field of Clerk's")));
    problems
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind.trim_end_matches('?') {
        _ if value.is_null() => kind.ends_with('?'),
        "s" => value.is_string(),
        "n" => value.is_i64(),
        "b" => value.is_boolean(),
        "o" => value.is_object(),
        "a" => value.is_array(),
        other => panic!("no such type: {other}"),
    }
}

#[test]
fn a_wrong_shape_is_noticed() {
    let shape = "a:s b:n? ~c:b";
    assert_eq!(problems(&json!({ "a": "x", "b": null }), shape), Vec::<String>::new());
    assert_eq!(problems(&json!({ "a": null, "c": 1, "d": 2 }), shape).len(), 4);
}
