//! Somebody's signing request: read, its signature verified first, and what is taken from it.
//!
//! Taken are the key, the subject and the alternative names. Every other extension is what the options say: a CA
//! that copied extensions would let whoever asks decide that they are a CA.

use std::path::Path;

use clap::ValueEnum as _;
use tlslab::pki::facts::{Extension, ExtensionFacts, GeneralName};
use tlslab::pki::files::{self, FileError};
use tlslab::pki::issue::Plan;
use tlslab::pki::oid;
use tlslab::pki::request::RequestFacts;
use tlslab::pki::subject::{NameError, SanName};
use tlslab::verify::check_request;

use super::super::{Failure, Hinted as _, Result, remedy};
use super::options::ProfileName;

/// The request in the file at `path`, made by somebody who holds its key.
pub(super) fn read(path: &Path) -> Result<RequestFacts> {
    let request = files::read_request(path).map_err(|error| match error {
        FileError::NotFound(_) => Failure::from(error).hint(remedy::MAKE_REQUEST),
        error => error.into(),
    })?;
    if let Err(error) = check_request(&request) {
        return Err(Failure::new(format_args!("{}: {error}", path.display())));
    }
    Ok(request)
}

/// The alternative names that it asks for; `None` where it says nothing about them.
pub(super) fn names(request: &RequestFacts) -> Result<Option<Vec<SanName>>> {
    let mut asked = None;
    for extension in &request.extensions {
        let found = match &extension.decoded {
            Extension::SubjectAltName(names) => names.iter().map(name).collect::<std::result::Result<_, _>>(),
            Extension::Malformed(why) if extension.oid == oid::SUBJECT_ALT_NAME => Err(why.clone()),
            _ => continue,
        };
        let found: Vec<SanName> = found
            .map_err(|why| {
                Failure::new(format_args!("the request asks for a name that cannot be certified: {why}"))
            })
            .hint(|| remedy::OTHER_NAMES.to_owned())?;
        asked.get_or_insert_with(Vec::new).extend(found);
    }
    Ok(asked)
}

fn name(asked: &GeneralName) -> std::result::Result<SanName, String> {
    let said = |error: NameError| error.to_string();
    match asked {
        GeneralName::Dns(name) => SanName::dns(name).map_err(said),
        GeneralName::Email(name) => SanName::email(name).map_err(said),
        GeneralName::Ip(address) => Ok(SanName::Ip(*address)),
        GeneralName::Uri(uri) => SanName::uri(uri).map_err(said),
        GeneralName::Directory(_) => Err("a directory name".to_owned()),
        GeneralName::IpRange { .. } => Err("a range of addresses".to_owned()),
        GeneralName::Other { tag, .. } => Err(format!("a general name of kind [{tag}]")),
    }
}

/// What the request asks for and a certificate of this plan does not say, in words. Its names are another matter.
pub(super) fn differences(asked: &RequestFacts, plan: &Plan, profile: ProfileName) -> Option<String> {
    let says = |extension: &&ExtensionFacts| {
        plan.extension(extension.oid).is_some_and(|ours| ours.value == extension.value)
    };
    let names = |extension: &&ExtensionFacts| extension.oid == oid::SUBJECT_ALT_NAME;
    let other = asked.extensions.iter().filter(|extension| !names(extension) && !says(extension));
    let other: Vec<_> = other
        .map(|extension| {
            if matches!(extension.decoded, Extension::BasicConstraints { ca: true, .. }) {
                return "CA:TRUE".to_owned();
            }
            extension.oid.name_or_dotted()
        })
        .collect();
    let profile = profile.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    (!other.is_empty()).then(|| {
        format!(
            "the request also asks for {}: not copied, --profile {profile} decides what goes in",
            other.join(", ")
        )
    })
}
