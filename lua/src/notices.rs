//! What processes tell each other that is no event's: short notices on a capped stream.
//!
//! No script decides anything about them, and losing some is no harm: whoever writes here tells
//! sums that are wrong for a minute at most.

use crate::{Error, Store};

/// About so many are kept: more than all processes together write in the second between two looks.
const KEPT: usize = 2_000;
/// Read at one look.
const READ_MAX: usize = 2_000;

/// One topic, as one process follows it.
#[derive(Clone, Debug)]
pub struct Notices {
    key: String,
    /// Names this process, so that it does not hear itself.
    origin: String,
    /// The last one read. `$`: none yet, and what was before is not asked for.
    after: Option<String>,
}

impl Notices {
    pub fn new(topic: &str, origin: impl Into<String>) -> Self {
        Self { key: format!("hf:{{{topic}}}:notices"), origin: origin.into(), after: None }
    }

    /// Tells the others (an empty text: nothing), and hears what they have told since the last call,
    /// in order. The first call hears nothing. In process nobody else is there.
    pub async fn exchange(&mut self, store: &Store, text: &str) -> Result<Vec<String>, Error> {
        if !text.is_empty() {
            let mut add = redis::cmd("XADD");
            add.arg(&self.key).arg("MAXLEN").arg("~").arg(KEPT).arg("*");
            add.arg("o").arg(&self.origin).arg("t").arg(text);
            store.command(add).await?;
        }
        let Some(after) = self.after.clone() else {
            let mut last = redis::cmd("XREVRANGE");
            last.arg(&self.key).arg("+").arg("-").arg("COUNT").arg(1);
            let Some(value) = store.command(last).await? else { return Ok(Vec::new()) };
            let newest = read(value)?.pop().map(|notice| notice.id);
            self.after = Some(newest.unwrap_or_else(|| "0-0".to_owned()));
            return Ok(Vec::new());
        };
        let mut range = redis::cmd("XRANGE");
        range.arg(&self.key).arg(format!("({after}")).arg("+").arg("COUNT").arg(READ_MAX);
        let Some(value) = store.command(range).await? else { return Ok(Vec::new()) };
        let notices = read(value)?;
        if let Some(last) = notices.last() {
            self.after = Some(last.id.clone());
        }
        let others = notices.into_iter().filter(|notice| notice.origin != self.origin);
        Ok(others.map(|notice| notice.text).collect())
    }
}

struct Notice {
    id: String,
    origin: String,
    text: String,
}

fn read(value: redis::Value) -> Result<Vec<Notice>, Error> {
    type Entry = (String, Vec<(String, String)>);
    let malformed = Error::Malformed { script: "notices" };
    let entries: Vec<Entry> = redis::from_redis_value(value).map_err(|_| malformed)?;
    let field = |fields: &[(String, String)], name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let notice =
        |(id, fields): Entry| Notice { origin: field(&fields, "o"), text: field(&fields, "t"), id };
    Ok(entries.into_iter().map(notice).collect())
}
