//! A token is issued to the API client: tenant, client and secret are right.

use cipp_client::ClientError;

use crate::finding::Verdict;
use crate::sources::cipp::{Cipp, trouble};
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    match cipp.token(trail).await {
        Ok(claims) => {
            let claims_shown = [("aud", claims.aud), ("tid", claims.tid), ("appid", claims.app_id)];
            for (name, value) in claims_shown {
                if let Some(value) = value {
                    trail.saw(name, value);
                }
            }
            Ok(Verdict::passed())
        }
        Err(error @ ClientError::SignInRefused { .. }) => {
            if let ClientError::SignInRefused {
                error: word, aadsts, ..
            } = &error
            {
                trail.saw("error", word);
                if let Some(code) = aadsts {
                    trail.saw("AADSTS", code);
                }
            }
            Ok(Verdict::failed(error.to_string(), error.remedy()))
        }
        Err(error) => Err(trouble(error)),
    }
}
