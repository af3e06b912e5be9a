//! The shape of the seating chart for the generated document. The chart itself is written by
//! [`domain::chart::Chart::public`]; a test compares the two.

use utoipa::ToSchema;

/// The seating chart. It never changes, but for the capacity of areas.
#[derive(ToSchema)]
#[schema(as = Chart)]
pub struct ChartShape {
    pub categories: Vec<CategoryShape>,
    pub zones: Vec<ZoneShape>,
    pub areas: Vec<AreaShape>,
}

#[derive(ToSchema)]
#[schema(as = Category)]
pub struct CategoryShape {
    pub name: String,
    #[schema(example = "#7f4a91")]
    pub color: String,
}

#[derive(ToSchema)]
#[schema(as = Zone)]
pub struct ZoneShape {
    pub name: String,
    pub rows: Vec<RowShape>,
}

/// Neighbours are consecutive in `seats`, unless a gap above 1.6 times the row's median pitch parts
/// them.
#[derive(ToSchema)]
#[schema(as = Row)]
pub struct RowShape {
    pub number: String,
    pub seats: Vec<SeatShape>,
}

#[derive(ToSchema)]
#[schema(as = Seat)]
pub struct SeatShape {
    /// Dense from 0 over the whole chart.
    pub index: u32,
    pub label: String,
    pub number: String,
    /// In the plan's units.
    pub x: f64,
    /// In the plan's units; grows downwards.
    pub y: f64,
    pub category: String,
    pub flags: Vec<SeatFlagShape>,
}

#[derive(ToSchema)]
#[schema(as = SeatFlag)]
#[schema(rename_all = "snake_case")]
pub enum SeatFlagShape {
    Accessible,
    Companion,
    RestrictedView,
}

#[derive(ToSchema)]
#[schema(as = Area)]
pub struct AreaShape {
    pub index: u32,
    pub name: String,
    pub capacity: u32,
    pub category: String,
}
