//! What the browser shows when it comes back: static pages without scripts, pictures or links.
//!
//! Nothing from the request is ever repeated in them. The headers allow exactly the one style sheet inside, keep the
//! address (which holds a code) from going anywhere, and forbid keeping a copy.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};

/// The style sheet; its hash stands in [`POLICY`].
const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto 0;padding:0 1.5rem}";

/// Nothing is loaded, nothing is run, nobody frames it; a test compares the hash with the style.
const POLICY: &str = "default-src 'none'; style-src 'sha256-L/tmTRqfozA/Z8jc/YIJatdCfhPKbmPUyWnddIBfCyQ='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// The code has come.
    Received,
    /// A refusal has come.
    ReceivedRefusal,
    /// The right answer, a second time.
    TooLate,
    /// Somebody else's answer.
    NotThisSignIn,
    NotHere,
    NotGet,
    OtherHost,
}

impl Page {
    fn status(self) -> u16 {
        match self {
            Page::Received | Page::ReceivedRefusal => 200,
            Page::NotThisSignIn => 400,
            Page::NotHere => 404,
            Page::NotGet => 405,
            Page::TooLate => 410,
            Page::OtherHost => 421,
        }
    }

    /// Title and text.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Page::Received => (
                "You may close this page",
                "Microsoft has answered. Go back to CIPP Desk, which finishes the sign-in.",
            ),
            Page::ReceivedRefusal => (
                "You may close this page",
                "Microsoft did not complete the sign-in. Go back to CIPP Desk, which says why and what to do.",
            ),
            Page::TooLate => (
                "This sign-in is already answered",
                "You may close this page and go back to CIPP Desk.",
            ),
            Page::NotThisSignIn => (
                "This page does not belong to the sign-in",
                "It was refused, and the sign-in goes on waiting. Close this page and use the one that CIPP Desk opened last.",
            ),
            Page::NotHere | Page::NotGet | Page::OtherHost => (
                "Nothing here",
                "CIPP Desk waits here for the answer to a sign-in, and for nothing else.",
            ),
        }
    }

    pub(super) fn response(self) -> Response<Full<Bytes>> {
        let (title, text) = self.words();
        let body = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>\n"
        );
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = hyper::StatusCode::from_u16(self.status()).unwrap_or_default();
        let headers = response.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (CACHE_CONTROL, "no-store"),
            (CONNECTION, "close"),
            (hyper::header::REFERRER_POLICY, "no-referrer"),
            (hyper::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (hyper::header::X_FRAME_OPTIONS, "DENY"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
        if self == Page::NotGet {
            headers.insert(ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    #[test]
    fn the_policy_allows_exactly_this_style() {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes());
        let expected = format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(hash));
        assert!(POLICY.contains(&expected), "{expected}");
    }

    #[test]
    fn every_page_is_static_and_strict() {
        for page in [
            Page::Received,
            Page::ReceivedRefusal,
            Page::TooLate,
            Page::NotThisSignIn,
            Page::NotHere,
            Page::NotGet,
            Page::OtherHost,
        ] {
            let response = page.response();
            assert_eq!(response.status().as_u16(), page.status());
            let header = |name: &str| response.headers()[name].to_str().unwrap();
            assert_eq!(header("content-security-policy"), POLICY);
            assert_eq!(
                (header("cache-control"), header("referrer-policy")),
                ("no-store", "no-referrer")
            );
            assert_eq!(header("x-content-type-options"), "nosniff");
        }
    }
}
