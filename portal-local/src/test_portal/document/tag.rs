//! Attributes of tags, and the kinds of controls that they describe.

use html5gum::StartTag;

use crate::test_portal::controls::{Kind, Target};

pub(super) fn input_kind(tag: &StartTag<()>) -> Kind {
    let is_checked = has(tag, "checked");
    match attribute(tag, "type").unwrap_or_default().to_ascii_lowercase().as_str() {
        "hidden" => Kind::Hidden,
        "checkbox" => Kind::Checkbox { is_checked },
        "radio" => Kind::Radio { is_checked },
        "submit" => Kind::Submit {
            text: attribute(tag, "value").unwrap_or_else(|| "Submit".to_owned()),
            target: button_target(tag),
        },
        "button" | "file" | "image" | "reset" => Kind::Other,
        _ => Kind::Text,
    }
}

pub(super) fn button_kind(tag: &StartTag<()>) -> Kind {
    match attribute(tag, "type").unwrap_or_default().to_ascii_lowercase().as_str() {
        "button" | "reset" => Kind::Other,
        _ => Kind::Submit {
            text: String::new(),
            target: button_target(tag),
        },
    }
}

fn button_target(tag: &StartTag<()>) -> Target {
    Target {
        action: attribute(tag, "formaction"),
        method: attribute(tag, "formmethod"),
        encoding: attribute(tag, "formenctype"),
    }
}

pub(super) fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

pub(super) fn has(tag: &StartTag<()>, name: &str) -> bool {
    tag.attributes.contains_key(name.as_bytes())
}
