//! The chart as bytes, made once per event and state of its areas: a chart of a stadium is seven
//! megabytes of JSON, an eighth of that when compressed.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use domain::id::EventId;
use inventory::EventAtWork;
use platform::http::Content;

use crate::error::Refusal;

/// Charts kept; the one that was asked for longest ago goes first.
const CHARTS_MAX: usize = 8;

/// What the text was made from: capacities change under a new revision of the event.
type Source = (EventId, i64);

#[derive(Default)]
pub struct ChartCache {
    texts: Mutex<VecDeque<(Source, Arc<Content>)>>,
}

impl ChartCache {
    pub async fn text(&self, at_work: &Arc<EventAtWork>) -> Result<Arc<Content>, Refusal> {
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

    fn find(&self, source: &Source) -> Option<Arc<Content>> {
        let mut texts = self.lock();
        let place = texts.iter().position(|(of, _)| of == source)?;
        let found = texts.remove(place)?;
        texts.push_back(found.clone());
        Some(found.1)
    }

    fn keep(&self, source: Source, text: Arc<Content>) {
        let mut texts = self.lock();
        texts.retain(|(of, _)| of.0 != source.0);
        texts.push_back((source, text));
        if texts.len() > CHARTS_MAX {
            texts.pop_front();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(Source, Arc<Content>)>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(at_work: &EventAtWork) -> Result<Content, Refusal> {
    let body = serde_json::to_vec(&at_work.chart.public()).map_err(|_| Refusal::Internal)?;
    Ok(Content::new("application/json", body.into()))
}
