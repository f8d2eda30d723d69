//! Forms and their fields, as a page describes them.

use std::collections::HashSet;

/// A form and the fields that belong to it, in the order of the page.
#[derive(Clone, Default)]
pub(super) struct Form {
    pub(super) id: String,
    pub(super) target: Target,
    pub(super) controls: Vec<Control>,
}

/// Action, method and encoding of a form; a button's replace the form's.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub(super) action: Option<String>,
    pub(super) method: Option<String>,
    pub(super) encoding: Option<String>,
}

#[derive(Clone)]
pub(super) struct Control {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) labels: Vec<String>,
    pub(super) is_disabled: bool,
    pub(super) value: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Text,
    Hidden,
    Checkbox {
        is_checked: bool,
    },
    Radio {
        is_checked: bool,
    },
    Select {
        choices: Vec<Choice>,
        is_multiple: bool,
        /// Shows one row, which is a choice from the beginning.
        is_drop_down: bool,
    },
    Submit {
        text: String,
        target: Target,
    },
    /// A file, an image, or a button that submits nothing.
    Other,
}

/// An option of a `<select>`.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub(super) value: Option<String>,
    pub(super) text: String,
    pub(super) is_selected: bool,
    pub(super) is_disabled: bool,
}

impl Choice {
    pub(super) fn value(&self) -> &str {
        self.value.as_deref().unwrap_or(&self.text)
    }
}

impl Form {
    /// The buttons that submit the form and can be pressed, as positions among its controls.
    pub(super) fn buttons(&self) -> impl Iterator<Item = (usize, &str)> + Clone {
        self.controls
            .iter()
            .enumerate()
            .filter_map(|(index, control)| match &control.kind {
                Kind::Submit { text, .. } if !control.is_disabled => Some((index, text.as_str())),
                _ => None,
            })
    }

    /// The form's first button, for a form that is found by its action or ID.
    pub(super) fn default_button(&self) -> Option<usize> {
        self.buttons().next().map(|(index, _)| index)
    }

    /// Of several checked radio buttons of a group, only the last one stays checked.
    pub(super) fn clear_replaced_choices(&mut self) {
        let mut groups = HashSet::new();
        for control in self.controls.iter_mut().rev() {
            if let Kind::Radio { is_checked } = &mut control.kind
                && *is_checked
            {
                *is_checked = groups.insert(control.name.as_str());
            }
        }
    }

    /// The names and values that the form sends when `pressed` is its button.
    pub(super) fn entries(&self, pressed: Option<usize>) -> Vec<(&str, &str)> {
        let mut entries = Vec::new();
        let sent = self.controls.iter().enumerate();
        for (index, control) in sent.filter(|(_, control)| !control.is_disabled && !control.name.is_empty()) {
            let name = control.name.as_str();
            match &control.kind {
                Kind::Text | Kind::Hidden => entries.push((name, control.value.as_str())),
                Kind::Checkbox { is_checked } | Kind::Radio { is_checked } if *is_checked => {
                    entries.push((name, control.value.as_str()));
                }
                Kind::Select {
                    choices,
                    is_multiple,
                    is_drop_down,
                } => {
                    entries.extend(selected(choices, *is_multiple, *is_drop_down).map(|choice| (name, choice.value())));
                }
                Kind::Submit { .. } if pressed == Some(index) => entries.push((name, control.value.as_str())),
                Kind::Checkbox { .. } | Kind::Radio { .. } | Kind::Submit { .. } | Kind::Other => {}
            }
        }
        entries
    }
}

/// The options that a list sends.
///
/// A list that accepts one option sends the last selected one. A drop-down list without a selected option sends the first
/// that is enabled.
fn selected(choices: &[Choice], is_multiple: bool, is_drop_down: bool) -> impl Iterator<Item = &Choice> {
    let chosen = choices.iter().rposition(|choice| choice.is_selected);
    let first = || choices.iter().position(|choice| !choice.is_disabled);
    let shown = chosen.or_else(|| is_drop_down.then(first).flatten());
    choices.iter().enumerate().filter_map(move |(index, choice)| {
        let is_sent = if is_multiple {
            choice.is_selected
        } else {
            shown == Some(index)
        };
        (is_sent && !choice.is_disabled).then_some(choice)
    })
}
