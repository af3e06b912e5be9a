//! The process that changes seats, straight in the store, at an even rate whatever the others do.
//!
//! Lines: `blocks <rate>` takes so many seats a second of the first half off sale and on again,
//! `holds <rate>` holds and releases so many pairs a second of the second half, 0 ends either;
//! `flip` takes a random half of the first half off sale; `written` answers versions and when the
//! store wrote them, in milliseconds since 1970, since it was asked before.

use std::{collections::VecDeque, mem, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use domain::{
    hold::CustomerKey,
    id::{EventId, HoldKey},
    time::Clock,
};
use lua::{HoldReply, HoldRequest, Partition, Reply, Store};
use platform::SystemClock;
use tokio::time::{Instant, sleep_until};

use super::{
    SEATS,
    helper::{answer, lines},
};

/// Pairs that are held at a time: each is released so many holds later.
const HELD: usize = 2_000;

struct Sale {
    store: Store,
    partition: Partition,
    blocked: Vec<bool>,
    next_seat: u32,
    held: VecDeque<HoldKey>,
    next_hold: u32,
    random: u64,
    /// Version and moment, one after the other.
    written: Vec<u64>,
}

pub async fn run(url: &str, event: EventId) -> Result<()> {
    let mut sale = Sale {
        store: Store::connect(url, Arc::new(SystemClock)).await?,
        partition: Partition { event, index: 0 },
        blocked: vec![false; SEATS as usize / 2],
        next_seat: 0,
        held: VecDeque::new(),
        next_hold: 0,
        random: 7,
        written: Vec::new(),
    };
    let mut lines = lines();
    let (mut blocks, mut holds) = (0u32, 0u32);
    let mut due = Instant::now();
    loop {
        // Up to 200 calls a second change blocks; each hold is a call of its own.
        let per_call = blocks.div_ceil(200).max(1);
        let pause = match (blocks, holds) {
            (0, 0) => Duration::from_secs(3_600),
            (0, holds) => Duration::from_secs(1) / holds,
            (blocks, _) => Duration::from_secs(1) * per_call / blocks,
        };
        tokio::select! {
            line = lines.recv() => {
                let line = line.context("the end")?;
                let mut numbers = Vec::new();
                match line.split(' ').collect::<Vec<_>>()[..] {
                    ["blocks", rate] => (blocks, holds) = (rate.parse()?, 0),
                    ["holds", rate] => (blocks, holds) = (0, rate.parse()?),
                    ["flip"] => sale.flip().await?,
                    ["written"] => numbers = mem::take(&mut sale.written),
                    _ => bail!("{line:?}"),
                }
                due = Instant::now();
                answer(numbers);
            }
            () = sleep_until(due), if blocks + holds > 0 => {
                due += pause;
                if holds > 0 {
                    sale.hold().await?;
                } else {
                    sale.change_blocks(per_call).await?;
                }
            }
        }
    }
}

impl Sale {
    /// Scattered over the first half, never the same twice within a tick.
    async fn change_blocks(&mut self, seats: u32) -> Result<()> {
        let (mut block, mut unblock) = (Vec::new(), Vec::new());
        for _ in 0..seats {
            self.next_seat = (self.next_seat + 7_919) % (SEATS / 2);
            let is_blocked = &mut self.blocked[self.next_seat as usize];
            *is_blocked = !*is_blocked;
            if *is_blocked { block.push(self.next_seat) } else { unblock.push(self.next_seat) }
        }
        self.block(&block, &unblock).await
    }

    async fn flip(&mut self) -> Result<()> {
        let (mut block, mut unblock) = (Vec::new(), Vec::new());
        for seat in 0..SEATS / 2 {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let is_blocked = self.random >> 63 == 0;
            self.blocked[seat as usize] = is_blocked;
            if is_blocked { block.push(seat) } else { unblock.push(seat) }
        }
        self.block(&block, &unblock).await
    }

    async fn block(&self, block: &[u32], unblock: &[u32]) -> Result<()> {
        match self.store.block_seats(&self.partition, 1, block, unblock).await? {
            Reply::Done(_) => Ok(()),
            Reply::OtherEpoch { .. } => bail!("another epoch"),
        }
    }

    /// One pair more, and one less once enough are held.
    async fn hold(&mut self) -> Result<()> {
        let number = self.next_hold;
        self.next_hold += 1;
        let mut key = [0; 12];
        key[..4].copy_from_slice(&number.to_be_bytes());
        let seat = SEATS / 2 + number * 7_919 % (SEATS / 4) * 2;
        let request = HoldRequest {
            key: HoldKey(key),
            created: SystemClock.now(),
            ttl_ms: 600_000,
            fingerprint: [1; 8],
            customer: CustomerKey(key),
            customer_limit: 8,
            address: None,
            candidates: vec![vec![seat, seat + 1]],
            areas: vec![],
            has_pass: false,
        };
        let Reply::Done(done) = self.store.hold_seats(&self.partition, 1, &[request]).await? else {
            bail!("another epoch");
        };
        if !matches!(done.replies[..], [HoldReply::Held { .. }]) {
            bail!("a hold was refused: {:?}", done.replies);
        }
        self.written.extend([done.version, done.now.as_millis() as u64]);
        self.held.push_back(HoldKey(key));
        if self.held.len() > HELD
            && let Some(oldest) = self.held.pop_front()
        {
            self.store.release_hold(&self.partition, 1, &oldest).await?;
        }
        Ok(())
    }
}
