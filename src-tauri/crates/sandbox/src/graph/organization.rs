//! `/organization`: the tenant itself.

use super::{Answer, Call, Endpoint, Need, Words};

const NEED: Need = Need {
    scopes: &["User.Read", "Organization.Read.All", "Directory.Read.All"],
    own: &[],
    roles: &[],
    words: Words::Directory,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::get("organization", NEED, list)];

fn list(call: &Call<'_>) -> Answer {
    let organisations = call.directory().all("organization").map(|(_, one)| one.clone());
    call.list("organization", organisations)
}
