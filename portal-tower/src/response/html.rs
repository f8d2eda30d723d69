//! The plain page of the responses that users see.

/// A page with a heading, a paragraph and an HTML fragment.
pub(crate) fn page(title: &str, text: &str, html: &str) -> String {
    write(title, "", text, html)
}

/// A page that continues to `url` and makes Turbo load it as a whole; with a link as fallback.
pub(crate) fn page_that_goes_to(url: &str, title: &str, text: &str) -> String {
    let head = format!(
        "<meta name=\"turbo-visit-control\" content=\"reload\">\n{}\n",
        refresh(&escape(url))
    );
    write(title, &head, text, &link(&escape(url)))
}

/// [`page_that_goes_to`] for scripts that render only a page's body, such as htmx and Unpoly.
pub(crate) fn content_that_goes_to(url: &str, title: &str, text: &str) -> String {
    write(title, "", text, &refresh_to(url))
}

/// HTML that makes its page continue to `url`, without a script, because a Content-Security-Policy may forbid inline
/// scripts.
pub(crate) fn refresh_to(url: &str) -> String {
    let url = escape(url);
    format!("{}\n{}", refresh(&url), link(&url))
}

fn refresh(escaped_url: &str) -> String {
    format!("<meta http-equiv=\"refresh\" content=\"0; url={escaped_url}\">")
}

fn link(escaped_url: &str) -> String {
    format!("<p><a href=\"{escaped_url}\">Continue</a></p>")
}

fn write(title: &str, head: &str, text: &str, html: &str) -> String {
    let (title, text) = (escape(title), escape(text));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{head}<title>{title}</title>\n\
         <style>\n:root {{ color-scheme: light dark }}\n\
         body {{ font: 1.125rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1.5rem }}\n\
         h1 {{ font-size: 1.5rem; line-height: 1.25 }}\n\
         dt {{ font-weight: 600 }}\n\
         dd {{ margin: 0 0 .5rem; overflow-wrap: anywhere }}\n\
         button {{ font: inherit; padding: .5em 1em }}\n\
         </style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n{html}\n</main>\n</body>\n</html>\n"
    )
}

/// Escapes `text` for use as HTML text or in a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
