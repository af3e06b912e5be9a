//! Parts of the path and the query, refused in our own words.

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::Problem;

/// Named parts of the path. What cannot be read (not UTF-8, not a number) is an unknown route.
#[derive(Clone, Debug)]
pub struct PathParams<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(value) =
            Path::from_request_parts(parts, state).await.map_err(|_| Problem::unknown_route())?;
        Ok(Self(value))
    }
}

/// The query. What does not fit is 422.
#[derive(Clone, Debug)]
pub struct QueryParams<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(value) = Query::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::invalid_request("the query has a parameter that does not fit"))?;
        Ok(Self(value))
    }
}
