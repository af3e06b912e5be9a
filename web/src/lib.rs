//! The pages where people wait, pick, pay and get their tickets, and the client module they use.
//!
//! Plain HTML, CSS and ES modules, carried inside the program. [`router`] serves them; the waiting
//! page is a template, because it must say where somebody stands without scripting: [`waiting_page`]
//! makes it and [`page_response`] gives it the headers of a page. Knows nothing of seats, orders or
//! queues: the pages read those over the public API.

mod escape;
mod files;
mod headers;
mod router;
mod waiting;

pub use headers::page_response;
pub use router::{not_found, router};
pub use waiting::{WaitingPage, WaitingState, waiting_page};
