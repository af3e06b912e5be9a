//! People who buy in a real browser: headless Chromium on the shipped binary.
//!
//! Each test starts a server on embedded stores, a `chromedriver` and its browsers; all of them end
//! with the test. Nothing leaves 127.0.0.1. A test waits for what a person would see, never for a
//! time, and ends with [`Browser::finish`](support::Browser::finish), which refuses any error that
//! a page has logged and any request to another origin.

mod accessibility;
mod by_keyboard;
mod by_mouse;
mod money_and_direction;
mod on_a_phone;
mod pictures;
mod steps;
mod support;
mod tour;
mod two_buyers;
mod waiting;
