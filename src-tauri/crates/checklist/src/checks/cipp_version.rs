//! CIPP tells its version. An old one is told as a hint: which procedure is right is the technician's answer.

use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::{Cipp, trouble};
use crate::sources::{Trail, Trouble};

/// With this version CIPP got today's way to make API clients.
const TODAYS_WAY: (u32, u32) = (7, 1);

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let version = cipp.version(trail).await.map_err(trouble)?;
    let Some(local) = version.local_api.or(version.local_cipp) else {
        return Err(Trouble::new(
            Obstacle::Unclear,
            "CIPP answered without naming its version.",
            "Look at the version at the foot of CIPP's menu.",
        ));
    };
    trail.saw("LocalCIPPAPIVersion", &local);
    if let Some(remote) = &version.remote_api {
        trail.saw("RemoteCIPPAPIVersion", remote);
    }
    Ok(match numbers(&local) {
        Some(found) if found < TODAYS_WAY => Verdict::passed_but(format!(
            "Version {local} is older than 7.1: it has the older procedure. Better update CIPP first."
        )),
        _ if version.api_out_of_date == Some(true) => {
            Verdict::passed_but(format!("Version {local} runs, and a newer one exists."))
        }
        _ => Verdict::passed(),
    })
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim().trim_start_matches(['v', 'V']).split('.');
    let major = parts.next()?.parse().ok()?;
    Some((major, parts.next().and_then(|minor| minor.parse().ok()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("10.8.1") > numbers("7.1"));
        assert!(numbers("v7.0.9") < Some((7, 1)));
        assert_eq!(numbers("next"), None);
    }
}
