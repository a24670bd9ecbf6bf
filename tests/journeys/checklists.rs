//! Each check on its way: looked at for real, kept in a run on the disk, shown as a state, printed in the report.
//!
//! Each test takes one check through a life: it cannot look, then it finds the fault of a world that has it, then it sees
//! that all is well, then it cannot look again. What a check decides in every other world stands in
//! `checklist/tests/worlds.rs`; here it is what becomes of it.

use checklist::{
    About, CheckId, Checklist, Obstacle, Planned, Progress, RunStore, Sources, StepProgress, StepState, all, check_all,
    markdown,
};
use cipp_client::{Client, Secret};
use jiff::{Timestamp, tz::TimeZone};
use ms_client::{Scopes, TIER_2_OPTIONAL};
use tokio_util::sync::CancellationToken;

use crate::microsoft::{World, files_under};

/// How the fault of its world is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// As one that somebody must mend.
    Failed,
    /// As one that mends itself.
    Waiting,
    /// As a hint: it is no fault of the set-up.
    Hint,
}

macro_rules! journeys {
    ($($name:ident: $check:ident in $fault:literal is $told:ident, cannot look in $silent:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                journey(CheckId::$check, $fault, Told::$told, $silent).await;
            }
        )*

        const COVERED: &[CheckId] = &[$(CheckId::$check),*];
    };
}

journeys! {
    cipp_token: CippToken in "expired_secret" is Failed, cannot look in "nobody";
    cipp_address: CippAddress in "website_address" is Failed, cannot look in "nobody";
    cipp_accepted: CippAccepted in "not_saved" is Failed, cannot look in "nobody";
    cipp_role: CippRole in "role_lacks_permission" is Failed, cannot look in "nobody";
    cipp_listlogs: CippListlogs in "html_instead_of_json" is Failed, cannot look in "nobody";
    cipp_version: CippVersion in "setup_cipp_version_fails" is Hint, cannot look in "nobody";
    cipp_access_permissions: CippAccessPermissions in "setup_cipp_access_permissions_fails" is Waiting, cannot look in "readonly_role";
    cipp_service_account_name: CippServiceAccountName in "setup_cipp_service_account_name_fails" is Failed, cannot look in "readonly_role";
    cipp_mfa_claim: CippMfaClaim in "setup_cipp_mfa_claim_fails" is Failed, cannot look in "readonly_role";
    cipp_sam_permissions: CippSamPermissions in "setup_cipp_sam_permissions_fails" is Failed, cannot look in "readonly_role";
    cipp_adminagents: CippAdminagents in "setup_cipp_adminagents_fails" is Failed, cannot look in "readonly_role";
    cipp_gdap_groups: CippGdapGroups in "setup_cipp_gdap_groups_fails" is Failed, cannot look in "readonly_role";
    cipp_tenant_access: CippTenantAccess in "setup_cipp_tenant_access_fails" is Failed, cannot look in "readonly_role";
    cipp_ip_range: CippIpRange in "setup_cipp_ip_range_fails" is Failed, cannot look in "readonly_role";
    cipp_role_lowered: CippRoleLowered in "setup_cipp_role_lowered_fails" is Failed, cannot look in "nobody";
    ms_tenant: MsTenant in "setup_ms_tenant_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_auth_settings: MsAuthSettings in "setup_ms_auth_settings_fails" is Failed, cannot look in "setup_arm_unavailable";
    ms_setup_roles: MsSetupRoles in "setup_ms_setup_roles_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_setup_roles_removed: MsSetupRolesRemoved in "setup_ms_setup_roles_removed_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_sam_permission: MsSamPermission in "setup_ms_sam_permission_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_sam_consent: MsSamConsent in "setup_ms_sam_consent_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_contributor: MsContributor in "setup_ms_contributor_fails" is Failed, cannot look in "setup_arm_unavailable";
    ms_contributor_removed: MsContributorRemoved in "setup_ms_contributor_removed_fails" is Failed, cannot look in "setup_arm_unavailable";
    ms_function_identity: MsFunctionIdentity in "setup_ms_function_identity_fails" is Failed, cannot look in "setup_arm_unavailable";
    ms_api_app: MsApiApp in "setup_ms_api_app_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_secret_expiry: MsSecretExpiry in "setup_ms_secret_expiry_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_account: MsAccount in "setup_ms_account_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_adminagents: MsAdminagents in "setup_ms_adminagents_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_gdap_groups: MsGdapGroups in "setup_ms_gdap_groups_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_mfa_registered: MsMfaRegistered in "setup_ms_mfa_registered_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_mfa_enforced: MsMfaEnforced in "setup_ms_mfa_enforced_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_other_policies: MsOtherPolicies in "setup_ms_other_policies_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_remembered_devices: MsRememberedDevices in "setup_ms_remembered_devices_fails" is Failed, cannot look in "setup_policies_unavailable";
    ms_microsoft_mfa: MsMicrosoftMfa in "setup_ms_microsoft_mfa_fails" is Failed, cannot look in "setup_graph_unavailable";
    ms_mailbox: MsMailbox in "setup_ms_mailbox_fails" is Failed, cannot look in "setup_graph_unavailable";
}

#[test]
fn every_check_has_its_journey() {
    let missing: Vec<&CheckId> = CheckId::ALL.iter().filter(|id| !COVERED.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A world, and the way to its CIPP.
struct Place {
    world: World,
    client: Client,
}

impl Place {
    /// A scenario by its name, or the world in which nobody is there.
    async fn of(name: &str) -> Place {
        if name != "nobody" {
            let world = World::playing(name).await;
            let client = world.client();
            return Place { world, client };
        }
        let world = World::playing("healthy").await;
        let mut connection = world.connection();
        // Nothing listens on the port that is reserved for nothing.
        connection.api_url = "http://127.0.0.1:9".parse().unwrap();
        connection.authority = "http://127.0.0.1:9".parse().unwrap();
        let secret = Secret::parse(&world.ready().client_secret).unwrap();
        let client = World::client_of(connection, secret);
        Place { world, client }
    }
}

/// One step of a checklist in a run on the disk, with the check that this is about.
struct Watched {
    folder: tempfile::TempDir,
    store: RunStore,
    list: &'static Checklist,
    step: &'static str,
    check: CheckId,
    /// What may stand in no file and no report.
    planted: Vec<String>,
}

async fn journey(check: CheckId, fault: &str, told: Told, silent: &str) {
    let mut watched = Watched::new(check);
    let sound = match check {
        CheckId::MsSetupRolesRemoved | CheckId::MsContributorRemoved => "setup_cleaned_up",
        CheckId::CippIpRange => "setup_ip_range_narrow",
        CheckId::CippRoleLowered => "readonly_role",
        _ => "healthy",
    };

    // It cannot look: neither red nor green.
    let unseen = Place::of(silent).await;
    let stands = watched.look_in(&unseen).await;
    assert_eq!(stands.state, StepState::Todo);
    watched.expect_remark(&stands, silent);

    // It finds the fault, and says what to do and how it knows.
    let stands = watched.look_in(&Place::of(fault).await).await;
    assert!(stands.remark.is_none(), "it could look: {:?}", stands.remark);
    match (&stands.state, told) {
        (
            StepState::Failed {
                reason,
                remedy,
                evidence,
                ..
            },
            Told::Failed,
        ) => {
            assert!(!reason.is_empty() && !remedy.is_empty());
            assert!(!evidence.requests.is_empty(), "without a proof");
        }
        (StepState::Waiting { reason, .. }, Told::Waiting) => assert!(reason.ends_with('.'), "{reason}"),
        (StepState::Verified { hint: Some(hint), .. }, Told::Hint) => assert!(hint.ends_with('.'), "{hint}"),
        (other, _) => panic!("{check} in {fault}: {other:#?}"),
    }

    // It sees that all is well, and how it knows.
    let stands = watched.look_in(&Place::of(sound).await).await;
    let StepState::Verified {
        check: by, evidence, ..
    } = &stands.state
    else {
        panic!("{check} in {sound}: {:#?}", stands.state);
    };
    assert_eq!(*by, check.to_string());
    assert!(
        !evidence.requests.is_empty() && evidence.signed_in_as.is_some(),
        "{evidence:?}"
    );
    let verified = stands.state.clone();

    // What was proved stays proved when nobody can look.
    let stands = watched.look_in(&unseen).await;
    assert_eq!(stands.state, verified);
    watched.expect_remark(&stands, silent);
    watched.expect_report();
}

impl Watched {
    fn new(check: CheckId) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = RunStore::open(
            folder.path().join("checklist-runs"),
            folder.path().join("checklists.json"),
        );
        let proved_by = |list: &'static Checklist| {
            let step = list.steps().find(|step| step.proof.checks.contains(&check))?;
            Some((list, step))
        };
        let (list, step) = all()
            .unwrap()
            .iter()
            .find_map(proved_by)
            .expect("a step that it proves");
        if let Some(variant) = step.variants.first() {
            store
                .change(None, |run| run.choose_variant(list, variant, Timestamp::now(), "anna"))
                .unwrap();
        }
        Watched {
            folder,
            store,
            list,
            step: &step.id,
            check,
            planted: vec!["eyJ".into()],
        }
    }

    /// Looks once in this world and keeps what was found. How the step stands then, as it is read from the disk.
    async fn look_in(&mut self, place: &Place) -> StepProgress {
        let Place { world, client } = place;
        let mut scopes = Scopes::tier_2();
        scopes.extend(TIER_2_OPTIONAL);
        let microsoft = match self.check.is_cipp() {
            true => None,
            false => Some(world.sign_in("admin", scopes).await.0),
        };
        let sources = Sources {
            cipp: Some(client.clone()),
            microsoft,
            subject: world.subject(),
            clock: std::sync::Arc::new(Timestamp::now),
        };
        let planned = [Planned {
            step: self.step.to_owned(),
            checks: vec![self.check],
        }];
        let mut nothing = |_| {};
        let round = check_all(&sources, &planned, &mut nothing, &CancellationToken::new()).await;
        for found in round.findings {
            let record =
                |run: &mut checklist::Run| run.record(self.list, &found.step, found.finding, Timestamp::now(), "anna");
            self.store.change(None, record).unwrap();
        }
        self.planted.push(world.ready().client_secret.clone());
        self.progress().step(self.step).unwrap().clone()
    }

    fn progress(&self) -> Progress {
        let run = self.store.load(None).unwrap();
        run.progress(self.list, Timestamp::now())
    }

    fn expect_remark(&self, stands: &StepProgress, world: &str) {
        let remark = stands.remark.as_ref().expect("that it could not look is said");
        let wanted = match world {
            "readonly_role" => Obstacle::CippRole,
            _ => Obstacle::Network,
        };
        assert_eq!(remark.cause, wanted, "{remark:?}");
        assert!(remark.reason.ends_with('.') && !remark.remedy.is_empty(), "{remark:?}");
    }

    /// The report has the last state with its proof and the history; neither it nor any file has a secret or a token.
    fn expect_report(&self) {
        let about = About {
            name: "Journey".into(),
            at: Timestamp::now(),
            by: "anna".into(),
            version: "0".into(),
            zone: TimeZone::UTC,
        };
        let run = self.store.load(None).unwrap();
        let report = markdown(std::slice::from_ref(self.list), &run, &about);
        for wanted in [
            "**: verified",
            "  - Proof",
            "Could not check: ",
            "  - History",
            "signed in as ",
        ] {
            assert!(report.contains(wanted), "{wanted} is not in\n{report}");
        }
        let mut texts = files_under(self.folder.path());
        assert!(!texts.is_empty());
        texts.push(report);
        for text in texts {
            for planted in &self.planted {
                assert!(!text.contains(planted.as_str()), "{planted} is in\n{text}");
            }
        }
    }
}
