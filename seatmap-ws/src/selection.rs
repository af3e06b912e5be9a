//! What a socket wants to see: everything, some zones and areas, an overview.

use std::ops::Range;

use domain::{
    chart::{Chart, ZoneIndex},
    seat::{AreaIndex, SeatIndex},
};

/// The zones and areas that somebody named, in chart order; sockets that want the same share a
/// channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Selection {
    /// None: all seats and areas.
    pub(crate) parts: Option<Parts>,
    pub(crate) overview: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Parts {
    pub(crate) zones: Vec<ZoneIndex>,
    pub(crate) areas: Vec<AreaIndex>,
}

impl Selection {
    /// `names`: of zones or areas. The first name that the chart lacks is refused.
    pub(crate) fn new(
        chart: &Chart,
        names: Option<&[String]>,
        overview: bool,
    ) -> Result<Self, String> {
        let Some(names) = names else {
            let parts = overview.then(|| Parts { zones: Vec::new(), areas: Vec::new() });
            return Ok(Self { parts, overview });
        };
        let (mut zones, mut areas) = (Vec::new(), Vec::new());
        for name in names {
            let of_name = chart.zones_named(name);
            let area = chart.area_index(name);
            if of_name.is_empty() && area.is_none() {
                return Err(name.clone());
            }
            zones.extend(of_name);
            areas.extend(area);
        }
        zones.sort_unstable();
        zones.dedup();
        areas.sort_unstable();
        areas.dedup();
        Ok(Self { parts: Some(Parts { zones, areas }), overview })
    }

    /// Whether seats or areas are told at all.
    pub(crate) fn shows_places(&self) -> bool {
        self.parts.as_ref().is_none_or(|parts| !parts.zones.is_empty() || !parts.areas.is_empty())
    }

    /// The seats, in order; neighbouring ranges are one. None: all.
    pub(crate) fn ranges(&self, chart: &Chart) -> Option<Vec<Range<SeatIndex>>> {
        let parts = self.parts.as_ref()?;
        let mut ranges: Vec<Range<SeatIndex>> = Vec::new();
        for zone in &parts.zones {
            let rows = &chart.zones[usize::from(*zone)].rows;
            for row in rows.iter().map(|row| row.seats.clone()).filter(|row| !row.is_empty()) {
                match ranges.last_mut() {
                    Some(last) if last.end == row.start => last.end = row.end,
                    _ => ranges.push(row),
                }
            }
        }
        Some(ranges)
    }

    pub(crate) fn shows_area(&self, area: AreaIndex) -> bool {
        self.parts.as_ref().is_none_or(|parts| parts.areas.contains(&area))
    }
}
