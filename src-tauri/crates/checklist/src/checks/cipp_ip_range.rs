//! The API client may be used from few addresses only: its list is not empty, and no range in it is wide.
//!
//! CIPP shows the list to a client that may manage clients and to no other (facts: CIPP 2.6). Others are not asked to take
//! a higher role for it: for them nothing is claimed.

use std::net::IpAddr;

use cipp_client::{ClientError, Refusal};

use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::{Cipp, trouble};
use crate::sources::{Trail, Trouble, some_of};

/// A range with a shorter prefix is wide: IPv4 from 65,536 addresses on, IPv6 from more than what one site is given.
const NARROW_V4: u8 = 17;
const NARROW_V6: u8 = 48;

const REMEDY: &str = "In CIPP, edit the client and enter the public addresses from which this app calls.";

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let clients = match cipp.api_clients(trail).await {
        Ok(clients) => clients,
        Err(
            error @ ClientError::NotAllowed {
                cause: Refusal::RoleLacks { .. } | Refusal::EndpointBlocked { .. } | Refusal::NoRole,
                ..
            },
        ) => {
            return Err(Trouble::new(
                Obstacle::CippRole,
                error.to_string(),
                "CIPP shows the list of addresses only to a client that may manage clients. Do not give it a higher role for that: look at the list in CIPP, and mark this step as not applicable with the range as its reason.",
            ));
        }
        Err(error) => return Err(trouble(error)),
    };
    let own = cipp.client_id();
    let client = clients
        .iter()
        .find(|client| client.client_id.eq_ignore_ascii_case(&own));
    let ranges = client.and_then(|client| client.ip_ranges.as_deref());
    match ranges {
        Some(ranges) => judge(ranges, trail),
        None => Err(unclear(
            "CIPP\u{2019}s list of API clients does not say from where this one may be used.",
        )),
    }
}

fn judge(ranges: &[String], trail: &mut Trail) -> Result<Verdict, Trouble> {
    trail.saw(
        "IPRange",
        if ranges.is_empty() {
            "any".to_owned()
        } else {
            some_of(ranges)
        },
    );
    if ranges.is_empty() {
        return Ok(Verdict::failed(
            "The API client may be used from every address.",
            REMEDY,
        ));
    }
    let mut wide: Vec<&String> = Vec::new();
    for range in ranges {
        match is_wide(range) {
            Some(true) => wide.push(range),
            Some(false) => {}
            None => {
                return Err(unclear(format!(
                    "The API client\u{2019}s list holds \u{201C}{range}\u{201D}, which is no address and no range."
                )));
            }
        }
    }
    if wide.is_empty() {
        return Ok(Verdict::passed());
    }
    Ok(Verdict::failed(
        format!(
            "The API client may be used from a wide range of addresses: {}.",
            some_of(&wide)
        ),
        REMEDY,
    ))
}

/// Whether a range is wide; `None` when it is none.
fn is_wide(range: &str) -> Option<bool> {
    let (address, prefix) = match range.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
        None => (range, None),
    };
    let (longest, narrow) = match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(_) => (32, NARROW_V4),
        IpAddr::V6(_) => (128, NARROW_V6),
    };
    let prefix = prefix.unwrap_or(longest);
    (prefix <= longest).then_some(prefix < narrow)
}

fn unclear(reason: impl Into<String>) -> Trouble {
    Trouble::new(
        Obstacle::Unclear,
        reason,
        "Look at the client in CIPP and confirm the step by hand.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(ranges: &[&str]) -> Result<Verdict, Trouble> {
        let ranges: Vec<String> = ranges.iter().map(|range| (*range).to_owned()).collect();
        judge(&ranges, &mut Trail::default())
    }

    #[test]
    fn few_addresses_pass_and_all_or_many_fail() {
        assert_eq!(
            look(&[
                "203.0.113.7",
                "203.0.113.0/24",
                "2001:db8:0:0:0:0:0:1",
                "2001:db8:1::/48"
            ]),
            Ok(Verdict::passed())
        );
        for wide in ["0.0.0.0/0", "10.0.0.0/8", "192.168.0.0/16", "::/0", "2001:db8::/32"] {
            let Ok(Verdict::Failed { reason, .. }) = look(&["203.0.113.7", wide]) else {
                panic!("{wide} is wide");
            };
            assert!(reason.contains(wide) && !reason.contains("203"), "{reason}");
        }
        assert!(matches!(look(&[]), Ok(Verdict::Failed { .. })));
    }

    #[test]
    fn what_is_no_range_is_not_judged() {
        for odd in ["[]", "Any", "203.0.113.7/33", "203.0.113.0/x", "example.org"] {
            let trouble = look(&["203.0.113.7", odd]).unwrap_err();
            assert_eq!(trouble.cause(), Some(Obstacle::Unclear), "{odd}");
            assert!(trouble.reason.contains(odd));
        }
    }
}
