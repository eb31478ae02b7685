//! Object identifiers (X.660): one type for those that a file holds, and one table of those that tlslab knows by name.
//!
//! The type is not [`const_oid`]'s, whose arcs end at 2^32 and whose second arc ends at 39: certificates hold
//! `2.25.` and a UUID (X.667), and arcs that count milliseconds. The constants come from its database where it has
//! them.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use const_oid::ObjectIdentifier;
use const_oid::db::{
    fips204, rfc2985, rfc3280, rfc4519, rfc4524, rfc5280, rfc5639, rfc5911, rfc5912, rfc6268, rfc6960,
    rfc6962, rfc7292, rfc8410,
};

/// An object identifier: any arcs, in at most [`Oid::MOST`] bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Oid {
    length: u8,
    bytes: [u8; Oid::MOST],
}

/// Bytes or text that are no object identifier: why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an object identifier {0}")]
pub struct BadOid(&'static str);

impl Oid {
    /// The most bytes of one: room for an arc of 880 bits. The longest that are in use have some forty.
    pub const MOST: usize = 127;

    /// One that is known when this is compiled.
    pub const fn known(oid: ObjectIdentifier) -> Self {
        let from = oid.as_bytes();
        let mut bytes = [0; Self::MOST];
        let mut at = 0;
        while at < from.len() {
            bytes[at] = from[at];
            at += 1;
        }
        // const-oid's hold 39 bytes at most.
        #[allow(clippy::cast_possible_truncation, reason = "39 at most")]
        Self { length: from.len() as u8, bytes }
    }

    /// One that no table has, for a constant. At run time text is parsed.
    ///
    /// # Panics
    ///
    /// Where `dotted` is none, or has an arc above 2^32: in a constant that is an error of compilation.
    pub const fn dotted(dotted: &str) -> Self {
        Self::known(ObjectIdentifier::new_unwrap(dotted))
    }

    /// From the content bytes of an OBJECT IDENTIFIER (X.690 §8.19).
    pub fn from_bytes(content: &[u8]) -> Result<Self, BadOid> {
        let mut starts = true;
        for byte in content {
            if starts && *byte == 0x80 {
                return Err(BadOid("with a padded arc (X.690 §8.19.2)"));
            }
            starts = byte & 0x80 == 0;
        }
        if content.is_empty() || !starts {
            return Err(BadOid("that ends too soon"));
        }
        let mut bytes = [0; Self::MOST];
        let room = bytes.get_mut(..content.len()).ok_or(BadOid("of more than 127 bytes"))?;
        room.copy_from_slice(content);
        Ok(Self { length: u8::try_from(content.len()).map_err(|_| BadOid("of more than 127 bytes"))?, bytes })
    }

    /// The content bytes of the OBJECT IDENTIFIER.
    pub fn as_bytes(&self) -> &[u8] {
        // length <= MOST: every constructor sees to it.
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// What the RFCs, or else openssl, call it; `None` where it is in no table here.
    pub fn name(&self) -> Option<&'static str> {
        NAMES.iter().find(|(known, _)| known == self).map(|(_, name)| *name)
    }

    /// [`Oid::name`], or the dotted form.
    pub fn name_or_dotted(&self) -> String {
        self.name().map_or_else(|| self.to_string(), str::to_owned)
    }
}

/// Dotted: `2.25.329800735698586629295641978511506172918`.
impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arcs = self.as_bytes().split_inclusive(|byte| byte & 0x80 == 0);
        for (position, septets) in arcs.enumerate() {
            let mut arc = Number::default();
            for septet in septets {
                arc.times_plus(128, u32::from(septet & 0x7f));
            }
            if position > 0 {
                write!(f, ".{arc}")?;
                continue;
            }
            // X.690 §8.19.4: the first two arcs are one number, 40 times the first and the second.
            let first = match septets {
                [0..40] => 0,
                [40..80] => 1,
                _ => 2,
            };
            arc.minus(first * 40);
            write!(f, "{first}.{arc}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

/// Two arcs or more in decimal, the first 0, 1 or 2, the second below 40 unless the first is 2 (X.660 §7.6).
impl FromStr for Oid {
    type Err = BadOid;

    fn from_str(text: &str) -> Result<Self, BadOid> {
        let mut arcs = text.split('.');
        let first = match arcs.next() {
            Some("0") => 0,
            Some("1") => 1,
            Some("2") => 2,
            _ => return Err(BadOid("whose first arc is not 0, 1 or 2")),
        };
        let mut second: Number = arcs.next().ok_or(BadOid("of one arc"))?.parse()?;
        if first < 2 && !second.is_below(40) {
            return Err(BadOid("whose second arc is above 39"));
        }
        second.times_plus(1, first * 40);
        let mut bytes = second.septets();
        for arc in arcs {
            bytes.extend(arc.parse::<Number>()?.septets());
        }
        Self::from_bytes(&bytes)
    }
}

/// A natural number of any size, for arcs: digits of nine decimals, the lowest first.
#[derive(Default)]
struct Number(Vec<u32>);

impl Number {
    const BASE: u64 = 1_000_000_000;

    fn times_plus(&mut self, factor: u32, term: u32) {
        let mut carry = u64::from(term);
        for digit in &mut self.0 {
            let value = u64::from(*digit) * u64::from(factor) + carry;
            // A remainder of BASE fits.
            *digit = u32::try_from(value % Self::BASE).unwrap_or_default();
            carry = value / Self::BASE;
        }
        if carry > 0 {
            self.0.push(u32::try_from(carry).unwrap_or_default());
        }
    }

    /// Takes away `term`, which is not above it.
    fn minus(&mut self, term: u32) {
        let mut borrow = term;
        for digit in &mut self.0 {
            let (value, below) = digit.overflowing_sub(borrow);
            *digit = if below { value.wrapping_add(1_000_000_000) } else { value };
            borrow = u32::from(below);
        }
    }

    /// Divides by 128 and gives the remainder.
    fn divided(&mut self) -> u8 {
        let mut remainder = 0;
        for digit in self.0.iter_mut().rev() {
            let value = remainder * Self::BASE + u64::from(*digit);
            *digit = u32::try_from(value / 128).unwrap_or_default();
            remainder = value % 128;
        }
        u8::try_from(remainder).unwrap_or_default()
    }

    fn is_below(&self, bound: u32) -> bool {
        self.0.iter().skip(1).all(|digit| *digit == 0) && self.0.first().is_none_or(|digit| *digit < bound)
    }

    /// In base 128, the highest first, every byte but the last marked (X.690 §8.19.2).
    fn septets(mut self) -> Vec<u8> {
        let mut septets = vec![self.divided()];
        while !self.is_below(1) {
            septets.push(self.divided() | 0x80);
        }
        septets.reverse();
        septets
    }
}

impl FromStr for Number {
    type Err = BadOid;

    fn from_str(text: &str) -> Result<Self, BadOid> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadOid("with an arc that is no decimal number"));
        }
        if text.len() > 1 && text.starts_with('0') {
            return Err(BadOid("with an arc that begins with 0"));
        }
        if text.len() > 3 * Oid::MOST {
            return Err(BadOid("of more than 127 bytes"));
        }
        let mut number = Self::default();
        for digit in text.bytes() {
            number.times_plus(10, u32::from(digit - b'0'));
        }
        Ok(number)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = self.0.iter().rev().skip_while(|digit| **digit == 0);
        match digits.next() {
            Some(highest) => write!(f, "{highest}")?,
            None => f.write_char('0')?,
        }
        digits.try_for_each(|digit| write!(f, "{digit:09}"))
    }
}

/// One that const-oid's database lacks.
const fn new(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

/// Each constant with its name, which is said once.
macro_rules! known {
    ($($constant:ident = $oid:expr, $name:literal;)*) => {
        $(#[doc = $name] pub const $constant: Oid = Oid::known($oid);)*
        static NAMES: &[(Oid, &str)] = &[$(($constant, $name)),*];
    };
}

known! {
    // Extensions (RFC 5280 §4.2).
    SUBJECT_KEY_IDENTIFIER = rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, "subjectKeyIdentifier";
    KEY_USAGE = rfc5280::ID_CE_KEY_USAGE, "keyUsage";
    SUBJECT_ALT_NAME = rfc5280::ID_CE_SUBJECT_ALT_NAME, "subjectAltName";
    ISSUER_ALT_NAME = rfc5280::ID_CE_ISSUER_ALT_NAME, "issuerAltName";
    BASIC_CONSTRAINTS = rfc5280::ID_CE_BASIC_CONSTRAINTS, "basicConstraints";
    NAME_CONSTRAINTS = rfc5280::ID_CE_NAME_CONSTRAINTS, "nameConstraints";
    CRL_DISTRIBUTION_POINTS = rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS, "cRLDistributionPoints";
    CERTIFICATE_POLICIES = rfc5280::ID_CE_CERTIFICATE_POLICIES, "certificatePolicies";
    POLICY_MAPPINGS = rfc5280::ID_CE_POLICY_MAPPINGS, "policyMappings";
    AUTHORITY_KEY_IDENTIFIER = rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, "authorityKeyIdentifier";
    POLICY_CONSTRAINTS = rfc5280::ID_CE_POLICY_CONSTRAINTS, "policyConstraints";
    EXTENDED_KEY_USAGE = rfc5280::ID_CE_EXT_KEY_USAGE, "extKeyUsage";
    INHIBIT_ANY_POLICY = rfc5280::ID_CE_INHIBIT_ANY_POLICY, "inhibitAnyPolicy";
    AUTHORITY_INFORMATION = rfc5280::ID_PE_AUTHORITY_INFO_ACCESS, "authorityInfoAccess";
    SUBJECT_INFORMATION = rfc5280::ID_PE_SUBJECT_INFO_ACCESS, "subjectInfoAccess";
    TLS_FEATURE = new("1.3.6.1.5.5.7.1.24"), "tlsFeature"; // RFC 7633
    // CRLs' and their entries' (RFC 5280 §5.2, §5.3).
    CRL_NUMBER = new("2.5.29.20"), "cRLNumber";
    REASON_CODE = new("2.5.29.21"), "reasonCode";
    INVALIDITY_DATE = new("2.5.29.24"), "invalidityDate";
    DELTA_CRL_INDICATOR = new("2.5.29.27"), "deltaCRLIndicator";
    ISSUING_DISTRIBUTION_POINT = new("2.5.29.28"), "issuingDistributionPoint";
    CERTIFICATE_ISSUER = new("2.5.29.29"), "certificateIssuer";
    FRESHEST_CRL = new("2.5.29.46"), "freshestCRL";
    OCSP_NO_CHECK = rfc6960::ID_PKIX_OCSP_NOCHECK, "ocspNoCheck";
    // OCSP's own (RFC 6960 §4.2.1, §4.4, RFC 9654).
    OCSP_BASIC = new("1.3.6.1.5.5.7.48.1.1"), "basicOCSPResponse";
    OCSP_NONCE = new("1.3.6.1.5.5.7.48.1.2"), "ocspNonce";
    OCSP_CRL_REFERENCE = new("1.3.6.1.5.5.7.48.1.3"), "ocspCRLReferences";
    OCSP_ARCHIVE_CUTOFF = new("1.3.6.1.5.5.7.48.1.6"), "ocspArchiveCutoff";
    OCSP_EXTENDED_REVOKE = new("1.3.6.1.5.5.7.48.1.9"), "ocspExtendedRevoke";
    TIMESTAMPS = rfc6962::CT_PRECERT_SCTS, "signedCertificateTimestampList";
    PRECERTIFICATE_POISON = rfc6962::CT_PRECERT_POISON, "precertificatePoison";
    NETSCAPE_CERT_TYPE = new("2.16.840.1.113730.1.1"), "netscapeCertType";
    NETSCAPE_COMMENT = new("2.16.840.1.113730.1.13"), "netscapeComment";

    // Purposes (RFC 5280 §4.2.1.12).
    SERVER_AUTH = rfc5280::ID_KP_SERVER_AUTH, "serverAuth";
    CLIENT_AUTH = rfc5280::ID_KP_CLIENT_AUTH, "clientAuth";
    CODE_SIGNING = rfc5280::ID_KP_CODE_SIGNING, "codeSigning";
    EMAIL_PROTECTION = rfc5280::ID_KP_EMAIL_PROTECTION, "emailProtection";
    TIME_STAMPING = rfc5280::ID_KP_TIME_STAMPING, "timeStamping";
    OCSP_SIGNING = rfc5280::ID_KP_OCSP_SIGNING, "OCSPSigning";
    ANY_PURPOSE = rfc5280::ANY_EXTENDED_KEY_USAGE, "anyExtendedKeyUsage";

    // Access methods (RFC 5280 §4.2.2), policies (§4.2.1.4, CA/Browser Forum) and their qualifiers.
    OCSP = rfc5280::ID_AD_OCSP, "OCSP";
    CA_ISSUERS = rfc5280::ID_AD_CA_ISSUERS, "CA issuers";
    CA_REPOSITORY = rfc5280::ID_AD_CA_REPOSITORY, "CA repository";
    ANY_POLICY = rfc5280::ANY_POLICY, "anyPolicy";
    DOMAIN_VALIDATED = new("2.23.140.1.2.1"), "domain-validated";
    ORGANIZATION_VALIDATED = new("2.23.140.1.2.2"), "organization-validated";
    INDIVIDUAL_VALIDATED = new("2.23.140.1.2.3"), "individual-validated";
    EXTENDED_VALIDATION = new("2.23.140.1.1"), "extended validation";
    CPS = rfc5280::ID_QT_CPS, "CPS";

    // Other names (RFC 5280 §4.2.1.6).
    USER_PRINCIPAL_NAME = new("1.3.6.1.4.1.311.20.2.3"), "UPN";
    SRV_NAME = new("1.3.6.1.5.5.7.8.7"), "SRVName"; // RFC 4985
    SMTP_UTF8_MAILBOX = new("1.3.6.1.5.5.7.8.9"), "SmtpUTF8Mailbox"; // RFC 9598
    XMPP_ADDRESS = new("1.3.6.1.5.5.7.8.5"), "XmppAddr"; // RFC 6120

    // Attribute types of names, by their long names.
    COMMON_NAME = rfc4519::COMMON_NAME, "commonName";
    SURNAME = rfc4519::SURNAME, "surname";
    SERIAL_NUMBER = rfc4519::SERIAL_NUMBER, "serialNumber";
    COUNTRY = rfc4519::COUNTRY_NAME, "countryName";
    LOCALITY = rfc4519::LOCALITY_NAME, "localityName";
    STATE = rfc4519::ST, "stateOrProvinceName";
    STREET = rfc4519::STREET, "streetAddress";
    ORGANIZATION = rfc4519::ORGANIZATION_NAME, "organizationName";
    ORGANIZATIONAL_UNIT = rfc4519::ORGANIZATIONAL_UNIT_NAME, "organizationalUnitName";
    TITLE = rfc4519::TITLE, "title";
    DESCRIPTION = rfc4519::DESCRIPTION, "description";
    BUSINESS_CATEGORY = rfc4519::BUSINESS_CATEGORY, "businessCategory";
    POSTAL_CODE = rfc4519::POSTAL_CODE, "postalCode";
    POST_OFFICE_BOX = rfc4519::POST_OFFICE_BOX, "postOfficeBox";
    TELEPHONE_NUMBER = rfc4519::TELEPHONE_NUMBER, "telephoneNumber";
    NAME = rfc4519::NAME, "name";
    GIVEN_NAME = rfc4519::GIVEN_NAME, "givenName";
    INITIALS = rfc4519::INITIALS, "initials";
    GENERATION_QUALIFIER = rfc4519::GENERATION_QUALIFIER, "generationQualifier";
    DN_QUALIFIER = rfc4519::DN_QUALIFIER, "dnQualifier";
    PSEUDONYM = rfc3280::PSEUDONYM, "pseudonym";
    ROLE = rfc5912::ID_AT_ROLE, "role";
    ORGANIZATION_IDENTIFIER = new("2.5.4.97"), "organizationIdentifier";
    USER_ID = rfc4519::USER_ID, "userId";
    MAIL = rfc4524::MAIL, "rfc822Mailbox";
    DOMAIN_COMPONENT = rfc4519::DOMAIN_COMPONENT, "domainComponent";
    EMAIL_ADDRESS = rfc2985::PKCS_9_AT_EMAIL_ADDRESS, "emailAddress";
    UNSTRUCTURED_NAME = rfc2985::PKCS_9_AT_UNSTRUCTURED_NAME, "unstructuredName";
    UNSTRUCTURED_ADDRESS = rfc2985::PKCS_9_AT_UNSTRUCTURED_ADDRESS, "unstructuredAddress";
    JURISDICTION_LOCALITY = new("1.3.6.1.4.1.311.60.2.1.1"), "jurisdictionLocalityName";
    JURISDICTION_STATE = new("1.3.6.1.4.1.311.60.2.1.2"), "jurisdictionStateOrProvinceName";
    JURISDICTION_COUNTRY = new("1.3.6.1.4.1.311.60.2.1.3"), "jurisdictionCountryName";
    EXTENSION_REQUEST = rfc2985::PKCS_9_AT_EXTENSION_REQUEST, "extensionRequest";

    // Kinds of key.
    RSA = rfc5912::RSA_ENCRYPTION, "RSA";
    X500_RSA = new("2.5.8.1.1"), "rsa"; // X.509 (1988) annex H
    RSA_OAEP = rfc5912::ID_RSAES_OAEP, "RSA-OAEP";
    RSA_PSS = rfc5912::ID_RSASSA_PSS, "RSA-PSS";
    DSA = rfc5912::ID_DSA, "DSA";
    EC = rfc5912::ID_EC_PUBLIC_KEY, "EC";
    DIFFIE_HELLMAN = new("1.2.840.113549.1.3.1"), "Diffie-Hellman"; // PKCS#3
    DIFFIE_HELLMAN_X9_42 = rfc5912::DHPUBLICNUMBER, "Diffie-Hellman (X9.42)";
    X25519 = rfc8410::ID_X_25519, "X25519";
    X448 = rfc8410::ID_X_448, "X448";
    ED25519 = rfc8410::ID_ED_25519, "Ed25519";
    ED448 = rfc8410::ID_ED_448, "Ed448";
    ML_DSA_44 = fips204::ID_ML_DSA_44, "ML-DSA-44";
    ML_DSA_65 = fips204::ID_ML_DSA_65, "ML-DSA-65";
    ML_DSA_87 = fips204::ID_ML_DSA_87, "ML-DSA-87";

    // Curves.
    P192 = new("1.2.840.10045.3.1.1"), "P-192";
    P224 = rfc5912::SECP_224_R_1, "P-224";
    P256 = rfc5912::SECP_256_R_1, "P-256";
    P384 = rfc5912::SECP_384_R_1, "P-384";
    P521 = rfc5912::SECP_521_R_1, "P-521";
    SECP256K1 = new("1.3.132.0.10"), "secp256k1";
    BRAINPOOL_P256 = rfc5639::BRAINPOOL_P_256_R_1, "brainpoolP256r1";
    BRAINPOOL_P384 = rfc5639::BRAINPOOL_P_384_R_1, "brainpoolP384r1";
    BRAINPOOL_P512 = rfc5639::BRAINPOOL_P_512_R_1, "brainpoolP512r1";
    SM2 = new("1.2.156.10197.1.301"), "SM2";

    // Hashes.
    SHA1 = new("1.3.14.3.2.26"), "sha1";
    SHA256 = new("2.16.840.1.101.3.4.2.1"), "sha256";
    SHA384 = new("2.16.840.1.101.3.4.2.2"), "sha384";
    SHA512 = new("2.16.840.1.101.3.4.2.3"), "sha512";

    // Signatures, by openssl's names; those that are called as their keys are stand above.
    MD2_WITH_RSA = rfc5912::MD_2_WITH_RSA_ENCRYPTION, "md2WithRSAEncryption";
    MD4_WITH_RSA = new("1.2.840.113549.1.1.3"), "md4WithRSAEncryption";
    MD5_WITH_RSA = rfc5912::MD_5_WITH_RSA_ENCRYPTION, "md5WithRSAEncryption";
    SHA1_WITH_RSA = rfc5912::SHA_1_WITH_RSA_ENCRYPTION, "sha1WithRSAEncryption";
    SHA1_WITH_RSA_OIW = new("1.3.14.3.2.29"), "sha1WithRSA";
    SHA224_WITH_RSA = rfc5912::SHA_224_WITH_RSA_ENCRYPTION, "sha224WithRSAEncryption";
    SHA256_WITH_RSA = rfc5912::SHA_256_WITH_RSA_ENCRYPTION, "sha256WithRSAEncryption";
    SHA384_WITH_RSA = rfc5912::SHA_384_WITH_RSA_ENCRYPTION, "sha384WithRSAEncryption";
    SHA512_WITH_RSA = rfc5912::SHA_512_WITH_RSA_ENCRYPTION, "sha512WithRSAEncryption";
    DSA_WITH_SHA1 = rfc5912::DSA_WITH_SHA_1, "dsaWithSHA1";
    DSA_WITH_SHA256 = rfc5912::DSA_WITH_SHA_256, "dsa_with_SHA256";
    ECDSA_WITH_SHA1 = new("1.2.840.10045.4.1"), "ecdsa-with-SHA1";
    ECDSA_WITH_SHA224 = rfc5912::ECDSA_WITH_SHA_224, "ecdsa-with-SHA224";
    ECDSA_WITH_SHA256 = rfc5912::ECDSA_WITH_SHA_256, "ecdsa-with-SHA256";
    ECDSA_WITH_SHA384 = rfc5912::ECDSA_WITH_SHA_384, "ecdsa-with-SHA384";
    ECDSA_WITH_SHA512 = rfc5912::ECDSA_WITH_SHA_512, "ecdsa-with-SHA512";

    // Encryption of private keys: schemes (RFC 8018, RFC 7292 Appendix C),
    PBE_MD2_DES = new("1.2.840.113549.1.5.1"), "pbeWithMD2AndDES-CBC";
    PBE_MD5_DES = new("1.2.840.113549.1.5.3"), "pbeWithMD5AndDES-CBC";
    PBE_MD2_RC2 = new("1.2.840.113549.1.5.4"), "pbeWithMD2AndRC2-CBC";
    PBE_MD5_RC2 = new("1.2.840.113549.1.5.6"), "pbeWithMD5AndRC2-CBC";
    PBE_SHA1_DES = new("1.2.840.113549.1.5.10"), "pbeWithSHA1AndDES-CBC";
    PBE_SHA1_RC2 = new("1.2.840.113549.1.5.11"), "pbeWithSHA1AndRC2-CBC";
    PBES2 = new("1.2.840.113549.1.5.13"), "PBES2";
    PKCS12_RC4_128 = rfc7292::PBE_WITH_SHA_AND_128_BIT_RC_4, "pbeWithSHA1And128BitRC4";
    PKCS12_RC4_40 = new("1.2.840.113549.1.12.1.2"), "pbeWithSHA1And40BitRC4";
    PKCS12_3DES = rfc7292::PBE_WITH_SHA_AND_3_KEY_TRIPLE_DES_CBC, "pbeWithSHA1And3-KeyTripleDES-CBC";
    PKCS12_2DES = new("1.2.840.113549.1.12.1.4"), "pbeWithSHA1And2-KeyTripleDES-CBC";
    PKCS12_RC2_128 = new("1.2.840.113549.1.12.1.5"), "pbeWithSHA1And128BitRC2-CBC";
    PKCS12_RC2_40 = new("1.2.840.113549.1.12.1.6"), "pbeWithSHA1And40BitRC2-CBC";
    // key derivations and their pseudorandom functions,
    PBKDF2 = rfc5911::ID_PBKDF_2, "PBKDF2";
    SCRYPT = new("1.3.6.1.4.1.11591.4.11"), "scrypt"; // RFC 7914 §7
    HMAC_SHA1 = new("1.2.840.113549.2.7"), "HMAC-SHA1";
    HMAC_SHA224 = rfc6268::ID_HMAC_WITH_SHA_224, "HMAC-SHA224";
    HMAC_SHA256 = rfc6268::ID_HMAC_WITH_SHA_256, "HMAC-SHA256";
    HMAC_SHA384 = rfc6268::ID_HMAC_WITH_SHA_384, "HMAC-SHA384";
    HMAC_SHA512 = rfc6268::ID_HMAC_WITH_SHA_512, "HMAC-SHA512";
    HMAC_SHA512_224 = new("1.2.840.113549.2.12"), "HMAC-SHA512/224";
    HMAC_SHA512_256 = new("1.2.840.113549.2.13"), "HMAC-SHA512/256";
    HMAC_SHA3_256 = new("2.16.840.1.101.3.4.2.14"), "HMAC-SHA3-256";
    // ciphers.
    DES_CBC = new("1.3.14.3.2.7"), "DES-CBC";
    RC2_CBC = rfc5911::RC_2_CBC, "RC2-CBC";
    RC4 = new("1.2.840.113549.3.4"), "RC4";
    DES_EDE3_CBC = rfc5911::DES_EDE_3_CBC, "DES-EDE3-CBC";
    AES_128_CBC = rfc5911::ID_AES_128_CBC, "AES-128-CBC";
    AES_192_CBC = rfc5911::ID_AES_192_CBC, "AES-192-CBC";
    AES_256_CBC = rfc5911::ID_AES_256_CBC, "AES-256-CBC";
    AES_128_GCM = rfc5911::ID_AES_128_GCM, "AES-128-GCM";
    AES_192_GCM = rfc5911::ID_AES_192_GCM, "AES-192-GCM";
    AES_256_GCM = rfc5911::ID_AES_256_GCM, "AES-256-GCM";
    CAMELLIA_128_CBC = new("1.2.392.200011.61.1.1.1.2"), "Camellia-128-CBC";
    CAMELLIA_192_CBC = new("1.2.392.200011.61.1.1.1.3"), "Camellia-192-CBC";
    CAMELLIA_256_CBC = new("1.2.392.200011.61.1.1.1.4"), "Camellia-256-CBC";
    ARIA_128_CBC = new("1.2.410.200046.1.1.2"), "ARIA-128-CBC";
    ARIA_192_CBC = new("1.2.410.200046.1.1.7"), "ARIA-192-CBC";
    ARIA_256_CBC = new("1.2.410.200046.1.1.12"), "ARIA-256-CBC";
    SM4_CBC = new("1.2.156.10197.1.104.2"), "SM4-CBC";

    // Contents of CMS messages (RFC 5652 §3).
    CMS_SIGNED_DATA = rfc5911::ID_SIGNED_DATA, "signedData";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn arcs_of_any_size_are_read_shown_and_taken() {
        // X.690 §8.19.5's example; the example arc; X.667's UUID; the milliseconds of an entitlement certificate
        for (dotted, bytes) in [
            ("0.0", &[0][..]),
            ("0.39", &[39]),
            ("1.0", &[40]),
            ("1.39.0", &[79, 0]),
            ("2.0", &[80]),
            ("2.47.1", &[127, 1]),
            ("2.48", &[0x81, 0]),
            ("2.999.3", &[0x88, 0x37, 3]),
            ("2.5.4.3", &[0x55, 4, 3]),
            ("1.2.840.113549.1.1.11", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]),
            (
                "2.25.329800735698586629295641978511506172918",
                &[
                    0x69, 0x83, 0xf0, 0x9d, 0xa7, 0xeb, 0xcf, 0xde, 0xe0, 0xc7, 0xa1, 0xa7, 0xb2, 0xc0, 0x94,
                    0x8c, 0xc8, 0xf9, 0xd7, 0x76,
                ],
            ),
            (
                "1.3.6.1.4.1.2312.9.1.1750941359642.1",
                &[0x2b, 6, 1, 4, 1, 0x92, 8, 9, 1, 0xb2, 0xfa, 0xe1, 0xf3, 0xbc, 0x1a, 1],
            ),
        ] {
            let oid = Oid::from_bytes(bytes).unwrap();
            assert_eq!(oid.to_string(), dotted);
            assert_eq!(dotted.parse(), Ok(oid));
        }
    }

    #[test]
    fn what_cannot_exist_is_refused() {
        for (bytes, why) in [
            (&[][..], "an object identifier that ends too soon"),
            (&[0x2a, 0x86], "an object identifier that ends too soon"),
            (&[0x2a, 0x80, 3, 4], "an object identifier with a padded arc (X.690 §8.19.2)"),
            (&[0x80, 1], "an object identifier with a padded arc (X.690 §8.19.2)"),
            (&[1; 128], "an object identifier of more than 127 bytes"),
        ] {
            assert_eq!(Oid::from_bytes(bytes).unwrap_err().to_string(), why, "{bytes:02x?}");
        }
        for text in
            ["", "1", "3.1", "9.9.9", "0.40", "1.40.1", "1.2.", "1..2", "1.2.x", "1.02", "1.2.-3", "CN"]
        {
            assert!(text.parse::<Oid>().is_err(), "{text}");
        }
        assert!(format!("2.25.{}", "9".repeat(300)).parse::<Oid>().is_err());
        assert!(format!("2.25.{}", "9".repeat(100_000)).parse::<Oid>().is_err());
    }

    #[test]
    fn no_identifier_stands_twice_in_the_table() {
        for (position, (oid, name)) in NAMES.iter().enumerate() {
            assert_eq!(oid.name(), Some(*name));
            assert!(NAMES.iter().skip(position + 1).all(|(other, _)| other != oid), "{name}");
        }
        assert_eq!("1.2.3".parse::<Oid>().unwrap().name_or_dotted(), "1.2.3");
    }

    proptest! {
        #[test]
        fn bytes_and_text_are_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(oid) = Oid::from_bytes(&bytes) {
                prop_assert_eq!(oid.to_string().parse(), Ok(oid));
                prop_assert_eq!(oid.as_bytes(), bytes.as_slice());
            }
        }
    }
}
