//! Links out of the app: to the system's browser, and only to the sites on this list.

use tauri::{AppHandle, Url};
use tauri_plugin_opener::OpenerExt;

use crate::error::{CommandError, CommandResult, ErrorCode};

/// Sites of Microsoft and CIPP that checklists and explanations point to.
const HOSTS: [&str; 8] = [
    "account.activedirectory.windowsazure.com",
    "admin.microsoft.com",
    "docs.cipp.app",
    "entra.microsoft.com",
    "learn.microsoft.com",
    "login.microsoftonline.com",
    "portal.azure.com",
    "shell.azure.com",
];

/// GitHub is everybody's: only the accounts of CIPP itself and of its PowerShell module.
const GITHUB_ACCOUNTS: [&str; 3] = ["bnwein", "cyberdrain", "kelvintegelaar"];

/// Opens a link in the system's browser.
#[tauri::command]
#[specta::specta]
pub async fn open_link(app: AppHandle, url: String) -> CommandResult<()> {
    let url = Url::parse(&url).ok().filter(is_allowed).ok_or_else(|| {
        CommandError::new(ErrorCode::LinkNotAllowed, "CIPP Desk does not open this address.")
            .with_remedy("Copy it and open it in your browser if you trust it.")
            .with_detail(&*url)
    })?;
    app.opener().open_url(url.as_str(), None::<&str>).map_err(|error| {
        CommandError::new(ErrorCode::Internal, "The browser could not be opened.")
            .with_remedy(format!("Open this address yourself: {url}"))
            .with_detail(error.to_string())
    })
}

fn is_allowed(url: &Url) -> bool {
    let plain =
        url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && url.password().is_none();
    let Some(host) = url.host_str() else {
        return false;
    };
    let known = HOSTS.contains(&host) || (host == "github.com" && is_cipps_own(url));
    plain && known
}

fn is_cipps_own(url: &Url) -> bool {
    let account = url
        .path_segments()
        .and_then(|mut segments| segments.next())
        .unwrap_or_default();
    GITHUB_ACCOUNTS.contains(&account.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| is_allowed(&url))
    }

    #[test]
    fn the_sites_of_microsoft_and_cipp_are_opened() {
        for url in [
            "https://entra.microsoft.com/#home",
            "https://docs.cipp.app/setup/installation",
            "https://PORTAL.azure.com/",
            "https://github.com/KelvinTegelaar/CIPP/issues/1",
            "https://github.com/CyberDrain",
        ] {
            assert!(allowed(url), "{url}");
        }
    }

    #[test]
    fn nothing_else_is_opened() {
        for url in [
            "http://docs.cipp.app/",
            "https://docs.cipp.app.example.com/",
            "https://example.com/docs.cipp.app",
            "https://docs.cipp.app@example.com/",
            "https://user:pass@docs.cipp.app/",
            "https://docs.cipp.app:8443/",
            "https://github.com/someone/else",
            "https://github.com/",
            "https://evil.github.com/CyberDrain",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "ms-settings:",
            "not a link",
        ] {
            assert!(!allowed(url), "{url}");
        }
    }

    /// Whatever a checklist points to, the app must be able to open.
    #[test]
    fn every_link_of_the_checklists_is_allowed() {
        let steps = checklist::all().unwrap().iter().flat_map(|checklist| checklist.steps());
        for link in steps.filter_map(|step| step.link.as_ref()) {
            assert!(allowed(&link.url), "{}", link.url);
        }
    }
}
