//! The inventory as its callers meet it: over the in-process store and over a real Redis, beside a
//! ledger in an SQLite file.

mod best_available;
mod claims;
mod expiry;
mod holds;
mod passes;
mod recovery;
mod sale;
mod views;
