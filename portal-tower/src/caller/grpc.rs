//! [`GrpcMediaType`]: the kind of gRPC that a caller speaks.

/// The media types of gRPC and gRPC-Web, with the named message formats.
const KNOWN: [&str; 9] = [
    PLAIN,
    "application/grpc+proto",
    "application/grpc+json",
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web+json",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
    "application/grpc-web-text+json",
];
const PLAIN: &str = "application/grpc";

/// The media type of a gRPC call and of its response. Clients reject a response of another media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GrpcMediaType(&'static str);

impl GrpcMediaType {
    /// Reads a lower-case `Content-Type`; returns `None` unless it is gRPC's.
    ///
    /// An unknown message format is omitted: the response has no message.
    pub(super) fn of(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if !media_type.starts_with(PLAIN) {
            return None;
        }
        let known = |wanted: &str| KNOWN.into_iter().find(|known| *known == wanted);
        let without_format = media_type.split('+').next().unwrap_or_default();
        let found = known(media_type).or_else(|| known(without_format));
        Some(Self(found.unwrap_or(PLAIN)))
    }

    /// The media type, such as `application/grpc-web+proto`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::GrpcMediaType;

    #[test]
    fn known_grpc_media_type_is_preserved() {
        for (content_type, expected) in [
            ("application/grpc", Some("application/grpc")),
            ("application/grpc+proto", Some("application/grpc+proto")),
            ("application/grpc+thrift", Some("application/grpc")),
            ("application/grpcx", Some("application/grpc")),
            ("application/grpc-web", Some("application/grpc-web")),
            ("application/grpc-web+json", Some("application/grpc-web+json")),
            ("application/grpc-web+thrift", Some("application/grpc-web")),
            (
                "application/grpc-web-text+proto ; charset=utf-8",
                Some("application/grpc-web-text+proto"),
            ),
            ("application/grpc-web-text;x", Some("application/grpc-web-text")),
            ("application/json", None),
            ("", None),
        ] {
            let found = GrpcMediaType::of(content_type).map(GrpcMediaType::as_str);
            assert_eq!(found, expected, "{content_type}");
        }
    }
}
