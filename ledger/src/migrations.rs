//! The schema of both databases, in its steps. One that was released never changes: a database
//! remembers the checksum of each that it has taken, and refuses another.

use std::borrow::Cow;

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// Names as in the folder `migrations`, without `.sql`. Listed here and not by `sqlx::migrate!`,
/// which has cargo build both databases' drivers twice.
const STEPS: [(&str, &str); 5] = [
    ("0001_ledger", include_str!("../migrations/0001_ledger.sql")),
    ("0002_lines", include_str!("../migrations/0002_lines.sql")),
    ("0003_draws", include_str!("../migrations/0003_draws.sql")),
    ("0004_trace", include_str!("../migrations/0004_trace.sql")),
    ("0005_outbox_unsettled", include_str!("../migrations/0005_outbox_unsettled.sql")),
];

pub(crate) fn migrator() -> Migrator {
    Migrator::with_migrations(
        (1..).zip(STEPS).map(|(version, step)| migration(version, step)).collect(),
    )
}

fn migration(version: i64, (name, sql): (&str, &'static str)) -> Migration {
    let description = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    let description = Cow::Owned(description.replace('_', " "));
    Migration::new(version, description, MigrationType::Simple, sql.into_sql_str(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As sqlx itself reads a folder: the same versions, names and checksums.
    #[tokio::test]
    async fn every_file_of_the_folder_is_a_step() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let read = Migrator::new(std::path::Path::new(folder)).await.expect("the folder");
        let of = |migrator: &Migrator| -> Vec<(i64, String, Vec<u8>)> {
            let steps = migrator.iter();
            steps.map(|m| (m.version, m.description.to_string(), m.checksum.to_vec())).collect()
        };
        assert_eq!(of(&migrator()), of(&read));
    }
}
