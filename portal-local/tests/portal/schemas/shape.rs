//! Shapes of JSON values as text, and the differences of a value from its shape.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The type of a JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Any,
    Text,
    Integer,
    Number,
    Flag,
    /// Exactly this value.
    Exactly(Value),
    List(Box<Shape>),
    /// An object with arbitrary field names.
    Map(Box<Shape>),
    /// An object by its name in [`Shapes`].
    Object(String),
    OneOf(Vec<Shape>),
    /// The inner shape or null.
    Nullable(Box<Shape>),
}

struct Field {
    name: String,
    may_be_absent: bool,
    shape: Shape,
}

/// Object shapes by name.
pub(crate) struct Shapes(BTreeMap<String, Vec<Field>>);

impl Shapes {
    /// Parses object shapes: a name at the start of a line, its fields in the indented lines below.
    pub(crate) fn read(text: &str) -> Self {
        let mut objects: BTreeMap<String, Vec<Field>> = BTreeMap::new();
        let mut name = "";
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if !line.starts_with(' ') {
                name = line;
                assert!(
                    objects.insert(name.to_owned(), Vec::new()).is_none(),
                    "{name} comes twice"
                );
                continue;
            }
            let fields = objects.get_mut(name).expect("fields stand under a name");
            fields.extend(line.split_whitespace().map(field));
        }
        Self(objects)
    }

    /// The differences of `value` from `shape`. `place` names the value in messages.
    pub(crate) fn problems(&self, place: &str, value: &Value, shape: &Shape) -> Vec<String> {
        let expected = |what: &str| vec![format!("{place} is {value}, expected {what}")];
        match shape {
            Shape::Any => Vec::new(),
            Shape::Text if value.is_string() => Vec::new(),
            Shape::Text => expected("a string"),
            Shape::Integer if value.is_i64() => Vec::new(),
            Shape::Integer => expected("an integer"),
            Shape::Number if value.is_number() => Vec::new(),
            Shape::Number => expected("a number"),
            Shape::Flag if value.is_boolean() => Vec::new(),
            Shape::Flag => expected("true or false"),
            Shape::Exactly(word) if word == value => Vec::new(),
            Shape::Exactly(word) => expected(&word.to_string()),
            Shape::Nullable(_) if value.is_null() => Vec::new(),
            Shape::Nullable(inner) => self.problems(place, value, inner),
            Shape::List(inner) => match value.as_array() {
                Some(items) => (0..)
                    .zip(items)
                    .flat_map(|(at, item): (usize, _)| self.problems(&format!("{place}[{at}]"), item, inner))
                    .collect(),
                None => expected("a list"),
            },
            Shape::Map(inner) => match value.as_object() {
                Some(fields) => fields
                    .iter()
                    .flat_map(|(name, value)| self.problems(&format!("{place}.{name}"), value, inner))
                    .collect(),
                None => expected("an object"),
            },
            // Report the shape with the fewest differences.
            Shape::OneOf(shapes) => shapes
                .iter()
                .map(|shape| self.problems(place, value, shape))
                .min_by_key(Vec::len)
                .unwrap_or_default(),
            Shape::Object(name) => self.problems_of_object(place, value, name),
        }
    }

    fn problems_of_object(&self, place: &str, value: &Value, name: &str) -> Vec<String> {
        let fields = self.0.get(name).unwrap_or_else(|| panic!("no shape is called {name}"));
        let Some(object) = value.as_object() else {
            return vec![format!("{place} is {value}, expected {name}")];
        };
        let mut problems = Vec::new();
        for field in fields {
            match object.get(&field.name) {
                None if field.may_be_absent => {}
                None => problems.push(format!("{place}.{} is missing", field.name)),
                Some(value) => problems.extend(self.problems(&format!("{place}.{}", field.name), value, &field.shape)),
            }
        }
        let unknown = object
            .keys()
            .filter(|name| !fields.iter().any(|field| field.name == **name));
        problems.extend(unknown.map(|unknown| format!("{place}.{unknown} is no field of {name}")));
        problems
    }
}

fn field(text: &str) -> Field {
    let (name, kind) = text.split_once(':').expect("name:type");
    Field {
        name: name.trim_start_matches('~').to_owned(),
        may_be_absent: name.starts_with('~'),
        shape: parse(kind),
    }
}

/// Parses a shape.
pub(crate) fn parse(text: &str) -> Shape {
    if let Some(text) = text.strip_suffix('?') {
        return Shape::Nullable(Box::new(parse(text)));
    }
    let parts = alternatives(text);
    if parts.len() > 1 {
        return Shape::OneOf(parts.into_iter().map(parse).collect());
    }
    let inside = |open: char, close: char| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    match text {
        "any" => Shape::Any,
        "string" => Shape::Text,
        "integer" => Shape::Integer,
        "number" => Shape::Number,
        "boolean" => Shape::Flag,
        "true" => Shape::Exactly(json!(true)),
        _ => match (inside('[', ']'), inside('{', '}'), inside('"', '"')) {
            (Some(inner), ..) => Shape::List(Box::new(parse(inner))),
            (_, Some(inner), _) => Shape::Map(Box::new(parse(inner))),
            (.., Some(word)) => Shape::Exactly(json!(word)),
            _ => Shape::Object(text.to_owned()),
        },
    }
}

/// Splits at each `|` outside brackets.
fn alternatives(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            '|' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[test]
fn wrong_value_is_reported_at_every_depth() {
    let shapes = Shapes::read("A\n    a:string b:integer? ~c:[B|\"x\"]\n    d:{boolean}\nB\n    e:\"on\"|\"off\"?\n");
    let problems = |value: Value| shapes.problems("it", &value, &parse("A"));
    let good = json!({ "a": "x", "b": null, "c": [{ "e": null }, { "e": "off" }, "x"], "d": { "f": true } });
    assert_eq!(problems(good.clone()), Vec::<String>::new());
    for (place, value, expected) in [
        ("/a", json!(null), "it.a is null, expected a string"),
        ("/b", json!(1.5), "it.b is 1.5, expected an integer"),
        ("/c/1/e", json!("no"), "it.c[1].e is \"no\", expected \"on\""),
        ("/c/0", json!({}), "it.c[0].e is missing"),
        ("/c/0", json!({ "e": null, "g": 1 }), "it.c[0].g is no field of B"),
        ("/c/2", json!("y"), "it.c[2] is \"y\", expected B"),
        ("/d/f", json!(0), "it.d.f is 0, expected true or false"),
        ("/d", json!([]), "it.d is [], expected an object"),
    ] {
        let mut wrong = good.clone();
        *wrong.pointer_mut(place).expect("a place") = value;
        assert_eq!(problems(wrong), vec![expected.to_owned()], "{place}");
    }
}
