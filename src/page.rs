//! A page: one HTML file that needs nothing else. No script and no network, which a Content-Security-Policy says to the
//! browser; one style for all, light, dark and on paper.
//!
//! [`maud`] writes the markup and escapes what HTML means by its letters; what strangers say goes through [`said`] before,
//! which makes visible what would not be.

use std::fmt::Display;

use maud::{DOCTYPE, Markup, PreEscaped, Render, html};

use crate::words;

/// What the page may load: nothing but its own style.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = include_str!("page.css");

/// The whole page: its title, which is its heading too, what stands beneath the heading, and the rest.
pub fn page(title: &str, header: &Markup, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content=(concat!("tlslab ", env!("CARGO_PKG_VERSION")));
                title { (said(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { h1 { (said(title)) } (header) }
                (body)
                footer { p.soft { (concat!("Made by tlslab ", env!("CARGO_PKG_VERSION"), ".")) } }
            }
        }
    }
    .into_string()
}

/// Text of anybody's making, fit to stand in a page.
pub fn said(text: impl Display) -> impl Render {
    words::Escaped(&text.to_string()).to_string()
}

/// A table of labels and values; what has no value is left out.
pub fn fields<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> Markup {
    html! {
        table {
            @for (label, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
                tr { th scope="row" { (said(label)) } td { (said(value)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_say_is_no_markup() {
        let page =
            page("<capture>", &html! {}, &fields([("a & b", "\"x\"<script>\u{1b}[2J\u{202e}".to_owned())]));
        assert!(page.contains("<title>&lt;capture&gt;</title>"), "{page}");
        assert!(page.contains("a &amp; b</th><td>&quot;x&quot;&lt;script&gt;"), "{page}");
        assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'), "{page}");
    }
}
