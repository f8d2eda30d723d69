//! Images of users and organizations: which are accepted, and where they are served.

/// Clerk's limit for an organization's logo, and here for a profile image too.
pub(crate) const MOST_IMAGE_BYTES: usize = 10 * 1_024 * 1_024;

/// Returns the URL of a user's or an organization's image; initials replace a missing one.
pub(crate) fn url(origin: &str, owner_id: &str, image_id: Option<&str>) -> String {
    match image_id {
        Some(id) => format!("{origin}/__local/image/{id}"),
        None => format!("{origin}/__local/avatar/{owner_id}.svg"),
    }
}

/// The content type of an image, by how its bytes begin. `None` for anything that Clerk does not take.
///
/// # Security
///
/// The declared type is not used: a page that is declared as an image would run on the portal's origin.
pub(crate) fn content_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}
