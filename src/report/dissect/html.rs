//! A dissection as a page: a ladder in SVG for each session, a byte view, and a switch between what an observer sees
//! and what the secrets show.
//!
//! The switch is two radio buttons and a style sheet. What everybody can read is the warning, what is encrypted the calm
//! one, and a word says so beside the colour. Everything in the pictures stands in tables too, for readers who do not see
//! them. Bounded: [`MOST_SESSIONS`] sessions and [`MOST_ROWS`] rows of each are drawn, and what is left out is said.

use maud::{Markup, html};

use super::lessons::lessons;
use super::{
    bytes, certificate, close, instant, labels, opened, opened_place, opening_trouble, place, protocol,
    readable, skipped,
};
use crate::page::{fields, page as whole_page, said};
use crate::tls::names;
use crate::wire::Side;
use crate::wire::hello::ClientHello;
use crate::wire::reading::capture::Ending;
use crate::wire::reading::dissection::{Dissection, Find, Place};
use crate::wire::reading::find::Needle;
use crate::wire::reading::session::{ObservedEvent, ObservedSession, Tls, What};
use crate::words::counted;

/// The most sessions that are drawn.
pub const MOST_SESSIONS: usize = 50;
/// The most rows of a session's ladder.
pub const MOST_ROWS: usize = 200;
/// How many bytes of each event a page shows: what to ask a dissector for.
pub const SAMPLE: usize = 64;

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
    let title = format!("What crossed the wire: {}", super::safe(name));
    titled(&title, dissection, needles, ending, &html! {})
}

/// The whole page under a title of one's own, with something `more` to see after the sessions.
pub fn titled(
    title: &str,
    dissection: &Dissection,
    needles: &[Needle],
    ending: &Ending,
    more: &Markup,
) -> String {
    let sessions = dissection.sessions.iter().filter(|session| session.tls.is_some()).count() as u64;
    let has_keys = dissection.sessions.iter().any(shows_more_with_keys);
    let left_out =
        dissection.sessions.len().saturating_sub(MOST_SESSIONS) as u64 + dissection.unlisted_sessions;
    let skipped = skipped(dissection, ending);
    let header = html! {
        p.soft {
            (counted(dissection.packets, "packet")) ", "
            (counted(dissection.sessions.len() as u64 + dissection.unlisted_sessions, "TCP connection")) ", "
            (counted(sessions, "TLS session"))
        }
        @if let Some(damage) = super::ending(ending) { p.verdict.found { (said(damage)) } }
        @for (index, needle) in needles.iter().enumerate() { (find(dissection, index, needle, &skipped)) }
        (view_switch(has_keys))
    };
    let body = html! {
        main.sessions {
            @for session in dissection.sessions.iter().take(MOST_SESSIONS) { (show(session)) }
        }
        @if left_out > 0 { p.soft { (left_out) " more connections are not drawn." } }
        (more)
    };
    whole_page(title, &header, &body)
}

fn shows_more_with_keys(session: &ObservedSession) -> bool {
    session.tls.as_ref().is_some_and(|tls| tls.opened.client.events + tls.opened.server.events > 0)
}

fn view_switch(has_keys: bool) -> Markup {
    html! {
        fieldset {
            legend { "Show what can be read by" }
            label { input type="radio" name="view" id="observer" checked; " an observer" }
            label {
                input type="radio" name="view" id="with-keys" disabled[!has_keys];
                " whoever has the keys"
                @if !has_keys { " " span.soft { "(no secrets are known)" } }
            }
        }
        p.soft {
            span.tag.open { "\u{2500} readable" } " for everybody on the way; "
            span.tag.sealed { "\u{2504} encrypted" } ": length and time show, nothing else"
            span.with-keys { "; " span.tag.opened { "\u{2504} opened" } " with the session's keys" } "."
        }
    }
}

/// What became of a text that was looked for: on the whole, and session by session.
fn find(dissection: &Dissection, index: usize, needle: &Needle, skipped: &[String]) -> Markup {
    let text = needle.text();
    let first = |finds: &'_ [Find]| finds.iter().find(|find| find.needle == index).map(|find| find.place);
    let found = dissection.finds.iter().find(|find| find.needle == index);
    html! {
        @match found {
            None if !skipped.is_empty() => p.verdict.found {
                (said(format!(
                    "\u{201c}{text}\u{201d} was not found, and not everything was looked at: {}.",
                    skipped.join("; ")
                )))
            }
            None => p.verdict.safe { (said(format!("\u{201c}{text}\u{201d} is nowhere readable on the wire."))) }
            Some(find) => p.verdict.found {
                (said(format!(
                    "\u{201c}{text}\u{201d} is READABLE on the wire, {}: first in {}, as {}.",
                    counted(dissection.found[index], "time"),
                    place(find.place),
                    find.guise.name()
                )))
            }
        }
        @if dissection.sessions.len() > 1 {
            ul.by-session {
                @for session in dissection.sessions.iter().take(MOST_SESSIONS) {
                    @let count = in_session(&dissection.finds, index, session.number);
                    li {
                        "Session " (session.number) ", " (said(protocol(session))) ": "
                        @if count > 0 { span.tag.open { "readable" } }
                        @else if !skipped.is_empty() { span.tag.unknown { "not found" } }
                        @else { span.tag.sealed { "nowhere" } }
                    }
                }
            }
        }
        @if let Some(place) = first(&dissection.opened_finds) {
            p.verdict.with-keys { (said(format!("With the keys it shows: first in {}.", opened_place(place)))) }
        }
    }
}

/// How many of the finds of one text are in this session.
fn in_session(finds: &[Find], needle: usize, session: usize) -> usize {
    let here = |find: &&Find| {
        find.needle == needle && matches!(find.place, Place::Stream(number, _, _) if number == session)
    };
    finds.iter().filter(here).count()
}

fn show(session: &ObservedSession) -> Markup {
    let number = session.number;
    let rows = rows(session);
    let left_out = session.events.len().saturating_sub(MOST_ROWS) as u64 + session.unlisted.events;
    html! {
        section aria-labelledby={ "session-" (number) } {
            h2 id={ "session-" (number) } { "Session " (number) ": " (said(protocol(session))) }
            p { (session.client) " \u{2192} " (session.server) }
            p.soft { (instant(session.started)) ", " (close(session.close)) }
            @if !rows.is_empty() { (ladder(session, &rows, &session.number.to_string(), View::Switched)) }
            @if rows.len() >= MOST_ROWS && left_out > 0 { p.soft { "More crossed than is drawn here." } }
            @if let Some(trouble) = session.tls.as_deref().and_then(opening_trouble) {
                p.soft.with-keys { (said(trouble)) }
            }
            (sentences(session))
            @if let Some(tls) = &session.tls { (hellos(tls)) }
            @if !rows.is_empty() { (byte_view(session, &rows)) }
        }
    }
}

fn sentences(session: &ObservedSession) -> Markup {
    let lessons = lessons(session);
    let lists = [(true, "learned", "What an observer learns"), (false, "hidden-from", "What stays hidden")];
    html! {
        @for (learned, class, heading) in lists {
            @if lessons.iter().any(|lesson| lesson.learned == learned) {
                h3 { (heading) }
                ul class=(class) {
                    @for lesson in lessons.iter().filter(|lesson| lesson.learned == learned) {
                        li { (said(&lesson.text)) }
                    }
                }
            }
        }
    }
}

/// A row of the ladder: one event, or several encrypted ones that look alike.
struct Row<'a> {
    first: &'a ObservedEvent,
    count: usize,
    bytes: u64,
}

fn rows(session: &ObservedSession) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut events = session.events.as_slice();
    while let Some((first, rest)) = events.split_first()
        && rows.len() < MOST_ROWS
    {
        let alike = 1 + rest.iter().take_while(|event| super::text::looks_alike(first, event)).count();
        let count = if alike > FEW { alike } else { 1 };
        rows.push(Row { first, count, bytes: events[..count].iter().map(|event| event.bytes).sum() });
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

    /// That, and whether it can be read: colour alone says nothing.
    fn label(&self) -> String {
        format!("{} \u{b7} {}", self.observed(), self.state().1)
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
            (What::Stray, _) => ("unknown", "no record"),
            (What::Unknown(_), None) => ("unknown", "unknown"),
            (_, Some(false)) => ("sealed", "encrypted"),
            (_, None) => ("unknown", "not captured"),
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

/// What a picture shows of what the secrets open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    /// That, in place of what an observer sees.
    Opened,
    /// Either, as the page's switch says.
    Switched,
}

/// A session's ladder alone, for a page without a switch: what the secrets open is opened.
pub(crate) fn picture(session: &ObservedSession, id: &str) -> Markup {
    ladder(session, &rows(session), id, View::Opened)
}

fn ladder(session: &ObservedSession, rows: &[Row<'_>], id: &str, view: View) -> Markup {
    let pauses = rows.windows(2).filter(|pair| pair[0].first.from != pair[1].first.from).count();
    let height = TOP + rows.iter().map(Row::height).sum::<usize>() + pauses * PAUSE + 8;
    let mut y = TOP;
    let mut before = None;
    let rungs: Vec<Markup> = rows
        .iter()
        .map(|row| {
            if before.is_some_and(|side| side != row.first.from) {
                y += PAUSE;
            }
            before = Some(row.first.from);
            y += row.height();
            rung(session, row, y - 8, view)
        })
        .collect();
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-labelledby={ "ladder-" (id) } {
            title id={ "ladder-" (id) } {
                "Ladder diagram"
                @if view == View::Switched { " of session " (session.number) }
                ": " (counted(rows.len() as u64, "message")) " between client (left) and server (right)"
                @if view == View::Switched { "; the table below says the same" }
            }
            text x=(CLIENT) y="14" text-anchor="middle" { "client" }
            text x=(SERVER) y="14" text-anchor="middle" { "server" }
            text.small x="4" y="14" { "ms" }
            text.small x=(WIDTH - 3) y="14" text-anchor="end" { "bytes" }
            (bands(rows))
            @for x in [CLIENT, SERVER] { line.life x1=(x) y1="20" x2=(x) y2=(height - 4) {} }
            @for rung in rungs { (rung) }
        }
    }
}

/// A band behind each of the server's flights, so that flights show.
fn bands(rows: &[Row<'_>]) -> Markup {
    let mut y = TOP;
    let mut rest = rows;
    let mut bands = Vec::new();
    while let Some(first) = rest.first() {
        let flight = rest.iter().take_while(|row| row.first.from == first.first.from).count();
        let height: usize = rest[..flight].iter().map(Row::height).sum();
        if first.first.from == Side::Server {
            bands.push((y - 1, height + 4));
        }
        y += height + PAUSE;
        rest = &rest[flight..];
    }
    html! {
        @for (y, height) in bands { rect.band x="0" y=(y) width=(WIDTH) height=(height) rx="4" {} }
    }
}

fn rung(session: &ObservedSession, row: &Row<'_>, y: usize, view: View) -> Markup {
    let after = row.first.at.saturating_sub(session.started);
    let milliseconds = format!("{}.{}", after.as_millis(), after.subsec_micros() % 1000 / 100);
    // A time keeps to its column: of five minutes nobody wants tenths of milliseconds.
    let milliseconds = if milliseconds.len() > 7 { after.as_millis().to_string() } else { milliseconds };
    let observed = arrow(row.first.from, y, row.state().0, &row.label());
    html! {
        text.small x=(CLIENT - 8) y=(y + 3) text-anchor="end" { (milliseconds) }
        text.small x=(WIDTH - 3) y=(y + 3) text-anchor="end" { (row.bytes) }
        @match row.opened() {
            None => (observed),
            Some(opened) if view == View::Opened => (arrow(row.first.from, y, "opened", &opened)),
            Some(opened) => {
                g.observer { (observed) }
                g.with-keys { (arrow(row.first.from, y, "opened", &opened)) }
            }
        }
    }
}

fn arrow(from: Side, y: usize, class: &str, label: &str) -> Markup {
    let (start, end, tip) = match from {
        Side::Client => {
            (CLIENT, SERVER - 7, format!("{SERVER},{y} {},{} {},{}", SERVER - 8, y - 4, SERVER - 8, y + 4))
        }
        Side::Server => {
            (SERVER, CLIENT + 7, format!("{CLIENT},{y} {},{} {},{}", CLIENT + 8, y - 4, CLIENT + 8, y + 4))
        }
    };
    let lines = wrapped(label);
    let first = y - 5 - (lines.len() - 1) * LINE;
    html! {
        line class=(class) x1=(start) y1=(y) x2=(end) y2=(y) {}
        polygon class={ "tip-" (class) } points=(tip) {}
        @for (index, line) in lines.iter().enumerate() {
            text class={ "label-" (class) } x=(usize::midpoint(CLIENT, SERVER)) y=(first + index * LINE)
                text-anchor="middle" { (said(line)) }
        }
    }
}

fn hellos(tls: &Tls) -> Markup {
    let list = |codes: Vec<u16>, name: fn(u16) -> String| super::list(codes.into_iter().map(name));
    let offered = |hello: &ClientHello| {
        let shares = hello.key_shares().iter().map(|share| share.0).collect();
        let extensions = hello.extensions.iter().map(|extension| extension.code).collect();
        let protocols: Vec<_> = hello.protocols().iter().map(|protocol| bytes(protocol)).collect();
        vec![
            ("versions", list(hello.versions(), names::version)),
            ("suites", list(hello.cipher_suites.clone(), names::cipher_suite)),
            ("groups", list(hello.groups(), names::group)),
            ("key shares", list(shares, names::group)),
            ("signatures", list(hello.signature_schemes(), names::signature_scheme)),
            ("name (SNI)", hello.server_name().unwrap_or_default()),
            ("ALPN", protocols.join(", ")),
            ("extensions", list(extensions, names::extension)),
        ]
    };
    let chosen = tls.server_hello.as_ref().map(|hello| {
        let extensions = hello.extensions.iter().map(|extension| extension.code).collect();
        vec![
            ("version", names::version(hello.version())),
            ("suite", names::cipher_suite(hello.cipher_suite)),
            ("group", tls.group().map(names::group).unwrap_or_default()),
            ("extensions", list(extensions, names::extension)),
        ]
    });
    let chains = [
        ("The server's certificate, readable", "", Side::Server, &tls.server_certificates),
        ("The client's certificate, readable", "", Side::Client, &tls.client_certificates),
        ("The server's certificate", "with-keys", Side::Server, &tls.opened_certificates.server),
        ("The client's certificate", "with-keys", Side::Client, &tls.opened_certificates.client),
    ];
    html! {
        @if let Some(hello) = &tls.client_hello {
            (fold("ClientHello: what the client offers", "", offered(hello)))
        }
        @if let Some(chosen) = chosen { (fold("ServerHello: what the server chooses", "", chosen)) }
        @for (heading, class, whose, chain) in chains {
            @for (index, der) in chain.iter().enumerate() {
                (fold(heading, class, certificate(der).into_iter().chain(signed_by(tls, whose, index))))
            }
        }
    }
}

/// The scheme of the handshake's signature, which is made with the key of the first certificate.
fn signed_by(tls: &Tls, whose: Side, index: usize) -> Option<(&'static str, String)> {
    let scheme = tls.signed_by[whose].filter(|_| index == 0)?;
    Some(("handshake", names::signature_scheme(scheme)))
}

/// Fields that open at a click.
fn fold<'a>(heading: &str, class: &str, values: impl IntoIterator<Item = (&'a str, String)>) -> Markup {
    html! {
        details class=(class) { summary { (heading) } (fields(values)) }
    }
}

/// Every row as a table row, with its first bytes.
fn byte_view(session: &ObservedSession, rows: &[Row<'_>]) -> Markup {
    html! {
        details {
            summary { "Every record and its bytes" }
            table.records {
                caption { "In order; the first " (SAMPLE) " bytes of each, record headers left out." }
                thead {
                    tr {
                        th.number scope="col" { "ms" }
                        th scope="col" { "from" }
                        th scope="col" { "what" }
                        th.number scope="col" { "bytes" }
                    }
                }
                tbody { @for row in rows { (record(session, row)) } }
            }
        }
    }
}

fn record(session: &ObservedSession, row: &Row<'_>) -> Markup {
    let after = row.first.at.saturating_sub(session.started);
    let (class, state) = row.state();
    let opened = match &row.first.what {
        What::Record(record) => row.opened().map(|opened| (opened, record.opened.as_ref())),
        _ => None,
    };
    html! {
        tr {
            td.number { (format!("{:.3}", after.as_secs_f64() * 1e3)) }
            td { (row.first.from) }
            td {
                div class=(if opened.is_some() { "observer" } else { "" }) {
                    (said(row.observed())) " " span class={ "tag " (class) } { (state) }
                    (dump(class, &row.first.sample[..row.first.sample.len().min(SAMPLE)]))
                }
                @if let Some((opened, content)) = opened {
                    div.with-keys {
                        (said(opened)) " " span.tag.opened { "opened" }
                        (dump("opened", content.map_or(&[], |content| &content.sample)))
                    }
                }
            }
            td.number { (row.bytes) }
        }
    }
}

/// Bytes in hexadecimal and as text, eight a line.
pub(crate) fn dump(class: &str, sample: &[u8]) -> Markup {
    let line = |bytes: &[u8]| {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown = |byte: &u8| {
            if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '\u{b7}' }
        };
        format!("{:<23}  {}\n", hex.join(" "), bytes.iter().map(shown).collect::<String>())
    };
    html! {
        @if !sample.is_empty() {
            pre class={ "bytes " (class) } tabindex="0" {
                @for bytes in sample.chunks(8) { (line(bytes)) }
            }
        }
    }
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
            dissector.packet(&Packet { at: Duration::ZERO, link: 1, data: &frame, length: frame.len() });
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
        assert!(page.contains("&lt;script&gt;alert('x')") && page.contains("&lt;capture&gt;"), "{page}");
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
            page.contains("<pre class=\"bytes open\" tabindex=\"0\">68 65 6c 6c 6f           hello"),
            "{page}"
        );
        let count = |what: &str| page.matches(what).count();
        for element in ["section", "svg", "table", "details", "div", "main", "g"] {
            let opened = count(&format!("<{element} ")) + count(&format!("<{element}>"));
            assert_eq!(opened, count(&format!("</{element}>")), "{element}");
        }
    }
}
