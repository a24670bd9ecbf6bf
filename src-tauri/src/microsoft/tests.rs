use super::*;
use crate::testing::{Desk, Told};

const WELL_KNOWN: &str = "";

#[tokio::test]
async fn a_person_signs_in_and_allows_more_step_by_step() {
    let (desk, id) = Desk::connected("setup_consent_missing").await;
    let about = about(&desk.state, id, WELL_KNOWN).await.unwrap();
    assert_eq!(about.graph_app, "Microsoft Graph Command Line Tools");
    assert_eq!(
        (about.tenant_id.as_str(), about.own_app),
        (desk.sandbox.ready().tenant_id.as_str(), false)
    );

    let basic = desk.sign_in(id, SignInAsk::Basic, WELL_KNOWN, "admin").await.unwrap();
    assert_eq!(basic.allowed, [SignInAsk::Basic]);
    let more = desk
        .sign_in(id, SignInAsk::Directory, WELL_KNOWN, "admin")
        .await
        .unwrap();
    assert_eq!(more.upn, basic.upn);
    assert!(
        !more.azure && more.allowed == [SignInAsk::Basic, SignInAsk::Directory],
        "{more:?}"
    );
    let azure = desk.sign_in(id, SignInAsk::Azure, WELL_KNOWN, "admin").await.unwrap();
    assert!(
        azure.azure && azure.allowed.contains(&SignInAsk::Directory),
        "{azure:?}"
    );
    assert_eq!(desk.state.sign_ins.of(id).as_ref().map(SignedIn::from), Some(azure));
    assert_eq!(desk.state.sign_ins.page(), None, "no sign-in is under way any more");

    desk.state.sign_ins.sign_out();
    assert!(desk.state.sign_ins.of(id).is_none());
}

#[tokio::test]
async fn somebody_else_does_not_take_the_place_of_who_is_signed_in() {
    let (desk, id) = Desk::connected("healthy").await;
    let first = desk.sign_in(id, SignInAsk::Basic, WELL_KNOWN, "reader").await.unwrap();
    let error = desk
        .sign_in(id, SignInAsk::Directory, WELL_KNOWN, "admin")
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::WrongPerson);
    assert_eq!(desk.state.sign_ins.of(id).as_ref().map(SignedIn::from), Some(first));
}

#[tokio::test]
async fn azure_may_come_first() {
    let (desk, id) = Desk::connected("healthy").await;
    let azure = desk.sign_in(id, SignInAsk::Azure, WELL_KNOWN, "admin").await.unwrap();
    assert_eq!((azure.azure, azure.scopes.len()), (true, 0));
    let both = desk
        .sign_in(id, SignInAsk::Directory, WELL_KNOWN, "admin")
        .await
        .unwrap();
    assert!(both.azure && both.allowed.contains(&SignInAsk::Directory), "{both:?}");
}

#[tokio::test]
async fn another_application_begins_anew() {
    let (desk, id) = Desk::connected("healthy").await;
    let first = desk.sign_in(id, SignInAsk::Basic, WELL_KNOWN, "reader").await.unwrap();
    let before = desk.state.sign_ins.of(id).unwrap();
    let own = desk.own_app().to_owned();
    let other = desk.sign_in(id, SignInAsk::Directory, &own, "admin").await.unwrap();
    assert_ne!(other.upn, first.upn, "another person may come");
    assert!(!before.is_signed_in(), "and the one before is forgotten");
}

#[tokio::test]
async fn looking_at_another_connection_ends_the_sign_in() {
    let (desk, one) = Desk::connected("healthy").await;
    let two = desk.save(None, "Fabrikam").await;
    desk.sign_in(one, SignInAsk::Basic, WELL_KNOWN, "reader").await.unwrap();
    let person = desk.state.sign_ins.of(one).unwrap();
    desk.state.sign_ins.forget(two);
    assert!(
        person.is_signed_in(),
        "what happens to another connection is nothing to it"
    );
    assert!(desk.state.sign_ins.of(two).is_none() && !person.is_signed_in());
    assert!(desk.state.sign_ins.of(one).is_none());
}

#[tokio::test]
async fn a_changed_connection_forgets_its_person() {
    let (desk, id) = Desk::connected("healthy").await;
    desk.sign_in(id, SignInAsk::Basic, WELL_KNOWN, "reader").await.unwrap();
    let person = desk.state.sign_ins.of(id).unwrap();
    desk.save(Some(id), "Contoso").await;
    assert!(!person.is_signed_in() && desk.state.sign_ins.of(id).is_none());
}

#[tokio::test]
async fn looking_at_another_connection_ends_a_sign_in_that_is_under_way() {
    let (desk, one) = Desk::connected("healthy").await;
    let two = desk.save(None, "Fabrikam").await;
    let (window, mut pages) = Told::new();
    let signing_in = window.sign_in(&desk.state, one, SignInAsk::Basic, WELL_KNOWN, Way::Browser);
    let looking = async {
        pages.recv().await.unwrap();
        assert!(desk.state.sign_ins.signed_in_for(two).is_none() && desk.state.sign_ins.page().is_some());
        assert!(desk.state.sign_ins.of(two).is_none() && desk.state.sign_ins.page().is_none());
    };
    let (done, ()) = tokio::join!(signing_in, looking);
    assert_eq!(done.unwrap_err().code, ErrorCode::Cancelled);
    assert!(desk.state.sign_ins.of(one).is_none());
}

/// The change comes while the sign-in is still finding out where to go: it must not go where the connection led before.
#[tokio::test]
async fn a_connection_that_changes_while_a_sign_in_begins_ends_it() {
    let (desk, id) = Desk::connected("healthy").await;
    let (window, mut pages) = Told::new();
    let signing_in = window.sign_in(&desk.state, id, SignInAsk::Basic, WELL_KNOWN, Way::Browser);
    tokio::pin!(signing_in);
    tokio::select! {
        biased;
        done = &mut signing_in => panic!("{done:?}"),
        () = std::future::ready(()) => desk.state.sign_ins.forget(id),
    }
    tokio::select! {
        done = signing_in => assert_eq!(done.unwrap_err().code, ErrorCode::Cancelled),
        page = pages.recv() => panic!("{page:?} was opened"),
    }
}

/// The person is done in the browser, and in the same moment the app is told to forget everything.
#[tokio::test]
async fn who_signs_out_while_signing_in_is_not_signed_in_afterwards() {
    for sign_out in [true, false] {
        let (desk, id) = Desk::connected("healthy").await;
        let (window, mut pages) = Told::new();
        let signing_in = window.sign_in(&desk.state, id, SignInAsk::Basic, WELL_KNOWN, Way::Browser);
        let stopping = async {
            let page = pages.recv().await.unwrap();
            assert_eq!(desk.state.sign_ins.page(), Some(page), "it can be opened once more");
            match sign_out {
                true => desk.state.sign_ins.sign_out(),
                false => desk.state.sign_ins.cancel(),
            }
        };
        let (done, ()) = tokio::join!(signing_in, stopping);
        assert_eq!(done.unwrap_err().code, ErrorCode::Cancelled);
        assert!(desk.state.sign_ins.of(id).is_none() && desk.state.sign_ins.page().is_none());
    }
}

#[tokio::test]
async fn a_cancel_wins_over_a_person_who_came_in_the_same_moment() {
    let (desk, id) = Desk::connected("healthy").await;
    desk.sign_in(id, SignInAsk::Basic, WELL_KNOWN, "reader").await.unwrap();
    let person = desk.state.sign_ins.of(id).unwrap();
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let desk_of = SignInDesk::default();
    let kept = desk_of.keep(id, person.clone(), Some(&person), &cancelled);
    assert!(kept.is_err() && desk_of.of(id).is_none());
    assert!(person.is_signed_in(), "who only wanted to allow more stays signed in");
    let kept = desk_of.keep(id, person.clone(), None, &cancelled);
    assert!(kept.is_err() && !person.is_signed_in());
}

#[tokio::test]
async fn a_new_sign_in_takes_the_place_of_the_one_that_waits() {
    let (desk, id) = Desk::connected("healthy").await;
    let (window, mut pages) = Told::new();
    let waiting = window.sign_in(&desk.state, id, SignInAsk::Basic, WELL_KNOWN, Way::Browser);
    let next = async {
        pages.recv().await.unwrap();
        desk.sign_in(id, SignInAsk::Directory, WELL_KNOWN, "reader").await
    };
    let (first, second) = tokio::join!(waiting, next);
    assert_eq!(first.unwrap_err().code, ErrorCode::Cancelled);
    assert!(second.is_ok() && desk.state.sign_ins.of(id).is_some());
}

#[tokio::test]
async fn who_refuses_in_the_browser_is_told_so_and_nothing_is_kept() {
    let (desk, id) = Desk::connected("healthy").await;
    let (window, mut pages) = Told::new();
    let signing_in = window.sign_in(&desk.state, id, SignInAsk::Basic, WELL_KNOWN, Way::Browser);
    let browsing = async { desk.browse(pages.recv().await.unwrap(), "reader", false).await };
    let (done, ()) = tokio::join!(signing_in, browsing);
    let error = done.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInRefused);
    assert!(error.remedy.is_some() && desk.state.sign_ins.of(id).is_none());
}

#[tokio::test]
async fn without_a_browser_the_address_is_shown_and_does_as_well() {
    let (desk, id) = Desk::connected("healthy").await;
    let (shown, mut pages) = unbounded();
    let tell = |progress| drop(shown.send(progress));
    let window = Window {
        tell: &tell,
        open: &|_| false,
    };
    let signing_in = sign_in(&desk.state, id, SignInAsk::Basic, WELL_KNOWN, Way::Browser, window);
    let by_hand = async {
        let Some(SignInProgress::Browser {
            url, opened, seconds, ..
        }) = pages.recv().await
        else {
            panic!("a page is shown");
        };
        assert!(!opened && seconds > 0);
        desk.browse(url.parse().unwrap(), "reader", true).await;
    };
    let (done, ()) = tokio::join!(signing_in, by_hand);
    assert!(done.is_ok());
}

#[tokio::test]
async fn a_code_signs_in_and_opens_no_browser_by_itself() {
    let (desk, id) = Desk::connected("healthy").await;
    let (shown, mut codes) = unbounded();
    let tell = |progress| drop(shown.send(progress));
    let window = Window {
        tell: &tell,
        open: &|page| panic!("nobody asked to open {page}"),
    };
    let signing_in = sign_in(&desk.state, id, SignInAsk::Basic, WELL_KNOWN, Way::DeviceCode, window);
    let typing = async {
        let Some(SignInProgress::DeviceCode { code, url, .. }) = codes.recv().await else {
            panic!("a code is shown");
        };
        assert_eq!(desk.state.sign_ins.page(), Some(url.parse().unwrap()));
        desk.type_code(url.parse().unwrap(), &code, "reader").await;
    };
    let (done, ()) = tokio::join!(signing_in, typing);
    assert!(done.unwrap().allowed.contains(&SignInAsk::Basic));
}

#[tokio::test]
async fn a_code_that_the_tenant_forbids_is_told_as_that() {
    let (desk, id) = Desk::connected("device_code_blocked").await;
    let (shown, mut codes) = unbounded();
    let tell = |progress| drop(shown.send(progress));
    let window = Window {
        tell: &tell,
        open: &|_| true,
    };
    let signing_in = sign_in(&desk.state, id, SignInAsk::Basic, WELL_KNOWN, Way::DeviceCode, window);
    let typing = async {
        if let Some(SignInProgress::DeviceCode { code, url, .. }) = codes.recv().await {
            desk.type_code(url.parse().unwrap(), &code, "reader").await;
        }
        std::future::pending::<()>().await;
    };
    let error = tokio::select! {
        done = signing_in => done.unwrap_err(),
        () = typing => unreachable!(),
    };
    assert_eq!(error.code, ErrorCode::SignInRefused);
    assert!(error.remedy.is_some(), "{error:?}");
}

#[tokio::test]
async fn an_application_that_is_none_is_refused_before_anything_is_sent() {
    let (desk, id) = Desk::connected("healthy").await;
    let error = desk
        .sign_in(id, SignInAsk::Basic, "my app", "reader")
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidField);
    assert!(about(&desk.state, id, desk.own_app()).await.unwrap().own_app);
}

#[test]
fn the_browser_gets_https_or_this_computer_and_nothing_else() {
    let opened = |url: &str| may_be_opened(&Url::parse(url).unwrap());
    for url in [
        "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/authorize?x=1",
        "http://127.0.0.1:4000/a",
        "http://[::1]:4000/a",
        "http://localhost:4000/a",
    ] {
        assert!(opened(url), "{url}");
    }
    for url in [
        "http://login.microsoftonline.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "https://me:secret@login.microsoftonline.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "ms-settings:",
    ] {
        assert!(!opened(url), "{url}");
    }
}

#[test]
fn graph_and_azure_are_where_the_sign_in_server_is() {
    let of = |authority: &str| clouds(&authority.parse().unwrap());
    assert!(clouds(&Authority::default()).unwrap() == Clouds::default());
    for other_name in PUBLIC_TOO {
        assert!(of(other_name).unwrap() == Clouds::default(), "{other_name}");
    }
    let here = of("http://127.0.0.1:4000").unwrap();
    assert_eq!(here.graph.as_str(), "http://127.0.0.1:4000/graph");
    assert_eq!(here.arm.as_str(), "http://127.0.0.1:4000/arm");
    for other in OTHER_CLOUDS {
        assert!(of(&format!("https://{other}")).is_err(), "{other}");
    }
}

fn unbounded<T>() -> (
    tokio::sync::mpsc::UnboundedSender<T>,
    tokio::sync::mpsc::UnboundedReceiver<T>,
) {
    tokio::sync::mpsc::unbounded_channel()
}
