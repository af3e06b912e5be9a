//! Routes: each reads its request, and hands it on.

pub(crate) mod live;
