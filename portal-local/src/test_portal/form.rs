//! [`TestForm`]: a form that a test fills in.

use std::fmt;

use axum::http::Method;
use url::form_urlencoded;

use super::controls::{Choice, Control, Form, Kind, Target};
use super::navigation::{Navigation, redacted};
use super::page::TestPage;
use super::pick::pick;

/// A form of a [`TestPage`], with the values of the page until the test changes them.
///
/// The form sends its hidden fields too. It ignores constraints such as `required`, so that a test can send values that a
/// browser would refuse.
///
/// ```
/// use axum::Router;
/// use axum::response::Html;
/// use axum::routing::get;
/// use portal_local::TestPortal;
///
/// let form = r#"<form action="/search"><input type="hidden" name="page" value="1">
///     <label>Words <input name="q"></label><label><input type="checkbox" name="exact"> Exact</label>
///     <select name="size"><option value="s">Small<option value="l">Large</select><button>Search</button></form>"#;
/// let app = Router::new().route("/", get(async move || Html(form))).route("/search", get(async || "found"));
///
/// let browser = TestPortal::new().browser().with_application("http://localhost:3000", app);
/// let page = browser.visit("/");
/// let result = page.form("Search").fill("Words", "tea").check("Exact").fill("size", "Large").submit();
/// result.assert_url("/search?page=1&q=tea&exact=on&size=l");
/// ```
#[must_use = "call `submit` to send the form"]
#[derive(Clone)]
pub struct TestForm<'a> {
    page: &'a TestPage,
    form: Form,
    pressed: Option<usize>,
}

impl<'a> TestForm<'a> {
    pub(super) fn new(page: &'a TestPage, form: &Form, pressed: Option<usize>) -> Self {
        Self {
            page,
            form: form.clone(),
            pressed,
        }
    }

    /// Sets the field with this name or label.
    ///
    /// In a list or a group of radio buttons, `value` is the value or the text of the option to select. A list that accepts
    /// several options keeps its other selected options.
    ///
    /// # Panics
    ///
    /// Panics if no field or several fields match, if the field is a checkbox, or if the option is missing. The message
    /// lists the form's fields.
    #[track_caller]
    pub fn fill(mut self, field: &str, value: &str) -> Self {
        let found = self.find(field, |kind| {
            !matches!(kind, Kind::Checkbox { .. } | Kind::Submit { .. } | Kind::Other)
        });
        let radio = found.iter().copied().find(|index| {
            let control = &self.form.controls[*index];
            matches!(control.kind, Kind::Radio { .. }) && control.is_called(value)
        });
        if let Some(radio) = radio {
            self.choose(radio);
            return self;
        }
        let [index] = found.as_slice() else {
            self.mismatch(&format!("one field {field:?} to fill in with {value:?}"));
        };
        let control = &mut self.form.controls[*index];
        let is_set = match &mut control.kind {
            Kind::Select {
                choices, is_multiple, ..
            } => {
                let enabled = |is_meant: &dyn Fn(&Choice) -> bool| {
                    choices
                        .iter()
                        .position(|choice| !choice.is_disabled && is_meant(choice))
                };
                let chosen =
                    enabled(&|choice| choice.value() == value).or_else(|| enabled(&|choice| choice.text == value));
                for (index, choice) in choices.iter_mut().enumerate().filter(|_| chosen.is_some()) {
                    choice.is_selected = chosen == Some(index) || (*is_multiple && choice.is_selected);
                }
                chosen.is_some()
            }
            Kind::Text | Kind::Hidden => {
                value.clone_into(&mut control.value);
                true
            }
            _ => false,
        };
        if !is_set {
            self.mismatch(&format!("an option {value:?} of the field {field:?}"));
        }
        self
    }

    /// Checks the checkbox or radio button with this name or label.
    ///
    /// # Panics
    ///
    /// Panics if none or several match; the message lists the form's fields.
    #[track_caller]
    pub fn check(self, field: &str) -> Self {
        self.set_checked(field, true)
    }

    /// Clears the checkbox with this name or label.
    ///
    /// # Panics
    ///
    /// Panics if none or several match, or if it is a radio button; the message lists the form's fields.
    #[track_caller]
    pub fn uncheck(self, field: &str) -> Self {
        self.set_checked(field, false)
    }

    /// Submits the form, and follows redirects.
    ///
    /// It presses the button that [`TestPage::form`] was called with, or else the form's first one.
    ///
    /// # Panics
    ///
    /// Panics as [`visit`](super::TestBrowser::visit) does, and if the form has an unsupported encoding:
    /// `multipart/form-data` or `text/plain`.
    #[expect(
        clippy::must_use_candidate,
        reason = "sending has an effect; a test may ignore its page"
    )]
    #[track_caller]
    pub fn submit(self) -> TestPage {
        let Effective {
            action,
            method,
            encoding,
        } = self.target();
        let method = match method.as_str() {
            "post" => Method::POST,
            "dialog" => self.mismatch("a form that is sent, instead of one that closes a dialog"),
            _ => Method::GET,
        };
        if method == Method::POST && matches!(encoding.as_str(), "multipart/form-data" | "text/plain") {
            self.mismatch(&format!(
                "the encoding `application/x-www-form-urlencoded` instead of `{encoding}`; send it with `TestBrowser::send`"
            ));
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.form.entries(self.pressed) {
            query.append_pair(&with_crlf(name), &with_crlf(value));
        }
        let query = query.finish();
        let mut url = self.page.address(action);
        let form = if method == Method::GET {
            url.set_query(Some(&query));
            None
        } else {
            Some(query)
        };
        self.page.go(Navigation {
            method,
            url,
            form,
            from: Some(self.page.initiator()),
        })
    }

    #[track_caller]
    fn set_checked(mut self, field: &str, checked: bool) -> Self {
        let is_box = |kind: &Kind| matches!(kind, Kind::Checkbox { .. } | Kind::Radio { .. });
        let found = self.find(field, is_box);
        let [index] = found.as_slice() else {
            self.mismatch(&format!("one checkbox {field:?}"));
        };
        match &mut self.form.controls[*index].kind {
            Kind::Checkbox { is_checked } => *is_checked = checked,
            _ if checked => self.choose(*index),
            _ => self.mismatch(&format!(
                "a checkbox {field:?} to clear; check another radio button of the group"
            )),
        }
        self
    }

    /// The positions of the controls of a kind that have this name or label.
    fn find(&self, field: &str, is_kind: impl Fn(&Kind) -> bool) -> Vec<usize> {
        let controls = self.form.controls.iter().enumerate();
        let fields = || {
            controls
                .clone()
                .filter(|(_, control)| is_kind(&control.kind) && !control.is_disabled)
        };
        let named = |is_hidden: bool| {
            let of_name = fields().filter(move |(_, control)| {
                control.name == field && !field.is_empty() && matches!(control.kind, Kind::Hidden) == is_hidden
            });
            of_name.map(|(index, _)| index).collect::<Vec<usize>>()
        };
        let labels =
            fields().flat_map(|(index, control)| control.labels.iter().map(move |text| (index, text.as_str())));
        let labels: Vec<(usize, &str)> = labels.collect();
        // Visible fields first: a hidden one often holds the value of an unchecked box of the same name.
        [named(false), pick(labels.iter().copied(), field), named(true)]
            .into_iter()
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// Checks a radio button and clears the others of its group.
    fn choose(&mut self, chosen: usize) {
        let group = self.form.controls[chosen].name.clone();
        for (index, control) in self.form.controls.iter_mut().enumerate() {
            if let Kind::Radio { is_checked } = &mut control.kind
                && control.name == group
            {
                *is_checked = index == chosen;
            }
        }
    }

    /// Action, method and encoding of the form, or of the button that replaces them.
    fn target(&self) -> Effective<'_> {
        let of_form = &self.form.target;
        let button = self.pressed.and_then(|index| self.form.controls.get(index));
        let of_button = match button.map(|button| &button.kind) {
            Some(Kind::Submit { target, .. }) => target,
            _ => of_form,
        };
        let either = |read: fn(&Target) -> &Option<String>| {
            let value = read(of_button).as_deref().or(read(of_form).as_deref());
            value.unwrap_or_default()
        };
        Effective {
            action: either(|target| &target.action),
            method: either(|target| &target.method).to_ascii_lowercase(),
            encoding: either(|target| &target.encoding).to_ascii_lowercase(),
        }
    }

    #[track_caller]
    fn mismatch(&self, expected: &str) -> ! {
        let fields: Vec<String> = self.form.controls.iter().filter_map(Control::described).collect();
        let url = redacted(self.page.shown_at());
        match fields.as_slice() {
            [] => panic!("expected {expected} on {url}, found a form without fields"),
            fields => panic!("expected {expected} on {url}, found the fields {}", fields.join(", ")),
        }
    }
}

struct Effective<'a> {
    action: &'a str,
    method: String,
    encoding: String,
}

impl Control {
    fn is_called(&self, text: &str) -> bool {
        self.value == text || self.labels.iter().any(|label| label == text)
    }

    /// Name, label and options of a field, for messages; `None` for buttons and unnamed fields.
    fn described(&self) -> Option<String> {
        let kind = match &self.kind {
            Kind::Text => String::new(),
            Kind::Hidden => ", hidden".to_owned(),
            Kind::Checkbox { .. } => ", checkbox".to_owned(),
            Kind::Radio { .. } => format!(", radio button {:?}", self.value),
            Kind::Select { choices, .. } => {
                let enabled = choices.iter().filter(|choice| !choice.is_disabled);
                let texts: Vec<&str> = enabled.map(|choice| choice.text.as_str()).collect();
                format!(", options {texts:?}")
            }
            Kind::Submit { .. } | Kind::Other => return None,
        };
        let state = if self.is_disabled { ", disabled" } else { "" };
        let labels: String = self.labels.iter().map(|label| format!(" ({label})")).collect();
        (!self.name.is_empty()).then(|| format!("`{}`{labels}{kind}{state}", self.name))
    }
}

/// Line breaks as forms send them (<https://html.spec.whatwg.org/#constructing-the-form-data-set>).
fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

impl fmt::Debug for TestForm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without values, which may be passwords.
        let fields: Vec<String> = self.form.controls.iter().filter_map(Control::described).collect();
        f.debug_struct("TestForm")
            .field("page", self.page)
            .field("fields", &fields)
            .finish_non_exhaustive()
    }
}
