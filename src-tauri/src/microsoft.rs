//! Signing a person in at Microsoft: where that is for a connection, what is asked for, and who is signed in.
//!
//! One person at a time, and for one connection: to look at another connection, or to change or remove this one, ends the
//! sign-in. Tokens stay inside `ms-client`, in memory; what leaves this file is a name and a list of permissions. Not here:
//! the sign-in itself (`ms-client`), and what the checks look at (`setup.rs`).

mod desk;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use cipp_client::{Authority, ClientId};
use connections::{ConnectionId, SavedConnection};
use ms_client::{
    Ask, Clouds, Microsoft, MsOptions, PendingDeviceCode, PendingSignIn, Resource, Scopes, SignIn, SignInApp,
    SignInError,
};
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::Url;
use tokio_util::sync::CancellationToken;

pub use desk::SignInDesk;

use crate::{
    error::{CommandError, CommandResult, ErrorCode},
    state::AppState,
};

/// What a person is asked to allow: always reading, and step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum SignInAsk {
    /// What anybody may allow for their own account.
    Basic,
    /// The directory, its policies and its sign-in log: an administrator allows it, and it serves almost every check.
    Directory,
    /// Besides, how people sign in (`UserAuthenticationMethod.Read.All`).
    SignInMethods,
    /// Besides, who could take on a role (`RoleEligibilitySchedule.Read.Directory`).
    EligibleRoles,
    /// Besides, the relationships with customers and what they grant (`DelegatedAdminRelationship.Read.All`).
    CustomerRelationships,
    /// Azure, as the person.
    Azure,
}

/// What to say before a browser opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SignInAbout {
    /// The tenant to sign in to.
    pub tenant_id: String,
    /// The server whose page will open.
    pub host: String,
    /// What Microsoft's page will call the application.
    pub graph_app: String,
    /// The same for Azure.
    pub azure_app: String,
    /// Whether it is the application that a person entered in the settings.
    pub own_app: bool,
    /// The permissions, by what is asked for.
    pub asks: Vec<AskAbout>,
}

/// Which permissions something needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct AskAbout {
    /// What is asked for.
    pub ask: SignInAsk,
    /// The permissions, as Microsoft's page will name them.
    pub scopes: Vec<String>,
}

/// How a sign-in goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SignInProgress {
    /// A page was opened in the system's browser, and the app waits for the person there.
    Browser {
        /// The page, for whoever wants to open it by hand on this computer. It holds no secret.
        url: String,
        /// Whether the browser could be started.
        opened: bool,
        /// What Microsoft's page calls the application.
        app: String,
        /// How long the app waits.
        seconds: u32,
    },
    /// A code is to be typed in on a page, on whatever computer.
    DeviceCode {
        /// The code.
        code: String,
        /// The page.
        url: String,
        /// What Microsoft's page calls the application.
        app: String,
        /// How long the code lives.
        seconds: u32,
    },
}

/// Who is signed in, and for what. Nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The user name, such as `anna@msp.example`.
    pub upn: String,
    /// The display name.
    pub name: Option<String>,
    /// The tenant.
    pub tenant_id: String,
    /// What may be read in Microsoft Graph.
    pub scopes: Vec<String>,
    /// Whether Azure can be read without a further sign-in.
    pub azure: bool,
    /// Which of the things that can be asked for are allowed already.
    pub allowed: Vec<SignInAsk>,
}

/// How a person signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In the system's browser.
    Browser,
    /// By a code that is typed in somewhere else.
    DeviceCode,
}

/// What a sign-in needs of whoever asks for it.
pub struct Window<'a> {
    /// Is told how it goes.
    pub tell: &'a (dyn Fn(SignInProgress) + Sync),
    /// Opens a page in the system's browser; whether that worked.
    pub open: &'a (dyn Fn(&Url) -> bool + Sync),
}

/// What to say before a browser opens for this connection.
pub async fn about(state: &Arc<AppState>, id: ConnectionId, app: &str) -> CommandResult<SignInAbout> {
    let connection = state.connection(id).await?.connection;
    let clouds = clouds(&connection.authority)?;
    let app = sign_in_app(app)?;
    Ok(SignInAbout {
        tenant_id: connection.tenant_id.to_string(),
        host: clouds.authority.host_str().unwrap_or_default().to_owned(),
        graph_app: app.shown_name(Resource::Graph).to_owned(),
        azure_app: app.shown_name(Resource::Arm).to_owned(),
        own_app: matches!(app, SignInApp::Own(_)),
        asks: SignInAsk::ALL.map(AskAbout::from).to_vec(),
    })
}

/// Signs a person in for a connection, or lets the one who is signed in allow more. Waits until they are done in the
/// browser. `app` is the application's ID, empty for Microsoft's own public tools.
pub async fn sign_in(
    state: &Arc<AppState>,
    id: ConnectionId,
    ask: SignInAsk,
    app: &str,
    way: Way,
    window: Window<'_>,
) -> CommandResult<SignedIn> {
    let app = sign_in_app(app)?;
    // Before the connection is read: whoever changes it from here on ends this sign-in.
    let cancel = state.sign_ins.begin(id);
    let connection = state.connection(id).await?;
    let before = signed_in_as(state, id, app);
    let done = async {
        let came = cancel
            .run_until_cancelled(pend(&connection, ask, app, before.as_ref(), way))
            .await
            .unwrap_or(Err(SignInError::Cancelled))?;
        state.sign_ins.note_page(&cancel, Some(came.page()));
        came.tell(&window);
        came.finish(&cancel).await
    }
    .await;
    state.sign_ins.note_page(&cancel, None);
    let sign_in = done?;
    state.sign_ins.keep(id, sign_in.clone(), before.as_ref(), &cancel)?;
    Ok(SignedIn::from(&sign_in))
}

/// Who is signed in already and may allow more: not as another application than is wanted now.
fn signed_in_as(state: &AppState, id: ConnectionId, app: SignInApp) -> Option<SignIn> {
    state.sign_ins.of(id).filter(|sign_in| sign_in.microsoft().app() == app)
}

/// A sign-in that waits for the person.
enum Came {
    Browser(PendingSignIn),
    DeviceCode(PendingDeviceCode),
}

async fn pend(
    connection: &SavedConnection,
    ask: SignInAsk,
    app: SignInApp,
    before: Option<&SignIn>,
    way: Way,
) -> Result<Came, SignInError> {
    let ask = ask.of_ms_client();
    match (before, way) {
        (Some(person), Way::Browser) => person.ask_for(ask).await.map(Came::Browser),
        (Some(person), Way::DeviceCode) => person.ask_for_by_device_code(ask).await.map(Came::DeviceCode),
        (None, Way::Browser) => SignIn::begin(&microsoft(connection, app)?, ask)
            .await
            .map(Came::Browser),
        (None, Way::DeviceCode) => SignIn::begin_device_code(&microsoft(connection, app)?, ask)
            .await
            .map(Came::DeviceCode),
    }
}

impl Came {
    fn page(&self) -> Url {
        match self {
            Came::Browser(pending) => pending.url().clone(),
            Came::DeviceCode(pending) => pending.verification_uri().clone(),
        }
    }

    /// Opens the browser where it is to open by itself; a code is read first, and its page opened when the person asks.
    fn tell(&self, window: &Window<'_>) {
        let url = self.page();
        (window.tell)(match self {
            Came::Browser(pending) => SignInProgress::Browser {
                opened: may_be_opened(&url) && (window.open)(&url),
                url: url.to_string(),
                app: pending.shown_name().to_owned(),
                seconds: seconds(pending.time_left()),
            },
            Came::DeviceCode(pending) => SignInProgress::DeviceCode {
                code: pending.user_code().to_owned(),
                url: url.to_string(),
                app: pending.shown_name().to_owned(),
                seconds: seconds(pending.time_left()),
            },
        });
    }

    async fn finish(self, cancel: &CancellationToken) -> Result<SignIn, SignInError> {
        match self {
            Came::Browser(pending) => pending.finish(cancel).await,
            Came::DeviceCode(pending) => pending.finish(cancel).await,
        }
    }
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

fn microsoft(connection: &SavedConnection, app: SignInApp) -> Result<Microsoft, SignInError> {
    let connection = &connection.connection;
    let options = MsOptions {
        ca_cert: connection.ca_cert.clone(),
        ..MsOptions::default()
    };
    Microsoft::new(
        clouds(&connection.authority)?,
        connection.tenant_id.clone(),
        app,
        options,
    )
}

/// Other names of Microsoft's public cloud. Its own libraries sign in under the usual one whichever of them is given
/// (facts: Entra A.7), and so does this app.
const PUBLIC_TOO: [&str; 3] = [
    "https://login.microsoft.com",
    "https://login.windows.net",
    "https://sts.windows.net",
];

/// Microsoft's other clouds, each with addresses of its own; CIPP supports none of them (facts: Entra A.6).
const OTHER_CLOUDS: [&str; 8] = [
    "login.microsoftonline.us",
    "login-us.microsoftonline.com",
    "login.microsoftonline.de",
    "login.sovcloud-identity.de",
    "login.sovcloud-identity.fr",
    "login.sovcloud-identity.sg",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
];

/// Where Graph and Azure are, told by the sign-in server: Microsoft's public cloud has names of its own for them, any
/// other server has both beneath it, as `cippctl sandbox` does.
fn clouds(authority: &Authority) -> Result<Clouds, SignInError> {
    let host = authority.host();
    if OTHER_CLOUDS.contains(&host) {
        return Err(SignInError::Local {
            detail: format!("Checks at Microsoft know its public cloud alone, and {host} belongs to another one."),
        });
    }
    let base = authority.to_string();
    let at = |path: &str| {
        format!("{}{path}", base.trim_end_matches('/'))
            .parse::<Url>()
            .map_err(|error| SignInError::Local {
                detail: format!("The address of the sign-in server is not valid: {error}."),
            })
    };
    if authority.is_default() || PUBLIC_TOO.contains(&base.as_str()) {
        return Ok(Clouds::default());
    }
    Ok(Clouds {
        authority: at("")?,
        graph: at("/graph")?,
        arm: at("/arm")?,
    })
}

fn sign_in_app(id: &str) -> CommandResult<SignInApp> {
    if id.trim().is_empty() {
        return Ok(SignInApp::WellKnown);
    }
    match id.trim().parse::<ClientId>() {
        Ok(id) => Ok(SignInApp::Own(id)),
        Err(error) => Err(CommandError::new(
            ErrorCode::InvalidField,
            "The application for signing in at Microsoft is not an application ID.",
        )
        .with_remedy("Correct it in the settings, or empty it there to use Microsoft's own tools.")
        .with_detail(error.problem)),
    }
}

/// Whether a sign-in page may be handed to the system's browser: https, or http on this computer.
pub fn may_be_opened(url: &Url) -> bool {
    let plain = url.username().is_empty() && url.password().is_none();
    let here = match url.host_str() {
        Some(host) => ["127.0.0.1", "[::1]", "localhost"].contains(&host),
        None => return false,
    };
    plain && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

impl SignInAsk {
    const ALL: [SignInAsk; 6] = [
        SignInAsk::Basic,
        SignInAsk::Directory,
        SignInAsk::SignInMethods,
        SignInAsk::EligibleRoles,
        SignInAsk::CustomerRelationships,
        SignInAsk::Azure,
    ];

    fn of_ms_client(self) -> Ask {
        match self {
            SignInAsk::Azure => Ask::Arm,
            other => Ask::Graph(other.scopes()),
        }
    }

    /// Graph's permissions; none for Azure.
    fn scopes(self) -> Scopes {
        let further = |scope: &str| Scopes::tier_2().and(&[scope].iter().collect());
        match self {
            SignInAsk::Basic => Scopes::tier_1(),
            SignInAsk::Directory => Scopes::tier_2(),
            SignInAsk::SignInMethods => further("UserAuthenticationMethod.Read.All"),
            SignInAsk::EligibleRoles => further("RoleEligibilitySchedule.Read.Directory"),
            SignInAsk::CustomerRelationships => further("DelegatedAdminRelationship.Read.All"),
            SignInAsk::Azure => Scopes::none(),
        }
    }

    fn is_allowed_by(self, sign_in: &SignIn) -> bool {
        match self {
            SignInAsk::Azure => sign_in.reaches(Resource::Arm),
            other => other.scopes().missing_in(&sign_in.granted()).is_empty(),
        }
    }
}

impl From<SignInAsk> for AskAbout {
    fn from(ask: SignInAsk) -> Self {
        let scopes = match ask {
            SignInAsk::Azure => vec!["user_impersonation".to_owned()],
            other => other.scopes().iter().map(str::to_owned).collect(),
        };
        AskAbout { ask, scopes }
    }
}

impl From<&SignIn> for SignedIn {
    fn from(sign_in: &SignIn) -> Self {
        let who = sign_in.who();
        SignedIn {
            upn: who.upn.clone(),
            name: who.name.clone(),
            tenant_id: who.tid.clone(),
            scopes: sign_in.granted().iter().map(str::to_owned).collect(),
            azure: sign_in.reaches(Resource::Arm),
            allowed: SignInAsk::ALL
                .into_iter()
                .filter(|ask| ask.is_allowed_by(sign_in))
                .collect(),
        }
    }
}
