//! A CIPP for tests: the router alone, without network and without the front door.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::Value;
use tower::Service as _;

use super::{CippState, router};
use crate::hosting::Caller;
use crate::scenario::{Flavour, Scenario};
use crate::world::{MovingWorld, World, WorldFlags, WorldSize};

/// A Wednesday afternoon.
pub(crate) fn now() -> Timestamp {
    "2026-08-19T15:20:30.5Z".parse().unwrap()
}

pub(crate) fn world(flags: WorldFlags) -> World {
    World::generate(WorldSize::Small, 7, now(), flags)
}

pub(crate) fn caller(role: &str) -> Caller {
    Caller {
        app_id: uuid::uuid!("11111111-2222-4333-8444-555555555555"),
        ip: [127, 0, 0, 1].into(),
        role: role.into(),
        role_permissions: None,
        blocked_endpoints: Vec::new(),
        ip_ranges: Vec::new(),
        tenant_limit: None,
    }
}

pub(crate) struct Site {
    pub(crate) state: CippState,
    caller: Option<Caller>,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|problem| panic!("{problem}: {}", self.text))
    }

    pub(crate) fn rows(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json().as_array().cloned().unwrap()
    }
}

impl Site {
    pub(crate) fn new(flavour: Flavour) -> Site {
        Site::with(flavour, world(WorldFlags::default()))
    }

    pub(crate) fn with(flavour: Flavour, world: World) -> Site {
        let scenario = Arc::new(Scenario {
            flavour,
            ..Scenario::default()
        });
        Site {
            state: CippState::new(
                Arc::new(MovingWorld::new(world, 0)),
                scenario,
                Arc::new(crate::directory::testing::directory("").unwrap()),
            ),
            caller: Some(caller("readonly")),
        }
    }

    pub(crate) fn called_by(mut self, caller: Option<Caller>) -> Site {
        self.caller = caller;
        self
    }

    pub(crate) fn playing(mut self, scenario: Scenario) -> Site {
        let lines = toml::to_string(&scenario.directory).unwrap();
        self.state.directory = Arc::new(crate::directory::testing::directory(&lines).unwrap());
        self.state.scenario = Arc::new(scenario);
        self
    }

    pub(crate) async fn open(&self, path: &str) -> Response {
        let mut router = router(self.state.clone());
        if let Some(caller) = &self.caller {
            router = router.layer(Extension(caller.clone()));
        }
        let request = Request::get(path)
            .header(AUTHORIZATION, "Bearer not-a-real-token")
            .body(Body::empty())
            .unwrap();
        router.call(request).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let response = self.open(path).await;
        let status = response.status().as_u16();
        let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Reply {
            status,
            content_type,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}
