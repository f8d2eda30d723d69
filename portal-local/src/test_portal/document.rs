//! Links, forms and text of an HTML page.
//!
//! The page is read as tags and text, not as a tree: that is enough for pages whose tags are nested correctly.

mod tag;

use html5gum::{DefaultEmitter, HtmlString, StartTag, Token, Tokenizer, naive_next_state};

use self::tag::{attribute, button_kind, has, input_kind};
use super::controls::{Choice, Control, Form, Kind, Target};

/// Elements inside a line of text. All others separate words.
const INLINE: [&[u8]; 26] = [
    b"a", b"abbr", b"b", b"bdi", b"bdo", b"cite", b"code", b"data", b"del", b"dfn", b"em", b"font", b"i", b"ins",
    b"kbd", b"mark", b"q", b"s", b"small", b"span", b"strong", b"sub", b"sup", b"time", b"u", b"var",
];

/// A page as a user sees it, without scripts and styles.
#[derive(Clone, Default)]
pub(super) struct Document {
    /// The URL of `<base>`. Relative URLs resolve against it instead of the page's own.
    pub(super) base: Option<String>,
    pub(super) links: Vec<Link>,
    pub(super) forms: Vec<Form>,
    /// The text of the page, with white space collapsed.
    pub(super) text: String,
}

#[derive(Clone, Default)]
pub(super) struct Link {
    pub(super) text: String,
    pub(super) address: String,
}

impl Document {
    pub(super) fn read(html: &str) -> Self {
        let mut reader = Reader::default();
        let mut tokenizer = Tokenizer::<_, DefaultEmitter>::new(html);
        while let Some(Ok(token)) = tokenizer.next() {
            match token {
                Token::StartTag(tag) => {
                    // No script runs here, so the content of `<noscript>` is part of the page.
                    let state = naive_next_state(&tag.name).filter(|_| tag.name.as_slice() != b"noscript");
                    reader.start(&tag);
                    if let Some(state) = state {
                        tokenizer.set_state(state);
                    }
                }
                Token::EndTag(tag) => reader.end(&tag.name),
                Token::String(text) => reader.text(&String::from_utf8_lossy(&text)),
                Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
            }
        }
        reader.finish()
    }
}

/// The form that a control belongs to.
enum Owner {
    Form(usize),
    /// By the attribute `form`.
    Id(String),
    None,
}

#[derive(Default)]
struct Label {
    /// The attribute `for`; empty for the label around a control.
    of: String,
    text: String,
    control: Option<usize>,
}

#[derive(Default)]
struct Reader {
    page: Document,
    controls: Vec<(Owner, Control)>,
    labels: Vec<Label>,
    form: Option<usize>,
    /// Open elements, as positions in `controls`, `labels` and `links`.
    control: Option<usize>,
    label: Option<usize>,
    link: Option<usize>,
    is_option: bool,
    /// `true` in a disabled `<optgroup>`.
    is_group_disabled: bool,
    /// The element whose text is not shown.
    hidden: Option<Hidden>,
    /// The open ones.
    fieldsets: Vec<Fieldset>,
}

struct Hidden {
    element: Vec<u8>,
    /// Elements of the same name inside of it that are open: templates nest.
    depth: usize,
}

#[derive(Default)]
struct Fieldset {
    is_disabled: bool,
    has_legend: bool,
    /// In the first `<legend>`, whose controls a disabled fieldset leaves enabled.
    is_in_legend: bool,
}

impl Reader {
    fn start(&mut self, tag: &StartTag<()>) {
        if let Some(hidden) = &mut self.hidden {
            hidden.depth += usize::from(hidden.element == tag.name.as_slice());
            return;
        }
        self.separate(&tag.name);
        match tag.name.as_slice() {
            name @ (b"script" | b"style" | b"template" | b"title") => {
                self.hidden = Some(Hidden {
                    element: name.to_owned(),
                    depth: 0,
                });
            }
            b"base" => self.page.base = self.page.base.take().or_else(|| attribute(tag, "href")),
            b"form" if self.form.is_none() => self.form(tag),
            b"fieldset" => self.fieldsets.push(Fieldset {
                is_disabled: has(tag, "disabled"),
                ..Fieldset::default()
            }),
            b"legend" => {
                if let Some(fieldset) = self.fieldsets.last_mut() {
                    fieldset.is_in_legend = !fieldset.has_legend;
                    fieldset.has_legend = true;
                }
            }
            b"label" => {
                let of = attribute(tag, "for").unwrap_or_default();
                self.labels.push(Label { of, ..Label::default() });
                self.label = Some(self.labels.len() - 1);
            }
            b"a" => {
                self.link = attribute(tag, "href").map(|address| {
                    let text = String::new();
                    self.page.links.push(Link { text, address });
                    self.page.links.len() - 1
                });
            }
            b"input" => {
                self.control(tag, input_kind(tag));
                self.control = None;
            }
            b"textarea" => self.control(tag, Kind::Text),
            b"select" => {
                let is_multiple = has(tag, "multiple");
                let rows = attribute(tag, "size").and_then(|size| size.trim().parse::<u32>().ok());
                self.is_group_disabled = false;
                self.control(
                    tag,
                    Kind::Select {
                        choices: Vec::new(),
                        is_multiple,
                        is_drop_down: !is_multiple && rows.is_none_or(|rows| rows <= 1),
                    },
                );
            }
            // It shows the choice of the list, and submits nothing.
            b"button" if self.is_in_list() => {}
            b"button" => self.control(tag, button_kind(tag)),
            b"optgroup" => {
                self.is_option = false;
                self.is_group_disabled = has(tag, "disabled");
            }
            b"option" => self.option(tag),
            _ => {}
        }
    }

    fn end(&mut self, name: &HtmlString) {
        if let Some(hidden) = &mut self.hidden {
            if hidden.element == name.0 {
                match hidden.depth.checked_sub(1) {
                    Some(depth) => hidden.depth = depth,
                    None => self.hidden = None,
                }
            }
            return;
        }
        self.separate(name);
        match name.as_slice() {
            b"form" => self.form = None,
            b"fieldset" => drop(self.fieldsets.pop()),
            b"legend" => {
                if let Some(fieldset) = self.fieldsets.last_mut() {
                    fieldset.is_in_legend = false;
                }
            }
            b"label" => self.label = None,
            b"a" => self.link = None,
            b"option" => self.is_option = false,
            b"optgroup" => self.is_group_disabled = false,
            b"button" if self.is_in_list() => {}
            b"textarea" | b"select" | b"button" => {
                self.control = None;
                self.is_option = false;
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.hidden.is_some() {
            return;
        }
        match self.control.and_then(|index| self.controls.get_mut(index)) {
            Some((_, control)) => match &mut control.kind {
                Kind::Text => return push_typed(&mut control.value, text),
                Kind::Select { choices, .. } => {
                    if let Some(choice) = choices.last_mut().filter(|_| self.is_option) {
                        choice.text.push_str(text);
                    }
                    return self.page.text.push_str(text);
                }
                Kind::Submit { text: shown, .. } => shown.push_str(text),
                Kind::Hidden | Kind::Checkbox { .. } | Kind::Radio { .. } | Kind::Other => {}
            },
            None => {
                if let Some(label) = self.label.and_then(|index| self.labels.get_mut(index)) {
                    label.text.push_str(text);
                }
            }
        }
        if let Some(link) = self.link.and_then(|index| self.page.links.get_mut(index)) {
            link.text.push_str(text);
        }
        self.page.text.push_str(text);
    }

    fn is_in_list(&self) -> bool {
        let control = self.control.and_then(|index| self.controls.get(index));
        control.is_some_and(|(_, control)| matches!(control.kind, Kind::Select { .. }))
    }

    /// Separates the words of two blocks.
    fn separate(&mut self, name: &HtmlString) {
        let is_line = INLINE.contains(&name.as_slice());
        let is_value = self.control.and_then(|index| self.controls.get(index));
        if !is_line && !is_value.is_some_and(|(_, control)| matches!(control.kind, Kind::Text)) {
            self.text(" ");
        }
    }

    fn form(&mut self, tag: &StartTag<()>) {
        self.page.forms.push(Form {
            id: attribute(tag, "id").unwrap_or_default(),
            target: Target {
                action: attribute(tag, "action"),
                method: attribute(tag, "method"),
                encoding: attribute(tag, "enctype"),
            },
            controls: Vec::new(),
        });
        self.form = Some(self.page.forms.len() - 1);
    }

    fn control(&mut self, tag: &StartTag<()>, kind: Kind) {
        let is_box = matches!(kind, Kind::Checkbox { .. } | Kind::Radio { .. });
        let default = if is_box { "on" } else { "" };
        // The value of a `<textarea>` is its content alone.
        let value = attribute(tag, "value").filter(|_| tag.name.as_slice() != b"textarea");
        let is_hidden = matches!(kind, Kind::Hidden);
        let is_off = |fieldset: &Fieldset| fieldset.is_disabled && !fieldset.is_in_legend;
        let owner = match (attribute(tag, "form"), self.form) {
            (Some(id), _) if id.is_empty() => Owner::None,
            (Some(id), _) => Owner::Id(id),
            (None, Some(index)) => Owner::Form(index),
            (None, None) => Owner::None,
        };
        let control = Control {
            name: attribute(tag, "name").unwrap_or_default(),
            id: attribute(tag, "id").unwrap_or_default(),
            labels: attribute(tag, "aria-label").into_iter().collect(),
            is_disabled: has(tag, "disabled") || self.fieldsets.iter().any(is_off),
            value: value.unwrap_or_else(|| default.to_owned()),
            kind,
        };
        self.controls.push((owner, control));
        let index = self.controls.len() - 1;
        self.control = Some(index);
        if let Some(label) = self.label.and_then(|label| self.labels.get_mut(label))
            && !is_hidden
        {
            label.control.get_or_insert(index);
        }
    }

    fn option(&mut self, tag: &StartTag<()>) {
        let select = self.control.and_then(|index| self.controls.get_mut(index));
        let Some((
            _,
            Control {
                kind: Kind::Select { choices, .. },
                ..
            },
        )) = select
        else {
            return;
        };
        choices.push(Choice {
            value: attribute(tag, "value"),
            text: String::new(),
            is_selected: has(tag, "selected"),
            is_disabled: has(tag, "disabled") || self.is_group_disabled,
        });
        self.is_option = true;
    }

    fn finish(mut self) -> Document {
        for label in &self.labels {
            let by_id = |(_, control): &(Owner, Control)| !label.of.is_empty() && control.id == label.of;
            let index = match label.of.as_str() {
                "" => label.control,
                _ => self.controls.iter().position(by_id),
            };
            if let Some((_, control)) = index.and_then(|index| self.controls.get_mut(index)) {
                control.labels.push(single_spaced(&label.text));
            }
        }
        let forms = &mut self.page.forms;
        for (owner, mut control) in self.controls {
            control.normalize();
            let form = match owner {
                Owner::Form(index) => forms.get_mut(index),
                Owner::Id(id) => forms.iter_mut().find(|form| form.id == id),
                Owner::None => None,
            };
            if let Some(form) = form {
                form.controls.push(control);
            }
        }
        for form in forms {
            form.clear_replaced_choices();
        }
        for link in &mut self.page.links {
            link.text = single_spaced(&link.text);
        }
        self.page.text = single_spaced(&self.page.text);
        self.page
    }
}

impl Control {
    fn normalize(&mut self) {
        match &mut self.kind {
            Kind::Submit { text, .. } => *text = single_spaced(text),
            Kind::Select { choices, .. } => {
                for choice in choices {
                    choice.text = single_spaced(&choice.text);
                }
            }
            _ => {}
        }
    }
}

/// Appends text to the value of a `<textarea>`, without the line feed at its start.
fn push_typed(value: &mut String, text: &str) {
    let text = text.strip_prefix('\n').filter(|_| value.is_empty()).unwrap_or(text);
    value.push_str(text);
}

/// Collapses white space, as browsers do when they show text.
pub(super) fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
