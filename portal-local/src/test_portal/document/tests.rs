//! Pages with the forms that applications write.

use super::*;

fn entries(html: &str, button: &str) -> Vec<(String, String)> {
    let page = Document::read(html);
    let form = &page.forms[0];
    let pressed = form.buttons().find(|(_, text)| *text == button).map(|(index, _)| index);
    let entries = form.entries(pressed).into_iter();
    entries
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[test]
fn every_kind_of_field_is_sent_as_browsers_do() {
    let html = r#"<form method=post action=/a>
        <input type=hidden name=token value="a&amp;b"><input name=name value=Jane><input name=off value=1 disabled>
        <input type=checkbox name=news checked><input type=checkbox name=ads value=yes>
        <input type=radio name=color value=red><input type=radio name=color value=blue checked>
        <select name=size><option>S<option value=m>Medium</select>
        <select name=tags multiple><option selected>x<option>y<option selected disabled>z<option selected>w</select>
        <textarea name=note>A &lt;b&gt;
note</textarea>
        <fieldset disabled><input name=never value=1></fieldset>
        <input value="without a name"><input type=file name=file><button type=reset name=r value=1>Reset</button>
        <button name=do value=save>Save</button><input type=submit name=do value=Delete>
    </form>"#;
    let mut expected = pairs(&[
        ("token", "a&b"),
        ("name", "Jane"),
        ("news", "on"),
        ("color", "blue"),
        ("size", "S"),
        ("tags", "x"),
        ("tags", "w"),
        ("note", "A <b>\nnote"),
    ]);
    assert_eq!(entries(html, "no button"), expected);
    expected.push(("do".into(), "Delete".into()));
    assert_eq!(entries(html, "Delete"), expected);
    expected.last_mut().unwrap().1 = "save".into();
    assert_eq!(entries(html, "Save"), expected);
}

#[test]
fn field_outside_of_its_form_belongs_to_it_by_id() {
    let html = "<input name=a value=1><input form=f name=b value=2><form id=f><input name=c value=3></form><input form=f name=d>";
    assert_eq!(entries(html, ""), pairs(&[("b", "2"), ("c", "3"), ("d", "")]));
}

#[test]
fn labels_are_found_around_and_before_their_fields() {
    let html = "<form><label for=e>Email <em>address</em></label><input id=e name=email>\
        <label>Country <select name=country><option>France</select></label><input aria-label=Search name=q></form>";
    let page = Document::read(html);
    let labels: Vec<_> = page.forms[0]
        .controls
        .iter()
        .map(|control| control.labels.join("|"))
        .collect();
    assert_eq!(labels, ["Email address", "Country", "Search"]);
}

#[test]
fn text_is_the_one_that_users_read() {
    let html = "<!doctype html><title>Title</title><style>p{}</style><script>if (a < b) {}</script><template>no</template>\
        <h1>Hello</h1><p>Ja<b>ne</b>&nbsp;&amp;\n <i>Joe</i>!<br>Bye</p><noscript>No <a href=/x>script</a></noscript>\
        <textarea>typed</textarea><select><option>One<option>Two</select><!-- comment -->";
    let page = Document::read(html);
    assert_eq!(page.text, "Hello Jane & Joe! Bye No script One Two");
    assert_eq!(page.links[0].text, "script");
}

#[test]
fn nested_templates_are_hidden_to_the_end_of_the_outer_one() {
    let html = "<template><p>a</p><template>b</template><form><button>c</button></form></template><p>shown";
    let page = Document::read(html);
    assert_eq!(page.text, "shown");
    assert!(page.forms.is_empty());
}

#[test]
fn label_around_a_hidden_field_is_the_visible_ones() {
    let html =
        "<form><label><input type=hidden name=a value=0><input type=checkbox name=a value=1> Agree</label></form>";
    let page = Document::read(html);
    let labels: Vec<_> = page.forms[0]
        .controls
        .iter()
        .map(|control| control.labels.len())
        .collect();
    assert_eq!(labels, [0, 1]);
}

#[test]
fn only_the_last_checked_radio_button_of_a_group_is_sent() {
    let html = "<form><input type=radio name=a value=1 checked><input type=radio name=b value=2 checked>\
        <input type=radio name=a value=3 checked></form>";
    assert_eq!(entries(html, ""), pairs(&[("b", "2"), ("a", "3")]));
}

#[test]
fn list_with_several_rows_has_no_choice_by_itself() {
    let html = "<form><select name=a size=3><option>x</select><select name=b size=1><option>y</select></form>";
    assert_eq!(entries(html, ""), pairs(&[("b", "y")]));
}

#[test]
fn options_of_a_disabled_group_are_disabled() {
    let html = "<form><select name=a><optgroup label=Off disabled><option>x<option>y</optgroup>\
        <optgroup label=On><option>z</select></form>";
    assert_eq!(entries(html, ""), pairs(&[("a", "z")]));
}

#[test]
fn legend_of_a_disabled_fieldset_stays_enabled() {
    let html = "<form><fieldset disabled><legend><input name=a value=1></legend><input name=b value=2>\
        <legend><input name=c value=3></legend></fieldset>\
        <fieldset disabled><fieldset><legend><input name=d value=4></legend></fieldset></fieldset></form>";
    assert_eq!(entries(html, ""), pairs(&[("a", "1")]));
}

#[test]
fn attribute_form_that_names_no_form_leaves_the_field_without_one() {
    let html = "<form><input name=a value=1><input form='' name=b value=2><input form=x name=c value=3></form>";
    assert_eq!(entries(html, ""), pairs(&[("a", "1")]));
}

#[test]
fn value_of_a_textarea_is_its_content() {
    let html = "<form><textarea name=a value=wrong>\r\n\r\nright</textarea></form>";
    assert_eq!(entries(html, ""), pairs(&[("a", "\nright")]));
}

#[test]
fn first_of_two_attributes_of_a_name_counts() {
    let html = "<form><input name=a name=b value=1 value=2></form>";
    assert_eq!(entries(html, ""), pairs(&[("a", "1")]));
}

#[test]
fn frameworks_button_inside_a_list_is_ignored() {
    let html = "<form><select name=a><button><selectedcontent></selectedcontent></button><option>x<option selected>y</select>\
        <button>Save</button></form>";
    assert_eq!(entries(html, ""), pairs(&[("a", "y")]));
    assert_eq!(Document::read(html).forms[0].buttons().count(), 1);
}

#[test]
fn unfinished_html_is_read_to_its_end() {
    for html in [
        "<form><input name=a",
        "<form action='",
        "<select><option",
        "</form></a></label>",
        "<textarea>",
        "<script>",
    ] {
        let page = Document::read(html);
        assert!(page.text.is_empty(), "{html}");
    }
    assert_eq!(
        Document::read("<form><input name=a value=1>").forms[0].entries(None),
        [("a", "1")]
    );
}
