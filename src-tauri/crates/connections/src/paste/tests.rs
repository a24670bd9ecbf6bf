use super::*;

const URL: &str = "https://cippabc12.azurewebsites.net";
const TENANT: &str = "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f";
const CLIENT: &str = "11112222-3333-4444-9555-666677778888";
const SECRET_ID: &str = "aaaabbbb-cccc-4ddd-8eee-ffff00001111";
const SECRET: &str = "abc8Q~0123456789abcdefghijklmnopqrstuv~x";

/// The samples are written with names in place of the values, so that they can be read.
fn filled(sample: &str) -> String {
    sample
        .replace("{URL}", URL)
        .replace("{TENANT}", TENANT)
        .replace("{CLIENT}", CLIENT)
        .replace("{SECRET_ID}", SECRET_ID)
        .replace("{SECRET}", SECRET)
}

fn read(sample: &str) -> Recognised {
    recognise(&filled(sample))
}

fn parts(found: &Recognised) -> (Option<&str>, Option<&str>, Option<&str>, Option<&str>) {
    (
        found.api_url.as_deref(),
        found.tenant_id.as_deref(),
        found.client_id.as_deref(),
        found.secret.as_ref().map(Secret::expose),
    )
}

const ALL: (Option<&str>, Option<&str>, Option<&str>, Option<&str>) =
    (Some(URL), Some(TENANT), Some(CLIENT), Some(SECRET));

/// CIPP's documented example, "Setup & Authentication", with the values filled in.
const POWERSHELL_BLOCK: &str = r#"$CIPPAPIUrl = "{URL}"
$ApplicationId = "{CLIENT}"
$ApplicationSecret = "{SECRET}"
$TenantId = "{TENANT}"

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
fn everything_is_found_in_each_of_these() {
    let samples = [
        ("PowerShell block", POWERSHELL_BLOCK),
        (
            "cmdlet as documented",
            r#"Set-CIPPAPIDetails -CIPPClientID "{CLIENT}" -CIPPClientSecret "{SECRET}" -CIPPAPIUrl "{URL}" -TenantID "{TENANT}""#,
        ),
        (
            "cmdlet, other order, no quotes",
            "PS C:\\> Set-CIPPAPIDetails -TenantID {TENANT} -CIPPAPIUrl {URL} -CIPPClientSecret {SECRET} -CIPPClientID {CLIENT}",
        ),
        (
            "cmdlet, continued with backticks",
            "Set-CIPPAPIDetails `\r\n  -CIPPClientID '{CLIENT}' `\r\n  -CIPPClientSecret '{SECRET}' `\r\n  -CIPPAPIUrl '{URL}' `\r\n  -TenantID '{TENANT}'\r\n",
        ),
        (
            "cmdlet out of a chat: smart quotes, dashes, no-break spaces",
            "Set\u{2011}CIPPAPIDetails \u{2013}CIPPClientID \u{201c}{CLIENT}\u{201d}\u{a0}\u{2013}CIPPClientSecret \u{201c}{SECRET}\u{201d} \u{2013}CIPPAPIUrl \u{201c}{URL}\u{201d}\u{a0}\u{2013}TenantID \u{201c}{TENANT}\u{201d}",
        ),
        (
            "cmdlet with colons",
            "Set-CIPPAPIDetails -CIPPClientID:{CLIENT} -CIPPClientSecret:{SECRET} -CIPPAPIUrl:{URL} -TenantID:{TENANT}",
        ),
        (
            "splatting",
            "$p = @{\n  CIPPClientID = '{CLIENT}'\n  CIPPClientSecret = '{SECRET}'\n  CIPPAPIUrl = '{URL}'\n  TenantID = '{TENANT}'\n}\nSet-CIPPAPIDetails @p",
        ),
        (
            "hashtable on one line",
            "@{ CIPPClientID = '{CLIENT}'; CIPPClientSecret = '{SECRET}'; CIPPAPIUrl = '{URL}'; TenantID = '{TENANT}' }",
        ),
        (
            "cippctl's own options",
            "cippctl connections add --name A --api-url {URL} --tenant-id={TENANT} --client-id {CLIENT} --secret {SECRET}",
        ),
        (
            "JSON camel",
            r#"{"apiUrl":"{URL}","tenantId":"{TENANT}","clientId":"{CLIENT}","clientSecret":"{SECRET}"}"#,
        ),
        (
            "JSON Pascal, nested",
            r#"{"CIPP":{"CIPPAPIUrl":"{URL}/api","TenantID":"{TENANT}","ApplicationId":"{CLIENT}","ApplicationSecret":"{SECRET}","Enabled":true}}"#,
        ),
        (
            "JSON snake, escaped slashes",
            r#"{"api_url":"https:\/\/cippabc12.azurewebsites.net\/","tenant_id":"{TENANT}","client_id":"{CLIENT}","client_secret":"{SECRET}"}"#,
        ),
        (
            "JSON inside other text, with a trailing comma",
            "here you go:\n{\n  \"url\": \"{URL}\",\n  \"tenant\": \"{TENANT}\",\n  \"appId\": \"{CLIENT}\",\n  \"password\": \"{SECRET}\",\n}\nbye",
        ),
        (
            "the sandbox's own line",
            r#"{"authority":"http://127.0.0.1:4711","api_url":"{URL}","tenant_id":"{TENANT}","client_id":"{CLIENT}","client_secret":"{SECRET}"}"#,
        ),
        (
            "Azure app settings",
            r#"[{"name":"CIPP_URL","value":"{URL}"},{"name":"CIPP_TENANT_ID","value":"{TENANT}"},{"name":"CIPP_CLIENT_ID","value":"{CLIENT}"},{"name":"CIPP_CLIENT_SECRET","value":"{SECRET}","slotSetting":false}]"#,
        ),
        (
            ".env",
            "# CIPP\nCIPP_API_URL={URL}\nexport CIPP_TENANT_ID={TENANT}  # partner\nCIPP_CLIENT_ID='{CLIENT}'\nCIPP_CLIENT_SECRET=\"{SECRET}\" # until May\n",
        ),
        (
            ".env, Azure's names, CRLF and byte order mark",
            "\u{feff}AZURE_TENANT_ID={TENANT}\r\nAZURE_CLIENT_ID={CLIENT}\r\nAZURE_CLIENT_SECRET={SECRET}\r\nCIPP_URL={URL}\r\n",
        ),
        (
            "PowerShell environment",
            "$env:CIPP_CLIENT_ID = \"{CLIENT}\"\n$env:CIPP_CLIENT_SECRET = \"{SECRET}\"\n$env:CIPP_TENANT_ID = \"{TENANT}\"\n$env:CIPP_API_URL = \"{URL}\"",
        ),
        (
            "cmd",
            "set CIPP_CLIENT_ID={CLIENT}\r\nset CIPP_CLIENT_SECRET={SECRET}\r\nset CIPP_TENANT_ID={TENANT}\r\nset CIPP_API_URL={URL}\r\n",
        ),
        (
            "curl with a form body",
            "curl -X POST https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token -d 'client_id={CLIENT}&client_secret={SECRET}&scope=api%3A%2F%2F{CLIENT}%2F.default&grant_type=client_credentials'\ncurl -H \"Authorization: Bearer $T\" {URL}/api/ListLogs",
        ),
        (
            "curl, a pair each, continued",
            "curl --location \"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token\" \\\n --data-urlencode \"client_id={CLIENT}\" \\\n --data-urlencode 'client_secret={SECRET}' \\\n -d scope=api://{CLIENT}/.default \\\n -d grant_type=client_credentials\n{URL}",
        ),
        (
            "curl, the secret percent-encoded",
            "curl https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token --data \"client_id={CLIENT}&client_secret=abc8Q%7E0123456789abcdefghijklmnopqrstuv%7Ex\" ; # {URL}",
        ),
        (
            "what CIPP shows",
            "API Url: {URL}\nTenant ID: {TENANT}\nApplication ID: {CLIENT}\nApplication Secret: {SECRET}\nToken URL: https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token\nAPI Scope: api://{CLIENT}/.default",
        ),
        (
            "copied from the Entra portal: label, value below; the secret with its ID",
            "Display name\nCIPP-API\nApplication (client) ID\n{CLIENT}\nObject ID\n99998888-7777-4666-8555-444433332222\nDirectory (tenant) ID\n{TENANT}\nValue\n{SECRET}\nSecret ID\n{SECRET_ID}\n{URL}",
        ),
        (
            "table with tabs",
            "API Url\t{URL}\nTenant ID\t{TENANT}\nClient ID\t{CLIENT}\nClient Secret\t{SECRET}",
        ),
        (
            "Markdown",
            "| Field | Value |\n|---|---|\n| API Url | {URL} |\n| Tenant ID | `{TENANT}` |\n| Client ID | `{CLIENT}` |\n| Client secret | `{SECRET}` |",
        ),
        (
            "Markdown list",
            "- **API URL:** <{URL}>\n- **Tenant ID**: {TENANT}\n* Client ID: `{CLIENT}`\n1. Secret: {SECRET}",
        ),
        (
            "YAML",
            "cipp:\n  url: {URL}\n  tenant_id: {TENANT}\n  client_id: {CLIENT}\n  client_secret: {SECRET}",
        ),
        (
            "TOML",
            "[cipp]\nurl = \"{URL}\"\ntenant-id = \"{TENANT}\"\nclient-id = \"{CLIENT}\"\nclient-secret = \"{SECRET}\"",
        ),
        (
            "Python",
            "client_id = '{CLIENT}'\nclient_secret = '{SECRET}'\ntenant_id = '{TENANT}'\nbase_url = '{URL}'\nscope = [f'api://{client_id}/.default']",
        ),
        (
            "C#",
            "var clientId = \"{CLIENT}\"; var clientSecret = \"{SECRET}\"; string tenantId = \"{TENANT}\"; var apiUrl = \"{URL}\";",
        ),
        (
            "an e-mail with an apostrophe",
            "Hi, here's the client's data; don't share it.\nThe tenant is {TENANT} and the client is {CLIENT}.\nThe secret's value: {SECRET}\nGo to {URL}.\nSee also https://docs.cipp.app/setup and https://portal.azure.com/#view/x/appId/99998888-7777-4666-8555-444433332222",
        ),
        (
            "bare values, client by the scope",
            "{SECRET}\napi://{CLIENT}/.default\n{URL}\n{TENANT}",
        ),
        (
            "bare values, client by the scope, one line",
            "{URL} {TENANT} api://{CLIENT}/.default {SECRET}",
        ),
        (
            "bare host",
            "cippabc12.azurewebsites.net\nTenant: {TENANT}\nClient: {CLIENT}\nSecret: {SECRET}",
        ),
        (
            "upper case",
            "TENANT ID = 7D3C1B9E-5A41-4A7F-9A53-0D8A1C2B3E4F\nCLIENT ID = {CLIENT}\nSECRET = {SECRET}\nURL = {URL}",
        ),
        (
            "old Mac line ends",
            "url={URL}\rtenant={TENANT}\rclient={CLIENT}\rsecret={SECRET}",
        ),
    ];
    for (name, sample) in samples {
        let found = read(sample);
        assert_eq!(parts(&found), ALL, "{name}: {:?}", found.notes);
        let ignored = [PasteNote::PathRemoved, PasteNote::PortalAddress];
        let notes: Vec<_> = found.notes.iter().filter(|note| !ignored.contains(note)).collect();
        assert!(notes.is_empty(), "{name}: {notes:?}");
    }
}

#[test]
fn bare_values_come_in_any_order() {
    let values = [URL, TENANT, CLIENT, SECRET];
    let mut orders = 0;
    for a in 0..4 {
        for b in (0..4).filter(|b| *b != a) {
            for c in (0..4).filter(|c| ![a, b].contains(c)) {
                let d = 6 - a - b - c;
                let tenant_first =
                    [a, b, c, d].iter().position(|i| *i == 1) < [a, b, c, d].iter().position(|i| *i == 2);
                for separator in ["\n", "\r\n", " ", "\t", ", ", "; "] {
                    let text = [a, b, c, d].map(|index| values[index]).join(separator);
                    let found = recognise(&text);
                    let (tenant, client) = if tenant_first {
                        (TENANT, CLIENT)
                    } else {
                        (CLIENT, TENANT)
                    };
                    assert_eq!(
                        parts(&found),
                        (Some(URL), Some(tenant), Some(client), Some(SECRET)),
                        "{text:?}"
                    );
                    assert_eq!(found.notes, [PasteNote::TwoGuids], "{text:?}");
                    orders += 1;
                }
            }
        }
    }
    assert_eq!(orders, 24 * 6);
}

#[test]
fn placeholders_are_not_taken() {
    for sample in [
        "$CIPPAPIUrl = \"https://yourcippurl.com\"\n$ApplicationId = \"your application ID\"\n$ApplicationSecret = \"your application secret\"\n$TenantId = \"your tenant id\"",
        r#"Set-CIPPAPIDetails -CIPPClientID "YourClientIDGoesHere" -CIPPClientSecret "YourClientSecretGoesHere" -CIPPAPIUrl "https://your.cipp.apiurl" -TenantID "YourTenantID""#,
        "client_id=<client id>\nclient_secret=<secret>\ntenant_id=00000000-0000-0000-0000-000000000000",
        r#"{"clientId":"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx","clientSecret":"********","apiUrl":"https://your-cipp-url"}"#,
    ] {
        let found = recognise(sample);
        assert_eq!(parts(&found), (None, None, None, None), "{sample}");
        assert_eq!(found.notes, [PasteNote::Placeholders], "{sample}");
    }
    // Half filled in: what is there is taken.
    let found = read(
        "$CIPPAPIUrl = \"{URL}\"\n$ApplicationId = \"{CLIENT}\"\n$ApplicationSecret = \"your application secret\"\n$TenantId = \"your tenant id\"",
    );
    assert_eq!(parts(&found), (Some(URL), None, Some(CLIENT), None));
    assert_eq!(found.notes, [PasteNote::Placeholders]);
    // A company called "Your IT" is no placeholder.
    assert_eq!(
        recognise("url: https://cipp.yourit.example").api_url.as_deref(),
        Some("https://cipp.yourit.example")
    );
}

#[test]
fn references_to_other_values_are_not_values() {
    let found = recognise("client_id = $ApplicationId\nclient_secret=${SECRET}\nTENANT=%TENANT%\nurl: {{ cipp_url }}");
    assert_eq!(parts(&found), (None, None, None, None));
}

#[test]
fn a_guid_is_no_secret() {
    for sample in [
        "Client secret: {SECRET_ID}\nTenant ID: {TENANT}\nClient ID: {CLIENT}\n{URL}",
        r#"Set-CIPPAPIDetails -CIPPClientID {CLIENT} -CIPPClientSecret {SECRET_ID} -CIPPAPIUrl {URL} -TenantID {TENANT}"#,
        "Secret ID: {SECRET_ID}\nTenant ID {TENANT}\nClient ID {CLIENT}\n{URL}",
        "{URL}\ntenant {TENANT}\nclient {CLIENT}\n{SECRET_ID}",
    ] {
        let found = read(sample);
        assert_eq!(parts(&found), (Some(URL), Some(TENANT), Some(CLIENT), None), "{sample}");
        assert_eq!(found.notes, [PasteNote::SecretIdInsteadOfValue], "{sample}");
    }
}

#[test]
fn the_address_is_cut_down_to_what_the_form_takes() {
    for (typed, base, notes) in [
        ("https://cippabc12.azurewebsites.net/api", URL, &[][..]),
        ("https://cippabc12.azurewebsites.net/API/api/", URL, &[]),
        (
            "https://cippabc12.azurewebsites.net/api/ListLogs?Filter=true",
            URL,
            &[PasteNote::PathRemoved],
        ),
        (
            "https://cipp.msp.example",
            "https://cipp.msp.example",
            &[PasteNote::PortalAddress],
        ),
        (
            "https://cipp.msp.example/cipp/logs",
            "https://cipp.msp.example",
            &[PasteNote::PortalAddress, PasteNote::PathRemoved],
        ),
        ("https://cipp.msp.example/api/", "https://cipp.msp.example", &[]),
        ("http://127.0.0.1:7071/api", "http://127.0.0.1:7071", &[]),
        ("http://localhost:7071", "http://localhost:7071", &[]),
        ("https://me:pw@cipp.msp.example/api", "https://cipp.msp.example", &[]),
    ] {
        let found = recognise(&format!("API Url: {typed}"));
        assert_eq!(found.api_url.as_deref(), Some(base), "{typed}");
        assert_eq!(found.notes, notes, "{typed}");
    }
}

#[test]
fn the_right_one_of_several_addresses_is_taken() {
    let found =
        read("See https://docs.cipp.app and https://portal.azure.com, ours: https://cipp.msp.example or {URL}/api");
    assert_eq!(found.api_url.as_deref(), Some(URL));
    let found = recognise("https://login.microsoftonline.com/common/oauth2/v2.0/token");
    assert_eq!(parts(&found), (None, None, None, None));
    assert_eq!(found.notes, [PasteNote::NothingFound]);
}

#[test]
fn tenants_may_be_domains() {
    let found = read("Contoso.onmicrosoft.com\n{CLIENT}\n{SECRET}\n{URL}");
    assert_eq!(
        parts(&found),
        (Some(URL), Some("contoso.onmicrosoft.com"), Some(CLIENT), Some(SECRET))
    );
    assert!(found.notes.is_empty(), "{:?}", found.notes);
    let found = read("https://login.microsoftonline.com/msp.example/oauth2/v2.0/token api://{CLIENT}/.default");
    assert_eq!(parts(&found), (None, Some("msp.example"), Some(CLIENT), None));
}

#[test]
fn what_cannot_be_told_is_said() {
    assert_eq!(read("{CLIENT}").notes, [PasteNote::OneGuid]);
    assert_eq!(
        read("Tenant ID: {TENANT}\nClient ID: {TENANT}").notes,
        [PasteNote::SameGuid]
    );
    let two_clients = read("client_id={CLIENT}\nclient_id={SECRET_ID}\n");
    assert_eq!(two_clients.client_id.as_deref(), Some(CLIENT));
    assert_eq!(two_clients.notes, [PasteNote::SeveralValues]);
    for nothing in [
        "",
        "   \r\n\u{feff}",
        "Hello, how are you?",
        "Tenant:",
        "client_id=",
        "{}",
        "[]",
        "null",
        "\"\"",
        "=",
        "&&&",
        "\\",
    ] {
        let found = recognise(nothing);
        assert_eq!(parts(&found), (None, None, None, None), "{nothing:?}");
        assert_eq!(found.notes, [PasteNote::NothingFound], "{nothing:?}");
    }
    let unusual = read("Client secret: hunter2-hunter2");
    assert_eq!(unusual.secret.as_ref().map(Secret::expose), Some("hunter2-hunter2"));
    assert_eq!(unusual.notes, [PasteNote::UnusualSecret]);
    let bare = read("{URL}\n{TENANT}\n{CLIENT}\nsome-other-kind-of-secret-1");
    assert_eq!(
        bare.secret.as_ref().map(Secret::expose),
        Some("some-other-kind-of-secret-1")
    );
}

#[test]
fn a_value_with_a_typing_error_reaches_its_field() {
    let found = recognise("Tenant ID: 7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4\nClient ID: not-a-guid");
    assert_eq!(found.tenant_id.as_deref(), Some("7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4"));
    assert_eq!(found.client_id.as_deref(), Some("not-a-guid"));
}

#[test]
fn a_secret_in_the_wrong_place_is_still_a_secret() {
    let found = read("Tenant ID: {SECRET}\nClient ID: {CLIENT}");
    assert_eq!(found.tenant_id, None);
    assert_eq!(found.secret.as_ref().map(Secret::expose), Some(SECRET));
}

#[test]
fn the_secret_is_neither_printed_nor_serialised() {
    for sample in [
        POWERSHELL_BLOCK,
        "{URL}\n{TENANT}\n{CLIENT}\n{SECRET}",
        "Tenant ID: {SECRET}",
    ] {
        let found = read(sample);
        assert!(!format!("{found:?}").contains("Q~"), "{found:?}");
        assert!(!serde_json::to_string(&found).unwrap().contains("Q~"));
    }
}

#[test]
fn any_text_is_survived() {
    let seed = filled(POWERSHELL_BLOCK) + "é\u{1F600}\u{202e}'\"`{[|\t=:&%";
    let pieces: Vec<char> = seed.chars().collect();
    for cut in 0..pieces.len() {
        let (front, back): (String, String) = (pieces[..cut].iter().collect(), pieces[cut..].iter().collect());
        recognise(&front);
        recognise(&back);
        recognise(&format!("{back}{front}"));
    }
    recognise(&"a=b&".repeat(20_000));
    recognise(&"[".repeat(20_000));
    recognise(&format!("client_secret={}", "x1".repeat(100_000)));
}

#[test]
fn every_note_has_its_sentence() {
    for note in [
        PasteNote::NothingFound,
        PasteNote::TwoGuids,
        PasteNote::PathRemoved,
        PasteNote::PortalAddress,
    ] {
        assert!(note.sentence().ends_with('.'));
    }
}
