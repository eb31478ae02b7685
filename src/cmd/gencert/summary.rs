//! What was made, and what to run next.

use std::path::Path;

use tlslab::crypto::sha256;
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::{NewFile, within};
use tlslab::pki::index;
use tlslab::pki::issue::Request;
use tlslab::pki::subject::SanName;
use tlslab::words;

use super::super::lab::{CERT, CLEAR_KEY, CSR, KEY, LAB_NAME};
use super::super::{Result, Ui};
use super::options::{Gencert, ProfileName};
use super::output::SubjectKey;

pub(super) struct Summary<'a> {
    pub(super) options: &'a Gencert,
    pub(super) request: &'a Request,
    pub(super) key: &'a SubjectKey,
    /// None where it is somebody else's to make.
    pub(super) certificate: Option<&'a CertFacts>,
    pub(super) ca: Option<&'a Path>,
    /// Whether `connect` takes it.
    pub(super) connects: bool,
    pub(super) files: &'a [NewFile],
    pub(super) warnings: &'a [String],
    pub(super) notes: &'a [String],
}

impl Summary<'_> {
    /// On stdout what was made, in words or as JSON; on stderr what to run next.
    pub(super) fn show(&self, ui: &Ui) -> Result<()> {
        let next = self.next();
        if ui.json() {
            ui.print_json(&self.json(&next))?;
            return Ok(());
        }
        for line in self.lines() {
            ui.print(&line)?;
        }
        ui.say("");
        ui.say("next:");
        for line in next {
            ui.say(&format!("  {line}"));
        }
        Ok(())
    }

    fn names(&self) -> Vec<String> {
        self.request.names.iter().map(ToString::to_string).collect()
    }

    fn issuer(&self) -> String {
        self.certificate.map(|facts| facts.issuer.to_string()).unwrap_or_default()
    }

    fn serial(&self) -> String {
        self.certificate.map(|facts| words::hex(&facts.serial)).unwrap_or_default()
    }

    fn lines(&self) -> Vec<String> {
        let validity = self.request.validity;
        let days = (validity.not_after - validity.not_before).whole_days();
        let names = self.names();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let issuer = if self.ca.is_some() { self.issuer() } else { "itself (self-signed)".to_owned() };
        let mut lines = vec![format!("subject   {}", self.request.subject), format!("names     {names}")];
        if self.certificate.is_some() {
            lines.push(format!("issuer    {issuer}"));
            lines.push(format!(
                "valid     {} to {} ({days} days)",
                words::instant(validity.not_before),
                words::instant(validity.not_after)
            ));
        }
        lines.push(format!("key       {}", self.key.description()));
        if let Some(certificate) = self.certificate {
            lines.push(format!("SHA-256   {}", words::hex_colons(&certificate.sha256())));
        }
        lines.push(String::new());
        // The certificate first, as people look for it.
        let paths: Vec<_> =
            self.files.iter().map(|file| words::Escaped(&self.path(file)).to_string()).collect();
        let width = paths.iter().map(|path| path.chars().count()).max().unwrap_or_default();
        for (file, path) in self.files.iter().zip(&paths).rev() {
            lines.push(format!("{path:width$}  {:04o}  {}", file.mode, self.holds(file)));
        }
        lines
    }

    fn path(&self, file: &NewFile) -> String {
        within(&self.options.out, file.name).display().to_string()
    }

    fn holds(&self, file: &NewFile) -> &'static str {
        match file.name {
            CERT if self.ca.is_some() => "certificate, then its CA",
            CERT => "certificate",
            CSR => "certificate signing request",
            index::NAME => "what this CA issues, for revoke and ocsp",
            KEY => "private key, encrypted",
            _ => "private key, readable as it is",
        }
    }

    fn json(&self, next: &[String]) -> serde_json::Value {
        let files: Vec<_> = self
            .files
            .iter()
            .rev()
            .map(|file| {
                serde_json::json!({
                    "path": self.path(file),
                    "mode": format!("{:04o}", file.mode),
                    "holds": self.holds(file),
                })
            })
            .collect();
        let mut object = serde_json::json!({
            "files": files,
            "subject": self.request.subject.to_string(),
            "san": self.names(),
            "key": self.key.algorithm(),
            "public_key": self.key.description(),
            "spki_sha256": words::hex(&sha256(self.key.public_key_info())),
            "warnings": self.warnings,
            "notes": self.notes,
            "next": next,
        });
        if let (Some(certificate), Some(object)) = (self.certificate, object.as_object_mut()) {
            let validity = self.request.validity;
            for (field, value) in [
                ("issuer", self.issuer()),
                ("not_before", words::instant(validity.not_before)),
                ("not_after", words::instant(validity.not_after)),
                ("serial", self.serial()),
                ("sha256", words::hex(&certificate.sha256())),
            ] {
                object.insert(field.to_owned(), value.into());
            }
        }
        object
    }

    /// The commands to run next, with options only where the defaults would miss.
    fn next(&self) -> Vec<String> {
        let out = &self.options.out;
        let word = |name: &str| quoted_path(&within(out, name));
        let own = format!(" --cert {} --key {}", word(CERT), word(CLEAR_KEY));
        let anchor = self.ca.map_or_else(|| word(CERT), quoted_path);
        if self.options.csr_only {
            return vec![format!(
                "tlslab gencert --csr {} --ca ca/cert.pem --ca-key ca/clearkey.pem --out signed",
                word(CSR)
            )];
        }
        if self.options.csr.is_some() {
            // Its key is with whoever asked.
            return vec![format!("tlslab inspect {}", word(CERT))];
        }
        match self.options.profile {
            ProfileName::Ca => {
                vec![format!("tlslab gencert --ca {} --ca-key {} --out server", word(CERT), word(CLEAR_KEY))]
            }
            ProfileName::Client => {
                vec![format!("tlslab serve --client-ca {anchor}"), format!("tlslab connect{own}")]
            }
            ProfileName::Ocsp => match self.ca {
                Some(ca) => vec![format!(
                    "tlslab ocsp --ca {} --signer {} --signer-key {}",
                    quoted_path(ca),
                    word(CERT),
                    word(CLEAR_KEY)
                )],
                // Nobody has authorized it.
                None => Vec::new(),
            },
            ProfileName::Openssl | ProfileName::Server => {
                let here = out == Path::new(".");
                let ca = if anchor == CERT { String::new() } else { format!(" --ca {anchor}") };
                let name = server_name(self.request);
                let cn = name.map(|name| option("--cn", &name)).unwrap_or_default();
                let mut next = vec![format!("tlslab serve{}", if here { "" } else { &own })];
                if self.connects {
                    next.push(format!("tlslab connect{ca}{cn}"));
                }
                next
            }
        }
    }
}

/// The name that a client must ask for, unless it is the one it asks for by itself.
pub(super) fn server_name(request: &Request) -> Option<String> {
    let cn = request.subject.common_names().find_map(|cn| cn.text.clone());
    let first = || {
        request.names.iter().find_map(|name| match name {
            SanName::Dns(name) => Some(name.clone()),
            SanName::Ip(address) => Some(address.to_string()),
            SanName::Email(_) | SanName::Uri(_) => None,
        })
    };
    cn.or_else(first).filter(|name| name != LAB_NAME)
}

/// An option and its value. One that begins with a dash would be taken for an option itself.
fn option(name: &str, value: &str) -> String {
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!(" {name}{between}{}", quoted(value))
}

/// A path as one word, and none that is taken for an option.
fn quoted_path(path: &Path) -> String {
    let shown = path.display().to_string();
    if shown.starts_with('-') { quoted(&format!("./{shown}")) } else { quoted(&shown) }
}

/// `text` as one word of a POSIX shell. What is not seen on a terminal is spelled out, for `printf` to make it again:
/// escaped as elsewhere it would be another word.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else if words::Escaped(text).to_string() != text {
        let octal = |byte: u8| {
            if plain(byte) && byte != b'%' { char::from(byte).to_string() } else { format!("\\{byte:03o}") }
        };
        format!("\"$(printf '{}')\"", text.bytes().map(octal).collect::<String>())
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_the_shell_would_split_them() {
        for (text, expected) in [
            ("ca/cert.pem", "ca/cert.pem"),
            ("my ca/cert.pem", "'my ca/cert.pem'"),
            ("*.test.org", "'*.test.org'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("a\u{ad}.org", r#""$(printf 'a\302\255.org')""#),
            ("\u{1b}'%", r#""$(printf '\033\047\045')""#),
        ] {
            assert_eq!(quoted(text), expected);
        }
        assert_eq!(option("--cn", "-a b"), " --cn='-a b'");
        assert_eq!(option("--cn", "a"), " --cn a");
        assert_eq!(quoted_path(Path::new("-d/cert.pem")), "./-d/cert.pem");
    }
}
