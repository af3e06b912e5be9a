//! The pages, asked for over the router as a browser does.

mod pages;
mod support;
mod waiting_page;
