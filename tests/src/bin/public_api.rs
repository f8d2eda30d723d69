//! Lists the public items of a crate, and the types of other crates among them, from rustdoc's JSON.
//!
//! `tests/public_api/check.sh` makes the JSON and runs this program:
//!
//! ```text
//! public-api list CRATE.json…             one line for each public item, sorted
//! public-api check ALLOWED CRATE.json…    fails for a type of another crate that ALLOWED does not list
//! public-api additive FEWER.json MORE.json    fails if more features remove or change a public item
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::process::ExitCode;
use std::{env, fs};

use serde_json::{Map, Value};

/// Keys of rustdoc's JSON outside of an item's signature.
const IN_NO_SIGNATURE: &[&str] = &[
    // A feature may add the default of a type parameter.
    "default",
    "fields",
    "has_stripped_fields",
    "has_stripped_variants",
    "id",
    "impls",
    "implementations",
    "items",
    "provided_trait_methods",
    "tuple",
    "variants",
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["list", files @ ..] => list(files),
        ["check", allowed, files @ ..] => check(allowed, files),
        ["additive", fewer, more] => additive(fewer, more),
        _ => Err("expected: list CRATE.json… | check ALLOWED CRATE.json… | additive FEWER.json MORE.json".into()),
    }
}

fn list(files: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    for file in files {
        for line in PublicApi::read(file)?.items {
            #[expect(clippy::print_stdout, reason = "this program's output")]
            {
                println!("{line}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(allowed: &str, files: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    let allowed = fs::read_to_string(allowed)?;
    let allowed: Vec<&str> = allowed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    // Of the single paths only: a crate may stay allowed without a use.
    let mut unused: BTreeSet<&str> = allowed.iter().copied().filter(|entry| entry.contains("::")).collect();
    let mut problems = Vec::new();
    for file in files {
        for (path, item) in PublicApi::read(file)?.foreign {
            let entry = allowed.iter().find(|entry| {
                let rest = path.strip_prefix(**entry);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            });
            match entry {
                Some(entry) => drop(unused.remove(entry)),
                None => problems.push(format!("{item}: {path} is not an allowed type of another crate")),
            }
        }
    }
    problems.extend(unused.iter().map(|entry| format!("{entry}: allowed, but not used")));
    Ok(report(&problems))
}

fn additive(fewer: &str, more: &str) -> Result<ExitCode, Box<dyn Error>> {
    let (fewer, more) = (PublicApi::read(fewer)?, PublicApi::read(more)?);
    let lost = fewer.signatures.difference(&more.signatures).map(|(item, signature)| {
        let mut others = more.signatures.iter().filter(|(other, _)| other == item);
        match others.next() {
            Some((_, now)) => format!("{item}: more features change it from {signature} to {now}"),
            None => format!("{item}: more features remove it"),
        }
    });
    Ok(report(&lost.collect::<Vec<_>>()))
}

fn report(problems: &[String]) -> ExitCode {
    for problem in problems {
        #[expect(clippy::print_stderr, reason = "this program's output")]
        {
            eprintln!("{problem}");
        }
    }
    match problems {
        [] => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// The public items of one crate.
struct PublicApi {
    index: Map<String, Value>,
    paths: Map<String, Value>,
    items: BTreeSet<String>,
    /// Each item and auto trait, with its signature in JSON.
    signatures: BTreeSet<(String, String)>,
    /// Paths of other crates, each with the first public item that names it.
    foreign: BTreeMap<String, String>,
}

impl PublicApi {
    fn read(file: &str) -> Result<Self, Box<dyn Error>> {
        let mut json: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
        let root = json["root"].to_string();
        let mut map = |name: &str| match json[name].take() {
            Value::Object(map) => Ok(map),
            _ => Err(format!("{file}: expected an object in {name}")),
        };
        let mut api = Self {
            index: map("index")?,
            paths: map("paths")?,
            items: BTreeSet::new(),
            signatures: BTreeSet::new(),
            foreign: BTreeMap::new(),
        };
        let name = name_of(api.item(&root).ok_or("the root is missing")?);
        api.visit(&root, &name);
        Ok(api)
    }

    fn item(&self, id: &str) -> Option<&Value> {
        self.index.get(id)
    }

    /// Adds the item `id` as `path`, and all items in it.
    fn visit(&mut self, id: &str, path: &str) {
        let Some(item) = self.item(id).cloned() else {
            return;
        };
        let Some((kind, inner)) = item["inner"].as_object().and_then(|inner| inner.iter().next()) else {
            return;
        };
        match kind.as_str() {
            "use" => return self.visit_use(inner, path),
            "impl" => return self.visit_impl(inner, path),
            _ => self.add_foreign(inner, path),
        }
        self.add_item(format!("{} {path}", kind.replace('_', " ")), inner);
        let kinds = &inner["kind"];
        let members = [
            &inner["items"],
            &inner["variants"],
            &kinds["plain"]["fields"],
            &kinds["tuple"],
            &kinds["struct"]["fields"],
        ];
        for member in members.into_iter().flat_map(ids) {
            let Some(found) = self.item(&member) else { continue };
            let path = match found["inner"]["use"].is_object() {
                true => path.to_owned(),
                false => format!("{path}::{}", name_of(found)),
            };
            self.visit(&member, &path);
        }
        for member in ids(&inner["impls"]) {
            self.visit(&member, path);
        }
    }

    fn visit_use(&mut self, inner: &Value, path: &str) {
        let id = inner["id"].to_string();
        let path = format!("{path}::{}", inner["name"].as_str().unwrap_or_default());
        match self.item(&id) {
            Some(_) => self.visit(&id, &path),
            // Of another crate.
            None => drop(
                self.items
                    .insert(format!("use {path} = {}", inner["source"].as_str().unwrap_or_default())),
            ),
        }
    }

    /// Adds an inherent impl's items, or one line for a trait. The compiler's own impls (auto traits, blankets) say nothing.
    fn visit_impl(&mut self, inner: &Value, path: &str) {
        if inner["is_synthetic"] == true {
            let item = format!("auto trait {} of {path}", inner["trait"]["path"]);
            self.signatures.insert((item, signature(inner).to_string()));
            return;
        }
        if !inner["blanket_impl"].is_null() {
            return;
        }
        self.add_foreign(inner, path);
        let of_trait = inner["trait"]["path"].as_str();
        if let Some(name) = of_trait {
            self.add_item(format!("impl {name} for {path}"), inner);
        }
        for member in ids(&inner["items"]) {
            let Some(found) = self.item(&member).cloned() else {
                continue;
            };
            let path = format!("{path}::{}", name_of(&found));
            match of_trait {
                Some(_) => self.add_foreign(&found["inner"], &path),
                None => self.visit(&member, &path),
            }
        }
    }

    fn add_item(&mut self, item: String, inner: &Value) {
        self.signatures.insert((item.clone(), signature(inner).to_string()));
        self.items.insert(item);
    }

    /// Notes each path of another crate in a signature: every object with the keys `path` and `id`.
    fn add_foreign(&mut self, inner: &Value, item: &str) {
        match inner {
            Value::Array(values) => values.iter().for_each(|value| self.add_foreign(value, item)),
            Value::Object(map) => {
                if let (Some(Value::String(_)), Some(id)) = (map.get("path"), map.get("id"))
                    && let Some(target) = self.paths.get(&id.to_string())
                    && target["crate_id"] != 0
                {
                    let segments = target["path"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str);
                    let path = segments.collect::<Vec<_>>().join("::");
                    self.foreign.entry(path).or_insert_with(|| item.to_owned());
                }
                map.values().for_each(|value| self.add_foreign(value, item));
            }
            _ => {}
        }
    }
}

/// The parts of an item that its users depend on, without its members, which are items too, and without rustdoc's numbers.
fn signature(inner: &Value) -> Value {
    match inner {
        Value::Array(values) => values.iter().map(signature).collect(),
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| !IN_NO_SIGNATURE.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), signature(value)))
            .collect(),
        other => other.clone(),
    }
}

fn name_of(item: &Value) -> String {
    item["name"].as_str().unwrap_or_default().to_owned()
}

/// The IDs in a list; stripped members are `null`.
fn ids(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter(|id| id.is_u64()).map(Value::to_string).collect()
}
