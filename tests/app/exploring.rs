//! Exploring the log: the filter and its chips, facets, the histogram, an entry's data, comparing, columns, saved views,
//! time zones, the command palette.

use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::{Key, Window};
use serde_json::json;

use crate::reading_logs::{finished, on_the_sandbox, total};

/// A window with a week of the sandbox's log.
async fn a_week(desktop: &Desktop) -> Window {
    let window = on_the_sandbox(desktop).await;
    window.choose("range", "7d").await;
    let days = "return document.querySelectorAll('[data-testid^=day-2][data-state=complete], \
                [data-testid^=day-2][data-state=partial]').length === 7";
    window.until("the week is there", days).await;
    finished(&window).await;
    window
}

/// Puts the focus on the list.
async fn on_the_list(window: &Window) {
    window.see("log-grid").await;
    window
        .run("document.querySelector('[data-testid=log-grid]').focus()", vec![])
        .await;
}

/// Clicks the value of a facet that this test finds by a script, with keys held down.
async fn click_facet(window: &Window, field: &str, nth: usize, alt: bool, shift: bool) -> String {
    window.see(&format!("facet-{field}")).await;
    let script = "const [field, nth, altKey, shiftKey] = arguments;
        const values = document.querySelectorAll(`[data-testid=facet-value][data-field=${field}]`);
        const value = values[nth];
        value.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, altKey, shiftKey }));
        return value.dataset.value";
    let value = window
        .run(script, vec![json!(field), json!(nth), json!(alt), json!(shift)])
        .await;
    value.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_filter_language_is_explained_mirrored_by_chips_and_can_be_undone() {
    let desktop = Desktop::new();
    let window = a_week(&desktop).await;
    let all = total(&window).await;

    let (errors, _) = window.filter("sev>=error").await;
    assert!(errors > 0 && errors < all, "{errors} of {all}");
    window.read_in("chip-0", "error").await;
    window.inspect("query-chips").await;

    // A mistake is underlined and explained, and the last good result stays.
    window.type_into("filter", "sev>=error tenannt:contoso").await;
    // While the words are typed there are proposals; who looks away from them is told of the mistake.
    on_the_list(&window).await;
    window.read_in("query-mistake", "tenannt").await;
    window.read_in("query-mistake", "tenant").await;
    assert_eq!(window.shown().await.0, errors);
    window.inspect("query-mistake").await;

    window.type_into("filter", "sev>=error").await;
    on_the_list(&window).await;
    window.see_no_more("query-mistake").await;
    window.see_no_more("completion-option").await;
    window.see_no_more("chip-1").await;
    window.until_shown(errors).await;
    window.click("chip-flip").await;
    window.until_shown(all - errors).await;
    window.click("chip-off").await;
    window.until_shown(all).await;
    window.click("chip-remove").await;
    window.see_no_more("chip-0").await;
    assert_eq!(window.value("filter").await, "");

    on_the_list(&window).await;
    for _ in 0..3 {
        window.press(format!("{}z", Key::Control)).await;
    }
    window.until_shown(errors).await;
    window.close().await;
}

#[tokio::test]
async fn values_of_the_log_complete_what_is_typed() {
    let desktop = Desktop::new();
    let window = a_week(&desktop).await;
    window.type_into("filter", "tenant:gret").await;
    window.read_in("completion", "gretas.example").await;
    window.inspect("query-completion").await;
    window.press(Key::Down).await;
    window.press(Key::Enter).await;
    window.read_in("chip-0", "gretas.example").await;
    let rows = "const rows = [...document.querySelectorAll('[data-testid=log-row]')].map((row) => row.innerText);
        return rows.length > 0 && rows.every((row) => /gretas/i.test(row))";
    window.until("only rows of that tenant are left", rows).await;
    window.close().await;
}

#[tokio::test]
async fn facets_count_include_exclude_and_single_out() {
    let desktop = Desktop::new();
    let window = a_week(&desktop).await;
    let all = total(&window).await;
    let tenant = click_facet(&window, "tenant", 0, false, false).await;
    let one = window.until_left("fewer entries", |left| left < all).await;
    assert!(window.value("filter").await.contains(&tenant), "{tenant}");
    window.inspect("facets-included").await;
    // A facet ignores its own choice: the others are still there to be added.
    let second = click_facet(&window, "tenant", 1, false, false).await;
    assert_ne!(second, tenant);
    let two = window.until_left("more entries", |left| left > one).await;
    // Excluded instead.
    click_facet(&window, "tenant", 0, false, true).await;
    window.until_left("other entries", |left| left != two).await;
    // Alone, whatever was chosen before.
    let only = click_facet(&window, "severity", 0, true, false).await;
    assert!(!only.is_empty());
    window.inspect("facets-excluded").await;
    window.close().await;
}

#[tokio::test]
async fn the_histogram_is_brushed_and_zoomed_with_the_keyboard() {
    let desktop = Desktop::new();
    let window = a_week(&desktop).await;
    let all = total(&window).await;
    window.see("histogram").await;
    let bars = window.count("histogram-bar").await;
    assert!((20..=130).contains(&bars), "{bars} bars");
    window
        .run(
            "document.querySelector('[data-testid=histogram] [tabindex=\"0\"], [data-testid=histogram][tabindex=\"0\"]').focus()",
            vec![],
        )
        .await;
    // The first quarter of the first day: fewer entries than all, whatever else still comes in.
    window.press(Key::Home).await;
    for _ in 0..4 {
        window.press(format!("{}{}", Key::Shift, Key::Right)).await;
    }
    window.see("histogram-brush").await;
    window.inspect("histogram-brush").await;
    window.press(Key::Enter).await;
    let left = window
        .until_left("few entries", |left| left > 0 && left < all / 2)
        .await;
    assert!(window.value("filter").await.contains("time:"));
    window.press(Key::Backspace).await;
    window.until_left("all entries", |now| now > left * 2).await;
    window.close().await;
}

#[tokio::test]
async fn an_entry_leads_to_its_surroundings_to_the_same_thing_elsewhere_and_to_the_next_error() {
    let desktop = Desktop::new();
    let window = a_week(&desktop).await;
    let all = total(&window).await;
    on_the_list(&window).await;
    window.press("e").await;
    let error =
        "return document.querySelector('[data-testid=log-row][aria-selected=true]')?.innerText.includes('Error')";
    window.until("an error is current", error).await;
    window.press(Key::Enter).await;
    window.see("detail-message").await;
    window.inspect("entry-error").await;
    let message = window.text("detail-message").await;

    window.press("c").await;
    window.until_left("fewer entries", |left| left < all).await;
    window.read_in("detail-message", message.trim()).await;
    assert!(window.value("filter").await.contains("time:"));
    window.inspect("entry-surrounding").await;
    window.press(format!("{}z", Key::Control)).await;
    window.until_shown(all).await;

    window.click("same-thing-toggle").await;
    window.read_in("same-thing", "tenant").await;
    window.inspect("entry-same-thing").await;
    window.close().await;
}

#[tokio::test]
async fn two_entries_are_compared_field_by_field() {
    let desktop = Desktop::new();
    let window = a_week(&desktop).await;
    on_the_list(&window).await;
    window.press("j").await;
    window.press("m").await;
    window.press("j").await;
    window.press("j").await;
    window.press("d").await;
    window.read_in("compare", "Message").await;
    window.inspect("compare").await;
    window.press(Key::Escape).await;
    window.see_no_more("compare").await;
    window.close().await;
}

#[tokio::test]
async fn a_saved_view_and_the_columns_are_there_after_the_next_start() {
    let desktop = Desktop::new();
    let window = a_week(&desktop).await;
    window.filter("sev>=warning").await;
    on_the_list(&window).await;
    window.press(format!("{}s", Key::Control)).await;
    window.type_into("view-name", "Warnings of the week").await;
    window.press(Key::Enter).await;
    window.see_no_more("view-name").await;
    window.close().await;

    let window = on_the_sandbox(&desktop).await;
    let (_, all) = window.shown().await;
    window.click("views-button").await;
    window.read_in("view-option", "Warnings of the week").await;
    window.inspect("views").await;
    window.click("view-option").await;
    window.until_left("other entries", |left| left != all).await;
    assert!(window.value("filter").await.contains("sev>=warning"));
    window.close().await;
}

#[tokio::test]
async fn the_palette_finds_every_command_by_a_part_of_its_name() {
    let desktop = Desktop::new();
    let window = on_the_sandbox(&desktop).await;
    on_the_list(&window).await;
    window.press(format!("{}k", Key::Control)).await;
    window.see("palette-input").await;
    window.inspect("palette").await;
    window.type_into("palette-input", "export").await;
    window.read_in("palette-option", "Export").await;
    window.press(Key::Enter).await;
    window.see("export").await;
    window.close().await;
}
