//! What a person can do about a connection that went wrong.

use rustls::AlertDescription;
use tlslab::client::{Target, Trouble};
use tlslab::tls::Versions;

/// What to do about a failure, in commands.
pub(super) fn remedy(trouble: &Trouble, target: &Target, certificate_given: bool) -> Option<String> {
    Some(match trouble {
        Trouble::Alert { certificate_missing: true, .. } => {
            "`--cert FILE --key FILE` shows a client certificate".to_owned()
        }
        Trouble::Alert { alert: AlertDescription::UnrecognisedName, .. } => {
            "`--cn NAME` asks for another name".to_owned()
        }
        Trouble::NothingInCommon { offered: Versions::Tls12 | Versions::Tls13, .. } => {
            format!("`tlslab connect {target} --tls 1.2-1.3` offers both versions")
        }
        Trouble::NothingInCommon { .. } => {
            format!(
                "`openssl s_client -connect {target} -cipher ALL:@SECLEVEL=0` shows what the server takes"
            )
        }
        Trouble::Alert { .. } if certificate_given => {
            "the server may not trust the certificate given with `--cert`; its own log says why".to_owned()
        }
        Trouble::Truncated => "if nothing was cut, it is the server that ends without close_notify: \
                               in Python, `unwrap()` before `close()`"
            .to_owned(),
        Trouble::Echo | Trouble::Plaintext { .. } => {
            format!("if that is meant: `tlslab connect {target} --plaintext` talks without TLS")
        }
        Trouble::Version { offered: Versions::Both, .. } => {
            "the server must be updated: TLS 1.1 and older are broken (RFC 8996)".to_owned()
        }
        Trouble::Version { .. } => format!("`tlslab connect {target} --tls 1.2-1.3` offers both versions"),
        Trouble::Timeout { .. } => "`--timeout 60s` waits longer".to_owned(),
        Trouble::Unreachable(_) if target.is_loopback() => {
            format!("is the server running? `tlslab serve --listen {target}` starts one here")
        }
        Trouble::Unresolved(_) => {
            "an address needs no resolver: `tlslab connect ADDRESS:PORT --cn NAME`".to_owned()
        }
        _ => return None,
    })
}
