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

#[test]
fn rsa_key_above_8192_bits_is_rejected_as_jwt_key() {
    let build = |bytes| {
        live()
            .jwt_key(STANDARD.encode(public_key_info(&vec![0xff; bytes])))
            .build()
    };
    assert!(build(1_024).is_ok());
    for bytes in [1_025, 1_152, 2_048, 4_096] {
        let text = printed(&build(bytes).unwrap_err());
        assert!(
            text.starts_with("CLERK_JWT_KEY: ") && text.contains("2048 to 8192 bits"),
            "{bytes} bytes: {text}"
        );
    }
}

/// A `SubjectPublicKeyInfo` (RFC 5280 section 4.1) with this modulus and the exponent 65,537.
fn public_key_info(modulus: &[u8]) -> Vec<u8> {
    let element = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], content].concat()
    };
    let modulus = element(0x02, &[&[0], modulus].concat());
    let key = element(0x30, &[&modulus[..], &[0x02, 0x03, 0x01, 0x00, 0x01]].concat());
    // The object identifier of `rsaEncryption` (RFC 8017 appendix C), and NULL.
    let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let bits = element(0x03, &[&[0], &key[..]].concat());
    element(0x30, &[algorithm, &bits[..]].concat())
}
