//! Statements over many rows: the texts of `VALUES ($1, $2), ($3, $4), …` and of `IN ($1, $2, …)`.
//!
//! Rows go in parts whose sizes are powers of two, so that few different texts exist and the
//! statement caches keep them.

use crate::{
    db::{Reads, Tx},
    dialect::Sql,
    error::Error,
    row::{Arg, Row},
};

const PART_MAX: usize = 64;

/// Runs `before VALUES (…), (…) after` for all rows; what was returned, if anything.
pub(crate) async fn insert_rows<'a>(
    tx: &mut Tx,
    before: &'static str,
    rows: Vec<Vec<Arg<'a>>>,
    after: &'static str,
) -> Result<Vec<Row>, Error> {
    let mut returned = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while let Some(first) = rows.peek() {
        let columns = first.len();
        let count = largest_part(rows.len());
        let args: Vec<Arg<'a>> = rows.by_ref().take(count).flatten().collect();
        returned.extend(tx.rows(text(before, count, columns, after), &args).await?);
    }
    Ok(returned)
}

/// The statements `before IN ($1, …) after` for all of `ids`, each with its arguments.
pub(crate) fn of_ids<'a>(
    before: &'static str,
    ids: impl IntoIterator<Item = &'a str>,
    after: &'static str,
) -> Vec<(Sql, Vec<Arg<'a>>)> {
    of_ids_with([], before, ids, after)
}

/// The same after arguments of which `before` speaks; the first of the list is `$N + 1`.
pub(crate) fn of_ids_with<'a, const N: usize>(
    leading: [Arg<'a>; N],
    before: &'static str,
    ids: impl IntoIterator<Item = &'a str>,
    after: &'static str,
) -> Vec<(Sql, Vec<Arg<'a>>)> {
    let ids: Vec<&str> = ids.into_iter().collect();
    ids.chunks(PART_MAX)
        .map(|part| {
            // The last one fills up what is missing: naming it twice is naming it once.
            let size = part.len().next_power_of_two();
            let filled = part.iter().chain(std::iter::repeat(&part[part.len() - 1]));
            let ids = filled.take(size).map(|id| Arg::from(*id));
            (list(before, N, size, after), leading.iter().cloned().chain(ids).collect())
        })
        .collect()
}

fn list(before: &str, leading: usize, size: usize, after: &str) -> Sql {
    let places: Vec<String> =
        (leading + 1..=leading + size).map(|place| format!("${place}")).collect();
    Sql::Built(format!("{before} IN ({}) {after}", places.join(", ")).into())
}

fn largest_part(rows: usize) -> usize {
    let mut part = PART_MAX;
    while part > rows {
        part /= 2;
    }
    part
}

fn text(before: &str, rows: usize, columns: usize, after: &str) -> Sql {
    let mut text = format!("{before} VALUES ");
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                text.push_str(", ");
            }
            text.push_str(&format!("${}", row * columns + column + 1));
        }
        text.push(')');
    }
    text.push(' ');
    text.push_str(after);
    Sql::Built(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_in_powers_of_two() {
        assert_eq!(largest_part(50), 32);
        assert_eq!(largest_part(1), 1);
        assert_eq!(largest_part(1_000), 64);
        let Sql::Built(text) = text("INSERT INTO t (a, b)", 2, 2, "RETURNING a") else { panic!() };
        assert_eq!(&*text, "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) RETURNING a");
    }
    #[test]
    fn a_list_is_filled_up_to_a_power_of_two() {
        let statements = of_ids("DELETE FROM t WHERE id", ["a", "b", "c"], "");
        let [(Sql::Built(text), args)] = &statements[..] else { panic!("one statement") };
        assert_eq!(&**text, "DELETE FROM t WHERE id IN ($1, $2, $3, $4) ");
        let ids: Vec<_> = args.iter().map(|arg| matches!(arg, Arg::Text(Some("c")))).collect();
        assert_eq!(ids, [false, false, true, true]);
        assert!(of_ids("", [], "").is_empty());
        let statements = of_ids_with([Arg::from("new")], "UPDATE t SET a = $1 WHERE id", ["b"], "");
        let [(Sql::Built(text), args)] = &statements[..] else { panic!("one statement") };
        assert_eq!((&**text, args.len()), ("UPDATE t SET a = $1 WHERE id IN ($2) ", 2));
    }
}
