//! Captures as others see them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::lab::{Lab, run};

/// What tshark says about a capture, checksums verified: the lines of `fields`, once nothing at all was found to
/// remark on beyond the ordinary course of TCP.
pub(crate) fn tshark(lab: &Lab, capture: &Path, filter: &str, fields: &[&str]) -> Vec<String> {
    let read = |filter: &str, fields: &[&str]| {
        let mut command = lab.command("tshark");
        command.arg("-r").arg(capture).args([
            "-o",
            "tcp.check_checksum:TRUE",
            "-o",
            "ip.check_checksum:TRUE",
        ]);
        command.args(["-Y", filter, "-T", "fields"]);
        for field in fields {
            command.args(["-e", field]);
        }
        let done = run(&mut command).success();
        let said: Vec<_> = done.stderr.lines().filter(|line| !line.contains("could be dangerous")).collect();
        assert!(said.is_empty(), "tshark remarks: {said:?}");
        done.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    // From notes (0x400000) over warnings (0x600000) to errors; every FIN and RST that there ever was is
    // remarked on.
    let remarks = "_ws.expert.severity >= 0x400000 && !(tcp.flags.fin == 1) && !(tcp.flags.reset == 1)";
    let remarks = read(remarks, &["frame.number", "_ws.expert.message"]);
    assert!(remarks.is_empty(), "tshark remarks: {remarks:?}");
    let capinfos = lab.run("capinfos", [capture]).success();
    let said: Vec<_> = capinfos.stderr.lines().filter(|line| !line.contains("could be dangerous")).collect();
    assert!(said.is_empty(), "capinfos remarks: {said:?}");
    read(filter, fields)
}

/// A file's permission bits.
pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
}
