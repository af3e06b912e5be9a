//! The documentation does what it says: its commands run on a demo, its links lead somewhere, and
//! what it lists is what the program has.

mod blocks;
mod collection;
mod demo;
mod links;
mod pages;
mod tables;
