//! The sizes of `jwt_key`.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{live, printed};

#[test]
fn rsa_key_below_2048_bits_is_rejected_as_jwt_key() {
    // 1,024 bits, made once with OpenSSL.
    let small = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC8jG16Stw/WD+xUx876BbawfKkIE1qi5D24EJ8UEF/8ug+9UeFW/eIlKMVpr4s \
                 LFJW1tRuQlHrSm3NfdQwuAj6vAZ202inMtZhIAKvjJyBWLkMoxXVDg3qChpzcxxvze2Q/aGERq55ge6TayhHr8jr+N8MAnqT2N+o \
                 ieYoB9E6yQIDAQAB";
    for (pem, problem) in [
        (small, "2048 to 8192 bits"),
        (
            "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
            "private key (not shown)",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
            "private key (not shown)",
        ),
        ("hunter2", "not base64"),
        ("sk_live_hunter2", "not base64"),
        ("aHVudGVyMg==", "not an RSA public key"),
    ] {
        let error = live().jwt_key(pem).build().unwrap_err();
        let text = printed(&error);
        assert!(text.starts_with("CLERK_JWT_KEY: ") && text.contains(problem), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    for size in [KeySize::Rsa2048, KeySize::Rsa3072, KeySize::Rsa4096] {
        let key = KeyPair::generate(size).unwrap();
        let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        assert!(
            live().jwt_key(STANDARD.encode(der.as_ref())).build().is_ok(),
            "{size:?}"
        );
    }
}
