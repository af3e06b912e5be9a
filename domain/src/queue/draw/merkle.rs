//! The root over a lane's entries, and the path from one entry to it: RFC 6962's tree.
//!
//! An entry's leaf is SHA-256 of 0x00, the lane's number (1 byte), the index (8 bytes, big-endian)
//! and the person (12 bytes; zeros where an index belongs to nobody); a node is SHA-256 of 0x01 and
//! its two children; the root of no entries is SHA-256 of nothing. The left part of a tree of n
//! leaves has the largest power of two below n.

use sha2::{Digest, Sha256};

use crate::{hold::CustomerKey, queue::lane::Lane};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// Bytes of an entry: the person.
pub const ENTRY_BYTES: usize = 12;

/// Leaves of a block. A tree keeps one hash a block, and a path needs the entries of its block.
pub const BLOCK_ENTRIES: u64 = 256;

/// The leaf of one entry.
pub fn leaf(lane: Lane, index: u64, person: CustomerKey) -> Hash {
    let mut bytes = [0; 1 + 1 + 8 + ENTRY_BYTES];
    bytes[1] = lane.number() as u8;
    bytes[2..10].copy_from_slice(&index.to_be_bytes());
    bytes[10..].copy_from_slice(&person.0);
    Sha256::digest(bytes).into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    Sha256::digest(bytes).into()
}

/// A tree, level by level from the hashes it stands on to the root. A hash without a neighbour goes
/// up as it is, which gives the shape of the rule above.
#[derive(Clone, Debug)]
struct Levels(Vec<Vec<Hash>>);

impl Levels {
    fn over(hashes: Vec<Hash>) -> Self {
        let mut levels = vec![hashes];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let pairs = below.chunks(2).map(|pair| match pair {
                [left, right] => node(left, right),
                alone => alone[0],
            });
            let above = pairs.collect();
            levels.push(above);
        }
        Self(levels)
    }

    fn root(&self) -> Hash {
        let top = self.0.last().and_then(|level| level.first());
        top.copied().unwrap_or_else(|| Sha256::digest([]).into())
    }

    /// The path from `at` to the root, nearest first.
    fn climb(&self, mut at: usize, path: &mut Vec<Hash>) {
        for level in &self.0 {
            path.extend(level.get(at ^ 1));
            at /= 2;
        }
    }
}

/// Takes a lane's entries in order of index, in portions of any length, possibly while people
/// still join. Memory: a hash a block of 256 and those above it, 1.3 MB at five million entries.
#[derive(Clone, Debug)]
pub struct TreeBuilder {
    lane: Lane,
    size: u64,
    blocks: Vec<Hash>,
    /// Leaves of the block that is not full yet.
    open: Vec<Hash>,
}

impl TreeBuilder {
    pub fn new(lane: Lane) -> Self {
        Self { lane, size: 0, blocks: Vec::new(), open: Vec::new() }
    }

    /// How many entries it has; the next one has this index.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn push(&mut self, person: CustomerKey) {
        self.open.push(leaf(self.lane, self.size, person));
        self.size += 1;
        if self.open.len() as u64 == BLOCK_ENTRIES {
            self.blocks.push(Levels::over(std::mem::take(&mut self.open)).root());
        }
    }

    /// Entries as they are stored, [`ENTRY_BYTES`] each; what is left over at the end is not taken.
    pub fn extend(&mut self, entries: &[u8]) {
        let (entries, _) = entries.as_chunks::<ENTRY_BYTES>();
        for entry in entries {
            self.push(CustomerKey(*entry));
        }
    }

    pub fn finish(mut self) -> Tree {
        if !self.open.is_empty() {
            self.blocks.push(Levels::over(self.open).root());
        }
        Tree { lane: self.lane, size: self.size, blocks: Levels::over(self.blocks) }
    }
}

/// The tree over a lane's closed entries.
#[derive(Clone, Debug)]
pub struct Tree {
    lane: Lane,
    size: u64,
    blocks: Levels,
}

impl Tree {
    pub fn lane(&self) -> Lane {
        self.lane
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn root(&self) -> Hash {
        self.blocks.root()
    }

    /// The indexes whose entries [`Tree::path`] needs: at most [`BLOCK_ENTRIES`].
    pub fn block(&self, index: u64) -> std::ops::Range<u64> {
        let start = index / BLOCK_ENTRIES * BLOCK_ENTRIES;
        start..(start + BLOCK_ENTRIES).min(self.size)
    }

    /// The path of `index`, from the entries of its block as they are stored. `None` when there is
    /// no such index, or when these are not the entries the tree was made of. Cost: two hashes an
    /// entry of the block.
    pub fn path(&self, index: u64, block_entries: &[u8]) -> Option<Vec<Hash>> {
        if index >= self.size {
            return None;
        }
        let block = self.block(index);
        let (entries, rest) = block_entries.as_chunks::<ENTRY_BYTES>();
        if !rest.is_empty() || entries.len() as u64 != block.end - block.start {
            return None;
        }
        let leaves = block.clone().zip(entries);
        let leaves = leaves.map(|(index, entry)| leaf(self.lane, index, CustomerKey(*entry)));
        let leaves = Levels::over(leaves.collect());
        let number = (index / BLOCK_ENTRIES) as usize;
        if leaves.root() != self.blocks.0[0][number] {
            return None;
        }
        let mut path = Vec::new();
        leaves.climb((index - block.start) as usize, &mut path);
        self.blocks.climb(number, &mut path);
        Some(path)
    }
}

/// The root to which `path` leads from the leaf at `index` of a tree of `size` leaves; `None` when
/// the path has not the length that such a tree demands (RFC 9162, 2.1.3.2).
pub fn root_of_path(mut index: u64, size: u64, leaf: Hash, path: &[Hash]) -> Option<Hash> {
    let mut last = size.checked_sub(1)?;
    if index > last {
        return None;
    }
    let mut hash = leaf;
    for sibling in path {
        if last == 0 {
            return None;
        }
        if !index.is_multiple_of(2) || index == last {
            hash = node(sibling, &hash);
            while index.is_multiple_of(2) && index != 0 {
                index /= 2;
                last /= 2;
            }
        } else {
            hash = node(&hash, sibling);
        }
        index /= 2;
        last /= 2;
    }
    (last == 0).then_some(hash)
}
