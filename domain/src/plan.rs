//! Reads a pretix seating plan as it is exported, by the schema of 2026 or an older one.
//!
//! Needed: `name`, `categories[].name`, `zones[].position`, `zones[].rows[].row_number`, and of each
//! seat `seat_guid`, `seat_number`, `position` and `category`. Everything else that is missing or
//! null has a default; drawn shapes, texts and fields that are not known are passed over. Whether
//! what the plan says can be sold is decided in [`crate::chart`].

use std::fmt;

use serde_json::Value;

/// What a plan says, positions already added up.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<'a> {
    pub categories: Vec<PlanCategory<'a>>,
    pub zones: Vec<PlanZone<'a>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PlanCategory<'a> {
    pub name: &'a str,
    pub color: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PlanZone<'a> {
    /// The zone's name, else its `zone_id`: plans older than the name have neither.
    pub name: Option<&'a str>,
    pub rows: Vec<PlanRow<'a>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PlanRow<'a> {
    pub number: &'a str,
    pub seats: Vec<PlanSeat<'a>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PlanSeat<'a> {
    pub guid: &'a str,
    pub number: &'a str,
    /// Absolute: zone, row and seat position added.
    pub x: f64,
    /// Absolute, growing downwards.
    pub y: f64,
    pub category: &'a str,
}

/// Something needed is missing or of another type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} {problem}")]
pub struct PlanError {
    /// Where, as in `seating_plan.zones[0].rows[2].row_number`.
    pub path: String,
    pub problem: &'static str,
}

/// Reads the whole plan or says what is wrong with the first thing that is.
pub fn read_plan(plan: &Value) -> Result<Plan<'_>, PlanError> {
    let plan = Node { value: plan, parent: None, step: Step::Root };
    plan.field("name")?.text()?;
    Ok(Plan {
        categories: plan.field("categories")?.list(category)?,
        zones: plan.field("zones")?.list(zone)?,
    })
}

fn category<'a>(node: &Node<'a, '_>) -> Result<PlanCategory<'a>, PlanError> {
    Ok(PlanCategory { name: node.field("name")?.text()?, color: node.optional_text("color")? })
}

fn zone<'a>(node: &Node<'a, '_>) -> Result<PlanZone<'a>, PlanError> {
    let position = node.field("position")?.position()?;
    let name = match node.optional_text("name")?.filter(|name| !name.is_empty()) {
        None => node.optional_text("zone_id")?.filter(|name| !name.is_empty()),
        name => name,
    };
    Ok(PlanZone { name, rows: node.field("rows")?.list(|node| row(node, position))? })
}

fn row<'a>(node: &Node<'a, '_>, (x, y): (f64, f64)) -> Result<PlanRow<'a>, PlanError> {
    let (dx, dy) = match node.optional("position") {
        Some(position) => position.position()?,
        None => (0.0, 0.0),
    };
    Ok(PlanRow {
        number: node.field("row_number")?.text()?,
        seats: node.field("seats")?.list(|node| seat(node, (x + dx, y + dy)))?,
    })
}

fn seat<'a>(node: &Node<'a, '_>, (x, y): (f64, f64)) -> Result<PlanSeat<'a>, PlanError> {
    let (dx, dy) = node.field("position")?.position()?;
    Ok(PlanSeat {
        guid: node.field("seat_guid")?.text()?,
        number: node.field("seat_number")?.text()?,
        x: x + dx,
        y: y + dy,
        category: node.field("category")?.text()?,
    })
}

/// A value with the way to it, which is only written out when something is wrong.
struct Node<'a, 'p> {
    value: &'a Value,
    parent: Option<&'p Node<'a, 'p>>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Root,
    Field(&'static str),
    Item(usize),
}

impl<'a> Node<'a, '_> {
    fn wrong(&self, problem: &'static str) -> PlanError {
        PlanError { path: self.to_string(), problem }
    }

    /// A field that is there and not null.
    fn optional<'n>(&'n self, name: &'static str) -> Option<Node<'a, 'n>> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Node { value, parent: Some(self), step: Step::Field(name) })
    }

    fn field<'n>(&'n self, name: &'static str) -> Result<Node<'a, 'n>, PlanError> {
        if !self.value.is_object() {
            return Err(self.wrong("is not an object"));
        }
        self.optional(name).ok_or_else(|| {
            Node { value: &Value::Null, parent: Some(self), step: Step::Field(name) }
                .wrong("is missing")
        })
    }

    fn text(&self) -> Result<&'a str, PlanError> {
        self.value.as_str().ok_or_else(|| self.wrong("is not a text"))
    }

    fn optional_text(&self, name: &'static str) -> Result<Option<&'a str>, PlanError> {
        self.optional(name).map(|node| node.text()).transpose()
    }

    fn number(&self) -> Result<f64, PlanError> {
        self.value.as_f64().ok_or_else(|| self.wrong("is not a number"))
    }

    fn position(&self) -> Result<(f64, f64), PlanError> {
        Ok((self.field("x")?.number()?, self.field("y")?.number()?))
    }

    fn list<T>(
        &self,
        read: impl Fn(&Node<'a, '_>) -> Result<T, PlanError>,
    ) -> Result<Vec<T>, PlanError> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("is not a list"))?;
        (items.iter().enumerate())
            .map(|(index, value)| {
                read(&Node { value, parent: Some(self), step: Step::Item(index) })
            })
            .collect()
    }
}

impl fmt::Display for Node<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => f.write_str("seating_plan"),
            Step::Field(name) => write!(f, ".{name}"),
            Step::Item(index) => write!(f, "[{index}]"),
        }
    }
}
