//! `GET /{tenant}/oauth2/.../authorize`: where the redirects of the CIPP website end. A program that follows them
//! without a browser's parameters gets this page (facts: cipp 2.3).

use axum::response::Html;

pub(super) async fn serve() -> Html<&'static str> {
    Html(
        "<!DOCTYPE html><html dir=\"ltr\" lang=\"en\"><head><title>Sign in to your account</title></head><body>\
         <h1>Sign in</h1><p>Sorry, but we're having trouble signing you in.</p>\
         <p>AADSTS900144: The request body must contain the following parameter: 'client_id'.</p></body></html>",
    )
}
