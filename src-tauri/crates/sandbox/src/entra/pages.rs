//! The pages that a person sees: plain HTML without scripts, simple enough for a test to drive.
//!
//! Elements have steady ids: `person`, `password`, `sign-in`, `choose-<key>`, `accept`, `cancel`, `organisation`, `code`,
//! `next`, `back`, `message`. Whatever comes from outside goes through [`escape`].

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use super::{clients::Client, scopes::Scopes};
use crate::server::Person;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#eef1f4;color:#1b1b1b}\
    main{max-width:28rem;margin:4rem auto;padding:2rem;background:#fff;border:1px solid #c8ced3}\
    h1{font-size:1.4rem;margin:0 0 1rem}label{display:block;margin:.75rem 0}\
    input:not([type=checkbox]){display:block;width:100%;box-sizing:border-box;padding:.4rem;font:inherit}\
    button{padding:.45rem 1.1rem;font:inherit;margin:.25rem .5rem .25rem 0}\
    .choice{display:block;width:100%;text-align:left}.choice small{display:block;color:#555}\
    #message{color:#a4262c}footer{margin-top:1.5rem;color:#555;font-size:.85rem}";

/// Text that is safe between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html><html dir=\"ltr\" lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><main>{body}<footer>This is the CIPP Desk sandbox on this computer, not Microsoft.</footer></main></body>\
         </html>",
        title = escape(title),
    );
    let mut response = (status, Html(html)).into_response();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "no-store, no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value))
}

/// Where a person says who they are.
pub(super) struct SignInPage<'a> {
    pub flow: &'a str,
    pub client: &'a Client,
    /// What stands in the name field already.
    pub name: &'a str,
    /// What went wrong the last time.
    pub message: Option<&'a str>,
    pub people: &'a [Person],
}

impl SignInPage<'_> {
    pub(super) fn show(&self) -> Response {
        let message = self.message.map_or_else(String::new, |text| {
            format!("<p id=\"message\" role=\"alert\">{}</p>", escape(text))
        });
        let choices: String = self
            .people
            .iter()
            .map(|person| {
                format!(
                    "<button class=\"choice\" id=\"choose-{key}\" name=\"choose\" value=\"{key}\">{name}\
                     <small>{about}</small></button>",
                    key = escape(&person.key),
                    name = escape(&person.user_principal_name),
                    about = escape(&person.about),
                )
            })
            .collect();
        let password = self.people.first().map_or("", |person| &person.password);
        let body = format!(
            "<h1>Sign in</h1><p>to continue to <strong id=\"app\">{app}</strong></p>{message}\
             <form method=\"post\" action=\"login\">{flow}\
             <label>Name<input id=\"person\" name=\"person\" value=\"{name}\" autocomplete=\"off\" autofocus></label>\
             <label>Password<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"off\"></label>\
             <button id=\"sign-in\" type=\"submit\">Sign in</button></form>\
             <p>Everybody's password is <code>{password}</code>. Or choose somebody:</p>\
             <form method=\"post\" action=\"login\">{flow}{choices}</form>",
            app = escape(&self.client.name),
            name = escape(self.name),
            flow = hidden("flow", self.flow),
            password = escape(password),
        );
        page(StatusCode::OK, "Sign in to your account", &body)
    }
}

/// Whether an app may have what it asks for. `for_all`: the person may decide for the organisation.
pub(super) fn consent(
    flow: &str,
    client: &Client,
    scopes: &Scopes,
    asked: &[String],
    person: &str,
    for_all: bool,
) -> Response {
    let mut wanted: Vec<String> = asked
        .iter()
        .map(|scope| format!("<li><code>{}</code></li>", escape(scope)))
        .collect();
    if scopes.offline_access {
        wanted.push("<li>Maintain access to data you have given it access to</li>".into());
    }
    let organisation = if for_all {
        "<label><input type=\"checkbox\" id=\"organisation\" name=\"organisation\" value=\"yes\"> Consent on behalf of \
         your organization</label>"
    } else {
        ""
    };
    let body = format!(
        "<p>{person}</p><h1>Permissions requested</h1><p><strong id=\"app\">{app}</strong><br>{publisher}</p>\
         <p>This app would like to:</p><ul id=\"scopes\">{wanted}</ul>\
         <form method=\"post\" action=\"consent\">{flow}{organisation}\
         <button id=\"cancel\" name=\"answer\" value=\"cancel\">Cancel</button>\
         <button id=\"accept\" name=\"answer\" value=\"accept\">Accept</button></form>",
        person = escape(person),
        app = escape(&client.name),
        publisher = escape(&client.publisher),
        wanted = wanted.concat(),
        flow = hidden("flow", flow),
    );
    page(StatusCode::OK, "Permissions requested", &body)
}

/// Something stands in the way; the person can try another account or go back to the app.
pub(super) fn in_the_way(flow: &str, title: &str, sentence: &str) -> Response {
    let body = format!(
        "<h1>{title}</h1><p id=\"message\" role=\"alert\">{sentence}</p>\
         <p><a id=\"back\" href=\"login?flow={flow}\">Sign in with another account</a></p>\
         <form method=\"post\" action=\"consent\">{hidden}\
         <button id=\"cancel\" name=\"answer\" value=\"cancel\">Return to the application</button></form>",
        title = escape(title),
        sentence = escape(sentence),
        flow = escape(flow),
        hidden = hidden("flow", flow),
    );
    page(StatusCode::OK, title, &body)
}

/// Nothing can be done from here: the app asked in a way that must not be answered by a redirect.
pub(super) fn trouble(sentence: &str) -> Response {
    let body = format!(
        "<h1>Sign in</h1><p>Sorry, but we're having trouble signing you in.</p><p id=\"message\" role=\"alert\">{}</p>",
        escape(sentence)
    );
    page(StatusCode::OK, "Sign in to your account", &body)
}

/// Where a device's code is typed.
pub(super) fn device(typed: &str, message: Option<&str>) -> Response {
    let message = message.map_or_else(String::new, |text| {
        format!("<p id=\"message\" role=\"alert\">{}</p>", escape(text))
    });
    let body = format!(
        "<h1>Enter code to allow access</h1>{message}\
         <form method=\"post\" action=\"device\"><label>Code\
         <input id=\"code\" name=\"code\" value=\"{}\" autocomplete=\"off\" autofocus></label>\
         <button id=\"next\" type=\"submit\">Next</button></form>",
        escape(typed)
    );
    page(StatusCode::OK, "Sign in to your account", &body)
}

/// A device's sign-in is over.
pub(super) fn done(title: &str, text: &str) -> Response {
    let body = format!("<h1>{}</h1><p id=\"message\">{}</p>", escape(title), escape(text));
    page(StatusCode::OK, title, &body)
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&</b>"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&lt;/b&gt;"
        );
    }
}
