//! The service account's token was got with MFA: `mfa` among its methods.

use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::Cipp;
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let methods = cipp
        .permissions(trail)
        .await?
        .access_token
        .and_then(|token| token.auth_methods);
    let Some(methods) = methods else {
        return Err(Trouble::new(
            Obstacle::Unclear,
            "CIPP's report does not say how its account signed in.",
            "Run CIPP's set-up wizard, then its permission check.",
        ));
    };
    trail.saw("AccessTokenDetails.AuthMethods", methods.join(", "));
    if methods.iter().any(|method| method.trim().eq_ignore_ascii_case("mfa")) {
        return Ok(Verdict::passed());
    }
    Ok(Verdict::failed(
        "The account CIPP runs under signed in without multi-factor authentication.",
        "Demand Microsoft MFA for the account, then run the part of CIPP's set-up wizard again that signs it in.",
    ))
}
