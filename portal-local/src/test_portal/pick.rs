//! The choice of a page's items by their text.

/// Returns the items with exactly this text; if there are none, those whose text contains it.
pub(super) fn pick<'a, T>(items: impl Iterator<Item = (T, &'a str)> + Clone, wanted: &str) -> Vec<T> {
    let exact = items.clone().filter(|(_, text)| *text == wanted);
    let exact: Vec<T> = exact.map(|(item, _)| item).collect();
    if !exact.is_empty() || wanted.is_empty() {
        return exact;
    }
    items
        .filter(|(_, text)| text.contains(wanted))
        .map(|(item, _)| item)
        .collect()
}
