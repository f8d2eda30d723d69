//! Forms that a test fills in, and the messages for those it does not find.

use crate::echo::{JANE, PORTAL, browser_with};
use crate::redirects::panic_of;

const HTML: &str = "<form method=post action='/save?x=1'>
    <input type=hidden name=token value=t><input type=hidden name=news value=no>
    <label for=n>Your name</label><input id=n name=name>
    <label><input type=checkbox name=news value=yes> Newsletter</label>
    <label><input type=radio name=size value=s checked> Small</label>
    <label><input type=radio name=size value=l> Large</label>
    <select name=color><option value=r>Red<option value=g>Green</select>
    <textarea name=note></textarea>
    <button name=do value=save>Save</button><button name=do value=copy formaction=/copy formmethod=get>Save a copy</button>
    </form><form action=/search id=search><input name=q><input type=submit value=Go></form>";

#[test]
fn fields_are_filled_by_name_label_and_option() {
    let page = browser_with(HTML).visit("/");
    let saved = page
        .form("Save")
        .fill("Your name", "Jäne & co")
        .fill("size", "Large")
        .fill("color", "Green")
        .fill("note", "a\nb")
        .check("Newsletter")
        .submit();
    saved.assert_url("/save?x=1").assert_text("POST /save?x=1\n");
    let body = "\ntoken=t&news=no&name=J%C3%A4ne+%26+co&news=yes&size=l&color=g&note=a%0D%0Ab&do=save";
    assert!(saved.body().ends_with(body), "{}", saved.body());
    let unchanged = page
        .form("Save")
        .check("Large")
        .check("Small")
        .check("news")
        .uncheck("news")
        .fill("token", "u");
    let body = "\ntoken=u&news=no&name=&size=s&color=r&note=&do=save";
    assert!(unchanged.submit().body().ends_with(body));
}

#[test]
fn button_replaces_action_and_method_of_its_form() {
    let page = browser_with(HTML).visit("/").press("Save a copy");
    page.assert_url("/copy?token=t&news=no&name=&size=s&color=r&note=&do=copy");
}

#[test]
fn form_is_found_by_action_path_and_id_and_part_of_a_button() {
    let page = browser_with(HTML).visit("/");
    for name in ["search", "/search", "Go"] {
        page.form(name).fill("q", "tea").submit().assert_url("/search?q=tea");
    }
    assert!(page.form("/save").submit().body().ends_with("&do=save"));
    page.press("a copy").assert_text("GET /copy");
}

#[test]
fn form_without_action_and_with_a_base_is_sent_as_browsers_do() {
    let page = browser_with("<base href=/folder/><form method=post><button>Here</button></form><a href=x>There</a>");
    page.visit("/?a=1#b").press("Here").assert_url("/?a=1");
    page.visit("/").follow_link("There").assert_url("/folder/x");
}

#[test]
fn unknown_field_panics_with_the_fields_there_are() {
    let page = browser_with(HTML).visit("/");
    let problem = panic_of(|| drop(page.form("Save").fill("Name", "Jane")));
    assert_eq!(
        problem,
        "expected one field \"Name\" to fill in with \"Jane\" on http://localhost:3000/, found the fields `token`, hidden, \
         `news`, hidden, `name` (Your name), `news` (Newsletter), checkbox, `size` (Small), radio button \"s\", `size` \
         (Large), radio button \"l\", `color`, options [\"Red\", \"Green\"], `note`"
    );
    let problem = panic_of(|| drop(page.form("Save").fill("color", "Blue")));
    assert!(
        problem.starts_with("expected an option \"Blue\" of the field \"color\" on"),
        "{problem}"
    );
    let problem = panic_of(|| drop(page.form("Save").check("name")));
    assert!(problem.starts_with("expected one checkbox \"name\" on"), "{problem}");
    let problem = panic_of(|| drop(page.form("Save").fill("size", "Medium")));
    assert!(
        problem.starts_with("expected one field \"size\" to fill in with \"Medium\" on"),
        "{problem}"
    );
}

#[test]
fn unknown_and_ambiguous_buttons_panic_with_the_forms_there_are() {
    let page = browser_with(HTML).visit("/");
    let forms = "buttons [\"Save\", \"Save a copy\"] of the form to http://localhost:3000/save?x=1, buttons [\"Go\"] of the \
         form to http://localhost:3000/search";
    let problem = panic_of(|| drop(page.form("Delete")));
    assert!(
        problem.starts_with("expected one form with the button, action or ID \"Delete\" on"),
        "{problem}"
    );
    assert!(problem.contains(forms), "{problem}");
    let twice = browser_with("<form><button>Delete</button></form><form action=/b><button>Delete</button></form>");
    let problem = panic_of(|| drop(twice.visit("/").press("Delete")));
    assert!(
        problem.contains("buttons [\"Delete\"] of the form to http://localhost:3000/b"),
        "{problem}"
    );
    let problem = panic_of(|| drop(browser_with("Hello").visit("/").press("Delete")));
    assert!(
        problem.contains("found no forms; the page has status 200 OK and the text \"Hello\""),
        "{problem}"
    );
}

#[test]
fn unknown_and_ambiguous_links_panic_with_the_links_there_are() {
    let page =
        browser_with("<a href=/a>Edit</a> <a href=/b>Edit</a> <a href=/c>Open</a> <a href=/c>Open</a>").visit("/");
    page.follow_link("Open").assert_url("/c");
    for text in ["Edit", "Close"] {
        let problem = panic_of(|| drop(page.follow_link(text)));
        assert!(
            problem.contains("found the links [\"Edit\", \"Edit\", \"Open\", \"Open\"]"),
            "{problem}"
        );
    }
}

#[test]
fn form_with_a_file_panics_with_the_way_to_send_it() {
    let page = browser_with(
        "<form method=post enctype=multipart/form-data><input type=file name=f><button>Upload</button></form>",
    );
    let problem = panic_of(|| drop(page.visit("/").press("Upload")));
    assert!(
        problem.contains("instead of `multipart/form-data`; send it with `TestBrowser::send`"),
        "{problem}"
    );
}

#[test]
fn user_signs_in_and_out_at_the_portal() {
    let browser = PORTAL.browser();
    let page = browser.visit(&format!(
        "{}/sign-in?redirect_url={}/user",
        PORTAL.origin(),
        PORTAL.origin()
    ));
    let page = page.form("Continue").fill("Email address", JANE).submit();
    let page = page.form("Continue").fill("Password", "correct horse battery").submit();
    page.assert_status(200).assert_text(JANE);
    browser
        .visit(&format!("{}/sign-out", PORTAL.origin()))
        .press("Sign out");
    browser
        .visit(&format!("{}/user", PORTAL.origin()))
        .assert_text("Sign in to My Application");
}
