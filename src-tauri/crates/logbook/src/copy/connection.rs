//! A connection as a script: CIPP's own PowerShell, a line for the community's module, curl.
//!
//! None of them holds the secret: each asks for it when it is run, without showing it, and hands it on without it ever
//! being an argument of a program (arguments stand in the list of processes). Each is one unit, a block in braces or in
//! parentheses, so that a terminal that takes a paste as typing has read all of it before the question for the secret is
//! asked; else the next line of the script would be the answer.
//!
//! A name of a connection may have come with a file from somebody else. In PowerShell it stands in a comment; in shells it
//! is left out, because zsh knows no comments at its prompt and would run what stands in one.

use std::fmt::Write as _;

use cipp_client::Connection;
use serde::{Deserialize, Serialize};
use specta::Type;

use super::{powershell, shell::Shell, visible};

/// What a connection is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ConnectionScript {
    /// The PowerShell of CIPP's documentation ("Setup & Authentication"): a token, then the log.
    PowerShell,
    /// `Set-CIPPAPIDetails` of CIPPAPIModule.
    Module,
    /// curl, for bash and zsh.
    Curl,
}

/// Reads a secret without showing it and gives it as text; `ConvertFrom-SecureString -AsPlainText` is unknown to Windows
/// PowerShell 5.1.
const ASKED: &str = "[System.Net.NetworkCredential]::new('', (Read-Host 'Client secret' -AsSecureString)).Password";

/// The connection as a script, filled in but for the secret.
pub fn connection_script(form: ConnectionScript, name: &str, connection: &Connection) -> String {
    match form {
        ConnectionScript::PowerShell => documented(name, connection),
        ConnectionScript::Module => module(name, connection),
        ConnectionScript::Curl => curl(connection),
    }
}

/// The lines of the documentation; what is in quotation marks there and stands for a value of the reader is filled in.
fn documented(name: &str, connection: &Connection) -> String {
    let path = "/$TenantId/oauth2/v2.0/token";
    let server = connection.authority.to_string();
    let server = server.trim_end_matches('/');
    // A host may hold what means something within double quotes; a file from somebody else may hold such a host.
    let token_url = if connection.authority.is_default() {
        format!("\"{server}{path}\"")
    } else {
        format!("({} + \"{path}\")", quoted(&server))
    };
    format!(
        "# CIPP: {}\n\
         . {{\n\
         $CIPPAPIUrl = {}\n\
         $ApplicationId = {}\n\
         $ApplicationSecret = {ASKED}\n\
         $TenantId = {}\n\
         $AuthBody = @{{\n\
         \x20   client_id     = $ApplicationId\n\
         \x20   client_secret = $ApplicationSecret\n\
         \x20   scope         = \"api://$($ApplicationId)/.default\"\n\
         \x20   grant_type    = 'client_credentials'\n\
         }}\n\
         $token = Invoke-RestMethod -Uri {token_url} -Method POST -Body $AuthBody\n\
         Remove-Variable ApplicationSecret, AuthBody\n\
         $AuthHeader = @{{ Authorization = \"Bearer $($token.access_token)\" }}\n\
         Invoke-RestMethod -Uri \"$CIPPAPIUrl/api/ListLogs\" -Method GET -Headers $AuthHeader -ContentType \"application/json\"\n\
         }}\n",
        comment(name),
        quoted(&connection.api_url),
        quoted(&connection.client_id),
        quoted(&connection.tenant_id),
    )
}

fn module(name: &str, connection: &Connection) -> String {
    let mut text = format!("# CIPP: {}\n", comment(name));
    if !connection.authority.is_default() {
        let _ = writeln!(
            text,
            "# The module signs in at login.microsoftonline.com alone; this connection does so at {}.",
            connection.authority
        );
    }
    let _ = writeln!(
        text,
        "Set-CIPPAPIDetails -CIPPClientID {} -CIPPClientSecret ({ASKED}) -CIPPAPIUrl {} -TenantID {}",
        quoted(&connection.client_id),
        quoted(&connection.api_url),
        quoted(&connection.tenant_id),
    );
    text
}

fn curl(connection: &Connection) -> String {
    let shell = |text: &dyn ToString| Shell::Posix.literal(&text.to_string());
    let ca = connection.ca_cert.as_ref().map_or_else(String::new, |path| {
        format!(" --cacert {}", Shell::Posix.literal(&path.to_string_lossy()))
    });
    let call = format!("curl --silent --show-error{ca}");
    format!(
        "(\n\
         printf '%s' 'Client secret (it is not shown): ' >&2\n\
         IFS= read -rs secret\n\
         echo >&2\n\
         reply=$(printf %s \"$secret\" | {call} \\\n\
         \x20 --data-urlencode grant_type=client_credentials \\\n\
         \x20 --data-urlencode {client} \\\n\
         \x20 --data-urlencode {scope} \\\n\
         \x20 --data-urlencode client_secret@- \\\n\
         \x20 {token_url})\n\
         unset secret\n\
         token=$(printf %s \"$reply\" | sed -n 's/.*\"access_token\" *: *\"\\([^\"]*\\)\".*/\\1/p')\n\
         if [ -n \"$token\" ]; then\n\
         \x20 printf 'Authorization: Bearer %s' \"$token\" | {call} --header @- --header 'Content-Type: application/json' \\\n\
         \x20   {log}\n\
         else\n\
         \x20 printf '%s\\n' \"$reply\" >&2\n\
         fi\n\
         )\n",
        client = shell(&format!("client_id={}", connection.client_id)),
        scope = shell(&format!("scope={}", connection.scope())),
        token_url = shell(&connection.token_url()),
        log = shell(&connection.api_url.endpoint("ListLogs")),
    )
}

fn quoted(value: &impl ToString) -> String {
    powershell::quoted(&value.to_string())
}

fn comment(name: &str) -> String {
    visible(name.trim()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        Connection {
            api_url: "https://cippabc12.azurewebsites.net".parse().unwrap(),
            tenant_id: "msp.example".parse().unwrap(),
            client_id: "11112222-3333-4444-9555-666677778888".parse().unwrap(),
            authority: Default::default(),
            ca_cert: None,
        }
    }

    /// CIPP's page "Setup & Authentication", as it stands there.
    const DOCUMENTED: &str = r#"
$CIPPAPIUrl = "https://yourcippurl.com"
$ApplicationId = "your application ID"
$ApplicationSecret = "your application secret"
$TenantId = "your tenant id"

$AuthBody = @{
    client_id     = $ApplicationId
    client_secret = $ApplicationSecret
    scope         = "api://$($ApplicationId)/.default"
    grant_type    = 'client_credentials'
}
$token = Invoke-RestMethod -Uri "https://login.microsoftonline.com/$TenantId/oauth2/v2.0/token" -Method POST -Body $AuthBody



$AuthHeader = @{ Authorization = "Bearer $($token.access_token)" }
Invoke-RestMethod -Uri "$CIPPAPIUrl/api/ListLogs" -Method GET -Headers $AuthHeader -ContentType "application/json"
"#;

    #[test]
    fn the_documented_script_comes_line_by_line_with_its_values() {
        let text = connection_script(ConnectionScript::PowerShell, "Contoso", &connection());
        let filled = DOCUMENTED
            .replace("\"https://yourcippurl.com\"", "'https://cippabc12.azurewebsites.net'")
            .replace("\"your application ID\"", "'11112222-3333-4444-9555-666677778888'")
            .replace("\"your application secret\"", ASKED)
            .replace("\"your tenant id\"", "'msp.example'");
        let mut lines = text.lines();
        for line in filled.lines().filter(|line| !line.is_empty()) {
            assert!(lines.any(|each| each == line), "{line}\n{text}");
        }
        // One block: a console that takes the paste as typing asks for the secret when it has read all of it.
        assert!(
            text.starts_with("# CIPP: Contoso\n. {\n") && text.ends_with("\n}\n"),
            "{text}"
        );
        assert!(
            text.lines().all(|line| !line.is_empty()),
            "an empty line would end the block there"
        );
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }

    #[test]
    fn the_module_gets_one_line() {
        let text = connection_script(ConnectionScript::Module, "Contoso", &connection());
        assert_eq!(
            text,
            format!(
                "# CIPP: Contoso\nSet-CIPPAPIDetails -CIPPClientID '11112222-3333-4444-9555-666677778888' \
                 -CIPPClientSecret ({ASKED}) -CIPPAPIUrl 'https://cippabc12.azurewebsites.net' -TenantID 'msp.example'\n"
            )
        );
        let mut other = connection();
        other.authority = "https://login.microsoftonline.us".parse().unwrap();
        let text = connection_script(ConnectionScript::Module, "Contoso", &other);
        assert!(
            text.contains("# The module signs in at login.microsoftonline.com alone"),
            "{text}"
        );
        let text = connection_script(ConnectionScript::PowerShell, "Contoso", &other);
        assert!(
            text.contains("-Uri ('https://login.microsoftonline.us' + \"/$TenantId/oauth2/v2.0/token\") -Method"),
            "{text}"
        );
    }

    #[test]
    fn a_hostile_name_or_path_is_never_a_line_or_an_argument_of_its_own() {
        let mut hostile = connection();
        hostile.ca_cert = Some("/tmp/it's $(touch x) `y`\nrm".into());
        // Hosts may hold more than one thinks.
        hostile.authority = "https://a$(x)'`;&.example".parse().unwrap();
        hostile.api_url = "https://b$(x)'`;&.example".parse().unwrap();
        for name in [
            "a\nRemove-Item x",
            "a\r\u{2028}Remove-Item x",
            "$(Remove-Item x)`n'\"",
            "#> }",
        ] {
            for form in [
                ConnectionScript::PowerShell,
                ConnectionScript::Module,
                ConnectionScript::Curl,
            ] {
                let text = connection_script(form, name, &hostile);
                assert!(
                    text.lines().all(|line| !line.trim_start().starts_with("Remove-Item")),
                    "{text}"
                );
                assert!(
                    text.chars().all(|c| c == '\n' || !c.is_control()),
                    "nothing that a terminal obeys"
                );
                let address = match form {
                    ConnectionScript::Curl => r"'https://b$(x)'\''`;&.example/api/ListLogs'",
                    _ => "'https://b$(x)''`;&.example'",
                };
                assert!(text.contains(address), "{text}");
                assert!(
                    !text.contains("\"https://a"),
                    "double quotes would run what is in it: {text}"
                );
                if form == ConnectionScript::Curl {
                    assert!(!text.contains("Remove-Item"), "zsh would run what stands in a comment");
                    assert!(text.contains(r"--cacert $'/tmp/it\'s $(touch x) `y`\012rm'"), "{text}");
                }
            }
        }
    }

    /// The shell itself says whether it is one whole command.
    #[cfg(unix)]
    #[test]
    fn the_shell_reads_it_as_one_command() {
        let text = connection_script(ConnectionScript::Curl, "x", &connection());
        let Ok(read) = std::process::Command::new("bash").args(["-n", "-c", &text]).status() else {
            return;
        };
        assert!(read.success(), "{text}");
        assert!(text.starts_with("(\n") && text.ends_with("\n)\n"));
    }
}
