//! `dissect --html`: the page as a browser lays it out.
//!
//! Chromium runs a script that the test adds to a copy of the page; the page itself has none. Set
//! `TLSLAB_SCREENSHOTS` to a folder to keep pictures of what was checked.

use std::path::Path;
use std::process::Command;

use crate::lab::{Lab, Server, TLSLAB, peer, run, run_with_input};
use crate::openssl;

/// What is looked at in the browser: texts that overlap or leave their picture, boxes wider than the window, texts
/// squeezed into a column of letters, too small or too pale to read (WCAG 2.2, 1.4.3), controls and pictures without a name, and what can be read in
/// the view that is chosen.
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
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = channels(color).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const behind = (element) => {
    if (!element) return 'rgb(255, 255, 255)';
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] === 0 ? behind(element.parentElement) : color;
  };
  let texts = 0;
  for (const element of document.body.querySelectorAll('*')) {
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!says || !visible(element) || ['SCRIPT', 'STYLE', 'title'].includes(element.tagName)) continue;
    texts += 1;
    const style = getComputedStyle(element), name = element.textContent.slice(0, 40);
    const picture = element.closest('svg');
    const grounds = [behind(element)];
    const band = picture && picture.querySelector('.band');
    if (band) grounds.push(getComputedStyle(band).fill);
    for (const ground of grounds) {
      const ratio = contrast(picture ? style.fill : style.color, ground);
      if (ratio < 4.5) faults.push('contrast ' + ratio.toFixed(1) + ': ' + name);
    }
    const scale = picture ? picture.getBoundingClientRect().width / picture.viewBox.baseVal.width : 1;
    const range = document.createRange();
    range.selectNodeContents(element);
    const { width, height } = range.getBoundingClientRect();
    if (height > 8 * width) faults.push('squeezed: ' + name);
    if (parseFloat(style.fontSize) * scale < 9) faults.push('too small: ' + name);
  }
  if (texts < 40) faults.push('hardly any text was looked at: ' + texts);
  for (const control of document.querySelectorAll('input')) {
    if (!control.labels.length || control.tabIndex < 0) faults.push('a control without a name, or out of reach');
  }
  for (const heading of document.querySelectorAll('section')) {
    if (!document.getElementById(heading.getAttribute('aria-labelledby'))) faults.push('a section without a name');
  }
  const labels = [...document.querySelectorAll('svg text')].filter(visible).map((text) => text.textContent);
  parent.postMessage('FAULTS[' + faults.join('; ') + '] LABELS[' + labels.join('|') + ']', '*');
});
</script>";

/// A window of any width: chromium's own is never narrower than 500, a phone's is.
const FRAME: &str = r"<!DOCTYPE html>
<body style='margin: 0'>
<script>
addEventListener('message', (event) => {
  const report = document.createElement('pre');
  report.id = 'report';
  report.textContent = event.data;
  document.body.append(report);
});
</script>
<iframe src='INNER' style='border: 0; width: WIDTHpx; height: 4000px'></iframe>
";

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

/// The page with a view chosen.
fn in_view(page: &str, view: &str) -> String {
    let chosen = format!("id=\"{view}\"");
    page.replace(" checked>", ">").replace(&chosen, &format!("{chosen} checked"))
}

/// The page in a view, in a window of that width and in that scheme: its labels, once nothing is wrong with it.
fn look(lab: &Lab, page: &str, view: &str, width: u32, scheme: &str) -> String {
    let page = in_view(page, view)
        .replace("<details", "<details open")
        .replace("default-src 'none'; style-src 'unsafe-inline'", "default-src 'unsafe-inline'")
        .replace("</body>", &format!("{CHECK}</body>"));
    let name = format!("{view}-{width}-{scheme}");
    let inner = lab.write(&format!("{name}.html"), page);
    let frame = FRAME.replace("INNER", &inner.display().to_string()).replace("WIDTH", &width.to_string());
    let file = lab.write(&format!("{name}-frame.html"), frame);
    let url = format!("file://{}", file.display());
    let size = format!("--window-size={width},4000");
    // Blink's own numbers for what a person has chosen: 0 is dark, 1 is light.
    let preference = format!("--blink-settings=preferredColorScheme={}", u8::from(scheme == "light"));
    let done =
        run(chromium(lab).args([&size, &preference, "--virtual-time-budget=5000", "--dump-dom", &url]))
            .success();
    let (_, report) =
        done.stdout.split_once("<pre id=\"report\">").unwrap_or_else(|| panic!("no report: {done}"));
    assert!(report.starts_with("FAULTS[] "), "{name}: {}", report.split("</pre>").next().unwrap_or_default());
    if let Some(folder) = std::env::var_os("TLSLAB_SCREENSHOTS") {
        let picture = Path::new(&folder).join(format!("{name}.png"));
        let picture = format!("--screenshot={}", picture.display());
        run(chromium(lab).args([&size, &preference, &picture, &url])).success();
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
    if !peer("openssl") || !peer("chromium") {
        return;
    }
    let lab = Lab::new();
    let page = page(&lab);
    for (width, scheme) in [(1300, "light"), (1300, "dark"), (500, "dark"), (360, "light"), (360, "dark")] {
        let observer = look(&lab, &page, "observer", width, scheme);
        assert!(
            observer.contains("ClientHello") && observer.contains("application data · encrypted"),
            "{observer}"
        );
        assert!(!observer.contains("Finished") && !observer.contains("fountain"), "{observer}");
        let keys = look(&lab, &page, "with-keys", width, scheme);
        assert!(keys.contains("EncryptedExtensions") && keys.contains("Finished"), "{keys}");
        assert!(keys.contains("“the secret of the fountain"), "{keys}");
        assert!(!keys.contains("· encrypted"), "everything is opened: {keys}");
    }
}

/// An audit's page: a grid, and folds with bytes and ladders, all of them open here.
#[test]
fn an_audits_page_is_laid_out_well_too() {
    if !peer("openssl") || !peer("chromium") {
        return;
    }
    let lab = Lab::new();
    lab.tlslab([
        "audit",
        "client",
        "--html=audit.html",
        "--only=expired*",
        "--only=hs-bad-*",
        "--only=se-*",
        "--stdin={message}",
        "--",
        "openssl",
        "s_client",
        "-quiet",
        "-no_ign_eof",
        "-connect",
        "{host}:{port}",
        "-servername",
        "{name}",
    ])
    .status(1);
    let page = lab.read("audit.html");
    for (width, scheme) in [(1300, "light"), (500, "dark"), (360, "light")] {
        let labels = look(&lab, &page, "audit", width, scheme);
        for label in ["ClientHello", "Certificate", "Finished", "close_notify"] {
            assert!(labels.contains(label), "{label}: {labels}");
        }
    }
}

/// A word on paper: its page, counted from 0, and its box in points.
#[derive(Debug)]
struct Word {
    page: usize,
    text: String,
    /// Left, top, right, bottom.
    edges: [f64; 4],
}

/// The page as it is printed, as poppler reads it: the sizes of its sheets, and their words.
fn print(lab: &Lab, page: &str, view: &str) -> (Vec<[f64; 2]>, Vec<Word>) {
    let file = lab.write(&format!("print-{view}.html"), in_view(page, view));
    let pdf = lab.file(format!("print-{view}.pdf"));
    let to = format!("--print-to-pdf={}", pdf.display());
    // Whoever likes the dark prints on white all the same.
    let dark = "--blink-settings=preferredColorScheme=0";
    run(chromium(lab).args([dark, "--no-pdf-header-footer", &to, &format!("file://{}", file.display())]))
        .success();
    if let Some(folder) = std::env::var_os("TLSLAB_SCREENSHOTS") {
        std::fs::copy(&pdf, Path::new(&folder).join(format!("print-{view}.pdf"))).unwrap();
    }
    let done = run(lab.command("pdftotext").arg("-bbox").arg(&pdf).arg("-")).success();
    let numbers = |line: &str| -> Vec<f64> { line.split('"').filter_map(|part| part.parse().ok()).collect() };
    let (mut sheets, mut words) = (Vec::new(), Vec::new());
    for line in done.stdout.lines().map(str::trim) {
        if line.starts_with("<page ") {
            sheets.push(numbers(line).try_into().unwrap());
        } else if let Some((_, text)) = line.strip_prefix("<word ").and_then(|_| line.split_once('>')) {
            let text = text.trim_end_matches("</word>").to_owned();
            words.push(Word { page: sheets.len() - 1, text, edges: numbers(line).try_into().unwrap() });
        }
    }
    (sheets, words)
}

/// On paper a case that failed is there whole, with its ladder on the same sheet as its heading, and one that passed is a
/// line.
#[test]
fn an_audit_prints_what_is_to_be_read() {
    if !peer("openssl") || !peer("chromium") || !peer("pdftotext") {
        return;
    }
    let lab = Lab::new();
    let words =
        ["audit", "client", "--html", "audit.html", "--stdin", "{message}", "--only", "expired.ca", "--"];
    let client =
        ["openssl", "s_client", "-quiet", "-no_ign_eof", "-CAfile", "{ca}", "-connect", "{host}:{port}"];
    lab.tlslab(words.iter().chain(&client)).status(1);
    let (sheets, words) = print(&lab, &lab.read("audit.html"), "audit");
    let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    assert!(text.contains("MUST-REJECT") && text.contains("fail expired.ca"), "{text}");
    assert!(text.contains("pass valid.ca") && !text.contains("MUST-ACCEPT"), "{text}");
    let place = |what: &[&str]| {
        let found = words
            .windows(what.len())
            .find(|run| run.iter().map(|word| word.text.as_str()).eq(what.iter().copied()));
        found.unwrap_or_else(|| panic!("no {what:?}: {text}"))[0].page
    };
    assert_eq!(place(&["What", "crossed", "the", "wire"]), place(&["ServerHello"]), "{text}");
    assert!(sheets.len() <= 4, "{}", sheets.len());
}

#[test]
fn the_page_prints_whole_and_nothing_is_torn_apart() {
    if !peer("openssl") || !peer("chromium") || !peer("pdftotext") {
        return;
    }
    let lab = Lab::new();
    let page = page(&lab);
    for view in ["observer", "with-keys"] {
        let (sheets, words) = print(&lab, &page, view);
        for word in &words {
            let ([left, top, right, bottom], [width, height]) = (word.edges, sheets[word.page]);
            assert!(
                left >= 0.0 && top >= 0.0 && right <= width && bottom <= height,
                "{view}: cut off: {word:?}"
            );
        }
        let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        // Closed on the screen, open on paper: there is nothing to click.
        assert!(
            text.contains("Every record and its bytes")
                && text.contains("74 68 65 20 73 65 63 72") == (view == "with-keys")
        );
        assert!(text.contains("EncryptedExtensions") == (view == "with-keys"), "{view}: {text}");
        // A heading stands with its ladder, and a ladder on one sheet.
        let places = |what: &str| {
            words
                .iter()
                .enumerate()
                .filter(|(_, word)| word.text == what)
                .map(|(at, _)| at)
                .collect::<Vec<_>>()
        };
        // "Session 1: TLSv1.3" is a heading; "Session 1, TLSv1.3: nowhere" says where the text was found.
        let mut headings = places("Session");
        headings.retain(|&at| words[at + 1].text.ends_with(':'));
        assert_eq!(headings.len(), 2, "{view}: {text}");
        for heading in headings {
            let ladder = words[heading..].split(|word| word.text == "learns").next().unwrap();
            assert!(ladder.len() > 30, "{view}: {ladder:?}");
            // "What an observer", the next heading's beginning, may stand on the next sheet.
            let ladder = &ladder[..ladder.len() - 3];
            assert!(
                ladder.iter().all(|word| word.page == words[heading].page),
                "{view}: torn apart: {ladder:?}"
            );
        }
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
        .says("tlslab: error: report.html: exists already; expected to create it")
        .says("tlslab: hint: name another file, or replace this one with `--force`");
    lab.tlslab(["dissect", "lab.pcapng", "--html", "report.html", "--force"]).success();
}
