//! JUnit's XML, as GitLab, Jenkins and GitHub's actions read it.

use std::io;
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::sheet::{Row, Sheet, sheets};
use crate::audit::result::Summary;
use crate::audit::verdict::Verdict;

/// One suite an audit.
pub fn junit<'a, A>(audits: &'a [A]) -> io::Result<String>
where
    &'a A: Into<Sheet>,
{
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
    let (mut verdicts, mut time) = (Vec::new(), Duration::ZERO);
    for audit in sheets(audits) {
        verdicts.extend(audit.rows.iter().map(|result| result.verdict));
        time += spent(&audit.rows);
    }
    let Summary { fail, error, skip, .. } = Summary::of(verdicts.iter().copied());
    writer
        .create_element("testsuites")
        .with_attributes([
            ("tests", verdicts.len().to_string().as_str()),
            ("failures", fail.to_string().as_str()),
            ("errors", error.to_string().as_str()),
            ("skipped", skip.to_string().as_str()),
            ("time", seconds(time).as_str()),
        ])
        .write_inner_content(|writer| sheets(audits).try_for_each(|audit| suite(writer, &audit)))?;
    let body = String::from_utf8(writer.into_inner()).map_err(io::Error::other)?;
    Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}\n"))
}

fn suite(writer: &mut Writer<Vec<u8>>, audit: &Sheet) -> io::Result<()> {
    let summary = audit.summary;
    let file = &audit.submission;
    let suite = if file.is_empty() { "audit".to_owned() } else { format!("audit {file}") };
    writer
        .create_element("testsuite")
        .with_attributes([
            ("name", text(&suite).as_str()),
            ("tests", audit.rows.len().to_string().as_str()),
            ("failures", summary.fail.to_string().as_str()),
            ("errors", summary.error.to_string().as_str()),
            ("skipped", summary.skip.to_string().as_str()),
            ("time", seconds(spent(&audit.rows)).as_str()),
        ])
        .write_inner_content(|writer| audit.rows.iter().try_for_each(|result| case(writer, result, file)))?;
    Ok(())
}

fn case(writer: &mut Writer<Vec<u8>>, result: &Row, file: &str) -> io::Result<()> {
    let mut element = writer
        .create_element("testcase")
        .with_attribute(("classname", result.family))
        .with_attribute(("name", result.name.as_str()));
    if !file.is_empty() {
        element = element.with_attribute(("file", text(file).as_str()));
    }
    element = element.with_attribute(("time", seconds(result.time).as_str()));
    let outcome = match result.verdict {
        Verdict::Fail => "failure",
        Verdict::Error => "error",
        Verdict::Skip => "skipped",
        Verdict::Warn => "system-out",
        Verdict::Info | Verdict::Pass => {
            element.write_empty()?;
            return Ok(());
        }
    };
    element.write_inner_content(|writer| {
        let mut inner = writer.create_element(outcome);
        if outcome != "system-out" {
            inner = inner.with_attribute(("message", text(&result.why).as_str()));
        }
        inner.write_text_content(BytesText::new(&text(&result.told)))?;
        Ok(())
    })?;
    Ok(())
}

/// What XML can say (XML 1.0 §2.2): other characters are escaped as everywhere, line ends stay.
fn text(of: &str) -> String {
    let lines: Vec<String> = of.split('\n').map(|line| crate::words::Escaped(line).to_string()).collect();
    lines.join("\n").replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn spent(results: &[Row]) -> Duration {
    results.iter().map(|result| result.time).sum()
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}
