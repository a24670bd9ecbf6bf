//! Rows as comma separated values: CIPP's fields by CIPP's names, safe to open in a spreadsheet.

use std::borrow::Cow;
use std::io::Write;

use cipp_client::{Fields, Row, RowProblem};
use logbook::{data_text, inert};

/// CIPP's field names, in CIPP's order: the header of the CSV form.
pub(super) const COLUMNS: [&str; 13] = [
    "DateTime",
    "Tenant",
    "API",
    "Message",
    "User",
    "Severity",
    "LogData",
    "TenantID",
    "AppId",
    "IP",
    "RowKey",
    "StandardInfo",
    "DateFilter",
];

/// Writes one row.
pub(super) fn write<W: Write>(
    out: &mut csv::Writer<W>,
    row: &Row,
    fields: Result<&Fields<'_>, &RowProblem>,
) -> Result<(), csv::Error> {
    let unreadable = Fields {
        message: Some(Cow::Borrowed(row.raw())),
        ..Fields::default()
    };
    let fields = fields.unwrap_or(&unreadable);
    let log_data = fields.log_data.map(|data| data_text(data.get()));
    let standard_info = fields.standard_info.map(|info| data_text(info.get()));
    let cells = [
        fields.date_time.as_deref(),
        fields.tenant.as_deref(),
        fields.api.as_deref(),
        fields.message.as_deref(),
        fields.user.as_deref(),
        fields.severity.as_deref(),
        log_data.as_deref(),
        fields.tenant_id.as_deref(),
        fields.app_id.as_deref(),
        fields.ip.as_deref(),
        fields.row_key.as_deref(),
        standard_info.as_deref(),
        fields.date_filter.as_deref(),
    ];
    for cell in cells {
        out.write_field(inert(cell.unwrap_or_default()).as_bytes())?;
    }
    out.write_record(None::<&[u8]>)
}
