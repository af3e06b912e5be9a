//! The chart as bytes with their strong ETag, made once per event and state of its areas: a chart of
//! a stadium is twenty megabytes of JSON.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Bytes;
use domain::id::EventId;
use inventory::EventAtWork;
use sha2::{Digest, Sha256};

use crate::error::Refusal;

/// Charts kept; the one that was asked for longest ago goes first.
const CHARTS_MAX: usize = 8;

/// A chart ready to be sent.
pub struct ChartText {
    pub body: Bytes,
    /// With its quotes.
    pub etag: String,
}

/// What the text was made from: capacities change under a new revision of the event.
type Source = (EventId, i64);

#[derive(Default)]
pub struct ChartCache {
    texts: Mutex<VecDeque<(Source, Arc<ChartText>)>>,
}

impl ChartCache {
    pub async fn text(&self, at_work: &Arc<EventAtWork>) -> Result<Arc<ChartText>, Refusal> {
        let source = (at_work.event.id.clone(), at_work.event.revision);
        if let Some(text) = self.find(&source) {
            return Ok(text);
        }
        let at_work = at_work.clone();
        let made = tokio::task::spawn_blocking(move || write(&at_work)).await;
        let text = Arc::new(made.map_err(|_| Refusal::Internal)??);
        self.keep(source, text.clone());
        Ok(text)
    }

    fn find(&self, source: &Source) -> Option<Arc<ChartText>> {
        let mut texts = self.lock();
        let place = texts.iter().position(|(of, _)| of == source)?;
        let found = texts.remove(place)?;
        texts.push_back(found.clone());
        Some(found.1)
    }

    fn keep(&self, source: Source, text: Arc<ChartText>) {
        let mut texts = self.lock();
        texts.retain(|(of, _)| of.0 != source.0);
        texts.push_back((source, text));
        if texts.len() > CHARTS_MAX {
            texts.pop_front();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(Source, Arc<ChartText>)>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(at_work: &EventAtWork) -> Result<ChartText, Refusal> {
    let body = serde_json::to_vec(&at_work.chart.public()).map_err(|_| Refusal::Internal)?;
    let digest = Sha256::digest(&body);
    let etag = format!("\"{}\"", data_encoding::BASE64URL_NOPAD.encode(&digest[..18]));
    Ok(ChartText { body: body.into(), etag })
}
