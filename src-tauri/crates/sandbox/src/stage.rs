//! What is being played, behind doors that stay: the routers of one scenario, exchanged as one while connections stay open.
//!
//! Whoever has come in before the exchange is served to the end by what was played then; whoever comes in after it meets
//! the new scenario in all its parts. Deliberately not here: what the routers do, and how they are made (`house`).

use std::sync::{Arc, PoisonError, RwLock};

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
};
use tower::Service as _;

use crate::{scenario::Scenario, server::Ready, world::MovingWorld};

/// Which of the servers a request came to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    Authority,
    Api,
    Website,
}

/// One scenario, ready to be served.
pub(crate) struct Act {
    pub scenario: Arc<Scenario>,
    pub worlds: Arc<MovingWorld>,
    pub ready: Ready,
    pub authority: Router,
    pub api: Router,
    pub website: Router,
}

impl Act {
    fn behind(&self, door: Door) -> Router {
        match door {
            Door::Authority => &self.authority,
            Door::Api => &self.api,
            Door::Website => &self.website,
        }
        .clone()
    }
}

/// Where an act is played, one at a time.
#[derive(Clone)]
pub(crate) struct Stage(Arc<RwLock<Arc<Act>>>);

impl Stage {
    pub(crate) fn new(act: Act) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(act))))
    }

    /// What is played now.
    pub(crate) fn act(&self) -> Arc<Act> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Plays another act from now on.
    pub(crate) fn set(&self, act: Act) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(act);
    }

    /// What a listener serves for as long as the sandbox runs.
    pub(crate) fn service(&self, door: Door) -> Router {
        Router::new().fallback(forward).with_state((self.clone(), door))
    }
}

async fn forward(State((stage, door)): State<(Stage, Door)>, request: Request) -> Response {
    match stage.act().behind(door).call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
