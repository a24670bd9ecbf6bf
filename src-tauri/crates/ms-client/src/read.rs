//! One read: token, request, one forced renewal, patience, pages.
//!
//! Here: what Graph and Azure have in common. `graph.rs` and `arm.rs` say what can be asked. Not here: what an answer
//! means for a checklist.
//!
//! Only [`Verb`] can be sent: GET, and a POST that is made in this crate alone. So trying again can never do something
//! twice, and nothing can be changed.

use std::collections::HashSet;
use std::sync::Arc;

use cipp_client::{Failure, Tries, excerpt};
use reqwest::StatusCode;
use reqwest::header::AUTHORIZATION;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::debug;
use url::Url;
use uuid::Uuid;

use crate::clouds::{MsOptions, Resource};
use crate::error::SignInError;
use crate::http::Answer;
use crate::ms_error::MsError;
use crate::path::next_page;
use crate::refusal::{Circumstances, failed};
use crate::reply::{Listing, Reply, Seen, shown};
use crate::scopes::Scopes;
use crate::session::Session;
use crate::token::Access;

/// How a read of Graph is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Sends `ConsistencyLevel: eventual`, without which Graph answers some questions with 400 or 404.
    pub consistency: bool,
    /// Asks `/beta` and not `/v1.0`.
    pub beta: bool,
    /// The scopes of which one is needed. Not checked beforehand; tells a missing scope from a missing role where Graph's
    /// answer does not.
    pub needs: Scopes,
}

/// What can be sent.
#[derive(Clone, Copy)]
pub(crate) enum Verb<'a> {
    Get,
    /// A read that Microsoft made a POST, with its question.
    PostRead(&'a Value),
}

impl Verb<'_> {
    fn name(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::PostRead(_) => "POST",
        }
    }
}

/// One question.
pub(crate) struct Question<'a> {
    pub(crate) resource: Resource,
    pub(crate) verb: Verb<'a>,
    pub(crate) url: Url,
    pub(crate) consistency: bool,
    pub(crate) needs: &'a Scopes,
}

/// Asks one question.
pub(crate) async fn one(
    session: &Arc<Session>,
    question: &Question<'_>,
    cancel: &CancellationToken,
) -> Result<Reply, MsError> {
    let asked = async { ask(session, question).await.map(|(reply, _)| reply) };
    unless_over(session, question.resource, cancel, asked).await
}

/// Asks a question and follows its pages. `link` is the member that names the next one.
pub(crate) async fn all(
    session: &Arc<Session>,
    question: Question<'_>,
    link: &str,
    cancel: &CancellationToken,
) -> Result<Listing, MsError> {
    unless_over(session, question.resource, cancel, pages(session, question, link)).await
}

async fn pages(session: &Arc<Session>, mut question: Question<'_>, link: &str) -> Result<Listing, MsError> {
    let base = session.microsoft().clouds().of(question.resource);
    let mut visited = HashSet::from([question.url.clone()]);
    let (reply, mut bytes) = ask(session, &question).await?;
    let (mut listing, mut next) = page(reply, link)?;
    while let Some(address) = next {
        question.url = next_page(base, &address)?;
        if !visited.insert(question.url.clone()) {
            return Err(not_understood("the pages of the list go in a circle", listing.seen));
        }
        let (reply, more_bytes) = ask(session, &question).await?;
        let (more, further) = page(reply, link)?;
        listing.values.extend(more.values);
        listing.pages += 1;
        bytes += more_bytes;
        next = further;
        check_size(&listing, bytes, &session.microsoft().inner.options)?;
    }
    Ok(listing)
}

/// One page as the list that it would be alone, and the address of the next one.
fn page(mut reply: Reply, link: &str) -> Result<(Listing, Option<String>), MsError> {
    let next = reply.json.get(link).and_then(Value::as_str);
    let next = next.filter(|next| !next.is_empty()).map(str::to_owned);
    let count = reply.json.get("@odata.count").and_then(Value::as_u64);
    let Some(Value::Array(values)) = reply.json.get_mut("value").map(Value::take) else {
        return Err(not_understood("it is no list", reply.seen));
    };
    let listing = Listing {
        values,
        count,
        pages: 1,
        seen: reply.seen,
    };
    Ok((listing, next))
}

fn check_size(listing: &Listing, bytes: usize, options: &MsOptions) -> Result<(), MsError> {
    let what = if listing.pages > options.most_pages {
        format!("{} pages of one list", options.most_pages)
    } else if listing.values.len() > options.most_items {
        format!("{} items of one list", options.most_items)
    } else if bytes > options.longest_list_bytes {
        format!("{} MB of one list", options.longest_list_bytes / (1024 * 1024))
    } else {
        return Ok(());
    };
    Err(MsError::TooLarge { what })
}

fn not_understood(detail: &str, seen: Seen) -> MsError {
    MsError::NotUnderstood {
        detail: detail.into(),
        seen: Box::new(seen),
    }
}

/// The outcome, or why it is of no use any more: the future is dropped then, and with it its request.
async fn unless_over<T>(
    session: &Session,
    resource: Resource,
    cancel: &CancellationToken,
    future: impl Future<Output = Result<T, MsError>>,
) -> Result<T, MsError> {
    match cancel
        .run_until_cancelled(session.over().run_until_cancelled(future))
        .await
    {
        Some(Some(outcome)) => outcome,
        Some(None) => Err(MsError::without_token(SignInError::SignedOut, resource)),
        None => Err(MsError::Cancelled),
    }
}

/// Asks until there is an answer or it is not worth another try; the answer and its size in bytes.
async fn ask(session: &Arc<Session>, question: &Question<'_>) -> Result<(Reply, usize), MsError> {
    let resource = question.resource;
    let without = |error| MsError::without_token(error, resource);
    let mut access = session.token(resource, None).await.map_err(without)?;
    let mut renewed = false;
    let mut tries = Tries::new(&session.microsoft().inner.options.retry);
    loop {
        let begun = Instant::now();
        let failure = match once(session, question, &access).await {
            Ok((answer, seen)) if answer.status.is_success() => return Ok((reply(&answer, seen)?, answer.body.len())),
            // One forced renewal, never a loop (facts: Entra E.3).
            Ok((answer, _)) if answer.status == StatusCode::UNAUTHORIZED && !renewed => {
                renewed = true;
                access = session.token(resource, Some(&access)).await.map_err(without)?;
                continue;
            }
            Ok((answer, seen)) => {
                let circumstances = Circumstances {
                    needs: question.needs,
                    granted: access.scopes(),
                    known: &access.known(),
                    seen,
                };
                failed(&answer, circumstances)
            }
            Err(failure) => failure,
        };
        match tries.pause_after(failure.again, begun.elapsed()) {
            Some(pause) => sleep(pause).await,
            None => return Err(failure.error),
        }
    }
}

/// One try.
async fn once(session: &Session, question: &Question<'_>, access: &Access) -> Result<(Answer, Seen), Failure<MsError>> {
    let inner = &session.microsoft().inner;
    let url = &question.url;
    let local = |error: SignInError| Failure::last(MsError::without_token(error, question.resource));
    let client = inner.http.client(url).map_err(local)?;
    let request_id = Uuid::new_v4();
    let mut request = match question.verb {
        Verb::Get => client.get(url.clone()),
        Verb::PostRead(body) => client.post(url.clone()).json(body),
    };
    request = request
        .header("accept", "application/json")
        .header("client-request-id", request_id.to_string());
    if question.consistency {
        request = request.header("ConsistencyLevel", "eventual");
    }
    if let Some(header) = access.header() {
        request = request.header(AUTHORIZATION, header);
    }
    // Closed never; and without a place there would be no harm either.
    let _place = session.in_flight().acquire().await;
    let begun = Instant::now();
    let longest = inner.options.longest_reply_bytes;
    let reason = match question.resource {
        Resource::Graph => "reading Microsoft Graph",
        Resource::Arm => "reading Azure",
    };
    let outcome = inner
        .http
        .exchange(url, request, longest, &access.known(), reason)
        .await;
    let status = outcome.as_ref().map_or(0, |answer| answer.status.as_u16());
    // The path may name people, so it is left out.
    debug!(resource = %question.resource, status, %request_id, duration_ms = begun.elapsed().as_millis() as u64, "read");
    let answer = outcome.map_err(|reason| Failure {
        again: reason.again(),
        error: MsError::without_answer(reason, longest),
    })?;
    let seen = Seen {
        method: question.verb.name().into(),
        url: shown(url),
        status,
        at: (inner.options.clock)(),
        request_id: answer
            .id(&["request-id", "x-ms-request-id"])
            .map(|id| excerpt(&id, &access.known())),
    };
    Ok((answer, seen))
}

fn reply(answer: &Answer, seen: Seen) -> Result<Reply, MsError> {
    let body = answer.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&answer.body);
    match serde_json::from_slice(body) {
        Ok(json) => Ok(Reply { json, seen }),
        // Nothing at all is no answer either: no read of this app has an empty one.
        Err(error) if error.is_eof() => Err(not_understood("it ends in the middle", seen)),
        Err(_) => Err(not_understood("it is no JSON", seen)),
    }
}
