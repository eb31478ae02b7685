//! Which releases of a verifier a prediction speaks of: those that were measured, and no others.

use std::fmt;
use std::str::FromStr;

use super::verifier::Verifier;
use Verifier as V;

/// A version, compared number by number; what is not said is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pub [u32; 3]);

impl Version {
    /// The first one in what a program says of itself; what follows its third number does not count: `v20.20.2`,
    /// `openjdk 17.0.15 2025-04-15`, `Mozilla Firefox 153.8.0esr`.
    pub fn find(text: &str) -> Option<Self> {
        Self::read(&text[text.find(|c: char| c.is_ascii_digit())?..]).map(|(version, _, _)| version)
    }

    /// What `text` begins with, how many numbers that are, and what follows.
    fn read(text: &str) -> Option<(Self, usize, &str)> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (said, rest) = text.split_at(end);
        let mut numbers = [0; 3];
        let mut count = 0;
        for (place, number) in numbers.iter_mut().zip(said.split('.')) {
            *place = number.parse().ok()?;
            count += 1;
        }
        Some((Self(numbers), count, rest))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [major, 0, 0] => write!(f, "{major}"),
            [major, minor, 0] => write!(f, "{major}.{minor}"),
            [major, minor, patch] => write!(f, "{major}.{minor}.{patch}"),
        }
    }
}

/// How a program was built, where that decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Build {
    /// As its makers build it.
    Own,
    /// On the system's OpenSSL, which is Debian's: of security level 2.
    System,
}

/// Releases of one verifier in a row that were measured, and say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Who.
    pub verifier: Verifier,
    /// How they were built.
    pub build: Build,
    /// The first and the last that were measured.
    pub measured: (Version, Version),
    /// The first that belongs to the row no more. Those between the last that was measured and this one may be expected
    /// to say the same, and nobody has seen it.
    pub before: Version,
    /// The series of the OpenSSL that they stand on, where they do.
    pub openssl: Option<Version>,
}

const fn v(major: u32, minor: u32, patch: u32) -> Version {
    Version([major, minor, patch])
}

/// No version is as late.
const NEVER: Version = v(u32::MAX, 0, 0);

const fn row(verifier: Verifier, first: Version, last: Version, before: Version) -> Release {
    Release { verifier, build: Build::Own, measured: (first, last), before, openssl: None }
}

impl Release {
    const fn on_openssl(self, major: u32, minor: u32) -> Self {
        Self { openssl: Some(v(major, minor, 0)), ..self }
    }

    const fn on_the_systems_openssl(self, major: u32, minor: u32) -> Self {
        Self { build: Build::System, ..self.on_openssl(major, minor) }
    }
}

/// All that were measured, of each verifier the newest last: what Debian 12 and 13 have, and Node as its makers build it.
pub const RELEASES: &[Release] = &[
    row(V::Openssl, v(3, 0, 20), v(3, 0, 22), v(3, 1, 0)).on_the_systems_openssl(3, 0),
    row(V::Openssl, v(3, 5, 9), v(3, 5, 9), v(3, 6, 0)).on_the_systems_openssl(3, 5),
    row(V::Python, v(3, 11, 2), v(3, 11, 7), v(3, 12, 0)).on_the_systems_openssl(3, 0),
    row(V::Python, v(3, 13, 5), v(3, 13, 5), v(3, 14, 0)).on_the_systems_openssl(3, 5),
    row(V::Curl, v(7, 88, 1), v(7, 88, 1), v(7, 89, 0)).on_the_systems_openssl(3, 0),
    row(V::Curl, v(8, 14, 1), v(8, 14, 1), v(8, 15, 0)).on_the_systems_openssl(3, 5),
    row(V::Gnutls, v(3, 7, 9), v(3, 7, 9), v(3, 8, 0)),
    row(V::Gnutls, v(3, 8, 9), v(3, 8, 9), v(3, 9, 0)),
    row(V::Nss, v(3, 87, 1), v(3, 87, 1), v(3, 88, 0)),
    row(V::Nss, v(3, 110, 0), v(3, 110, 0), v(3, 111, 0)),
    // Debian follows the browsers.
    row(V::Firefox, v(140, 12, 0), v(153, 8, 0), NEVER),
    row(V::Chromium, v(150, 0, 7871), v(156, 0, 8078), NEVER),
    row(V::Go, v(1, 19, 8), v(1, 19, 8), v(1, 20, 0)),
    row(V::Go, v(1, 24, 4), v(1, 24, 4), v(1, 25, 0)),
    row(V::Java, v(17, 0, 15), v(17, 0, 19), v(18, 0, 0)),
    row(V::Java, v(21, 0, 13), v(21, 0, 13), v(22, 0, 0)),
    row(V::Node, v(18, 20, 4), v(18, 20, 4), v(19, 0, 0)).on_the_systems_openssl(3, 0),
    row(V::Node, v(20, 19, 2), v(20, 19, 2), v(21, 0, 0)).on_the_systems_openssl(3, 5),
    row(V::Node, v(20, 20, 2), v(20, 20, 2), v(21, 0, 0)).on_openssl(3, 0),
    row(V::RustlsWebpki, v(0, 103, 0), v(0, 103, 99), v(0, 104, 0)),
];

impl Release {
    /// The row that a version of `verifier` belongs to, built so and on a series of that OpenSSL.
    pub fn of(
        verifier: Verifier,
        version: Version,
        build: Build,
        openssl: Option<Version>,
    ) -> Option<&'static Self> {
        let series = openssl.map(|Version([major, minor, _])| v(major, minor, 0));
        rows(verifier).find(|row| {
            row.build == build && row.openssl == series && row.measured.0 <= version && version < row.before
        })
    }

    /// The newest row of `verifier`; none of tlslab's own, which is asked and not predicted.
    pub fn newest(verifier: Verifier) -> Option<&'static Self> {
        rows(verifier).next_back()
    }

    /// Whether a version lies between those that were measured.
    pub fn was_measured_at(&self, version: Version) -> bool {
        self.measured.0 <= version && version <= self.measured.1
    }
}

fn rows(verifier: Verifier) -> impl DoubleEndedIterator<Item = &'static Release> {
    RELEASES.iter().filter(move |row| row.verifier == verifier.measured_as())
}

/// `3.0.17 to 3.0.22`; `18.20.4 on the system's OpenSSL 3.0`.
impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.measured;
        write!(f, "{first}")?;
        if first != last {
            write!(f, " to {last}")?;
        }
        let Some(Version([major, minor, _])) = self.openssl.filter(|_| self.verifier != V::Openssl) else {
            return Ok(());
        };
        let whose = match self.build {
            Build::Own => "",
            Build::System => "the system's ",
        };
        write!(f, " on {whose}OpenSSL {major}.{minor}")
    }
}

/// Which release somebody wants to hear of: `node=18`, `openssl=3.0`, `node=20-system`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    verifier: Verifier,
    from: Version,
    through: Version,
    build: Option<Build>,
}

impl Wanted {
    /// Whether it is about `verifier`.
    pub fn is_for(&self, verifier: Verifier) -> bool {
        self.verifier == verifier.measured_as()
    }

    /// The newest row that has a measured version of those that are wanted.
    pub fn release(&self) -> Option<&'static Release> {
        rows(self.verifier).rfind(|row| {
            self.build.is_none_or(|build| build == row.build)
                && row.measured.0 <= self.through
                && self.from <= row.measured.1
        })
    }

    /// Why there is none.
    pub(super) fn unmeasured(&self) -> String {
        let measured: Vec<String> = rows(self.verifier).map(ToString::to_string).collect();
        format!("this version was not measured, but {}", measured.join("; "))
    }
}

/// A word that names no release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRelease {
    /// It is no `NAME=VERSION`.
    #[error("expected NAME=VERSION, such as node=18 or node=20-system (built on the system's OpenSSL)")]
    Form,
    /// Nobody of that name is predicted.
    #[error("{0:?} is no verifier that has versions: expected one of {names}", names = Verifier::keys().join(", "))]
    Verifier(String),
}

impl FromStr for Wanted {
    type Err = BadRelease;

    fn from_str(text: &str) -> Result<Self, BadRelease> {
        let (name, version) = text.split_once('=').ok_or(BadRelease::Form)?;
        let verifier = Verifier::ALL
            .into_iter()
            .find(|verifier| verifier.key() == Some(name))
            .ok_or_else(|| BadRelease::Verifier(name.to_owned()))?;
        let (from, count, rest) = Version::read(version).ok_or(BadRelease::Form)?;
        let build = match rest {
            "" => None,
            "-system" => Some(Build::System),
            _ => return Err(BadRelease::Form),
        };
        let mut through = from;
        through.0.iter_mut().skip(count).for_each(|number| *number = u32::MAX);
        Ok(Self { verifier, from, through, build })
    }
}

impl From<&Release> for Wanted {
    fn from(release: &Release) -> Self {
        let (from, through) = release.measured;
        Self { verifier: release.verifier, from, through, build: Some(release.build) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (said, version) in [
            ("v20.20.2", [20, 20, 2]),
            ("OpenSSL 3.0.22 25 Aug 2026", [3, 0, 22]),
            ("openjdk 17.0.15 2025-04-15", [17, 0, 15]),
            ("Mozilla Firefox 153.8.0esr", [153, 8, 0]),
            ("Chromium 156.0.8078.108 built on Debian", [156, 0, 8078]),
            ("go version go1.19.8 linux/amd64", [1, 19, 8]),
            ("openjdk 21 2023-09-19", [21, 0, 0]),
        ] {
            assert_eq!(Version::find(said), Some(Version(version)), "{said}");
        }
        assert_eq!(Version::find("none"), None);
        assert_eq!(Version::find("99999999999.1"), None);
    }

    #[test]
    fn the_rows_of_a_verifier_follow_each_other_and_do_not_overlap() {
        for verifier in Verifier::ALL.into_iter().filter(|verifier| verifier.key().is_some()) {
            let rows: Vec<_> = rows(verifier).collect();
            assert!(!rows.is_empty(), "{verifier}");
            for (index, row) in rows.iter().enumerate() {
                assert!(row.measured.0 <= row.measured.1 && row.measured.1 < row.before, "{verifier} {row}");
                for later in &rows[index + 1..] {
                    let is_other = row.build != later.build || row.openssl != later.openssl;
                    assert!(is_other || row.before <= later.measured.0, "{verifier} {later}");
                }
            }
        }
    }

    #[test]
    fn a_release_is_asked_for_by_as_much_of_its_version_as_matters() {
        let wanted = |text: &str| text.parse::<Wanted>();
        assert_eq!(wanted("openssl=3.0").unwrap().release().unwrap().openssl, Some(v(3, 0, 0)));
        assert!(wanted("openssl=3.0").unwrap().is_for(Verifier::OpensslStrict));
        assert!(!wanted("openssl=3.0").unwrap().is_for(Verifier::Curl));
        assert_eq!(wanted("openssl=1.1.1").unwrap().release(), None);
        assert_eq!(wanted("go=1").unwrap().release(), Release::newest(Verifier::Go));
        for bad in ["go", "go=", "go=x", "go=1.2-own", "tlslab=1"] {
            assert!(wanted(bad).is_err(), "{bad}");
        }
    }
}
