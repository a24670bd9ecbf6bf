//! What Entra's refusals of a person's sign-in mean (facts: Entra C.6).
//!
//! Here: which cause a code or one of OAuth's error words stands for. Not here: the words of an explanation and which codes
//! belong to it (the `failures` crate), and refusals by Graph or Azure themselves (`refusal.rs`).

use failures::{Failure, Seen, by_aadsts, by_id, microsoft_page};
use serde::{Deserialize, Serialize};

/// Why Entra did not let the person, or the application, in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub enum RefusalCause {
    /// The person pressed Cancel, or declined the consent.
    Declined,
    /// The person has to consent first.
    ConsentNeeded,
    /// An administrator has to consent first.
    AdminConsentNeeded,
    /// One of Microsoft's own applications may not ask for this.
    NotPreauthorised,
    /// The person is not assigned to the application.
    NotAssigned,
    /// `http://localhost` is not registered as the application's redirect.
    RedirectNotRegistered,
    /// The redirect is registered under Web, which makes the application confidential; or public client flows are off.
    AppIsConfidential,
    /// The redirect is registered under Single-page application.
    RedirectIsForWebPages,
    /// The application is not known in this tenant.
    UnknownApp,
    /// The application is switched off.
    AppDisabled,
    /// There is no such tenant.
    UnknownTenant,
    /// The tenant belongs to another of Microsoft's clouds.
    OtherCloud,
    /// The account is of another tenant, or not known here.
    WrongAccount,
    /// A second factor has to be shown or set up.
    MfaNeeded,
    /// A Conditional Access policy blocks the sign-in.
    ConditionalAccess,
    /// The tenant blocks sign-in by device code.
    DeviceCodeBlocked,
    /// The tenant's security defaults block the sign-in.
    SecurityDefaults,
    /// The sign-in is over: expired, revoked, or the password was changed.
    SignInAgain,
    /// A code was used too late, twice, or is wrong.
    CodeExpired,
    /// Microsoft wants the person to confirm once more.
    ConfirmNeeded,
    /// This network only lets certain tenants sign in.
    NetworkRestricts,
    /// What is asked for does not exist in this tenant.
    UnknownResource,
    /// A passing problem on Microsoft's side.
    Passing,
    /// None of the known ones.
    Other,
}

/// In which way a person is signing in: some codes mean something else there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// In the browser.
    Browser,
    /// By device code.
    DeviceCode,
    /// By the refresh token, without the person.
    Silent,
}

/// A cause, and where its words are.
struct Named {
    cause: RefusalCause,
    /// In the catalogue of failures.
    id: &'static str,
    /// OAuth's own words for it, for servers and cases without a code.
    words: &'static [&'static str],
}

const NAMED: &[Named] = &[
    Named {
        cause: RefusalCause::Declined,
        id: "person-declined",
        words: &["access_denied", "authorization_declined"],
    },
    Named {
        cause: RefusalCause::ConsentNeeded,
        id: "person-consent-needed",
        words: &["consent_required"],
    },
    Named {
        cause: RefusalCause::AdminConsentNeeded,
        id: "person-admin-consent-needed",
        words: &[],
    },
    Named {
        cause: RefusalCause::NotPreauthorised,
        id: "person-not-preauthorised",
        words: &[],
    },
    Named {
        cause: RefusalCause::NotAssigned,
        id: "person-not-assigned",
        words: &[],
    },
    Named {
        cause: RefusalCause::RedirectNotRegistered,
        id: "person-redirect-not-registered",
        words: &[],
    },
    Named {
        cause: RefusalCause::AppIsConfidential,
        id: "person-app-is-confidential",
        words: &[],
    },
    Named {
        cause: RefusalCause::RedirectIsForWebPages,
        id: "person-redirect-for-web-pages",
        words: &[],
    },
    Named {
        cause: RefusalCause::UnknownApp,
        id: "person-app-unknown",
        words: &["unauthorized_client"],
    },
    Named {
        cause: RefusalCause::AppDisabled,
        id: "person-app-disabled",
        words: &[],
    },
    Named {
        cause: RefusalCause::UnknownTenant,
        id: "person-tenant-unknown",
        words: &["invalid_tenant"],
    },
    Named {
        cause: RefusalCause::OtherCloud,
        id: "person-other-cloud",
        words: &["invalid_instance"],
    },
    Named {
        cause: RefusalCause::WrongAccount,
        id: "person-wrong-account",
        words: &["account_selection_required"],
    },
    Named {
        cause: RefusalCause::MfaNeeded,
        id: "person-mfa-needed",
        words: &[],
    },
    Named {
        cause: RefusalCause::ConditionalAccess,
        id: "person-conditional-access",
        words: &[],
    },
    Named {
        cause: RefusalCause::DeviceCodeBlocked,
        id: "person-device-code-blocked",
        words: &[],
    },
    Named {
        cause: RefusalCause::SecurityDefaults,
        id: "person-security-defaults",
        words: &[],
    },
    Named {
        cause: RefusalCause::SignInAgain,
        id: "person-sign-in-over",
        words: &["interaction_required", "login_required"],
    },
    Named {
        cause: RefusalCause::CodeExpired,
        id: "person-code-expired",
        words: &["expired_token", "bad_verification_code"],
    },
    Named {
        cause: RefusalCause::ConfirmNeeded,
        id: "person-confirm-needed",
        words: &[],
    },
    Named {
        cause: RefusalCause::NetworkRestricts,
        id: "person-network-restricts-tenants",
        words: &[],
    },
    Named {
        cause: RefusalCause::UnknownResource,
        id: "person-resource-unknown",
        words: &["invalid_resource"],
    },
    Named {
        cause: RefusalCause::Passing,
        id: "person-passing-problem",
        words: &["temporarily_unavailable", "server_error"],
    },
];

/// What a refusal means. The code tells more than OAuth's word, which stands for many things.
pub(crate) fn cause(code: Option<u32>, error: &str, flow: Flow) -> RefusalCause {
    let failure = code.and_then(|code| by_aadsts(code, Seen::Person));
    let by_code = failure.and_then(|failure| NAMED.iter().find(|named| named.id == failure.id));
    let found = match (by_code, code, error) {
        (Some(found), _, _) => found.cause,
        // A refresh token or a code that is not accepted, for a reason of which nothing is known.
        (None, _, "invalid_grant") if flow == Flow::Silent => RefusalCause::SignInAgain,
        (None, None, "invalid_grant") => RefusalCause::CodeExpired,
        // An unknown code is Microsoft's to explain; only a plain "no" without one is a person's Cancel.
        (None, Some(_), "access_denied") => RefusalCause::Other,
        (None, _, word) => NAMED
            .iter()
            .find(|named| named.words.contains(&word))
            .map_or(RefusalCause::Other, |named| named.cause),
    };
    match (found, flow) {
        (RefusalCause::ConditionalAccess, Flow::DeviceCode) => RefusalCause::DeviceCodeBlocked,
        // Without a person there is no code; it is the refresh token that grew too old.
        (RefusalCause::CodeExpired, Flow::Silent) => RefusalCause::SignInAgain,
        (found, _) => found,
    }
}

fn explanation(cause: RefusalCause) -> Option<&'static Failure> {
    by_id(NAMED.iter().find(|named| named.cause == cause)?.id)
}

/// The sentence: our own for known causes, else Microsoft's first one.
pub(crate) fn sentence(cause: RefusalCause, error: &str, code: Option<u32>, description: &str) -> String {
    let said = match explanation(cause) {
        Some(failure) => failure.title.as_str(),
        None if code.is_some() && !description.is_empty() => description,
        None if description.is_empty() => return format!("The sign-in was refused ({error})."),
        None => return format!("The sign-in was refused ({error}): {description}"),
    };
    match code {
        Some(code) if !said.contains("AADSTS") => format!("{said} (AADSTS{code})"),
        _ => said.to_owned(),
    }
}

/// What to do about it.
pub(crate) fn remedy(cause: RefusalCause, code: Option<u32>) -> String {
    match (explanation(cause), code) {
        (Some(failure), _) => failure.remedy.join(" "),
        (None, Some(code)) => {
            format!("Microsoft explains this code at {}.", microsoft_page(code))
        }
        (None, None) => "Check the tenant and the sign-in application, and try again.".to_owned(),
    }
}

/// The number of the first `AADSTS<number>` in a text: redirects have no other place for it.
pub(crate) fn code_in(description: &str) -> Option<u32> {
    let after = &description[description.find("AADSTS")? + "AADSTS".len()..];
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    after[..digits].parse().ok()
}

/// The ID after a label such as `Trace ID: ` in the tail of a description, where a redirect has its only ones.
pub(crate) fn id_in<'a>(description: &'a str, label: &str) -> Option<&'a str> {
    let rest = &description[description.find(label)? + label.len()..];
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    Some(&rest[..end.unwrap_or(rest.len())]).filter(|id| !id.is_empty())
}

/// Entra's description without its tail of trace IDs: the first sentence, without the code in front.
pub(crate) fn first_sentence(description: &str) -> &str {
    let end = ["\r", "\n", " Trace ID:", " Correlation ID:"]
        .iter()
        .filter_map(|tail| description.find(tail))
        .min();
    let line = description[..end.unwrap_or(description.len())].trim();
    let line = match line.split_once(": ") {
        Some((code, rest)) if code.starts_with("AADSTS") => rest,
        _ => line,
    };
    match line.find(". ") {
        Some(dot) => &line[..=dot],
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_interactive_sign_in_has_its_own_words() {
        for code in [
            65001, 65002, 65004, 90094, 90095, 50105, 50011, 900971, 50020, 50034, 500208, 16000, 50076, 50079, 50072,
            50074, 50158, 53000, 53001, 53002, 53003, 530035, 50173, 700082, 70043, 50089, 70018, 70019, 50199,
            7000218, 9002327,
        ] {
            for flow in [Flow::Browser, Flow::DeviceCode, Flow::Silent] {
                let cause = cause(Some(code), "invalid_grant", flow);
                assert_ne!(cause, RefusalCause::Other, "{code}");
                let said = sentence(cause, "invalid_grant", Some(code), "what Microsoft said");
                assert!(
                    !said.contains("Microsoft said") && said.ends_with(&format!("(AADSTS{code})")),
                    "{said}"
                );
                assert!(!remedy(cause, Some(code)).contains("error?code"), "{code}");
            }
        }
    }

    #[test]
    fn every_cause_has_its_words_in_the_catalogue_and_none_stands_twice() {
        let mut words: Vec<&str> = NAMED.iter().flat_map(|named| named.words).copied().collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        for (n, named) in NAMED.iter().enumerate() {
            let failure = by_id(named.id).unwrap_or_else(|| panic!("{} is not in the catalogue", named.id));
            assert!(failure.seen.contains(&Seen::Person), "{}", named.id);
            assert!(
                NAMED[n + 1..]
                    .iter()
                    .all(|other| other.cause != named.cause && other.id != named.id)
            );
        }
    }

    #[test]
    fn one_code_means_something_else_for_a_device_code() {
        assert_eq!(
            cause(Some(53003), "access_denied", Flow::Browser),
            RefusalCause::ConditionalAccess
        );
        let blocked = cause(Some(53003), "access_denied", Flow::DeviceCode);
        assert_eq!(blocked, RefusalCause::DeviceCodeBlocked);
        assert!(remedy(blocked, Some(53003)).contains("browser"));
    }

    #[test]
    fn words_without_a_code_are_understood_too() {
        for (error, flow, expected) in [
            ("access_denied", Flow::Browser, RefusalCause::Declined),
            ("authorization_declined", Flow::DeviceCode, RefusalCause::Declined),
            ("expired_token", Flow::DeviceCode, RefusalCause::CodeExpired),
            ("invalid_grant", Flow::Silent, RefusalCause::SignInAgain),
            ("invalid_grant", Flow::Browser, RefusalCause::CodeExpired),
            ("interaction_required", Flow::Silent, RefusalCause::SignInAgain),
            ("temporarily_unavailable", Flow::Browser, RefusalCause::Passing),
            ("something_new", Flow::Browser, RefusalCause::Other),
        ] {
            assert_eq!(cause(None, error, flow), expected, "{error}");
        }
        assert_eq!(
            cause(Some(123_456), "access_denied", Flow::Browser),
            RefusalCause::Other
        );
    }

    #[test]
    fn what_is_not_known_keeps_microsofts_words_and_link() {
        let said = sentence(RefusalCause::Other, "access_denied", Some(123_456), "Something new.");
        assert_eq!(said, "Something new. (AADSTS123456)");
        assert!(remedy(RefusalCause::Other, Some(123_456)).contains("error?code=123456"));
        assert_eq!(
            sentence(RefusalCause::Other, "odd", None, ""),
            "The sign-in was refused (odd)."
        );
        let real = "AADSTS65004: User declined to consent to access the app.\r\nTrace ID: 1-a\r\nTimestamp: x";
        assert_eq!(id_in(real, "Trace ID: "), Some("1-a"));
        assert_eq!(id_in(real, "Correlation ID: "), None);
        assert_eq!(code_in(real), Some(65004));
        assert_eq!(first_sentence(real), "User declined to consent to access the app.");
    }
}
