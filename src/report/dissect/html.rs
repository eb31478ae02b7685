//! A dissection as a page: a ladder in SVG for each session, a byte view, and a switch between what an observer sees
//! and what the secrets show.
//!
//! One file that needs nothing else: no script, no network (a Content-Security-Policy says so to the browser), the
//! switch is two radio buttons and a style sheet. Whatever comes from the capture is escaped. Everything in the
//! pictures stands in tables too, for readers who do not see them. Bounded: [`MOST_SESSIONS`] sessions and
//! [`MOST_ROWS`] rows of each are drawn, and what is left out is said.

use std::fmt::Write as _;

use super::lessons::lessons;
use super::{
    certificate, close, instant, labels, octets, opened, opened_place, opening_trouble, place, readable, safe,
};
use crate::tls::names;
use crate::wire::Side;
use crate::wire::hello::ClientHello;
use crate::wire::reading::capture::Ending;
use crate::wire::reading::dissection::Dissection;
use crate::wire::reading::find::Needle;
use crate::wire::reading::session::{ObservedEvent, ObservedSession, Tls, What};
use crate::words::counted;

/// The most sessions that are drawn.
pub const MOST_SESSIONS: usize = 50;
/// The most rows of a session's ladder.
pub const MOST_ROWS: usize = 200;
/// How many octets of each event a page shows: what to ask a dissector for.
pub const SAMPLE: usize = 64;

const STYLE: &str = include_str!("page.css");

/// The picture's measures, in its own units.
const WIDTH: usize = 430;
const CLIENT: usize = 62;
const SERVER: usize = 364;
/// A row whose label is one line, and each line more.
const ROW: usize = 27;
const LINE: usize = 16;
const TOP: usize = 30;
/// Between flights.
const PAUSE: usize = 8;
/// As many letters fit on an arrow, also in a small screen's larger ones.
const LABEL: usize = 36;
/// The most lines of a label.
const LINES: usize = 4;
/// As many encrypted records in a row from one side are drawn one by one.
const FEW: usize = 6;

/// The whole page. `name` is the capture's.
pub fn page(name: &str, dissection: &Dissection, needles: &[Needle], ending: &Ending) -> String {
    let title = format!("What crossed the wire: {name}");
    let mut out = String::new();
    // Writing to a String does not fail, here and below.
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"generator\" content=\"tlslab {}\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{}</h1>\n",
        env!("CARGO_PKG_VERSION"),
        escape(&title),
        escape(&title)
    );
    let sessions = dissection.sessions.iter().filter(|session| session.tls.is_some()).count() as u64;
    paragraph(
        &mut out,
        "soft",
        &format!(
            "{}, {}, {}",
            counted(dissection.packets, "packet"),
            counted(dissection.sessions.len() as u64 + dissection.unlisted_sessions, "TCP connection"),
            counted(sessions, "TLS session")
        ),
    );
    if let Some(damage) = super::ending(ending) {
        paragraph(&mut out, "verdict found", &damage);
    }
    finds(&mut out, dissection, needles);
    let has_keys = dissection.sessions.iter().any(shows_more_with_keys);
    view_switch(&mut out, has_keys);
    out.push_str("</header>\n<main class=\"sessions\">\n");
    for session in dissection.sessions.iter().take(MOST_SESSIONS) {
        show(&mut out, session);
    }
    out.push_str("</main>\n<footer>\n");
    let left_out =
        dissection.sessions.len().saturating_sub(MOST_SESSIONS) as u64 + dissection.unlisted_sessions;
    if left_out > 0 {
        paragraph(&mut out, "soft", &format!("{left_out} more connections are not drawn."));
    }
    paragraph(&mut out, "soft", concat!("Made by tlslab ", env!("CARGO_PKG_VERSION"), "."));
    out.push_str("</footer>\n</body>\n</html>\n");
    out
}

fn shows_more_with_keys(session: &ObservedSession) -> bool {
    session.tls.as_ref().is_some_and(|tls| tls.opened.client.events + tls.opened.server.events > 0)
}

/// Text of anybody's making, fit to stand in a page.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in safe(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

fn paragraph(out: &mut String, class: &str, text: &str) {
    let _ = writeln!(out, "<p class=\"{class}\">{}</p>", escape(text));
}

fn view_switch(out: &mut String, has_keys: bool) {
    let keys = if has_keys { "" } else { " disabled" };
    let note = if has_keys { "" } else { " <span class=\"soft\">(no secrets are known)</span>" };
    let _ = writeln!(
        out,
        "<fieldset>\n<legend>Show what can be read by</legend>\n\
         <label><input type=\"radio\" name=\"view\" id=\"observer\" checked> an observer</label>\n\
         <label><input type=\"radio\" name=\"view\" id=\"with-keys\"{keys}> whoever has the keys{note}</label>\n\
         </fieldset>\n\
         <p class=\"soft\"><span class=\"tag open\">\u{2500} readable</span> for everybody on the way; \
         <span class=\"tag sealed\">\u{2504} encrypted</span>: length and time show, nothing else\
         <span class=\"with-keys\">; <span class=\"tag opened\">\u{2504} opened</span> with the session's keys</span>.</p>"
    );
}

fn finds(out: &mut String, dissection: &Dissection, needles: &[Needle]) {
    for (index, needle) in needles.iter().enumerate() {
        let text = needle.text();
        match dissection.finds.iter().find(|find| find.needle == index) {
            None => paragraph(
                out,
                "verdict safe",
                &format!("\u{201c}{text}\u{201d} is nowhere readable on the wire."),
            ),
            Some(find) => paragraph(
                out,
                "verdict found",
                &format!(
                    "\u{201c}{text}\u{201d} is READABLE on the wire, {}: first in {}, as {}.",
                    counted(dissection.found[index], "time"),
                    place(find.place),
                    find.guise.name()
                ),
            ),
        }
        if let Some(find) = dissection.opened_finds.iter().find(|find| find.needle == index) {
            let text = format!("With the keys it shows: first in {}.", opened_place(find.place));
            paragraph(out, "verdict with-keys", &text);
        }
    }
}

fn show(out: &mut String, session: &ObservedSession) {
    let number = session.number;
    let protocol = match &session.tls {
        Some(tls) => tls.version().map_or_else(|| "TLS, no version agreed on".to_owned(), names::version),
        None if session.events.is_empty() => "nothing said".to_owned(),
        None => "plaintext".to_owned(),
    };
    let _ = writeln!(out, "<section aria-labelledby=\"session-{number}\">");
    let _ = writeln!(out, "<h2 id=\"session-{number}\">Session {number}: {}</h2>", escape(&protocol));
    paragraph(out, "", &format!("{} \u{2192} {}", session.client, session.server));
    paragraph(out, "soft", &format!("{}, {}", instant(session.started), close(session.close)));
    let rows = rows(session);
    if !rows.is_empty() {
        ladder(out, session, &rows);
    }
    let left_out = session.events.len().saturating_sub(MOST_ROWS) as u64 + session.unlisted.events;
    if rows.len() >= MOST_ROWS && left_out > 0 {
        paragraph(out, "soft", "More crossed than is drawn here.");
    }
    if let Some(trouble) = session.tls.as_deref().and_then(opening_trouble) {
        paragraph(out, "soft with-keys", &trouble);
    }
    sentences(out, session);
    if let Some(tls) = &session.tls {
        hellos(out, tls);
    }
    if !rows.is_empty() {
        byte_view(out, session, &rows);
    }
    out.push_str("</section>\n");
}

fn sentences(out: &mut String, session: &ObservedSession) {
    let lessons = lessons(session);
    for (learned, class, heading) in
        [(true, "learned", "What an observer learns"), (false, "hidden-from", "What stays hidden")]
    {
        if lessons.iter().any(|lesson| lesson.learned == learned) {
            let _ = writeln!(out, "<h3>{heading}</h3>\n<ul class=\"{class}\">");
            for lesson in lessons.iter().filter(|lesson| lesson.learned == learned) {
                let _ = writeln!(out, "<li>{}</li>", escape(&lesson.text));
            }
            out.push_str("</ul>\n");
        }
    }
}

/// A row of the ladder: one event, or several encrypted ones that look alike.
struct Row<'a> {
    first: &'a ObservedEvent,
    count: usize,
    octets: u64,
}

fn rows(session: &ObservedSession) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut events = session.events.as_slice();
    while let Some((first, rest)) = events.split_first()
        && rows.len() < MOST_ROWS
    {
        let alike = 1 + rest.iter().take_while(|event| super::text::looks_alike(first, event)).count();
        let count = if alike > FEW { alike } else { 1 };
        rows.push(Row { first, count, octets: events[..count].iter().map(|event| event.octets).sum() });
        events = &events[count..];
    }
    rows
}

impl Row<'_> {
    fn repeated(&self, label: String) -> String {
        if self.count > 1 { format!("{label} \u{d7} {}", self.count) } else { label }
    }

    /// What an observer would call it.
    fn observed(&self) -> String {
        self.repeated(labels(self.first).join(", "))
    }

    /// What the secrets show, where they do.
    fn opened(&self) -> Option<String> {
        let phrases = opened(self.first)?;
        Some(if self.count > 1 { self.repeated("application data".to_owned()) } else { phrases.join(", ") })
    }

    /// That, and whether it can be read where it cannot.
    fn label(&self) -> String {
        let (observed, (_, state)) = (self.observed(), self.state());
        if state == "readable" { observed } else { format!("{observed} \u{b7} {state}") }
    }

    /// Its height in the picture, whichever of its labels is shown.
    fn height(&self) -> usize {
        let lines = |label: String| wrapped(&label).len();
        let most = lines(self.label()).max(self.opened().map_or(1, lines));
        ROW + (most - 1) * LINE
    }

    /// Style and words for what an observer has of it.
    fn state(&self) -> (&'static str, &'static str) {
        match (&self.first.what, readable(self.first)) {
            (_, Some(true)) => ("open", "readable"),
            (What::Stray, _) => ("sealed", "no record"),
            (_, Some(false)) => ("sealed", "encrypted"),
            (_, None) => ("sealed", "not captured"),
        }
    }
}

/// A label's lines, broken between words where there are any. What would be a line too many is cut.
fn wrapped(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut rest = letters.as_slice();
    let mut lines: Vec<String> = Vec::new();
    while rest.len() > LABEL && lines.len() + 1 < LINES {
        let space = rest[..=LABEL].iter().rposition(|letter| *letter == ' ').filter(|at| *at > 0);
        let (line, more) = rest.split_at(space.unwrap_or(LABEL));
        lines.push(line.iter().collect());
        rest = if space.is_some() { &more[1..] } else { more };
    }
    let is_cut = rest.len() > LABEL;
    let last = if is_cut { &rest[..LABEL - 1] } else { rest };
    lines.push(last.iter().copied().chain(is_cut.then_some('\u{2026}')).collect());
    lines
}

fn ladder(out: &mut String, session: &ObservedSession, rows: &[Row<'_>]) {
    let pauses = rows.windows(2).filter(|pair| pair[0].first.from != pair[1].first.from).count();
    let height = TOP + rows.iter().map(Row::height).sum::<usize>() + pauses * PAUSE + 8;
    let number = session.number;
    let _ = writeln!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"ladder-{number}\">\n\
         <title id=\"ladder-{number}\">Ladder diagram of session {number}: {} between client (left) and server \
         (right); the table below says the same</title>\n\
         <text x=\"{CLIENT}\" y=\"14\" text-anchor=\"middle\">client</text>\n\
         <text x=\"{SERVER}\" y=\"14\" text-anchor=\"middle\">server</text>\n\
         <text class=\"small\" x=\"4\" y=\"14\">ms</text>\n\
         <text class=\"small\" x=\"{}\" y=\"14\" text-anchor=\"end\">bytes</text>",
        counted(rows.len() as u64, "message"),
        WIDTH - 3
    );
    bands(out, rows);
    for x in [CLIENT, SERVER] {
        let _ = writeln!(out, "<line class=\"life\" x1=\"{x}\" y1=\"20\" x2=\"{x}\" y2=\"{}\"/>", height - 4);
    }
    let mut y = TOP;
    let mut before = None;
    for row in rows {
        if before.is_some_and(|side| side != row.first.from) {
            y += PAUSE;
        }
        before = Some(row.first.from);
        y += row.height();
        rung(out, session, row, y - 8);
    }
    out.push_str("</svg>\n");
}

/// A band behind each of the server's flights, so that flights show.
fn bands(out: &mut String, rows: &[Row<'_>]) {
    let mut y = TOP;
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let flight = rest.iter().take_while(|row| row.first.from == first.first.from).count();
        let height: usize = rest[..flight].iter().map(Row::height).sum();
        if first.first.from == Side::Server {
            let _ = writeln!(
                out,
                "<rect class=\"band\" x=\"0\" y=\"{}\" width=\"{WIDTH}\" height=\"{}\" rx=\"4\"/>",
                y - 1,
                height + 4
            );
        }
        y += height + PAUSE;
        rest = &rest[flight..];
    }
}

fn rung(out: &mut String, session: &ObservedSession, row: &Row<'_>, y: usize) {
    let after = row.first.at.saturating_sub(session.started);
    let milliseconds = format!("{}.{}", after.as_millis(), after.subsec_micros() % 1000 / 100);
    // A time keeps to its column: of five minutes nobody wants tenths of milliseconds.
    let milliseconds = if milliseconds.len() > 7 { after.as_millis().to_string() } else { milliseconds };
    let (class, _) = row.state();
    let _ = writeln!(
        out,
        "<text class=\"small\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{milliseconds}</text>\
         <text class=\"small\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
        CLIENT - 8,
        y + 3,
        WIDTH - 3,
        y + 3,
        row.octets
    );
    match row.opened() {
        None => arrow(out, row.first.from, y, class, &row.label()),
        Some(opened) => {
            out.push_str("<g class=\"observer\">");
            arrow(out, row.first.from, y, class, &row.label());
            out.push_str("</g><g class=\"with-keys\">");
            arrow(out, row.first.from, y, "opened", &opened);
            out.push_str("</g>\n");
        }
    }
}

fn arrow(out: &mut String, from: Side, y: usize, class: &str, label: &str) {
    let (start, end, tip) = match from {
        Side::Client => {
            (CLIENT, SERVER - 7, format!("{SERVER},{y} {},{} {},{}", SERVER - 8, y - 4, SERVER - 8, y + 4))
        }
        Side::Server => {
            (SERVER, CLIENT + 7, format!("{CLIENT},{y} {},{} {},{}", CLIENT + 8, y - 4, CLIENT + 8, y + 4))
        }
    };
    let _ = writeln!(
        out,
        "<line class=\"{class}\" x1=\"{start}\" y1=\"{y}\" x2=\"{end}\" y2=\"{y}\"/>\
         <polygon class=\"tip-{class}\" points=\"{tip}\"/>"
    );
    let lines = wrapped(label);
    let middle = usize::midpoint(CLIENT, SERVER);
    for (index, line) in lines.iter().enumerate() {
        let y = y - 5 - (lines.len() - 1 - index) * LINE;
        let line = escape(line);
        let _ = writeln!(
            out,
            "<text class=\"label-{class}\" x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\">{line}</text>"
        );
    }
}

fn hellos(out: &mut String, tls: &Tls) {
    let list =
        |codes: Vec<u16>, name: fn(u16) -> String| codes.into_iter().map(name).collect::<Vec<_>>().join(", ");
    if let Some(hello) = &tls.client_hello {
        let shares = |hello: &ClientHello| {
            list(hello.key_shares().iter().map(|share| share.0).collect(), names::group)
        };
        let extensions = hello.extensions.iter().map(|extension| extension.code).collect();
        let protocols: Vec<_> = hello.protocols().iter().map(|protocol| octets(protocol)).collect();
        fields(
            out,
            "ClientHello: what the client offers",
            "",
            &[
                ("versions", list(hello.versions(), names::version)),
                ("suites", list(hello.cipher_suites.clone(), names::cipher_suite)),
                ("groups", list(hello.groups(), names::group)),
                ("key shares", shares(hello)),
                ("signatures", list(hello.signature_schemes(), names::signature_scheme)),
                ("name (SNI)", hello.server_name().unwrap_or_default()),
                ("ALPN", protocols.join(", ")),
                ("extensions", list(extensions, names::extension)),
            ],
        );
    }
    if let Some(hello) = &tls.server_hello {
        let extensions = hello.extensions.iter().map(|extension| extension.code).collect();
        fields(
            out,
            "ServerHello: what the server chooses",
            "",
            &[
                ("version", names::version(hello.version())),
                ("suite", names::cipher_suite(hello.cipher_suite)),
                ("group", tls.group().map(names::group).unwrap_or_default()),
                ("extensions", list(extensions, names::extension)),
            ],
        );
    }
    let chains = [
        ("The server's certificate, readable", "", &tls.server_certificates),
        ("The client's certificate, readable", "", &tls.client_certificates),
        ("The server's certificate", "with-keys", &tls.opened_certificates.server),
        ("The client's certificate", "with-keys", &tls.opened_certificates.client),
    ];
    for (heading, class, chain) in chains {
        for der in chain {
            fields(out, heading, class, &certificate(der));
        }
    }
}

fn fields(out: &mut String, heading: &str, class: &str, fields: &[(&str, String)]) {
    let _ = writeln!(out, "<details class=\"{class}\">\n<summary>{}</summary>\n<table>", escape(heading));
    for (label, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(label), escape(value));
    }
    out.push_str("</table>\n</details>\n");
}

/// Every row as a table row, with its first octets.
fn byte_view(out: &mut String, session: &ObservedSession, rows: &[Row<'_>]) {
    let _ = writeln!(
        out,
        "<details>\n<summary>Every record and its bytes</summary>\n<table class=\"records\">\n\
         <caption>In order; the first {SAMPLE} bytes of each, record headers left out.</caption>\n\
         <thead><tr><th scope=\"col\" class=\"number\">ms</th><th scope=\"col\">from</th><th scope=\"col\">what</th>\
         <th scope=\"col\" class=\"number\">bytes</th></tr></thead>\n<tbody>"
    );
    for row in rows {
        let after = row.first.at.saturating_sub(session.started);
        let (class, state) = row.state();
        let _ = write!(
            out,
            "<tr><td class=\"number\">{:.3}</td><td>{}</td><td>",
            after.as_secs_f64() * 1e3,
            row.first.from
        );
        let opened = row.opened();
        let observer = if opened.is_some() { "observer" } else { "" };
        let _ = write!(
            out,
            "<div class=\"{observer}\">{} <span class=\"tag {class}\">{state}</span>",
            escape(&row.observed())
        );
        dump(out, class, &row.first.sample);
        out.push_str("</div>");
        if let (Some(opened), What::Record(record)) = (opened, &row.first.what) {
            let _ = write!(
                out,
                "<div class=\"with-keys\">{} <span class=\"tag opened\">opened</span>",
                escape(&opened)
            );
            dump(out, "opened", record.opened.as_ref().map_or(&[], |opened| &opened.sample));
            out.push_str("</div>");
        }
        let _ = writeln!(out, "</td><td class=\"number\">{}</td></tr>", row.octets);
    }
    out.push_str("</tbody>\n</table>\n</details>\n");
}

/// Octets in hexadecimal and as text, sixteen a line.
fn dump(out: &mut String, class: &str, sample: &[u8]) {
    if sample.is_empty() {
        return;
    }
    let _ = write!(out, "<pre class=\"octets {class}\" tabindex=\"0\">");
    for line in sample[..sample.len().min(SAMPLE)].chunks(8) {
        let hex: Vec<String> = line.iter().map(|octet| format!("{octet:02x}")).collect();
        let text: String = line
            .iter()
            .map(
                |octet| {
                    if octet.is_ascii_graphic() || *octet == b' ' { char::from(*octet) } else { '\u{b7}' }
                },
            )
            .collect();
        let _ = writeln!(out, "{:<23}  {}", hex.join(" "), escape(&text));
    }
    out.push_str("</pre>");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wire::Both;
    use crate::wire::frames::Conversation;
    use crate::wire::reading::Dissector;
    use crate::wire::reading::capture::Packet;

    /// A page of one plaintext connection in which the client says `text`.
    fn page_of(text: &[u8]) -> String {
        let mut dissector = Dissector::new(vec![Needle::new("<b>").unwrap()]).with_samples(SAMPLE);
        let (client, server) = ("10.0.0.1:5000".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
        let mut conversation = Conversation::new(client, server, Both::default());
        let mut emit = |headers: &[u8], payload: &[u8]| {
            let frame = [headers, payload].concat();
            dissector.packet(&Packet { at: Duration::ZERO, link: 1, data: &frame });
        };
        conversation.open(&mut emit);
        conversation.data(Side::Client, text, &mut emit);
        let (dissection, needles) = dissector.finish();
        page("<capture>", &dissection, &needles, &Ending::Whole)
    }

    #[test]
    fn what_strangers_say_is_no_markup() {
        let page = page_of(b"<script>alert('x')</script> & <b> \"quoted\"\x1b[2J");
        assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains('\u{1b}'), "{page}");
        assert!(
            page.contains("&lt;script&gt;alert(&#39;x&#39;)") && page.contains("&lt;capture&gt;"),
            "{page}"
        );
        assert!(page.contains("is READABLE on the wire, 1 time"), "{page}");
    }

    #[test]
    fn labels_break_between_words_and_end_somewhere() {
        assert_eq!(wrapped("ClientHello"), ["ClientHello"]);
        assert_eq!(
            wrapped("ServerHello, Certificate, ServerKeyExchange, ServerHelloDone"),
            ["ServerHello, Certificate,", "ServerKeyExchange, ServerHelloDone"]
        );
        let long = wrapped(&"x".repeat(1000));
        assert!(long.len() == LINES && long[LINES - 1].ends_with("x\u{2026}"), "{long:?}");
        for text in ["", " ", &" ".repeat(200), &"a ".repeat(200), &"\u{e9}".repeat(75)] {
            assert!(wrapped(text).iter().all(|line| line.chars().count() <= LABEL), "{text}");
        }
    }

    #[test]
    fn the_page_needs_nothing_else() {
        let page = page_of(b"hello");
        for needs in ["http:", "https:", "src=", "href=", "@import", "url("] {
            assert!(!page.contains(needs), "{needs}");
        }
        assert!(
            page.contains("<pre class=\"octets open\" tabindex=\"0\">68 65 6c 6c 6f           hello"),
            "{page}"
        );
        let count = |what: &str| page.matches(what).count();
        for element in ["section", "svg", "table", "details", "div", "main", "g"] {
            let opened = count(&format!("<{element} ")) + count(&format!("<{element}>"));
            assert_eq!(opened, count(&format!("</{element}>")), "{element}");
        }
    }
}
