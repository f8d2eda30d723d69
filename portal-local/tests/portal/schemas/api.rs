//! An API of a running portal, checked against its table of operations.

use std::cell::RefCell;
use std::collections::BTreeSet;

use hyper::{HeaderMap, Method, StatusCode};
use portal_local::LocalPortal;
use serde_json::Value;

use super::ask::{ask, ask_as};
use super::shape::{Shape, Shapes, parse};

/// A line of a table of operations.
pub(crate) struct Operation {
    pub(crate) methods: Vec<Method>,
    pub(crate) path: String,
    pub(crate) answer: Expected,
}

/// The expected answer to a valid request of an operation.
pub(crate) enum Expected {
    /// The local portal does not implement the operation.
    Absent,
    /// A page or a redirect for browsers.
    Page,
    /// An empty body.
    Empty(StatusCode),
    Json(StatusCode, Shape),
}

pub(crate) fn read_operations(text: &str) -> Vec<Operation> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(operation).collect()
}

fn operation(line: &str) -> Operation {
    let words: Vec<&str> = line.split(' ').collect();
    let at = words.iter().position(|word| word.starts_with('/')).expect("a path");
    let status = |text: &str| text.parse().expect("a status");
    let answer = match words[at + 1..] {
        ["absent"] => Expected::Absent,
        ["page"] => Expected::Page,
        [code, "-"] => Expected::Empty(status(code)),
        [code, shape] => Expected::Json(status(code), parse(shape)),
        _ => panic!("expected an answer, found {line}"),
    };
    Operation {
        methods: words[..at]
            .iter()
            .map(|method| method.parse().expect("a method"))
            .collect(),
        path: words[at].to_owned(),
        answer,
    }
}

/// The API of a portal at `prefix`.
pub(crate) struct Api<'a> {
    portal: &'a LocalPortal,
    prefix: &'static str,
    key: Option<&'a str>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) shapes: Shapes,
    called: RefCell<BTreeSet<String>>,
    wrong: RefCell<Vec<String>>,
}

impl<'a> Api<'a> {
    pub(crate) fn new(
        portal: &'a LocalPortal,
        prefix: &'static str,
        key: Option<&'a str>,
        operations: &str,
        objects: &str,
    ) -> Self {
        Self {
            portal,
            prefix,
            key,
            operations: read_operations(operations),
            shapes: Shapes::read(objects),
            called: RefCell::default(),
            wrong: RefCell::default(),
        }
    }

    /// Sends a valid call and checks its answer against the table.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, _, answer) = self.send(method.clone(), path, body).await;
        self.judge(&method, path, status, answer)
    }

    /// Uploads a valid image and checks the answer against the table.
    pub(crate) async fn upload(&self, method: Method, path: &str) -> Value {
        let kind = "multipart/form-data; boundary=x";
        let body =
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.gif\"\r\n\r\nGIF89a\r\n--x--\r\n";
        let address = format!("{}{path}", self.prefix);
        let (status, _, answer) = ask_as(kind, self.portal, method.clone(), &address, self.key, body.into()).await;
        self.judge(&method, path, status, answer)
    }

    fn judge(&self, method: &Method, path: &str, status: StatusCode, answer: Value) -> Value {
        let place = format!("{method} {path}");
        let operation = self.operation(method, path);
        self.called.borrow_mut().insert(format!("{method} {}", operation.path));
        let problems = match &operation.answer {
            Expected::Json(expected, shape) if status == *expected => self.shapes.problems(&place, &answer, shape),
            Expected::Empty(expected) if status == *expected && answer.is_null() => Vec::new(),
            _ => vec![format!("{place} answers {status} {answer}")],
        };
        self.wrong.borrow_mut().extend(problems);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Value {
        self.call(Method::DELETE, path, None).await
    }

    /// Sends a call and returns its answer unchecked.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, HeaderMap, Value) {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        ask(self.portal, method, &format!("{}{path}", self.prefix), self.key, body).await
    }

    /// Panics with all wrong answers and all JSON operations without a call.
    pub(crate) fn finish(&self) {
        let called = self.called.borrow();
        let mut wrong = self.wrong.borrow().clone();
        for operation in &self.operations {
            if matches!(operation.answer, Expected::Absent | Expected::Page) {
                continue;
            }
            for method in &operation.methods {
                let name = format!("{method} {}", operation.path);
                if !called.contains(&name) {
                    wrong.push(format!("{name} was not called"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// The operation of a request. A literal path wins over one with placeholders.
    fn operation(&self, method: &Method, path: &str) -> &Operation {
        let path = path.split('?').next().unwrap_or_default();
        let fitting = self
            .operations
            .iter()
            .filter(|operation| operation.methods.contains(method) && fits(&operation.path, path));
        fitting
            .min_by_key(|operation| operation.path.matches('{').count())
            .unwrap_or_else(|| panic!("no operation {method} {path}"))
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(path)
            .all(|(pattern, segment)| pattern.starts_with('{') || *pattern == segment)
}

/// Replaces each placeholder of a path with `x`.
pub(crate) fn filled(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.strip_prefix('{') {
        Some(placeholder) => placeholder
            .split_once('}')
            .map_or("x".to_owned(), |(_, rest)| format!("x{rest}")),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}
