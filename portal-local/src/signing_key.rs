//! The key that signs an instance's tokens, as the database keeps it.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{KeyPair, KeySize};

/// Returns a new RSA-2048 key, as PKCS #8.
// The exponent is 65537: official SDKs read no other from a PEM.
pub(crate) fn generate() -> Result<Vec<u8>, Unspecified> {
    let pair = KeyPair::generate(KeySize::Rsa2048)?;
    let der: Pkcs8V1Der<'_> = pair.as_der()?;
    Ok(der.as_ref().to_vec())
}
