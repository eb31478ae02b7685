//! A row per case and submission, for a spreadsheet.

use super::sheet::{COLUMNS, Sheet, sheets};

/// All audits, under one heading (RFC 4180).
pub fn csv<'a, A>(audits: &'a [A]) -> Result<String, ::csv::Error>
where
    &'a A: Into<Sheet>,
{
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for audit in sheets(audits) {
        for row in audit.rows {
            writer.write_record(row.cells.map(|cell| harmless(&cell)))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| ::csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A cell that a spreadsheet takes for text, not for a formula to compute.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(harmless("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(harmless("expired"), "expired");
    }
}
