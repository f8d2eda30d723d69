//! The form of a vector file; `conformance/README.md` describes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// One file: cases about one topic, and the long texts they refer to.
#[derive(Deserialize)]
pub(crate) struct VectorFile {
    pub(crate) topic: String,
    fixtures: BTreeMap<String, String>,
    cases: Vec<Value>,
}

/// A request and what it must come to.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) options: Options,
    pub(crate) now: i64,
    pub(crate) request: Request,
    #[serde(default)]
    pub(crate) backend: BTreeMap<String, Answer>,
    outcome: Value,
    pub(crate) expected: Option<Value>,
    #[serde(default)]
    pub(crate) gap: Vec<String>,
    #[serde(default)]
    pub(crate) refused: bool,
}

/// The settings of an instance. An unknown one must not be passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Options {
    #[serde(default)]
    pub(crate) publishable_key: String,
    #[serde(default)]
    pub(crate) secret_key: String,
    pub(crate) jwt_key: Option<String>,
    pub(crate) proxy_url: Option<String>,
    pub(crate) domain: Option<String>,
    #[serde(default)]
    pub(crate) is_satellite: bool,
    pub(crate) sign_in_url: Option<String>,
    pub(crate) sign_up_url: Option<String>,
    #[serde(default)]
    pub(crate) satellite_auto_sync: bool,
    #[serde(default)]
    pub(crate) satellite_origins: Vec<String>,
    pub(crate) organization_sync_options: Option<OrganizationSync>,
    #[serde(default)]
    pub(crate) authorized_parties: Vec<String>,
    pub(crate) audience: Option<OneOrMany>,
    pub(crate) issuer: Option<OneOrMany>,
    pub(crate) clock_skew_in_ms: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OrganizationSync {
    #[serde(default)]
    pub(crate) organization_patterns: Vec<String>,
    #[serde(default)]
    pub(crate) personal_account_patterns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(crate) fn to_list(&self) -> Vec<String> {
        match self {
            // JavaScript takes an empty text for an option that is not set.
            Self::One(text) if text.is_empty() => Vec::new(),
            Self::One(text) => vec![text.clone()],
            Self::Many(texts) => texts.clone(),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
}

/// The Backend API's responses.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Failure {
        #[expect(dead_code, reason = "there is one kind of failure; the name tells it from an answer")]
        error: String,
    },
    Response {
        status: u16,
        #[serde(default)]
        body: String,
    },
}

impl VectorFile {
    /// The long text of this name.
    pub(crate) fn fixture(&self, name: &str) -> Option<String> {
        self.fixtures.get(name).cloned()
    }

    /// Every file, in order of their names.
    pub(crate) fn all() -> Vec<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/vectors");
        let mut paths: Vec<_> = fs::read_dir(&directory)
            .expect("the vectors' directory")
            .map(|entry| entry.expect("a directory entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        paths.sort();
        let read = |path: &Path| {
            let text = fs::read_to_string(path).expect("a vector file");
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        paths.iter().map(|path| read(path)).collect()
    }

    /// The cases with their fixtures filled in.
    pub(crate) fn cases(&self) -> impl Iterator<Item = Case> {
        self.cases.iter().map(|case| {
            let mut case = case.clone();
            self.fill_in(&mut case);
            let id = case["id"].to_string();
            serde_json::from_value(case).unwrap_or_else(|error| panic!("{id}: {error}"))
        })
    }

    fn fill_in(&self, value: &mut Value) {
        match value {
            Value::String(text) if text.contains("${") => *text = self.filled(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill_in(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.fill_in(field)),
            _ => {}
        }
    }

    /// `text` with every `${name}` replaced. Fixtures hold no references themselves.
    fn filled(&self, text: &str) -> String {
        let mut pieces = text.split("${");
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}').expect("a reference ends");
            filled.push_str(self.fixtures.get(name).unwrap_or_else(|| panic!("no fixture {name}")));
            filled.push_str(rest);
        }
        filled
    }
}

impl Case {
    /// The outcome that our SDK must return.
    pub(crate) fn wanted(&self) -> &Value {
        self.expected.as_ref().unwrap_or(&self.outcome)
    }
}
