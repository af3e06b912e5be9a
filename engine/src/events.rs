//! Finding an event by its id or slug, for who may see it, and changing its row.

use std::sync::Arc;

use domain::{
    event::{Event, EventStatus},
    id::EventId,
    slug::is_slug,
};
use inventory::EventAtWork;
use platform::http::Principal;

use crate::{Engine, error::Refusal};

/// How often a change is laid over the row anew when another change came in between.
const ATTEMPTS_MAX: u32 = 5;

/// Who looks at an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    Public,
    Organizer,
}

impl From<&Principal> for Viewer {
    fn from(principal: &Principal) -> Self {
        match principal {
            Principal::Account(_) => Self::Organizer,
            Principal::Device(_) | Principal::Token(_) | Principal::Anonymous => Self::Public,
        }
    }
}

impl Engine {
    /// A draft is there only for its organiser. At most a second old.
    pub(crate) async fn event(
        &self,
        event: &str,
        viewer: Viewer,
    ) -> Result<Arc<EventAtWork>, Refusal> {
        check_name(event)?;
        let at_work = self.inventory.event(event).await?.ok_or(Refusal::UnknownEvent)?;
        if viewer == Viewer::Public && at_work.event.status == EventStatus::Draft {
            return Err(Refusal::UnknownEvent);
        }
        Ok(at_work)
    }

    /// The row as it is now.
    pub(crate) async fn event_row(&self, event: &str) -> Result<Event, Refusal> {
        check_name(event)?;
        let row = match event.parse::<EventId>() {
            Ok(id) => self.ledger.event(&id).await?,
            Err(_) => self.ledger.event_by_slug(event).await?,
        };
        row.ok_or(Refusal::UnknownEvent)
    }

    /// Writes the row with `change` laid over it; over its newest state when others change it too.
    pub(crate) async fn change_event_row(
        &self,
        id: &EventId,
        change: impl Fn(&mut Event) -> Result<(), Refusal>,
    ) -> Result<Event, Refusal> {
        for _ in 0..ATTEMPTS_MAX {
            let mut row = self.event_row(id.as_str()).await?;
            change(&mut row)?;
            if self.ledger.update_event(&row).await? {
                self.inventory.forget(id);
                row.revision += 1;
                return Ok(row);
            }
        }
        Err(Refusal::RequestInProgress)
    }
}

/// What can be neither an id nor a slug is not looked for.
fn check_name(event: &str) -> Result<(), Refusal> {
    if event.parse::<EventId>().is_ok() || is_slug(event) {
        Ok(())
    } else {
        Err(Refusal::UnknownEvent)
    }
}
