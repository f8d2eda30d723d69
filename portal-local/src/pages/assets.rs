//! The stylesheet, the scripts and the icon.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};

type Asset = ([(HeaderName, &'static str); 3], &'static str);

/// A rebuilt portal must not show its new pages in old clothes, so nothing is kept without asking.
fn asset(mime: &'static str, text: &'static str) -> Asset {
    let headers = [
        (CONTENT_TYPE, mime),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text)
}

pub(super) async fn stylesheet() -> Asset {
    asset("text/css; charset=utf-8", include_str!("../../assets/portal.css"))
}

pub(super) async fn fragment_script() -> Asset {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("../../assets/fragment.js"),
    )
}

pub(super) async fn copy_script() -> Asset {
    asset("text/javascript; charset=utf-8", include_str!("../../assets/copy.js"))
}

pub(super) async fn icon() -> Asset {
    asset("image/svg+xml", include_str!("../../assets/icon.svg"))
}
