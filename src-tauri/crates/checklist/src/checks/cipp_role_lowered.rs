//! The API client may only read: its role is `readonly`, or a custom role without a permission to write.
//!
//! CIPP does not tell an API client a built-in role (facts: CIPP 2.7), but it names it where it refuses (2.5): the list of
//! API clients is for `editor` and higher, so the refusal to show it is what proves that the client is below. Of a custom
//! role `me` tells the permissions.

use cipp_client::{ApiClient, ClientError, Me, Refusal};

use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::{Cipp, trouble};
use crate::sources::{Trail, Trouble, some_of};

const REMEDY: &str =
    "In CIPP, edit the client and set its role to readonly, or to a custom role that has nothing but Read permissions.";

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let error = match cipp.api_clients(trail).await {
        Ok(clients) => return Ok(may_manage(&clients, &cipp.client_id(), trail)),
        Err(error) => error,
    };
    match &error {
        ClientError::NotAllowed {
            cause: Refusal::RoleLacks { role: Some(role), .. },
            ..
        } => Ok(refused_as(role, trail)),
        ClientError::NotAllowed {
            cause: Refusal::RoleLacks { role: None, .. } | Refusal::EndpointBlocked { .. },
            ..
        } => by_permissions(cipp.me(trail).await.map_err(trouble)?, trail),
        _ => Err(trouble(error)),
    }
}

/// It was let in where only those come who may change CIPP.
fn may_manage(clients: &[ApiClient], own: &str, trail: &mut Trail) -> Verdict {
    let client = clients.iter().find(|client| client.client_id.eq_ignore_ascii_case(own));
    let role = client.and_then(|client| client.role.as_deref());
    trail.saw("ExecApiClient?Action=List", "200, which needs CIPP.Extension.ReadWrite");
    if let Some(role) = role {
        trail.saw("Role", role);
    }
    Verdict::failed(
        match role {
            Some(role) => format!("The API client\u{2019}s role is still {role}: it may change CIPP."),
            None => "The API client may change CIPP: it may manage API clients.".to_owned(),
        },
        REMEDY,
    )
}

fn refused_as(role: &str, trail: &mut Trail) -> Verdict {
    trail.saw("the refusal names the role", role);
    if role.eq_ignore_ascii_case("readonly") {
        return Verdict::passed();
    }
    Verdict::failed(
        format!("The API client\u{2019}s role is {role}, which may do more than read."),
        REMEDY,
    )
}

fn by_permissions(me: Me, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let (roles, permissions) = match me {
        Me::Told { roles, permissions, .. } if !permissions.is_empty() => (roles, permissions),
        _ => {
            return Err(Trouble::new(
                Obstacle::Unclear,
                "CIPP does not say what the client\u{2019}s role includes.",
                "Look at the role in CIPP and confirm the step by hand.",
            ));
        }
    };
    trail.saw("appRole", roles.join(", "));
    let more: Vec<&String> = permissions.iter().filter(|permission| !reads(permission)).collect();
    trail.saw("permissions", permissions.len());
    if more.is_empty() {
        return Ok(Verdict::passed());
    }
    trail.saw("more than reading", some_of(&more));
    Ok(Verdict::failed(
        format!(
            "The API client\u{2019}s role includes more than reading: {}.",
            some_of(&more)
        ),
        REMEDY,
    ))
}

fn reads(permission: &str) -> bool {
    permission.to_ascii_lowercase().ends_with(".read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(permissions: &[&str]) -> Me {
        Me::Told {
            app_id: None,
            roles: vec!["desk".into()],
            permissions: permissions.iter().map(|one| (*one).to_owned()).collect(),
        }
    }

    #[test]
    fn a_custom_role_may_have_nothing_but_reading() {
        let judge = |me: Me| by_permissions(me, &mut Trail::default());
        assert_eq!(
            judge(told(&["CIPP.Core.Read", "CIPP.AppSettings.read"])),
            Ok(Verdict::passed())
        );
        for more in ["Identity.User.ReadWrite", "CIPP.*", "Everything"] {
            let Ok(Verdict::Failed { reason, .. }) = judge(told(&["CIPP.Core.Read", more])) else {
                panic!("{more} is more");
            };
            assert!(reason.contains(more) && !reason.contains("Core"), "{reason}");
        }
        for silent in [told(&[]), Me::NotTold] {
            assert_eq!(judge(silent).unwrap_err().cause(), Some(Obstacle::Unclear));
        }
    }

    #[test]
    fn the_role_in_a_refusal_counts_only_when_it_is_the_smallest() {
        assert_eq!(refused_as("readonly", &mut Trail::default()), Verdict::passed());
        assert!(matches!(
            refused_as("editor", &mut Trail::default()),
            Verdict::Failed { .. }
        ));
    }
}
