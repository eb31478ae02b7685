//! `dissect --html`: the page as a browser lays it out.
//!
//! Chromium runs a script that the test adds to a copy of the page; the page itself has none. Set
//! `TLSLAB_SCREENSHOTS` to a folder to keep pictures of what was checked.

use std::path::Path;
use std::process::Command;

use crate::lab::{Lab, Server, TLSLAB, optional_peer, peer, run, run_with_input};
use crate::openssl;

/// What is looked at in the browser: texts that overlap or leave their picture, boxes wider than the window, and
/// what can be read in the view that is chosen.
const CHECK: &str = r"<script>
addEventListener('load', () => {
  const faults = [];
  const visible = (element) => element.getClientRects().length > 0;
  for (const svg of document.querySelectorAll('svg')) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].filter(visible);
    const boxes = texts.map((text) => text.getBoundingClientRect());
    boxes.forEach((a, i) => {
      const name = texts[i].textContent;
      if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.bottom > frame.bottom + 1) {
        faults.push('clipped: ' + name);
      }
      boxes.slice(i + 1).forEach((b, j) => {
        const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (width > 1 && height > 3) faults.push('overlap: ' + name + ' / ' + texts[i + 1 + j].textContent);
      });
    });
  }
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) faults.push('wider than the window: ' + root.scrollWidth);
  for (const svg of document.querySelectorAll('svg')) {
    if (!document.getElementById(svg.getAttribute('aria-labelledby'))) faults.push('a picture without a title');
  }
  const labels = [...document.querySelectorAll('svg text')].filter(visible).map((text) => text.textContent);
  const report = document.createElement('pre');
  report.id = 'report';
  report.textContent = 'FAULTS[' + faults.join('; ') + '] LABELS[' + labels.join('|') + ']';
  document.body.append(report);
});
</script>";

fn chromium(lab: &Lab) -> Command {
    let mut command = lab.command("chromium");
    let profile = format!("--user-data-dir={}", lab.file("profile").display());
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        &profile,
    ]);
    command
}

/// The page in a view, in a window of that width: its labels, once nothing is wrong with the layout.
fn look(lab: &Lab, page: &str, view: &str, width: u32) -> String {
    let chosen = format!("id=\"{view}\"");
    let page = page
        .replace(" checked>", ">")
        .replace(&chosen, &format!("{chosen} checked"))
        .replace("<details", "<details open")
        .replace("default-src 'none'; style-src 'unsafe-inline'", "default-src 'unsafe-inline'")
        .replace("</body>", &format!("{CHECK}</body>"));
    let name = format!("{view}-{width}");
    let file = lab.write(&format!("{name}.html"), page);
    let url = format!("file://{}", file.display());
    let size = format!("--window-size={width},1600");
    let done = run(chromium(lab).args([&size, "--dump-dom", &url])).success();
    let (_, report) =
        done.stdout.split_once("<pre id=\"report\">").unwrap_or_else(|| panic!("no report: {done}"));
    assert!(report.starts_with("FAULTS[] "), "{name}: {}", report.split("</pre>").next().unwrap_or_default());
    if let Some(folder) = std::env::var_os("TLSLAB_SCREENSHOTS") {
        let picture = Path::new(&folder).join(format!("{name}.png"));
        let picture = format!("--screenshot={}", picture.display());
        run(chromium(lab).args([&size, &picture, &url])).success();
    }
    let (labels, _) =
        report.split_once("LABELS[").and_then(|(_, labels)| labels.split_once("]</pre>")).unwrap();
    labels.to_owned()
}

/// A capture of a TLS 1.3 and a TLS 1.2 session with their secrets, and its page.
fn page(lab: &Lab) -> String {
    openssl::certificate(lab);
    let server = openssl::server(lab, &[]);
    let mut tap = lab.command(TLSLAB);
    tap.args(["tap", "--listen", "127.0.0.1:0", "--to", &server.to_word(), "--pcap", "lab.pcapng"]);
    let tap = Server::start(tap.args(["--keylog", "keys.log"]));
    for version in ["-tls1_3", "-tls1_2"] {
        let mut client = lab.command("openssl");
        let address = tap.to_word();
        client.args(["s_client", "-quiet", "-keylogfile", "keys.log", version, "-connect", &address]);
        run_with_input(&mut client, b"the secret of the fountain\nCLOSE\n");
    }
    assert!(tap.stop().0.success());
    lab.tlslab(["dissect", "lab.pcapng", "--html", "report.html", "--find", "the secret"])
        .success()
        .says("tlslab: wrote report.html");
    lab.read("report.html")
}

#[test]
fn both_views_are_laid_out_well_on_wide_and_narrow_screens() {
    if !peer("openssl") || !optional_peer("chromium") {
        return;
    }
    let lab = Lab::new();
    let page = page(&lab);
    for width in [1300, 500] {
        let observer = look(&lab, &page, "observer", width);
        assert!(
            observer.contains("ClientHello") && observer.contains("application data · encrypted"),
            "{observer}"
        );
        assert!(!observer.contains("Finished") && !observer.contains("fountain"), "{observer}");
        let keys = look(&lab, &page, "with-keys", width);
        assert!(keys.contains("EncryptedExtensions") && keys.contains("Finished"), "{keys}");
        assert!(keys.contains("“the secret of the fountain"), "{keys}");
        assert!(!keys.contains("· encrypted"), "everything is opened: {keys}");
    }
}

#[test]
fn tap_draws_its_own_capture() {
    let lab = Lab::new();
    let mut tap = lab.command(TLSLAB);
    tap.args([
        "tap",
        "--listen",
        "127.0.0.1:0",
        "--to",
        "127.0.0.1:1",
        "--pcap",
        "lab.pcapng",
        "--html",
        "lab.html",
    ]);
    let (exit, said) = Server::start(&mut tap).stop();
    assert!(exit.success() && said.contains("tlslab: wrote lab.html"), "{said}");
    assert!(lab.read("lab.html").contains("0 packets, 0 TCP connections, 0 TLS sessions"));
    lab.tlslab(["tap", "--pcap", "other.pcapng", "--html", "lab.html"])
        .status(1)
        .says("tlslab: error: lab.html: exists already; expected to create it");
    assert!(!lab.file("other.pcapng").exists(), "asked before anything was begun");
    lab.tlslab(["tap", "--pcap", "-", "--html", "other.html"]).status(2).says("--pcap - keeps none");
}

#[test]
fn a_page_is_private_and_not_overwritten() {
    if !peer("openssl") {
        return;
    }
    let lab = Lab::new();
    page(&lab);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(lab.file("report.html")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "it may hold what the secrets opened");
    }
    lab.tlslab(["dissect", "lab.pcapng", "--html", "report.html"])
        .status(2)
        .says("tlslab: error: report.html: cannot write: File exists")
        .says("tlslab: hint: name another file, or replace this one with `--force`");
    lab.tlslab(["dissect", "lab.pcapng", "--html", "report.html", "--force"]).success();
}
