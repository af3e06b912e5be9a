//! Role payments as a whole: an SQLite ledger in a temporary directory, the payment sandbox and the
//! role's routes on one loopback listener, and a clock that runs and can be moved ahead.

mod checkout;
mod endings;
mod pressing_pay;
mod support;
mod webhooks;
