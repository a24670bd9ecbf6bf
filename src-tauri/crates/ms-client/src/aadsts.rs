//! What Entra's refusals of a person's sign-in mean, each with its sentence and its remedy (facts: Entra C.6).
//!
//! Here: codes and OAuth's error words, as tables. Not here: the codes that only an API client meets (`cipp-client`), and
//! refusals by Graph or Azure themselves (`refusal.rs`).

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

struct Explanation {
    cause: RefusalCause,
    codes: &'static [u32],
    /// OAuth's own words for it, for servers and cases without a code.
    words: &'static [&'static str],
    sentence: &'static str,
    remedy: &'static str,
}

const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        cause: RefusalCause::Declined,
        codes: &[65004],
        words: &["access_denied", "authorization_declined"],
        sentence: "The sign-in or its consent was declined.",
        remedy: "Start again and accept what Microsoft shows. Whoever does not want to can tick the steps by hand instead.",
    },
    Explanation {
        cause: RefusalCause::ConsentNeeded,
        codes: &[65001],
        words: &["consent_required"],
        sentence: "Nobody has consented yet to what is asked for.",
        remedy: "Sign in again in the browser and accept the consent.",
    },
    Explanation {
        cause: RefusalCause::AdminConsentNeeded,
        codes: &[90094, 90095],
        words: &[],
        sentence: "An administrator has to consent to this first.",
        remedy: "Ask an administrator of the tenant to sign in here, or to approve the request that Microsoft offered. Without it, tick these steps by hand.",
    },
    Explanation {
        cause: RefusalCause::NotPreauthorised,
        codes: &[65002],
        words: &[],
        sentence: "Microsoft does not let its own tool ask for this.",
        remedy: "Register an application of your own (public client, redirect http://localhost) and enter its ID as the sign-in application.",
    },
    Explanation {
        cause: RefusalCause::NotAssigned,
        codes: &[50105],
        words: &[],
        sentence: "This person is not assigned to the application.",
        remedy: "In the Entra admin center, open Enterprise applications, the application, Users and groups, and assign the person; or use your own application.",
    },
    Explanation {
        cause: RefusalCause::RedirectNotRegistered,
        codes: &[50011, 900971],
        words: &[],
        sentence: "The application does not have http://localhost as its redirect.",
        remedy: "In the Entra admin center, open App registrations, the application, Authentication, and add http://localhost under Mobile and desktop applications.",
    },
    Explanation {
        cause: RefusalCause::AppIsConfidential,
        codes: &[7000218],
        words: &[],
        sentence: "The application is not set up as a public client.",
        remedy: "In the Entra admin center, open App registrations, the application, Authentication: move http://localhost from Web to Mobile and desktop applications. For a device code, also switch \u{201C}Allow public client flows\u{201D} on.",
    },
    Explanation {
        cause: RefusalCause::RedirectIsForWebPages,
        codes: &[9002327],
        words: &[],
        sentence: "The application's redirect is registered for a single-page application.",
        remedy: "In the Entra admin center, open App registrations, the application, Authentication, and move http://localhost to Mobile and desktop applications.",
    },
    Explanation {
        cause: RefusalCause::UnknownApp,
        codes: &[700016, 70001, 700011],
        words: &["unauthorized_client"],
        sentence: "The sign-in application is not known in this tenant.",
        remedy: "Check the application's ID and the tenant. A tenant that has never used one of Microsoft's tools may need an administrator to sign in with it first.",
    },
    Explanation {
        cause: RefusalCause::AppDisabled,
        codes: &[7000112],
        words: &[],
        sentence: "The sign-in application is disabled in this tenant.",
        remedy: "In the Entra admin center, open Enterprise applications, the application, Properties, and enable it for sign-in; or use your own application.",
    },
    Explanation {
        cause: RefusalCause::UnknownTenant,
        codes: &[90002, 900023, 90013, 50029, 50059, 50128],
        words: &["invalid_tenant"],
        sentence: "There is no such tenant.",
        remedy: "Check the tenant ID or domain of the connection for typing errors.",
    },
    Explanation {
        cause: RefusalCause::OtherCloud,
        codes: &[90038, 900382, 900432, 50049, 90051],
        words: &["invalid_instance"],
        sentence: "This tenant belongs to another of Microsoft's clouds.",
        remedy: "Checks at Microsoft know its public cloud alone, as CIPP does: check the tenant for typing errors, or tick these steps by hand.",
    },
    Explanation {
        cause: RefusalCause::WrongAccount,
        codes: &[50020, 50034, 500208, 16000],
        words: &["account_selection_required"],
        sentence: "This account does not belong to the tenant.",
        remedy: "Start again and choose \u{201C}Use another account\u{201D}: an administrator or Global Reader of the tenant itself.",
    },
    Explanation {
        cause: RefusalCause::MfaNeeded,
        codes: &[50076, 50079, 50072, 50074, 50158],
        words: &[],
        sentence: "Microsoft wants a second factor for this.",
        remedy: "Sign in again in the browser and confirm with the second factor; whoever has none yet is asked there to set it up.",
    },
    Explanation {
        cause: RefusalCause::ConditionalAccess,
        codes: &[53000, 53001, 53002, 53003],
        words: &[],
        sentence: "A Conditional Access policy blocks this sign-in.",
        remedy: "Use a device, network or account that the policy allows. The sign-in log in Entra, under user sign-ins, names the policy. Your own application can be excluded from it, Microsoft's tools often are not.",
    },
    Explanation {
        cause: RefusalCause::DeviceCodeBlocked,
        codes: &[],
        words: &[],
        sentence: "The tenant blocks signing in by device code.",
        remedy: "Use the sign-in in the browser instead. Microsoft switches this block on in many tenants and recommends it.",
    },
    Explanation {
        cause: RefusalCause::SecurityDefaults,
        codes: &[530035],
        words: &[],
        sentence: "The tenant's security defaults block this sign-in.",
        remedy: "Sign in again in the browser with a second factor, on a device and network that are known to the tenant.",
    },
    Explanation {
        cause: RefusalCause::SignInAgain,
        codes: &[50173, 700082, 70043, 50089],
        words: &["interaction_required", "login_required"],
        sentence: "The sign-in is over: it expired or was revoked.",
        remedy: "Sign in again.",
    },
    Explanation {
        cause: RefusalCause::CodeExpired,
        codes: &[70018, 70019, 54005, 70008],
        words: &["expired_token", "bad_verification_code"],
        sentence: "The code is no longer valid.",
        remedy: "Start the sign-in again and finish it without a long pause.",
    },
    Explanation {
        cause: RefusalCause::ConfirmNeeded,
        codes: &[50199],
        words: &[],
        sentence: "Microsoft wants the person to confirm the sign-in once more.",
        remedy: "Start again and press Continue on Microsoft's last page.",
    },
    Explanation {
        cause: RefusalCause::NetworkRestricts,
        codes: &[500021, 500022, 50002],
        words: &[],
        sentence: "This network only lets certain tenants sign in.",
        remedy: "Use another network, or ask the network's owner to allow your tenant.",
    },
    Explanation {
        cause: RefusalCause::UnknownResource,
        codes: &[500011],
        words: &["invalid_resource"],
        sentence: "What is asked for does not exist in this tenant.",
        remedy: "Azure is only there once the tenant has had a subscription. If it has one, please report this with the details.",
    },
    Explanation {
        cause: RefusalCause::Passing,
        codes: &[90006, 90012, 90024, 90033, 90055, 90090, 50033, 50000],
        words: &["temporarily_unavailable", "server_error"],
        sentence: "Entra has a passing problem.",
        remedy: "Try again in a few minutes.",
    },
];

/// What a refusal means. The code tells more than OAuth's word, which stands for many things.
pub(crate) fn cause(code: Option<u32>, error: &str, flow: Flow) -> RefusalCause {
    let by_code = code.and_then(|code| EXPLANATIONS.iter().find(|e| e.codes.contains(&code)));
    let found = match (by_code, code, error) {
        (Some(found), _, _) => found.cause,
        // A refresh token or a code that is not accepted, for a reason of which nothing is known.
        (None, _, "invalid_grant") if flow == Flow::Silent => RefusalCause::SignInAgain,
        (None, None, "invalid_grant") => RefusalCause::CodeExpired,
        // An unknown code is Microsoft's to explain; only a plain "no" without one is a person's Cancel.
        (None, Some(_), "access_denied") => RefusalCause::Other,
        (None, _, word) => EXPLANATIONS
            .iter()
            .find(|e| e.words.contains(&word))
            .map_or(RefusalCause::Other, |e| e.cause),
    };
    match (found, flow) {
        (RefusalCause::ConditionalAccess, Flow::DeviceCode) => RefusalCause::DeviceCodeBlocked,
        // Without a person there is no code; it is the refresh token that grew too old.
        (RefusalCause::CodeExpired, Flow::Silent) => RefusalCause::SignInAgain,
        (found, _) => found,
    }
}

fn explanation(cause: RefusalCause) -> Option<&'static Explanation> {
    EXPLANATIONS.iter().find(|explanation| explanation.cause == cause)
}

/// The sentence: our own for known causes, else Microsoft's first one.
pub(crate) fn sentence(cause: RefusalCause, error: &str, code: Option<u32>, description: &str) -> String {
    let said = match explanation(cause) {
        Some(explanation) => explanation.sentence,
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
        (Some(explanation), _) => explanation.remedy.to_owned(),
        (None, Some(code)) => {
            format!("Microsoft explains this code at https://login.microsoftonline.com/error?code={code}.")
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
    fn no_code_no_word_and_no_cause_stands_twice_in_the_table() {
        let mut codes: Vec<u32> = EXPLANATIONS.iter().flat_map(|e| e.codes).copied().collect();
        let mut words: Vec<&str> = EXPLANATIONS.iter().flat_map(|e| e.words).copied().collect();
        let counts = (codes.len(), words.len());
        codes.sort_unstable();
        codes.dedup();
        words.sort_unstable();
        words.dedup();
        assert_eq!((codes.len(), words.len()), counts);
        for (n, explanation) in EXPLANATIONS.iter().enumerate() {
            assert!(
                EXPLANATIONS[n + 1..]
                    .iter()
                    .all(|other| other.cause != explanation.cause)
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
