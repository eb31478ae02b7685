//! What the cryptographic provider can do at most, beside `openssl speed`: `provider` prints one JSON object, microseconds
//! of CPU a signature and a key agreement, and CPU seconds a gigabyte of records sealed and opened.

use std::hint::black_box;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustls::SignatureScheme;
use serde_json::json;
use tlslab::crypto::{self, AeadAlgorithm, AeadKey};
use tlslab::pki::key::{KeyAlgorithm, PrivateKey};

/// How long each is done.
const TIME: Duration = Duration::from_millis(400);
/// A full record (RFC 8446 §5.1).
const RECORD: u16 = 16 * 1024;

/// Seconds each.
fn each(mut work: impl FnMut()) -> f64 {
    let (begun, mut rounds) = (Instant::now(), 0_u32);
    while begun.elapsed() < TIME {
        work();
        rounds += 1;
    }
    begun.elapsed().as_secs_f64() / f64::from(rounds)
}

fn main() -> Result<()> {
    let mut found = serde_json::Map::new();
    for (name, algorithm, scheme) in [
        ("sign_rsa2048_us", KeyAlgorithm::Rsa2048, SignatureScheme::RSA_PSS_SHA256),
        ("sign_rsa4096_us", KeyAlgorithm::Rsa4096, SignatureScheme::RSA_PSS_SHA256),
        ("sign_p256_us", KeyAlgorithm::EcP256, SignatureScheme::ECDSA_NISTP256_SHA256),
    ] {
        let key = PrivateKey::generate(algorithm)?;
        let der = rustls::pki_types::PrivatePkcs8KeyDer::from(key.to_pkcs8_der().to_vec());
        let key = crypto::provider().key_provider.load_private_key(der.into())?;
        let signer = key.choose_scheme(&[scheme]).context("the scheme")?;
        found.insert(name.to_owned(), json!(each(|| drop(black_box(signer.sign(&[7; 130])))) * 1e6));
    }
    for group in &crypto::provider().kx_groups {
        let name = format!("{:?}_us", group.name());
        let round = || drop(black_box(group.start()));
        found.insert(format!("start_{name}"), json!(each(round) * 1e6));
    }
    for (name, algorithm) in [
        ("aes128gcm", AeadAlgorithm::Aes128Gcm),
        ("aes256gcm", AeadAlgorithm::Aes256Gcm),
        ("chacha20poly1305", AeadAlgorithm::ChaCha20Poly1305),
    ] {
        let key = AeadKey::new(algorithm, &vec![7; algorithm.key_length()]).context("a key")?;
        let mut record = vec![0; usize::from(RECORD)];
        let gigabyte = 1e9 / f64::from(RECORD);
        let seal = each(|| drop(black_box(key.seal(&[1; 12], &[0; 5], &mut record))));
        found.insert(format!("seal_{name}_s_per_gb"), json!(seal * gigabyte));
        let (sealed, tag) = {
            let tag = key.seal(&[1; 12], &[0; 5], &mut record);
            (record.clone(), tag)
        };
        let open = each(|| {
            record.copy_from_slice(&sealed);
            let _ = black_box(key.open(&[1; 12], &[0; 5], &mut record, &tag));
        });
        found.insert(format!("open_{name}_s_per_gb"), json!(open * gigabyte));
    }
    writeln!(io::stdout(), "{}", serde_json::Value::Object(found))?;
    Ok(())
}
