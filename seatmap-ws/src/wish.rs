//! The query of an upgrade: from where on, and what of the map.

use platform::http::Problem;

use crate::{
    error,
    limits::{QUERY_LENGTH_MAX, ZONES_PER_SOCKET_MAX},
};

/// Parameters that would carry a secret into logs and histories.
const SECRETS: [&str; 7] =
    ["token", "access_token", "authorization", "device", "pass", "place", "ticket"];

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The epoch and version that it has.
    pub(crate) since: Option<(u64, u64)>,
    /// Names of zones or areas.
    pub(crate) zones: Option<Vec<String>>,
    pub(crate) overview: bool,
}

impl Wish {
    /// Unknown parameters mean nothing; a known one that does not fit is 422, a secret 400.
    pub(crate) fn read(query: &str) -> Result<Self, Problem> {
        if query.len() > QUERY_LENGTH_MAX {
            return Err(Problem::invalid_request("the query is too long"));
        }
        let mut wish = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "since" => wish.since = Some(read_since(&value)?),
                "zones" => wish.zones = Some(read_zones(&value)?),
                "overview" => wish.overview = read_flag(&value)?,
                name if SECRETS.contains(&name.to_ascii_lowercase().as_str()) => {
                    return Err(error::secret_in_query());
                }
                _ => {}
            }
        }
        Ok(wish)
    }
}

fn read_since(text: &str) -> Result<(u64, u64), Problem> {
    let parts = text.split_once('.');
    let numbers = parts.and_then(|(epoch, version)| Some((number(epoch)?, number(version)?)));
    numbers.ok_or_else(|| Problem::invalid_request("since must be <epoch>.<version>"))
}

/// Digits alone: `parse` would take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn read_zones(text: &str) -> Result<Vec<String>, Problem> {
    let names: Vec<String> =
        text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.is_empty() || names.len() > ZONES_PER_SOCKET_MAX {
        return Err(Problem::invalid_request(format!(
            "zones must name 1 to {ZONES_PER_SOCKET_MAX} zones or areas"
        )));
    }
    Ok(names)
}

fn read_flag(text: &str) -> Result<bool, Problem> {
    match text {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(Problem::invalid_request("overview must be 1 or 0")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_from_where_on_and_what() {
        let wish = Wish::read("since=3.41&zones=Left%20wing,Pit&overview=1&v=2").unwrap();
        assert_eq!(wish.since, Some((3, 41)));
        assert_eq!(wish.zones, Some(vec!["Left wing".to_owned(), "Pit".to_owned()]));
        assert!(wish.overview);
        assert_eq!(Wish::read(""), Ok(Wish::default()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for query in
            ["since=3", "since=3.", "since=.4", "since=+3.4", "since=a.b", "zones=", "overview=yes"]
        {
            assert_eq!(Wish::read(query).unwrap_err().code, "invalid_request", "{query}");
        }
        let many = format!("zones={}", "a,".repeat(ZONES_PER_SOCKET_MAX + 1));
        assert_eq!(Wish::read(&many).unwrap_err().code, "invalid_request");
        assert_eq!(Wish::read("Access_Token=x").unwrap_err().status, 400);
    }
}
