//! What a certificate signing request says (RFC 2986): DER in, [`RequestFacts`] out. Nothing is verified.

use super::facts::frame::{self, Walk, tag};
use super::facts::{ExtensionFacts, Malformed, PublicKeyFacts, SignatureAlgorithm, extensions};
use super::subject::Subject;

/// Everything that matters of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFacts {
    /// Whose certificate is asked for.
    pub subject: Subject,
    /// The key that is to be certified.
    pub public_key: PublicKeyFacts,
    /// How the request is signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// The extensions that are asked for (RFC 2985 §5.4.2).
    pub extensions: Vec<ExtensionFacts>,
}

impl RequestFacts {
    /// Reads one request; trailing bytes are refused.
    pub fn read(der: &[u8]) -> Result<Self, Malformed> {
        let fault = |error: frame::Error| Malformed(error.to_string());
        let outer = frame::only(der, tag::SEQUENCE).map_err(fault)?;
        let mut walk = Walk(outer.content);
        let info = walk.expect(tag::SEQUENCE).map_err(fault)?;
        let algorithm = walk.expect(tag::SEQUENCE).map_err(fault)?;
        walk.expect(tag::BIT_STRING).map_err(fault)?;
        walk.end().map_err(fault)?;

        let mut walk = Walk(info.content);
        walk.expect(tag::INTEGER).map_err(fault)?;
        let subject = walk.expect(tag::SEQUENCE).map_err(fault)?;
        let key = walk.expect(tag::SEQUENCE).map_err(fault)?;
        let attributes = walk.optional(tag::context(0)).map_err(fault)?;
        walk.end().map_err(fault)?;

        let mut asked = Vec::new();
        for attribute in
            attributes.map_or_else(|| Ok(Vec::new()), |a| frame::children(a.content)).map_err(fault)?
        {
            let mut walk = Walk(attribute.content);
            let oid = walk.expect(tag::OID).map_err(fault)?;
            // 1.2.840.113549.1.9.14, extensionRequest: a SET of one Extensions
            if oid.content == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e] {
                let values = walk.expect(0x31).map_err(fault)?;
                asked.extend(extensions(values.content)?);
            }
        }
        Ok(Self {
            subject: Subject::from_der(subject.encoded).map_err(|e| Malformed(format!("subject: {e}")))?,
            public_key: PublicKeyFacts::read(key.encoded)?,
            signature_algorithm: SignatureAlgorithm::read(algorithm.encoded)?,
            extensions: asked,
        })
    }
}
