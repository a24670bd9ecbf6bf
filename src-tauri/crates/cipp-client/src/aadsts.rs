//! Entra's error codes that an API client meets, each with its sentence and its remedy.
//!
//! Here: words for people, as a table (facts: Entra A.4). Not here: decisions. Microsoft asks not to depend on codes or
//! texts, so what is retried follows the HTTP status and `error` alone (`token.rs`).

/// What one family of codes means for the owner of a CIPP API client.
struct Explanation {
    codes: &'static [u32],
    sentence: &'static str,
    remedy: &'static str,
}

const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        codes: &[7000215],
        sentence: "The client secret is wrong.",
        remedy: "Paste the secret's value, not its ID, complete and without blanks. If it was reset in CIPP, all older secrets stopped working: reset it again and copy the new value.",
    },
    Explanation {
        codes: &[7000222],
        sentence: "The client secret has expired.",
        remedy: "In CIPP, open Integrations, CIPP-API, reset this client's secret and paste the new value here.",
    },
    Explanation {
        codes: &[700016, 70001, 700011],
        sentence: "This client ID is not known in this tenant.",
        remedy: "Check the client ID, and that the tenant is your own (partner) tenant, where the API client was created, not a customer's.",
    },
    Explanation {
        codes: &[7000229],
        sentence: "The app exists, but its enterprise application is missing in this tenant.",
        remedy: "In CIPP, open Integrations, CIPP-API, edit this client and save it; that creates the missing part.",
    },
    Explanation {
        codes: &[7000112],
        sentence: "The app is disabled in Entra.",
        remedy: "In the Entra admin center, open Enterprise applications, this app, Properties, and enable it for sign-in.",
    },
    Explanation {
        codes: &[90002],
        sentence: "There is no such tenant.",
        remedy: "Check the tenant ID or domain for typing errors. Tenants of the US government or China clouds need their own sign-in server.",
    },
    Explanation {
        codes: &[900023, 90013, 50029, 50059, 50128, 9001023],
        sentence: "The tenant ID is neither a GUID nor a domain that Entra accepts.",
        remedy: "Copy the tenant ID anew from CIPP or from the Entra admin center.",
    },
    Explanation {
        codes: &[500011],
        sentence: "The app's address (Application ID URI) is not known in this tenant.",
        remedy: "In CIPP, open Integrations, CIPP-API and repair the client's URI, then wait two minutes. Also check that this is the API client's ID and not another app's, and that the tenant is right.",
    },
    Explanation {
        codes: &[501051],
        sentence: "The enterprise application allows assigned callers only.",
        remedy: "In the Entra admin center, open Enterprise applications, this app, Properties, and set \u{201C}Assignment required\u{201D} to No.",
    },
    Explanation {
        codes: &[53003],
        sentence: "A Conditional Access policy for workload identities blocks this sign-in.",
        remedy: "Ask whoever manages Conditional Access; the sign-in log in Entra, under service principal sign-ins, names the policy. It is not about a user's MFA.",
    },
    Explanation {
        codes: &[53011, 530034, 530032],
        sentence: "A security policy of the tenant blocks this sign-in.",
        remedy: "Ask the tenant's administrator; the sign-in log in Entra, under service principal sign-ins, names the reason.",
    },
    Explanation {
        codes: &[70011, 1002012, 700022, 28002, 700023],
        sentence: "The scope that was asked for was not accepted.",
        remedy: "Check the client ID; the scope is made from it. If it is right, please report this with the details.",
    },
    Explanation {
        codes: &[7000218, 900144, 90014],
        sentence: "The request reached Entra without all its parts, such as the secret.",
        remedy: "Enter the client secret again. If it stays, a proxy on the way strips requests.",
    },
    Explanation {
        codes: &[700025],
        sentence: "The app is set up as a public client, which must not send a secret.",
        remedy: "In the Entra admin center, open App registrations, this app, Authentication, and switch \u{201C}Allow public client flows\u{201D} off, or create a new API client in CIPP.",
    },
    Explanation {
        codes: &[500021, 500022, 50002],
        sentence: "This network only lets certain tenants sign in.",
        remedy: "Use another network, or ask the network's owner to allow your tenant.",
    },
    Explanation {
        codes: &[90038, 900382, 900432, 50049, 90051],
        sentence: "This tenant belongs to another national cloud.",
        remedy: "Set the sign-in server of that cloud in the connection, for example https://login.microsoftonline.us.",
    },
    Explanation {
        codes: &[50196],
        sentence: "Entra stopped this client because it signed in too often.",
        remedy: "Wait ten minutes. If it comes back, check what else uses this API client.",
    },
    Explanation {
        codes: &[90006, 90012, 90024, 90033, 90055, 90090, 50033, 50000],
        sentence: "Entra has a passing problem.",
        remedy: "Try again in a few minutes.",
    },
];

fn explanation(code: Option<u32>) -> Option<&'static Explanation> {
    let code = code?;
    EXPLANATIONS
        .iter()
        .find(|explanation| explanation.codes.contains(&code))
}

/// The sentence for a refused sign-in: our own words for known codes, else the first sentence of Entra's.
pub(crate) fn sentence(status: u16, error: &str, code: Option<u32>, description: &str) -> String {
    let said = match (explanation(code), code) {
        (Some(explanation), _) => explanation.sentence,
        (None, Some(_)) if !description.is_empty() => description,
        // Not Entra's form: somebody else's words need a beginning.
        (None, _) if description.is_empty() => return format!("Entra refused the sign-in (HTTP {status}, {error})."),
        (None, _) => return format!("The sign-in server refused (HTTP {status}, {error}): {description}"),
    };
    match code {
        Some(code) if !said.contains("AADSTS") => format!("{said} (AADSTS{code})"),
        _ => said.to_owned(),
    }
}

/// What to do about it.
pub(crate) fn remedy(error: &str, code: Option<u32>) -> String {
    match (explanation(code), code) {
        (Some(explanation), _) => explanation.remedy.to_owned(),
        (None, Some(code)) => {
            format!("Microsoft explains this code at https://login.microsoftonline.com/error?code={code}.")
        }
        (None, None) if error == "temporarily_unavailable" => "Try again in a few minutes.".to_owned(),
        (None, None) => "Check the sign-in server, tenant ID, client ID and client secret.".to_owned(),
    }
}

/// The number of the first `AADSTS<number>` in a text: the fallback when `error_codes` is missing.
pub(crate) fn code_in(description: &str) -> Option<u32> {
    let after = &description[description.find("AADSTS")? + "AADSTS".len()..];
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    after[..digits].parse().ok()
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

    const REAL: &str = "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app 'x'.\r\nTrace ID: 1\r\nCorrelation ID: 2\r\nTimestamp: 2022-10-31 09:03:41Z";

    #[test]
    fn codes_and_sentences_are_cut_out_of_real_descriptions() {
        assert_eq!(code_in(REAL), Some(7000215));
        assert_eq!(first_sentence(REAL), "Invalid client secret provided.");
        assert_eq!(
            first_sentence("AADSTS1: No end Trace ID: 1 Correlation ID: 2"),
            "No end"
        );
        assert_eq!(code_in("no code"), None);
        assert_eq!(code_in("AADSTS99999999999999999999: too big"), None);
    }

    #[test]
    fn every_code_that_must_have_its_own_words_has_them() {
        for code in [
            7000215, 7000222, 700016, 7000229, 7000112, 90002, 900023, 500011, 501051, 53003, 70011, 1002012, 7000218,
        ] {
            let said = sentence(400, "x", Some(code), "what Microsoft said");
            assert!(
                !said.contains("Microsoft") && said.ends_with(&format!("(AADSTS{code})")),
                "{said}"
            );
            assert!(!remedy("x", Some(code)).contains("error?code"), "{code}");
        }
    }

    #[test]
    fn no_code_stands_twice_in_the_table() {
        let mut codes: Vec<u32> = EXPLANATIONS.iter().flat_map(|e| e.codes).copied().collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[test]
    fn an_unknown_code_gives_microsofts_first_sentence_and_link() {
        assert_eq!(
            sentence(400, "invalid_request", Some(123456), "Something new."),
            "Something new. (AADSTS123456)"
        );
        assert!(remedy("invalid_request", Some(123456)).contains("error?code=123456"));
        assert_eq!(
            sentence(400, "invalid_request", None, ""),
            "Entra refused the sign-in (HTTP 400, invalid_request)."
        );
    }
}
