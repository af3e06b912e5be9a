//! From what the organiser sent to a chart, or to the first reason why not.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    Area, AreaSource, Category, CategoryIndex, Chart, ChartSource, Row, Seat, SeatFlag, SeatFlags,
    Zone, ZoneIndex,
    neighbours::{blocks_of_row, order_of_row},
};
use crate::{
    label::{LabelError, check_label, check_optional_label},
    limits::{EVENT_AREAS_MAX, EVENT_CATEGORIES_MAX, EVENT_SEATS_MAX},
    plan::{Plan, PlanError, PlanRow, PlanSeat, PlanZone, read_plan},
    seat::SeatIndex,
};

/// Largest coordinate either way, in the plan's units: far beyond any plan, and exact in a double.
const COORDINATE_MAX: f64 = 1e9;

/// Coordinates are kept to a millionth, so that sums do not show the noise of their last digit.
const COORDINATE_STEPS: f64 = 1e6;

/// Zones of one plan.
const ZONES_MAX: usize = ZoneIndex::MAX as usize;

/// Colours for categories that have none, far apart and readable on white.
const PALETTE: [&str; 8] =
    ["#7b2d8b", "#c0392b", "#d68910", "#1e8449", "#2471a3", "#5d6d7e", "#a04000", "#117a65"];

/// Why no chart can be made. The text is for the organiser, who sent what it names.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChartError {
    #[error("{0}")]
    Plan(#[from] PlanError),
    #[error("{path} {problem}")]
    Name { path: String, problem: LabelError },
    #[error("the seat label {label:?} is used twice")]
    RepeatedLabel { label: String },
    #[error("the seat {label:?} names the category {category:?}, which the plan does not have")]
    UnknownCategory { label: String, category: String },
    #[error("the seat {label:?} lies outside of any plan")]
    Coordinate { label: String },
    #[error("the category {name:?} is there twice")]
    RepeatedCategory { name: String },
    #[error("the area {name:?} is there twice")]
    RepeatedArea { name: String },
    #[error("the area {name:?} has no capacity")]
    EmptyArea { name: String },
    #[error("seat_flags names the seat {label:?}, which the plan does not have")]
    UnknownFlaggedSeat { label: String },
    #[error("there is no seat and no area")]
    Empty,
    #[error("seats and capacities are {count} together, and {EVENT_SEATS_MAX} is the most")]
    TooManySeats { count: u64 },
    #[error("there are {count} {what}, and {limit} is the most")]
    TooMany { what: &'static str, count: usize, limit: usize },
}

pub(super) fn build(source: &ChartSource) -> Result<Chart, ChartError> {
    let plan = match &source.seating_plan {
        Some(plan) => read_plan(plan)?,
        None => Plan { categories: Vec::new(), zones: Vec::new() },
    };
    check_size(&plan, &source.areas)?;

    let mut categories = Categories::default();
    for (index, category) in plan.categories.iter().enumerate() {
        check_name(category.name, || format!("seating_plan.categories[{index}].name"))?;
        if categories.index_of(category.name).is_some() {
            return Err(ChartError::RepeatedCategory { name: category.name.to_owned() });
        }
        categories.add(category.name, category.color);
    }

    let mut seating = Seating { flags: flags_of(&source.seat_flags), ..Seating::default() };
    for (index, zone) in plan.zones.iter().enumerate() {
        seating.add_zone(index, zone, &categories)?;
    }
    if let Some(label) = source.seat_flags.keys().find(|label| !seating.labels.contains_key(*label))
    {
        return Err(ChartError::UnknownFlaggedSeat { label: label.clone() });
    }

    let areas = areas_of(&source.areas, &mut categories)?;
    if categories.list.len() > EVENT_CATEGORIES_MAX {
        let count = categories.list.len();
        return Err(ChartError::TooMany { what: "categories", count, limit: EVENT_CATEGORIES_MAX });
    }
    let Seating { zones, seats, blocks, labels, .. } = seating;
    Ok(Chart { categories: categories.list, zones, seats, areas, blocks, labels })
}

/// Before anything that costs more than counting.
fn check_size(plan: &Plan<'_>, areas: &[AreaSource]) -> Result<(), ChartError> {
    let seats: u64 =
        (plan.zones.iter().flat_map(|zone| &zone.rows)).map(|row| row.seats.len() as u64).sum();
    let places: u64 = areas.iter().map(|area| u64::from(area.capacity)).sum();
    if areas.len() > EVENT_AREAS_MAX {
        let count = areas.len();
        return Err(ChartError::TooMany { what: "areas", count, limit: EVENT_AREAS_MAX });
    }
    if plan.zones.len() > ZONES_MAX {
        let count = plan.zones.len();
        return Err(ChartError::TooMany { what: "zones", count, limit: ZONES_MAX });
    }
    if seats + places > EVENT_SEATS_MAX as u64 {
        return Err(ChartError::TooManySeats { count: seats + places });
    }
    if seats == 0 && areas.is_empty() {
        return Err(ChartError::Empty);
    }
    Ok(())
}

fn check_name(name: &str, path: impl Fn() -> String) -> Result<(), ChartError> {
    check_label(name).map_err(|problem| ChartError::Name { path: path(), problem })
}

fn flags_of(seat_flags: &BTreeMap<String, Vec<SeatFlag>>) -> HashMap<&str, SeatFlags> {
    (seat_flags.iter())
        .map(|(label, flags)| (label.as_str(), flags.iter().copied().collect()))
        .collect()
}

fn areas_of(sources: &[AreaSource], categories: &mut Categories) -> Result<Vec<Area>, ChartError> {
    let mut names = HashSet::new();
    let mut areas = Vec::with_capacity(sources.len());
    for (index, area) in sources.iter().enumerate() {
        check_name(&area.name, || format!("areas[{index}].name"))?;
        check_name(&area.category, || format!("areas[{index}].category"))?;
        if !names.insert(area.name.as_str()) {
            return Err(ChartError::RepeatedArea { name: area.name.clone() });
        }
        if area.capacity == 0 {
            return Err(ChartError::EmptyArea { name: area.name.clone() });
        }
        let category = match categories.index_of(&area.category) {
            Some(category) => category,
            None => categories.add(&area.category, None),
        };
        areas.push(Area { name: area.name.clone(), capacity: area.capacity, category });
    }
    Ok(areas)
}

#[derive(Default)]
struct Categories {
    list: Vec<Category>,
    by_name: HashMap<String, CategoryIndex>,
}

impl Categories {
    fn index_of(&self, name: &str) -> Option<CategoryIndex> {
        self.by_name.get(name).copied()
    }

    fn add(&mut self, name: &str, color: Option<&str>) -> CategoryIndex {
        let index = self.list.len();
        let color = match color {
            Some(color) if !color.is_empty() => color,
            _ => PALETTE[index % PALETTE.len()],
        };
        self.list.push(Category { name: name.to_owned(), color: color.to_owned() });
        self.by_name.insert(name.to_owned(), index as CategoryIndex);
        index as CategoryIndex
    }
}

#[derive(Default)]
struct Seating<'a> {
    flags: HashMap<&'a str, SeatFlags>,
    zones: Vec<Zone>,
    seats: Vec<Seat>,
    blocks: Vec<std::ops::Range<SeatIndex>>,
    labels: HashMap<String, SeatIndex>,
}

impl Seating<'_> {
    fn add_zone(
        &mut self,
        index: usize,
        zone: &PlanZone<'_>,
        categories: &Categories,
    ) -> Result<(), ChartError> {
        let path = || format!("seating_plan.zones[{index}]");
        let name = zone.name.map_or_else(|| format!("Zone {}", index + 1), str::to_owned);
        check_name(&name, || format!("{}.name", path()))?;
        let mut rows = Vec::with_capacity(zone.rows.len());
        for (row_index, row) in zone.rows.iter().enumerate() {
            let path = || format!("{}.rows[{row_index}]", path());
            let first = self.seats.len() as SeatIndex;
            self.add_row(index as ZoneIndex, row_index as u32, row, categories, &path)?;
            let seats = first..self.seats.len() as SeatIndex;
            rows.push(Row { number: row.number.to_owned(), seats });
        }
        self.zones.push(Zone { name, rows });
        Ok(())
    }

    fn add_row(
        &mut self,
        zone: ZoneIndex,
        row_index: u32,
        row: &PlanRow<'_>,
        categories: &Categories,
        path: &dyn Fn() -> String,
    ) -> Result<(), ChartError> {
        check_optional_label(row.number).map_err(|problem| ChartError::Name {
            path: format!("{}.row_number", path()),
            problem,
        })?;
        for (index, seat) in row.seats.iter().enumerate() {
            check_seat(seat, || format!("{}.seats[{index}]", path()))?;
        }
        let listed: Vec<_> = row.seats.iter().map(|seat| (round(seat.x), round(seat.y))).collect();
        let order = order_of_row(&listed);
        let points: Vec<_> = order.iter().map(|index| listed[*index]).collect();
        let first = self.seats.len();
        for range in blocks_of_row(&points) {
            let block = self.blocks.len();
            for position in range.clone() {
                let seat = &row.seats[order[position]];
                let (x, y) = points[position];
                self.add_seat(seat, zone, row_index, block as u32, (x, y), categories)?;
            }
            self.blocks.push((first + range.start) as u32..(first + range.end) as u32);
        }
        Ok(())
    }

    fn add_seat(
        &mut self,
        seat: &PlanSeat<'_>,
        zone: ZoneIndex,
        row: u32,
        block: u32,
        (x, y): (f64, f64),
        categories: &Categories,
    ) -> Result<(), ChartError> {
        let category =
            categories.index_of(seat.category).ok_or_else(|| ChartError::UnknownCategory {
                label: seat.guid.to_owned(),
                category: seat.category.to_owned(),
            })?;
        let index = self.seats.len() as SeatIndex;
        if self.labels.insert(seat.guid.to_owned(), index).is_some() {
            return Err(ChartError::RepeatedLabel { label: seat.guid.to_owned() });
        }
        self.seats.push(Seat {
            label: seat.guid.to_owned(),
            number: seat.number.to_owned(),
            zone,
            row,
            x,
            y,
            category,
            flags: self.flags.get(seat.guid).copied().unwrap_or_default(),
            block,
        });
        Ok(())
    }
}

fn check_seat(seat: &PlanSeat<'_>, path: impl Fn() -> String) -> Result<(), ChartError> {
    let named =
        |field: &str, problem| ChartError::Name { path: format!("{}.{field}", path()), problem };
    check_label(seat.guid).map_err(|problem| named("seat_guid", problem))?;
    check_optional_label(seat.number).map_err(|problem| named("seat_number", problem))?;
    // Also true of what is not a number.
    if !(seat.x.abs() <= COORDINATE_MAX && seat.y.abs() <= COORDINATE_MAX) {
        return Err(ChartError::Coordinate { label: seat.guid.to_owned() });
    }
    Ok(())
}

fn round(coordinate: f64) -> f64 {
    // Adding zero turns a negative zero into a plain one.
    (coordinate * COORDINATE_STEPS).round() / COORDINATE_STEPS + 0.0
}
