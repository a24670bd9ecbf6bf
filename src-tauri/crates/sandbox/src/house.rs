//! What stays the same whatever is played: IDs, keys and secrets, addresses, sign-ins under way, what was counted. And how
//! a scenario becomes an act over it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use axum::{Router, middleware::from_fn_with_state};
use axum_server::tls_rustls::RustlsConfig;
use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

use crate::{
    cipp::{self, CippState},
    directory::Directory,
    entra,
    hosting::{
        Flavour, api_host,
        calls::{self, CallCounter},
        clock::{self, Clock, Pace},
        easy_auth::FrontDoor,
        faults::Faults,
        waking::Waking,
        website::{self, SignIn},
    },
    identity::{Certificates, Identity, SigningKey},
    listeners::{Detours, Origins},
    microsoft::{self, Journal, Microsoft},
    scenario::{GivenAddress, GivenSecret, Scenario},
    server::{Ready, SandboxError, SandboxOptions},
    stage::Act,
    world::{MovingWorld, World, WorldFlags},
};

/// The authority of the sandbox's own certificates.
const SANDBOX_CA: &str = "CIPP Desk sandbox CA (made at start, valid for this run)";
/// The authority that vouches for every certificate in a network that inspects TLS.
const INSPECTING_CA: &str = "Contoso Inspection CA";
/// A CIPP in the public network, to which the only way leads through the proxy. The name exists nowhere (RFC 2606).
const BEHIND_THE_PROXY: &str = "https://cipp.example";

/// HTTPS: what is trusted, and what is shown.
struct Tls {
    config: RustlsConfig,
    certificates: Certificates,
}

/// What lasts as long as the sandbox.
pub(crate) struct House {
    options: SandboxOptions,
    origins: Origins,
    started: Timestamp,
    /// Where somebody has put the world's clock.
    moved: Mutex<Option<Timestamp>>,
    identity: Arc<Identity>,
    key: Arc<SigningKey>,
    tls: Option<Tls>,
    inspecting: Certificates,
    sign_ins: Arc<entra::SignIns>,
    pub calls: Arc<CallCounter>,
    pub journal: Arc<Journal>,
}

impl House {
    /// Makes keys, certificates and secrets; takes a moment.
    pub(crate) fn prepare(options: SandboxOptions, origins: Origins) -> Result<Self, SandboxError> {
        let started = Timestamp::now();
        let world = World::generate(options.size, options.seed, started, world_flags(&options.scenario));
        let tls = options
            .tls
            .then(|| Certificates::generate(started, SANDBOX_CA))
            .transpose()?;
        Ok(Self {
            identity: Arc::new(Identity::of(world.cast(), options.seed)?),
            key: Arc::new(SigningKey::generate()?),
            tls: tls.map(|certificates| Tls {
                config: RustlsConfig::from_config(Arc::new(certificates.server.clone())),
                certificates,
            }),
            inspecting: Certificates::generate(started, INSPECTING_CA)?,
            sign_ins: Arc::default(),
            calls: Arc::default(),
            journal: Arc::default(),
            moved: Mutex::default(),
            started,
            options,
            origins,
        })
    }

    /// What the listeners that are there from the start speak.
    pub(crate) fn tls(&self) -> Option<RustlsConfig> {
        self.tls.as_ref().map(|tls| tls.config.clone())
    }

    /// What the listener behind TLS inspection speaks.
    pub(crate) fn inspecting_tls(&self) -> RustlsConfig {
        RustlsConfig::from_config(Arc::new(self.inspecting.server.clone()))
    }

    /// Connections that come from now on are shown this scenario's certificate.
    pub(crate) fn show_certificate(&self, scenario: &Scenario) {
        if let Some(tls) = &self.tls {
            let shown = if scenario.tls_inspected {
                &self.inspecting
            } else {
                &tls.certificates
            };
            tls.config.reload_from_config(Arc::new(shown.server.clone()));
        }
    }

    /// The world's clock was moved by hand: later acts begin there.
    pub(crate) fn moved_to(&self, now: Timestamp) {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    fn world_clock(&self, scenario: &Scenario) -> Timestamp {
        let moved = *self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        moved.or(self.options.now).or(scenario.clock).unwrap_or(self.started)
    }

    /// A scenario, ready to be played.
    ///
    /// # Errors
    /// [`SandboxError::TimeZone`] and [`SandboxError::Directory`] where the scenario asks for what there is not.
    pub(crate) fn act(&self, scenario: Scenario, detours: &Detours) -> Result<Act, SandboxError> {
        let (size, seed) = (self.options.size, self.options.seed);
        let world = World::generate(size, seed, self.world_clock(&scenario), world_flags(&scenario))
            .in_zone(instance_zone(&scenario)?);
        let clock = Clock::ahead_by(scenario.clock_skew_seconds);
        let parts = Parts {
            house: self,
            directory: Arc::new(Directory::new(&self.identity, &scenario.directory, clock.now())?),
            worlds: Arc::new(MovingWorld::new(world, scenario.clock_speed)),
            scenario: Arc::new(scenario),
            clock,
        };
        Ok(parts.put_together(detours))
    }
}

/// What an act is made of.
struct Parts<'a> {
    house: &'a House,
    scenario: Arc<Scenario>,
    directory: Arc<Directory>,
    worlds: Arc<MovingWorld>,
    clock: Clock,
}

impl Parts<'_> {
    fn put_together(self, detours: &Detours) -> Act {
        let origin = &self.house.origins.authority;
        let state = CippState::new(
            Arc::clone(&self.worlds),
            Arc::clone(&self.scenario),
            Arc::clone(&self.directory),
        );
        let cipp = cipp::router(state);
        let api = api_host(
            cipp.clone(),
            self.front_door(),
            self.faults(),
            self.scenario
                .wakes_after_seconds
                .map(|seconds| Waking::new(self.pace().pause(seconds))),
            Arc::clone(&self.house.calls),
        );
        let website = match self.scenario.flavour {
            Flavour::FunctionApp => website::router(
                cipp,
                SignIn {
                    authority: origin.clone(),
                },
            ),
            // The container's API host is also its website.
            Flavour::Container => api.clone(),
        };
        let authority = entra::router(self.authority(origin.clone()))
            .merge(microsoft::router(self.microsoft(origin.clone())))
            .merge(calls::router(Arc::clone(&self.house.calls)));
        Act {
            ready: self.ready(detours),
            authority: self.dated(authority),
            api: self.dated(api),
            website: self.dated(website),
            scenario: self.scenario,
            worlds: self.worlds,
        }
    }

    fn ready(&self, detours: &Detours) -> Ready {
        let House {
            origins, identity, tls, ..
        } = self.house;
        let website = match self.scenario.flavour {
            Flavour::FunctionApp => &origins.website,
            Flavour::Container => &origins.api,
        };
        let proxy = detours.proxy.clone().filter(|_| self.scenario.proxy_wants_password);
        let inspected = detours.inspected.as_ref().filter(|_| self.scenario.tls_inspected);
        let api = if proxy.is_some() {
            BEHIND_THE_PROXY
        } else {
            inspected.unwrap_or(&origins.api)
        };
        Ready {
            authority: origins.authority.clone(),
            api_url: match self.scenario.given_address {
                GivenAddress::Api => api.to_owned(),
                GivenAddress::ApiWithPath => format!("{api}/api"),
                GivenAddress::ApiWithPathTwice => format!("{api}/api/api/"),
                GivenAddress::Website => website.clone(),
            },
            website_url: website.clone(),
            tenant_id: identity.tenant_id.to_string(),
            client_id: identity.client_id.to_string(),
            client_secret: self.given_secret(),
            graph_url: format!("{}/graph", origins.authority),
            arm_url: format!("{}/arm", origins.authority),
            sign_in_app_id: self
                .directory
                .at("/applications/desk/appId")
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            people: entra::people(&self.directory),
            ca_pem: tls.as_ref().map(|tls| tls.certificates.ca_pem.clone()),
            proxy,
        }
    }

    fn given_secret(&self) -> String {
        let identity = &self.house.identity;
        match self.scenario.given_secret {
            GivenSecret::Right => identity.client_secret.clone(),
            GivenSecret::Wrong => identity.wrong_secret.clone(),
            GivenSecret::Expired => identity.expired_secret.clone(),
            GivenSecret::Id => {
                let api = self.directory.entry("applications", "api");
                let id = api.and_then(|api| api["passwordCredentials"][0]["keyId"].as_str());
                id.unwrap_or_default().to_owned()
            }
        }
    }

    fn authority(&self, origin: String) -> Arc<entra::Authority> {
        Arc::new(entra::Authority {
            origin,
            identity: Arc::clone(&self.house.identity),
            key: Arc::clone(&self.house.key),
            scenario: Arc::clone(&self.scenario),
            directory: Arc::clone(&self.directory),
            clock: self.clock,
            token_requests: 0.into(),
            sign_ins: Arc::clone(&self.house.sign_ins),
        })
    }

    fn microsoft(&self, origin: String) -> Arc<Microsoft> {
        Arc::new(Microsoft {
            origin,
            identity: Arc::clone(&self.house.identity),
            key: Arc::clone(&self.house.key),
            scenario: Arc::clone(&self.scenario),
            directory: Arc::clone(&self.directory),
            clock: self.clock,
            seen: Default::default(),
            journal: Arc::clone(&self.house.journal),
        })
    }

    fn front_door(&self) -> Arc<FrontDoor> {
        Arc::new(FrontDoor {
            identity: Arc::clone(&self.house.identity),
            key: Arc::clone(&self.house.key),
            scenario: Arc::clone(&self.scenario),
            clock: self.clock,
            restarted: self
                .scenario
                .restart_seconds
                .map(|seconds| Instant::now() + self.pace().pause(seconds)),
            seen: Default::default(),
        })
    }

    fn faults(&self) -> Arc<Faults> {
        Arc::new(Faults::new(Arc::clone(&self.scenario), self.pace(), self.clock))
    }

    fn pace(&self) -> Pace {
        Pace::of(self.house.options.pace)
    }

    fn dated(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clock, clock::serve))
    }
}

fn instance_zone(scenario: &Scenario) -> Result<TimeZone, SandboxError> {
    if let Some(name) = &scenario.instance_time_zone {
        return TimeZone::get(name).map_err(|_| SandboxError::TimeZone(name.clone()));
    }
    let hours = scenario.instance_utc_offset_hours;
    Ok(Offset::from_hours(hours).map_or(TimeZone::UTC, TimeZone::fixed))
}

fn world_flags(scenario: &Scenario) -> WorldFlags {
    WorldFlags {
        corrupt_row: scenario.corrupt_row,
        big_day: scenario.big_day,
        deep_log_data: scenario.deep_log_data,
        huge_log_data: scenario.huge_log_data,
        hostile_text: scenario.hostile_text,
        lone_surrogates: scenario.lone_surrogates,
        duplicate_row_keys: scenario.duplicate_row_keys,
        future_rows: scenario.future_rows,
        changes_after_close: scenario.changes_after_close,
        empty_day: scenario.empty_day,
        odd_types: scenario.odd_types,
        tenants: scenario.tenants,
        rows_per_day: scenario.rows_per_day,
        retention_days: scenario.retention_days,
    }
}
