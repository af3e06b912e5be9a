//! Pages of objects, newest first, by Stripe's cursors: `starting_after` goes back in time, `ending_before` forth.

use serde_json::{Value, json};

use crate::{
    call::Call,
    failure::Failure,
    limits,
    objects::{Record, seconds},
    params::{Node, Params},
    state::Table,
};

/// The parameters that every list has.
pub(crate) struct Page {
    limit: usize,
    starting_after: Option<String>,
    ending_before: Option<String>,
    created: Created,
}

/// Bounds on `created`, in seconds.
#[derive(Default)]
struct Created {
    at_least: Option<i64>,
    at_most: Option<i64>,
}

impl Page {
    pub(crate) fn read(call: &mut Call) -> Result<Self, Failure> {
        let limit = call.params.integer("limit")?.unwrap_or(limits::PAGE_DEFAULT);
        if limit < 1 {
            return Err(Failure::too_small("limit", 1));
        }
        if limit > limits::PAGE_MAX {
            let message = format!("This value must be less than or equal to {}.", limits::PAGE_MAX);
            return Err(Failure::invalid("limit", message));
        }
        let page = Self {
            limit: limit as usize,
            starting_after: call.params.text("starting_after")?,
            ending_before: call.params.text("ending_before")?,
            created: Created::read(&mut call.params)?,
        };
        if page.starting_after.is_some() && page.ending_before.is_some() {
            return Err(Failure::exclusive("starting_after", "starting_after, ending_before"));
        }
        Ok(page)
    }

    /// The page of what `keep` keeps.
    pub(crate) fn of<T: Record>(
        &self,
        table: &Table<T>,
        object: &str,
        url: &str,
        keep: impl Fn(&T) -> bool,
        view: impl Fn(&T) -> Value,
    ) -> Result<Value, Failure> {
        let position = |param: &str, id: &Option<String>| match id {
            None => Ok(None),
            Some(id) => match table.position(id) {
                Some(position) => Ok(Some(position)),
                None => Err(Failure::no_such(object, id, param)),
            },
        };
        let after = position("starting_after", &self.starting_after)?;
        let before = position("ending_before", &self.ending_before)?;
        let kept = |record: &&T| self.created.holds(seconds(record.created())) && keep(record);
        // One more than asked for tells whether there are more.
        let wanted = self.limit + 1;
        let mut found: Vec<&T> = match (after, before) {
            (_, Some(before)) => table.iter().skip(before + 1).filter(kept).take(wanted).collect(),
            (after, None) => {
                let older = after.unwrap_or(table.len());
                table.iter().take_older(older).filter(kept).take(wanted).collect()
            }
        };
        let has_more = found.len() > self.limit;
        found.truncate(self.limit);
        if before.is_some() {
            found.reverse();
        }
        let data: Vec<Value> = found.into_iter().map(view).collect();
        Ok(json!({ "object": "list", "data": data, "has_more": has_more, "url": url }))
    }
}

/// The first `count` records, newest first.
trait TakeOlder: Iterator {
    fn take_older(self, count: usize) -> impl Iterator<Item = Self::Item>;
}

impl<I: DoubleEndedIterator> TakeOlder for I
where
    I: Iterator,
{
    fn take_older(self, count: usize) -> impl Iterator<Item = Self::Item> {
        let length = self.size_hint().0;
        self.rev().skip(length.saturating_sub(count))
    }
}

impl Created {
    fn read(params: &mut Params) -> Result<Self, Failure> {
        let number =
            |text: &str| text.parse::<i64>().map_err(|_| Failure::invalid_integer("created", text));
        match params.take("created") {
            None => Ok(Self::default()),
            Some(Node::Text(text)) => {
                let at = Some(number(&text)?);
                Ok(Self { at_least: at, at_most: at })
            }
            Some(Node::Group(bounds)) => {
                let mut created = Self::default();
                for (name, node) in bounds {
                    let Node::Text(text) = node else {
                        return Err(Failure::invalid("created", "Invalid object".to_owned()));
                    };
                    let value = number(&text)?;
                    match name.as_str() {
                        "gte" => created.raise(value),
                        "gt" => created.raise(value.saturating_add(1)),
                        "lte" => created.lower(value),
                        "lt" => created.lower(value.saturating_sub(1)),
                        other => {
                            return Err(Failure::unknown_parameter(&format!("created[{other}]")));
                        }
                    }
                }
                Ok(created)
            }
        }
    }

    fn raise(&mut self, bound: i64) {
        self.at_least = Some(self.at_least.map_or(bound, |least| least.max(bound)));
    }

    fn lower(&mut self, bound: i64) {
        self.at_most = Some(self.at_most.map_or(bound, |most| most.min(bound)));
    }

    fn holds(&self, time: i64) -> bool {
        self.at_least.is_none_or(|least| time >= least)
            && self.at_most.is_none_or(|most| time <= most)
    }
}
