//! Microsoft Graph and Azure, in the name of a signed-in person.
//!
//! Here: what is asked in a round of checks, each thing once. Behind [`Reader`] stands the real sign-in (`signed_in`), and in
//! tests a table of answers. Not here: who the account is and which the applications are (`look_up`), and what an answer
//! means for a step (`checks`).

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;

use super::{Clock, Subject, Trail, Trouble, TroubleKind};
use crate::finding::{Obstacle, Request};

/// What almost every question about the directory needs; the narrower ones that would do are not asked for by this app.
const DIRECTORY: &[&str] = &["Directory.Read.All"];

/// Which service is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Service {
    Graph,
    Azure,
}

/// The two reads that Microsoft made POST.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Post {
    /// Which Conditional Access policies would apply to this account at a sign-in to this application.
    EvaluateConditionalAccess { user: String, application: String },
    /// The sign-in settings of this Function App.
    AuthSettings { site: String },
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ask {
    pub(crate) service: Service,
    /// Path and query, encoded. Without a version: Graph's is `v1.0` unless `beta`, Azure's stands in the query.
    pub(crate) path: String,
    /// With `ConsistencyLevel: eventual`, without which Graph does not answer some questions.
    pub(crate) consistency: bool,
    pub(crate) beta: bool,
    /// All pages of a list; the answer is then the list itself.
    pub(crate) all: bool,
    pub(crate) post: Option<Post>,
    /// The scopes of which one is needed: tells a missing permission from a missing role.
    pub(crate) needs: &'static [&'static str],
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) json: Value,
    pub(crate) request: Request,
}

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedIn {
    pub(crate) user_name: String,
    pub(crate) object_id: String,
    pub(crate) tenant_id: String,
}

/// What can answer questions.
pub(crate) trait Reader: Send + Sync {
    fn who(&self) -> SignedIn;
    fn read<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<Answer, Trouble>>;
}

impl Ask {
    pub(crate) fn graph(path: impl Into<String>) -> Ask {
        Ask {
            service: Service::Graph,
            path: path.into(),
            consistency: false,
            beta: false,
            all: false,
            post: None,
            needs: DIRECTORY,
        }
    }

    pub(crate) fn azure(path: impl Into<String>) -> Ask {
        Ask {
            service: Service::Azure,
            needs: &[],
            ..Ask::graph(path)
        }
    }

    pub(crate) fn post(service: Service, post: Post) -> Ask {
        Ask {
            service,
            post: Some(post),
            ..Ask::graph("")
        }
    }

    pub(crate) fn eventual(self) -> Ask {
        Ask {
            consistency: true,
            ..self
        }
    }

    pub(crate) fn beta(self) -> Ask {
        Ask { beta: true, ..self }
    }

    pub(crate) fn all(self) -> Ask {
        Ask { all: true, ..self }
    }

    /// For questions that `Directory.Read.All` does not answer.
    pub(crate) fn needs(self, needs: &'static [&'static str]) -> Ask {
        Ask { needs, ..self }
    }
}

/// The service account as Graph knows it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) user_name: String,
    pub(crate) json: Value,
}

/// One round of looking at Microsoft.
pub(crate) struct Ms<'a> {
    reader: &'a dyn Reader,
    pub(crate) subject: Subject,
    clock: Clock,
    memory: HashMap<Ask, Result<Answer, Trouble>>,
    /// What stops every further question to a service.
    dead: HashMap<Service, Trouble>,
}

impl<'a> Ms<'a> {
    pub(crate) fn new(reader: &'a dyn Reader, subject: Subject, clock: Clock) -> Ms<'a> {
        Ms {
            reader,
            subject,
            clock,
            memory: HashMap::new(),
            dead: HashMap::new(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn who(&self) -> SignedIn {
        self.reader.who()
    }

    /// Asks, or remembers the answer.
    pub(crate) async fn ask(&mut self, trail: &mut Trail, ask: Ask) -> Result<Value, Trouble> {
        if let Some(trouble) = self.dead.get(&ask.service) {
            return Err(trouble.clone());
        }
        let answer = match self.memory.get(&ask) {
            Some(answer) => answer.clone(),
            None => {
                let answer = self.reader.read(&ask).await;
                if let Err(trouble) = &answer {
                    self.remember_end(ask.service, trouble);
                }
                self.memory.insert(ask, answer.clone());
                answer
            }
        };
        match answer {
            Ok(answer) => {
                trail.asked(&answer.request);
                Ok(answer.json)
            }
            Err(trouble) => {
                if let Some(request) = &trouble.request {
                    trail.asked(request);
                }
                Err(trouble)
            }
        }
    }

    fn remember_end(&mut self, service: Service, trouble: &Trouble) {
        let ended = match trouble.kind {
            TroubleKind::Cancelled | TroubleKind::Obstacle(Obstacle::NotSignedIn) => true,
            // No answer at all; with a status it is this question's own trouble.
            TroubleKind::Obstacle(Obstacle::Network) => {
                trouble.request.as_ref().is_none_or(|request| request.status.is_none())
            }
            _ => false,
        };
        if ended {
            let trouble = Trouble {
                request: None,
                ..trouble.clone()
            };
            self.dead.insert(service, trouble);
        }
    }

    /// All entries of a list.
    pub(crate) async fn list(&mut self, trail: &mut Trail, ask: Ask) -> Result<Vec<Value>, Trouble> {
        Ok(match self.ask(trail, ask.all()).await? {
            Value::Array(entries) => entries,
            Value::Object(mut page) => match page.remove("value") {
                Some(Value::Array(entries)) => entries,
                _ => return Err(unclear("The answer is no list.")),
            },
            _ => return Err(unclear("The answer is no list.")),
        })
    }
}

/// Trouble with an answer that came and cannot be used.
pub(crate) fn unclear(reason: impl Into<String>) -> Trouble {
    Trouble::new(
        Obstacle::Unclear,
        reason,
        "Look at it in the portal and confirm the step by hand. Please report this with the evidence.",
    )
}

/// A text for a path or a query.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

/// A text within an OData filter.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A member that is a text with something in it.
pub(crate) fn text<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    object.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// A member that is a list of texts; empty when it is none.
pub(crate) fn strings<'v>(object: &'v Value, name: &str) -> Vec<&'v str> {
    object
        .get(name)
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

/// A member as it would be written, for evidence; `null` when it is missing.
pub(crate) fn shown(object: &Value, name: &str) -> String {
    match object.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "null".into(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;

    /// The person, tenant, account and so on of every test.
    pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
    pub(crate) const CLIENT: &str = "22222222-2222-2222-2222-222222222222";
    pub(crate) const SAM_ID: &str = "33333333-3333-3333-3333-333333333333";
    pub(crate) const OID: &str = "44444444-4444-4444-4444-444444444444";
    pub(crate) const ACCOUNT: &str = "cippserviceaccount@msp.example";
    pub(crate) const SUBSCRIPTION: &str = "55555555-5555-5555-5555-555555555555";
    pub(crate) const SITE: &str =
        "/subscriptions/55555555-5555-5555-5555-555555555555/resourceGroups/cipp/providers/Microsoft.Web/sites/cippabc";

    /// A table of answers: the first whose text occurs in the question counts. What is not in it is not found.
    #[derive(Default)]
    pub(crate) struct Canned {
        answers: Vec<(String, Result<Value, Trouble>)>,
        pub(crate) asked: Mutex<Vec<Ask>>,
        pub(crate) who: Option<SignedIn>,
    }

    impl Canned {
        pub(crate) fn new() -> Canned {
            Canned::default()
        }

        /// Answers come before those that were given earlier.
        pub(crate) fn with(mut self, part: &str, json: Value) -> Canned {
            self.answers.insert(0, (part.to_owned(), Ok(json)));
            self
        }

        pub(crate) fn without(mut self, part: &str, trouble: Trouble) -> Canned {
            self.answers.insert(0, (part.to_owned(), Err(trouble)));
            self
        }

        pub(crate) fn questions(&self) -> Vec<String> {
            self.asked.lock().unwrap().iter().map(line).collect()
        }
    }

    /// A question as one line: `azure /path`, `beta eventual /path`, `post auth-settings ...`, readable again.
    fn line(ask: &Ask) -> String {
        let path = match &ask.post {
            None => percent(&ask.path),
            Some(Post::AuthSettings { site }) => format!("post auth-settings {site}"),
            Some(Post::EvaluateConditionalAccess { user, application }) => {
                format!("post evaluate {user} {application}")
            }
        };
        let mut words = Vec::new();
        if ask.service == Service::Azure {
            words.push("azure");
        }
        if ask.beta {
            words.push("beta");
        }
        if ask.consistency {
            words.push("eventual");
        }
        words.push(&path);
        words.join(" ")
    }

    fn percent(path: &str) -> String {
        path.replace("%20", " ")
            .replace("%27", "'")
            .replace("%3A", ":")
            .replace("%2F", "/")
            .replace("%28", "(")
            .replace("%29", ")")
            .replace("%2C", ",")
            .replace("%40", "@")
    }

    impl Reader for Canned {
        fn who(&self) -> SignedIn {
            self.who.clone().unwrap_or(SignedIn {
                user_name: "reader@msp.example".into(),
                object_id: "99999999-9999-9999-9999-999999999999".into(),
                tenant_id: TENANT.into(),
            })
        }

        fn read<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<Answer, Trouble>> {
            self.asked.lock().unwrap().push(ask.clone());
            let line = line(ask);
            let found = self.answers.iter().find(|(part, _)| line.contains(part.as_str()));
            let request = |status| Request {
                method: "GET".into(),
                url: format!("https://graph.example{line}"),
                status: Some(status),
                at: Timestamp::UNIX_EPOCH,
            };
            let outcome = match found {
                Some((_, Ok(json))) => Ok(Answer {
                    json: json.clone(),
                    request: request(200),
                }),
                Some((_, Err(trouble))) => Err(trouble.clone()),
                None => Err(Trouble {
                    kind: TroubleKind::NotFound,
                    reason: format!("not found: {line}"),
                    remedy: String::new(),
                    request: Some(Box::new(request(404))),
                }),
            };
            Box::pin(async move { outcome })
        }
    }

    pub(crate) fn subject() -> Subject {
        Subject {
            tenant: Some(TENANT.into()),
            client_id: Some(CLIENT.into()),
            secret_hint: Some("abc".into()),
            api_host: Some("cippabc.azurewebsites.net".into()),
            account: Some(ACCOUNT.into()),
            sam_app_id: Some(SAM_ID.into()),
            subscription: Some(SUBSCRIPTION.into()),
            site: Some(SITE.into()),
        }
    }

    pub(crate) fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    pub(crate) fn ms(canned: &Canned) -> Ms<'_> {
        ms_about(canned, subject())
    }

    pub(crate) fn ms_about(canned: &Canned, subject: Subject) -> Ms<'_> {
        Ms::new(canned, subject, Arc::new(now))
    }

    /// A sound service account.
    pub(crate) fn account() -> Value {
        json!({"id": OID, "displayName": "CIPP Service Account", "userPrincipalName": ACCOUNT, "userType": "Member",
            "accountEnabled": true, "creationType": null, "createdDateTime": "2026-11-20T08:00:00Z",
            "onPremisesSyncEnabled": null, "assignedPlans": [], "provisionedPlans": [], "mail": null, "proxyAddresses": []})
    }

    pub(crate) fn no_scope() -> Trouble {
        Trouble::new(Obstacle::Scope, "The permission is missing.", "Ask for it.")
    }

    pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn a_question_is_asked_once_and_its_failure_too() {
        let canned = Canned::new().with("/users/", account());
        let mut ms = ms(&canned);
        run(async {
            for _ in 0..3 {
                ms.account(&mut Trail::default()).await.unwrap();
                assert!(ms.ask(&mut Trail::default(), Ask::graph("/gone")).await.is_err());
            }
        });
        assert_eq!(canned.questions().len(), 2);
    }

    #[test]
    fn a_sign_in_that_ended_stops_everything_at_once_and_a_missing_permission_does_not() {
        let ended = Trouble::new(Obstacle::NotSignedIn, "It has expired.", "Sign in again.");
        let canned = Canned::new()
            .with("/users/", account())
            .without("/policies", no_scope())
            .without("/organization", ended.clone());
        let mut ms = ms(&canned);
        let mut trail = Trail::default();
        run(async {
            assert_eq!(
                ms.ask(&mut trail, Ask::graph("/policies")).await.unwrap_err(),
                no_scope()
            );
            assert!(ms.account(&mut trail).await.is_ok());
            assert_eq!(
                ms.ask(&mut trail, Ask::graph("/organization")).await.unwrap_err(),
                ended
            );
            assert_eq!(ms.ask(&mut trail, Ask::graph("/groups")).await.unwrap_err(), ended);
            assert_eq!(ms.account(&mut trail).await.unwrap_err(), ended);
        });
        assert_eq!(canned.questions().len(), 3, "nothing is sent any more");
    }

    #[test]
    fn names_are_safe_in_addresses_and_filters() {
        assert_eq!(encoded("a b+c@d/e'#"), "a%20b%2Bc%40d%2Fe%27%23");
        assert_eq!(quoted("O'Neill"), "'O''Neill'");
    }
}
