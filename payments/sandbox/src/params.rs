//! Form-encoded parameters with Stripe's bracket syntax: `metadata[order]=1`, `expand[]=charge`, `a[0]=x`.
//!
//! An operation takes out what it knows and then calls [`Params::finish`], which refuses what is left. So no
//! list of names stands beside the code that reads them. Every refusal here comes before any effect and is
//! never kept under an idempotency key.

use std::collections::BTreeMap;

use crate::{failure::Failure, limits};

/// A value, or a group of named values in the order they came (a list has numbers for names).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Text(String),
    Group(Vec<(String, Node)>),
}

/// What a request sent, less what was taken out already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    prefix: String,
    entries: Vec<(String, Node)>,
}

/// A requested change of metadata: everything cleared, or single keys set (`Some`) and unset (`None`).
#[derive(Clone, Debug, Default)]
pub(crate) struct MetadataChange {
    clear: bool,
    entries: Vec<(String, Option<String>)>,
}

impl MetadataChange {
    pub(crate) fn apply(self, metadata: &mut BTreeMap<String, String>) -> Result<(), Failure> {
        if self.clear {
            metadata.clear();
        }
        for (key, value) in self.entries {
            match value {
                Some(value) => metadata.insert(key, value),
                None => metadata.remove(&key),
            };
        }
        if metadata.len() > limits::METADATA_KEYS_MAX {
            return Err(Failure::invalid(
                "metadata",
                format!("You can have up to {} metadata keys.", limits::METADATA_KEYS_MAX),
            ));
        }
        Ok(())
    }
}

impl Params {
    /// Reads `a=1&b[c]=2`. Later values of one name replace earlier ones.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Failure> {
        let mut entries = Vec::new();
        for (count, (key, value)) in form_urlencoded::parse(text).enumerate() {
            if count >= limits::PARAMETERS_MAX {
                return Err(Failure::invalid_request("Too many parameters."));
            }
            let path = split(&key).ok_or_else(|| {
                Failure::invalid_request(format!("Invalid parameter name: {key}"))
            })?;
            insert(&mut entries, &path, value.into_owned());
        }
        Ok(Self { prefix: String::new(), entries })
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Node> {
        let position = self.entries.iter().position(|(key, _)| key == name)?;
        Some(self.entries.remove(position).1)
    }

    /// Takes out parameters that Stripe knows and that change nothing here.
    pub(crate) fn ignore(&mut self, names: &[&str]) {
        self.entries.retain(|(key, _)| !names.contains(&key.as_str()));
    }

    /// Refuses whatever nobody took.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        match self.entries.first() {
            None => Ok(()),
            Some((key, _)) => Err(Failure::unknown_parameter(&self.name(key))),
        }
    }

    /// A text that may be sent empty, which means unset.
    pub(crate) fn clearable_text(&mut self, name: &str) -> Result<Option<String>, Failure> {
        match self.take(name) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text)),
            Some(Node::Group(_)) => {
                Err(Failure::invalid(&self.name(name), format!("Invalid string: {name}")))
            }
        }
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Failure> {
        match self.clearable_text(name)? {
            Some(text) if text.is_empty() => Err(Failure::empty(&self.name(name))),
            text => Ok(text),
        }
    }

    pub(crate) fn required_text(&mut self, name: &str) -> Result<String, Failure> {
        self.text(name)?.ok_or_else(|| Failure::missing(&self.name(name)))
    }

    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i64>, Failure> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Failure::invalid_integer(&self.name(name), &text))
    }

    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, Failure> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => {
                Err(Failure::invalid(&self.name(name), format!("Invalid boolean: {other}")))
            }
        }
    }

    /// One of the words given.
    pub(crate) fn choice(
        &mut self,
        name: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, Failure> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(word)),
            None => Err(Failure::invalid(
                &self.name(name),
                format!("Invalid {name}: must be one of {}", words.join(", ")),
            )),
        }
    }

    /// `name[]=a&name[]=b`, in the order sent. Missing is empty.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<String>, Failure> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Node::Group(entries)) => entries
                .into_iter()
                .map(|(_, node)| match node {
                    Node::Text(text) if !text.is_empty() => Ok(text),
                    _ => Err(Failure::invalid(&self.name(name), "Invalid array".to_owned())),
                })
                .collect(),
            Some(Node::Text(text)) if text.is_empty() => Ok(Vec::new()),
            Some(Node::Text(_)) => {
                Err(Failure::invalid(&self.name(name), "Invalid array".to_owned()))
            }
        }
    }

    /// `name[a]=1&name[b]=2` as parameters of their own.
    pub(crate) fn group(&mut self, name: &str) -> Result<Option<Params>, Failure> {
        match self.take(name) {
            None => Ok(None),
            Some(Node::Group(entries)) => Ok(Some(Params { prefix: self.name(name), entries })),
            Some(Node::Text(_)) => {
                Err(Failure::invalid(&self.name(name), "Invalid object".to_owned()))
            }
        }
    }

    pub(crate) fn metadata(&mut self) -> Result<MetadataChange, Failure> {
        let mut change = MetadataChange::default();
        match self.take("metadata") {
            None => {}
            Some(Node::Text(text)) if text.is_empty() => change.clear = true,
            Some(Node::Text(_)) => {
                return Err(Failure::invalid("metadata", "Invalid object".to_owned()));
            }
            Some(Node::Group(entries)) => {
                for (key, node) in entries {
                    change.entries.push(metadata_entry(key, node)?);
                }
            }
        }
        Ok(change)
    }

    /// What is left, names and values, for parameters whose names are free.
    pub(crate) fn remaining_texts(self) -> BTreeMap<String, String> {
        self.entries
            .into_iter()
            .filter_map(|(key, node)| match node {
                Node::Text(text) => Some((key, text)),
                Node::Group(_) => None,
            })
            .collect()
    }

    fn name(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}[{key}]", self.prefix) }
    }
}

fn metadata_entry(key: String, node: Node) -> Result<(String, Option<String>), Failure> {
    let Node::Text(value) = node else {
        return Err(Failure::invalid("metadata", "Metadata values must be strings.".to_owned()));
    };
    if key.chars().count() > limits::METADATA_KEY_CHARS_MAX {
        let message = format!(
            "Invalid metadata key: keys have up to {} characters.",
            limits::METADATA_KEY_CHARS_MAX
        );
        return Err(Failure::invalid("metadata", message));
    }
    if value.chars().count() > limits::METADATA_VALUE_CHARS_MAX {
        let message = format!(
            "Invalid metadata value: values have up to {} characters.",
            limits::METADATA_VALUE_CHARS_MAX
        );
        return Err(Failure::invalid("metadata", message));
    }
    Ok((key, if value.is_empty() { None } else { Some(value) }))
}

/// `a[b][]` to `a`, `b`, and the empty name.
fn split(key: &str) -> Option<Vec<&str>> {
    let Some((head, mut rest)) = key.split_once('[') else {
        return (!key.is_empty()).then(|| vec![key]);
    };
    if head.is_empty() {
        return None;
    }
    let mut path = vec![head];
    loop {
        let (part, after) = rest.split_once(']')?;
        path.push(part);
        if path.len() > limits::PARAMETER_DEPTH_MAX {
            return None;
        }
        if after.is_empty() {
            return Some(path);
        }
        rest = after.strip_prefix('[')?;
    }
}

fn insert(entries: &mut Vec<(String, Node)>, path: &[&str], value: String) {
    let (name, rest) = (path[0], &path[1..]);
    let name = if name.is_empty() { entries.len().to_string() } else { name.to_owned() };
    let position = entries.iter().position(|(key, _)| *key == name).unwrap_or_else(|| {
        entries.push((name, Node::Text(String::new())));
        entries.len() - 1
    });
    let slot = &mut entries[position].1;
    if rest.is_empty() {
        *slot = Node::Text(value);
        return;
    }
    if let Node::Text(_) = slot {
        *slot = Node::Group(Vec::new());
    }
    if let Node::Group(inner) = slot {
        insert(inner, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_make_groups_and_lists_in_the_order_sent() {
        let mut params = Params::parse(b"a=1&m[x]=2&m%5By%5D=3&l[]=b&l[]=a&n[0]=z").unwrap();
        assert_eq!(params.integer("a").unwrap(), Some(1));
        let mut group = params.group("m").unwrap().unwrap();
        assert_eq!(group.text("x").unwrap().as_deref(), Some("2"));
        assert_eq!(group.text("y").unwrap().as_deref(), Some("3"));
        assert_eq!(params.list("l").unwrap(), ["b", "a"]);
        assert_eq!(params.list("n").unwrap(), ["z"]);
        assert!(params.finish().is_ok());
    }

    #[test]
    fn what_nobody_takes_is_refused_by_its_full_name() {
        let mut params = Params::parse(b"card[number]=4&card[colour]=red").unwrap();
        let mut card = params.group("card").unwrap().unwrap();
        card.text("number").unwrap();
        let failure = card.finish().unwrap_err();
        assert_eq!(failure.code, Some("parameter_unknown"));
        assert_eq!(failure.param.as_deref(), Some("card[colour]"));
    }

    #[test]
    fn broken_brackets_are_refused() {
        for text in ["[a]=1", "a[b=1", "a[b]c=1", "a[b][c][d][e][f][g][h][i]=1"] {
            assert!(Params::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn metadata_is_merged_and_an_empty_value_unsets() {
        let mut metadata = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        let mut params = Params::parse(b"metadata[a]=&metadata[b]=2").unwrap();
        params.metadata().unwrap().apply(&mut metadata).unwrap();
        assert_eq!(metadata, BTreeMap::from([("b".to_owned(), "2".to_owned())]));
        Params::parse(b"metadata=").unwrap().metadata().unwrap().apply(&mut metadata).unwrap();
        assert!(metadata.is_empty());
    }
}
