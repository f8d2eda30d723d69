//! Answers calls of Clerk's APIs that the local portal does not play, and paths that neither has.

use axum::http::{Method, StatusCode};

use crate::json::ApiError;

/// One of Clerk's APIs and the calls of it that are not played.
#[derive(Clone, Copy)]
pub(crate) struct Api {
    name: &'static str,
    /// A line for each call: methods and path, in which `{}` is one segment; or a comment.
    absent: &'static str,
}

pub(crate) const BACKEND_API: Api = Api {
    name: "Backend API",
    absent: include_str!("backend_api.txt"),
};
pub(crate) const FRONTEND_API: Api = Api {
    name: "Frontend API",
    absent: include_str!("frontend_api.txt"),
};

impl Api {
    /// Answers a request that reached no call of this API.
    ///
    /// A call that Clerk has is named as not played.
    pub(crate) fn no_such_call(self, method: &Method, path: &str) -> ApiError {
        self.absent_call(method, path).unwrap_or_else(ApiError::not_found)
    }

    /// Answers a request whose path is played with other methods.
    pub(crate) fn no_such_method(self, method: &Method, path: &str) -> ApiError {
        self.absent_call(method, path)
            .unwrap_or_else(ApiError::method_not_allowed)
    }

    /// The answer to a call that Clerk has and the portal does not play; `None` if Clerk has no such call.
    pub(crate) fn absent_call(self, method: &Method, path: &str) -> Option<ApiError> {
        has(self.absent, method, path).then(|| not_played(self.name, method, path))
    }
}

/// Returns `true` if `calls` lists this call.
fn has(calls: &str, method: &Method, path: &str) -> bool {
    let lines = calls.lines().filter(|line| !line.starts_with('#'));
    let mut calls = lines.filter_map(|line| line.rsplit_once(' '));
    calls.any(|(methods, pattern)| methods.split(' ').any(|known| known == method.as_str()) && matches(pattern, path))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(known), Some(segment)) if known == segment || fills(known, segment) => {}
            _ => return false,
        }
    }
}

/// Returns `true` if `segment` is something before the end that `{}` has in a pattern, such as `{}.xml`.
fn fills(pattern: &str, segment: &str) -> bool {
    let end = pattern.strip_prefix("{}");
    end.and_then(|end| segment.strip_suffix(end))
        .is_some_and(|rest| !rest.is_empty())
}

fn not_played(api: &str, method: &Method, path: &str) -> ApiError {
    let path = crate::excerpt::excerpt(path);
    ApiError::new(
        StatusCode::NOT_FOUND,
        "resource_not_found",
        "Not available in the local portal",
    )
    .explain(format!(
        "Clerk's {api} has {method} {path}, but the local portal doesn't support it."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholder_matches_one_segment() {
        let calls = "# GET /v1/comment\nGET POST /v1/machines/{}/scopes\nGET /v1/metadata/{}.xml\n";
        for (method, path, expected) in [
            (Method::GET, "/v1/machines/mch_1/scopes", true),
            (Method::POST, "/v1/machines/x/scopes", true),
            (Method::PUT, "/v1/machines/x/scopes", false),
            (Method::GET, "/v1/machines//scopes", false),
            (Method::GET, "/v1/machines/x/y/scopes", false),
            (Method::GET, "/v1/machines/x/scopes/", false),
            (Method::GET, "/v1/metadata/x.xml", true),
            (Method::GET, "/v1/comment", false),
            (Method::GET, "/v1/metadata/.xml", false),
            (Method::GET, "/v1/metadata/x.json", false),
        ] {
            assert_eq!(has(calls, &method, path), expected, "{method} {path}");
        }
    }
}
