//! The map as a client keeps it, strict about the version chain.

use std::collections::BTreeMap;

use inventory::View;

use super::Told;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    pub epoch: u64,
    pub version: u64,
    /// By seat index; only the seats that were told.
    pub states: BTreeMap<u32, u8>,
    pub areas: BTreeMap<u32, u32>,
    /// Free seats by zone and category.
    pub overview: BTreeMap<(u32, u32), u32>,
    pub snapshots: usize,
    pub deltas: usize,
}

impl Map {
    pub fn take(&mut self, told: &Told) {
        match told {
            Told::Snapshot { epoch, version, states, ranges, areas } => {
                assert!(
                    (*epoch, *version) > (self.epoch, self.version) || self.snapshots == 0,
                    "a snapshot goes back"
                );
                (self.epoch, self.version) = (*epoch, *version);
                let seats: Vec<u32> = match ranges {
                    None => (0..states.len() as u32).collect(),
                    Some(ranges) => {
                        ranges.iter().flat_map(|(first, n)| *first..first + n).collect()
                    }
                };
                assert_eq!(seats.len(), states.len());
                self.states = seats.into_iter().zip(states.iter().copied()).collect();
                self.areas = areas.iter().copied().collect();
                self.snapshots += 1;
            }
            Told::Delta { epoch, from, version, changes, areas } => {
                assert_eq!((*epoch, *from), (self.epoch, self.version), "the chain has a gap");
                assert!(version >= from);
                self.version = *version;
                self.states.extend(changes.iter().copied());
                self.areas.extend(areas.iter().copied());
                self.deltas += 1;
            }
            Told::Overview { complete, free, areas, .. } => {
                if *complete {
                    self.overview.clear();
                }
                self.overview
                    .extend(free.iter().map(|(zone, category, n)| ((*zone, *category), *n)));
                self.areas.extend(areas.iter().copied());
            }
            Told::Heartbeat { epoch, version } => {
                let told = self.snapshots + self.deltas > 0;
                assert!(
                    !told || (*epoch, *version) == (self.epoch, self.version),
                    "the heartbeat shows a gap"
                );
            }
            Told::Gone(_) => {}
        }
    }

    /// The whole map equals the inventory's view.
    pub fn assert_shows(&self, view: &View) {
        assert_eq!((self.epoch, self.version), (view.epoch, view.version));
        let states: Vec<u8> = self.states.values().copied().collect();
        let expected: Vec<u8> = view.states.iter().map(|state| state.public() as u8).collect();
        assert_eq!(states, expected);
        let areas: Vec<u32> = self.areas.values().copied().collect();
        let expected: Vec<u32> = view.areas.iter().map(|area| area.free()).collect();
        assert_eq!(areas, expected);
    }
}
