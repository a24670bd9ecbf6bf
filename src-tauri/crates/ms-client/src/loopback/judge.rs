//! What a request to the loopback port is.
//!
//! Here: the decision alone, a pure function. Only a GET of `/` with the right `state` and either a code or an error is
//! the answer; each parameter at most once, and asked for under this computer's own name, so that a web page cannot
//! reach it under a name of its own (DNS rebinding).

use std::collections::HashMap;

use hyper::{Method, Uri};
use secrecy::{ExposeSecret, SecretString};

use super::Redirect;

pub(super) enum Verdict {
    /// The answer to this sign-in.
    Answer(Redirect),
    /// An answer without the right state, or one that is no answer.
    Stranger,
    /// Another path, such as the icon that browsers ask for.
    NotHere,
    /// Another verb.
    NotGet,
    /// Another name for this computer.
    OtherHost,
}

pub(super) fn judge(method: &Method, uri: &Uri, host: Option<&str>, port: u16, state: &SecretString) -> Verdict {
    if !host.is_some_and(|host| is_this_computer(host, port)) {
        return Verdict::OtherHost;
    }
    if method != Method::GET {
        return Verdict::NotGet;
    }
    let Some(query) = uri.query().filter(|_| uri.path() == "/") else {
        return Verdict::NotHere;
    };
    match parameters(query).and_then(|parameters| answer(parameters, state)) {
        Some(redirect) => Verdict::Answer(redirect),
        None => Verdict::Stranger,
    }
}

fn is_this_computer(host: &str, port: u16) -> bool {
    host.rsplit_once(':').is_some_and(|(name, given)| {
        given == port.to_string()
            && ["localhost", "127.0.0.1", "[::1]"]
                .iter()
                .any(|own| name.eq_ignore_ascii_case(own))
    })
}

/// The query's parameters; `None` when one comes twice, since then nobody can say which is meant.
fn parameters(query: &str) -> Option<HashMap<String, String>> {
    let mut found = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if found.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    Some(found)
}

fn answer(mut parameters: HashMap<String, String>, state: &SecretString) -> Option<Redirect> {
    let given = parameters.remove("state")?;
    if !same(given.as_bytes(), state.expose_secret().as_bytes()) {
        return None;
    }
    let code = parameters.remove("code").filter(|code| !code.is_empty());
    let error = parameters.remove("error").filter(|error| !error.is_empty());
    match (code, error) {
        (Some(code), None) => Some(Redirect::Code(code.into())),
        (None, Some(error)) => Some(Redirect::Refused {
            error,
            description: parameters.remove("error_description").unwrap_or_default(),
        }),
        _ => None,
    }
}

/// Compares without telling by its duration where the difference is.
fn same(given: &[u8], expected: &[u8]) -> bool {
    let differences = given.iter().zip(expected).fold(0, |found, (a, b)| found | (a ^ b));
    given.len() == expected.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(method: &Method, target: &str, host: Option<&str>) -> Verdict {
        judge(
            method,
            &target.parse().unwrap(),
            host,
            5000,
            &"st ate".to_owned().into(),
        )
    }

    fn got(target: &str) -> Verdict {
        judged(&Method::GET, target, Some("localhost:5000"))
    }

    #[test]
    fn only_the_right_state_with_a_code_or_an_error_is_the_answer() {
        for host in ["localhost:5000", "LOCALHOST:5000", "127.0.0.1:5000", "[::1]:5000"] {
            let verdict = judged(&Method::GET, "/?code=abc&state=st+ate&session_state=x", Some(host));
            assert!(
                matches!(verdict, Verdict::Answer(Redirect::Code(code)) if code.expose_secret() == "abc"),
                "{host}"
            );
        }
        let refused =
            got("/?error=access_denied&error_subcode=cancel&error_description=AADSTS65004%3A+No.&state=st%20ate");
        let Verdict::Answer(Redirect::Refused { error, description }) = refused else {
            panic!()
        };
        assert_eq!(
            (error.as_str(), description.as_str()),
            ("access_denied", "AADSTS65004: No.")
        );
    }

    #[test]
    fn whoever_does_not_know_the_state_is_a_stranger() {
        for target in [
            "/?code=abc",
            "/?error=access_denied",
            "/?code=abc&state=other",
            "/?code=abc&state=st+at",
            "/?code=abc&state=st+atee",
            "/?code=abc&state=",
            "/?state=st+ate",
            "/?code=&state=st+ate",
            "/?code=abc&error=x&state=st+ate",
            "/?code=abc&state=other&state=st+ate",
            "/?code=abc&code=def&state=st+ate",
            "/?",
        ] {
            assert!(matches!(got(target), Verdict::Stranger), "{target}");
        }
    }

    #[test]
    fn other_paths_verbs_and_names_are_told_apart() {
        assert!(matches!(got("/favicon.ico"), Verdict::NotHere));
        assert!(matches!(got("/"), Verdict::NotHere));
        assert!(matches!(got("/callback?code=abc&state=st+ate"), Verdict::NotHere));
        for method in [Method::POST, Method::HEAD, Method::OPTIONS] {
            assert!(matches!(
                judged(&method, "/?code=abc&state=st+ate", Some("localhost:5000")),
                Verdict::NotGet
            ));
        }
        for host in [
            None,
            Some("localhost"),
            Some("localhost:5001"),
            Some("evil.example:5000"),
            Some("localhost.:5000"),
        ] {
            assert!(matches!(
                judged(&Method::GET, "/?code=abc&state=st+ate", host),
                Verdict::OtherHost
            ));
        }
    }
}
