//! `tlslab demo`, from outside.

use serde_json::Value;

use crate::lab::{Lab, peer};

/// The claims and whether each held.
fn claims(report: &Value) -> Vec<(&str, bool)> {
    let claims = report["claims"].as_array().expect("claims");
    claims
        .iter()
        .map(|c| (c["claim"].as_str().expect("a claim"), c["held"].as_bool().expect("held")))
        .collect()
}

#[test]
fn every_claim_holds_and_is_told_to_people_and_machines() {
    let lab = Lab::new();
    let told = lab.tlslab(["demo"]).success().stdout;
    let json = lab.tlslab(["demo", "--json"]).success().json();
    assert_eq!(json["held"], true);
    assert_eq!(json["exit_status"], 0);
    assert_eq!(json["certificate"]["public_key"], "RSA 4096 bits");
    let claims = claims(&json);
    for (claim, held) in &claims {
        assert!(held, "{claim}");
        assert!(told.contains(&format!("ok    {claim}: ")), "{claim:?} is not in\n{told}");
    }
    // The parts of each handshake are all of it, and both end at the client's Finished.
    let handshakes = json["handshakes"].as_array().expect("handshakes");
    let labels: Vec<_> = handshakes.iter().map(|handshake| &handshake["label"]).collect();
    assert_eq!(labels, ["RSA 4096 bits", "ML-DSA-65"]);
    for handshake in handshakes {
        let bytes = |value: &Value| value["bytes"].as_u64().expect("bytes");
        let parts = handshake["parts"].as_array().expect("parts");
        assert_eq!(parts.iter().map(bytes).sum::<u64>(), bytes(handshake), "{handshake}");
        assert_eq!(handshake["group"], "X25519MLKEM768");
    }
    // FIPS 204, table 2: a signature of 3,309 bytes, beside four bytes of header, and of scheme and length each two.
    let verify = handshakes[1]["parts"].as_array().expect("parts");
    assert!(
        verify.iter().any(|part| part["part"] == "CertificateVerify" && part["bytes"] == 3317),
        "{verify:?}"
    );
    for wanted in [
        "the post-quantum handshake is the larger one",
        "everybody on the way reads the message",
        "the client accepts the server over TLSv1.3",
        "the client accepts the server over TLSv1.2",
        "expired is refused as expired, exit status 12, nothing sent",
        "not yet valid is refused as not-yet-valid, exit status 13, nothing sent",
        "wrong name is refused as wrong-name, exit status 11, nothing sent",
        "same name, other key is refused as untrusted, exit status 10, nothing sent",
    ] {
        assert!(claims.iter().any(|(claim, _)| *claim == wanted), "{wanted:?} is not claimed");
    }
    assert!(told.trim_end().ends_with(&format!("all {} claims held", claims.len())), "{told}");
    assert_eq!(
        std::fs::read_dir(lab.path()).expect("the folder").count(),
        0,
        "the demo left something behind"
    );
}

#[test]
fn what_it_keeps_can_be_used_and_is_not_overwritten() {
    let lab = Lab::new();
    lab.tlslab(["demo", "--quiet", "--out", "kept", "--html", "page.html"]).success();
    lab.tlslab(["verify", "kept/cert.pem", "--ca", "kept/cert.pem"]).success();
    // The capture has its secrets inside, and dissect comes to the demo's own conclusion: the plaintext exchange is
    // readable, and only that one.
    let found =
        lab.tlslab(["dissect", "kept/lab.pcapng", "--find", "correct-horse", "--json"]).status(1).json();
    assert_eq!(found["sessions"].as_array().map(Vec::len), Some(4), "{found}");
    let signed: Vec<_> =
        (0..4).map(|index| &found["sessions"][index]["tls"]["handshake_signatures"]["server"]).collect();
    assert_eq!(*signed[0], Value::Null, "plaintext");
    // Over TLS 1.2 everybody reads it, over 1.3 who has the secrets.
    assert_eq!(signed[1..], ["rsa_pss_rsae_sha512", "rsa_pss_rsae_sha512", "mldsa65"]);
    let page = lab.read("page.html");
    assert_eq!(page, lab.read("kept/report.html"));
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Session 4"), "{page}");
    assert!(page.contains("How large the handshakes are") && page.contains("ML-DSA-65"), "{page}");
    lab.tlslab(["demo", "--out", "kept"]).status(1).says("already there: kept/cert.pem").says("--force");
    lab.tlslab(["demo", "--quiet", "--out", "kept", "--force"]).success();
}

#[test]
fn tshark_opens_its_capture_with_the_secrets_inside() {
    if !peer("tshark") {
        return;
    }
    let lab = Lab::new();
    lab.tlslab(["demo", "--quiet", "--out", "kept"]).success();
    let followed = lab.run("tshark", ["-r", "kept/lab.pcapng", "-q", "-z", "follow,tls,ascii,1"]).success();
    assert!(followed.stdout.contains("correct-horse-battery-staple"), "{followed}");
    let expert = lab.run("tshark", ["-r", "kept/lab.pcapng", "-q", "-z", "expert,warn"]).success();
    assert!(!expert.stdout.contains("Warn"), "{expert}");
}
