//! The parts of a page that clients read: forms with their hidden fields, and notes.

use std::collections::BTreeMap;

/// A form of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageForm {
    pub(super) action: String,
    /// Names and values of its hidden fields.
    pub(super) fields: BTreeMap<String, String>,
}

impl PageForm {
    /// Returns the first form whose text contains `mark`.
    pub(super) fn with(page: &str, mark: &str) -> Option<Self> {
        let form = page.split("<form ").skip(1).find_map(|rest| {
            let form = rest.split("</form>").next()?;
            form.contains(mark).then_some(form)
        })?;
        let inputs = form.split("<input ").skip(1);
        let hidden = inputs.filter_map(|rest| {
            let input = rest
                .split('>')
                .next()
                .filter(|input| input.contains("type=\"hidden\""))?;
            Some((attribute(input, "name")?, attribute(input, "value")?))
        });
        Some(Self {
            action: attribute(form, "action")?,
            fields: hidden.collect(),
        })
    }

    pub(super) fn fill(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn body(&self) -> String {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&self.fields);
        body.finish()
    }
}

fn attribute(element: &str, name: &str) -> Option<String> {
    let start = element.split(&format!("{name}=\"")).nth(1)?;
    start.split('"').next().map(unescaped)
}

fn unescaped(text: &str) -> String {
    let pairs = [
        ("&#38;", "&"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    pairs
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Returns the IDs and texts of the notes on a page of the example.
pub(super) fn notes(page: &str) -> Vec<(String, String)> {
    let marked = page.split("id=\"note-").skip(1);
    let read = marked.filter_map(|rest| {
        let (id, rest) = rest.split_once("\">")?;
        let (text, _) = rest.split_once("</p>")?;
        Some((id.to_owned(), unescaped(text)))
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_is_found_by_a_mark_inside() {
        let page = "<form method=\"post\" action=\"/other\"><button>No</button></form>\
                    <form method=\"post\" action=\"/a?x=1&#38;y=2\" data-testid=\"wanted\">\
                    <input type=\"hidden\" name=\"token\" value=\"t\"><input name=\"typed\" value=\"v\"></form>";
        let form = PageForm::with(page, "wanted").expect("a form");
        assert_eq!(form.action, "/a?x=1&y=2");
        assert_eq!(form.fill("name", "a b").body(), "name=a+b&token=t");
        assert_eq!(PageForm::with(page, "missing"), None);
    }

    #[test]
    fn notes_are_read_with_their_ids() {
        let page =
            "<li><p class=\"text\" id=\"note-7\">one &#38; two</p></li><p class=\"text\" id=\"note-8\">three</p>";
        let expected = [("7", "one & two"), ("8", "three")].map(|(id, text)| (id.to_owned(), text.to_owned()));
        assert_eq!(notes(page), expected);
    }
}
