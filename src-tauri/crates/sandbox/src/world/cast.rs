//! Who lives in the world: tenants, technicians, users, API clients, templates and tasks.
//!
//! All of it is invented. Domains end in `.example` (reserved by RFC 2606), addresses come from the blocks that RFC 5737
//! reserves for documentation. What these people do is not here but in the dictionary.

use super::chance::{Chance, guid};

/// A customer tenant, or the partner's own.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// The tenant's GUID (CIPP: `customerId`), lower-case.
    pub id: String,
    /// The name people see.
    pub display_name: String,
    /// The domain by which CIPP names the tenant in the logbook.
    pub default_domain: String,
    /// The domain the tenant was born with.
    pub initial_domain: String,
    /// Reached directly instead of through GDAP.
    pub direct: bool,
}

/// An application that calls CIPP's API.
#[derive(Debug, Clone)]
pub struct ApiClient {
    /// The client id as it stands in `AppId`.
    pub app_id: String,
    /// The name CIPP shows; `CIPP-API` where it knows none.
    pub name: &'static str,
}

/// A standards template.
#[derive(Debug, Clone)]
pub struct Template {
    /// GUID, lower-case.
    pub id: String,
    /// The template's name; absent for one that was deleted later.
    pub name: Option<&'static str>,
}

/// Everyone and everything that rows refer to.
#[derive(Debug, Clone)]
pub struct Cast {
    /// Customer tenants; the first ones have the most to say.
    pub tenants: Vec<Tenant>,
    /// The partner's own tenant.
    pub partner: Tenant,
    /// Sign-in names of the partner's technicians.
    pub technicians: Vec<String>,
    /// Sign-in names of the customers' users, and which tenant (by position) each belongs to.
    pub users: Vec<(String, usize)>,
    /// Applications that call the API.
    pub api_clients: Vec<ApiClient>,
    /// Standards templates; the last one was deleted.
    pub templates: Vec<Template>,
    /// GUIDs of scheduled tasks.
    pub scheduled_tasks: Vec<String>,
    /// GUIDs of baseline runs.
    pub baseline_runs: Vec<String>,
}

const PARTNER: (&str, &str) = ("Harbour Light IT", "harbourlight");

/// How many customers have a name of their own; the names of further ones are put together.
pub(super) const NAMED_TENANTS: usize = 20;

const TENANTS: [(&str, &str); NAMED_TENANTS] = [
    ("Alpenrose Dental Group", "alpenrose"),
    ("Bluefin Logistics", "bluefin-logistics"),
    ("Cedar & Stone Architects", "cedarstone"),
    ("Dunmore Accounting", "dunmore"),
    ("Evergreen Care Homes", "evergreencare"),
    ("Falcon Ridge Engineering", "falconridge"),
    ("Greta's Bakeries", "gretas"),
    ("Hollow Oak School", "hollowoak"),
    ("Ironbridge Foundry", "ironbridge"),
    ("Juniper Legal", "juniperlegal"),
    ("Kestrel Insurance Brokers", "kestrel-brokers"),
    ("Lakeside Veterinary", "lakesidevet"),
    ("Meridian Freight", "meridianfreight"),
    ("Northwind Optics", "northwindoptics"),
    ("Orchard Lane Pharmacy", "orchardlane"),
    ("Pinegrove Hotels", "pinegrove"),
    ("Quarry Street Theatre", "quarrystreet"),
    ("Riverbend Municipality", "riverbend"),
    ("Silverline Solar", "silverlinesolar"),
    ("Tidewater Marine", "tidewater"),
];

/// The parts of further names; 10,000 of them before they repeat.
const FIRST: [&str; 25] = [
    "Amber",
    "Birch",
    "Copper",
    "Dawn",
    "Ember",
    "Fern",
    "Granite",
    "Hazel",
    "Indigo",
    "Jade",
    "Kingfisher",
    "Linden",
    "Maple",
    "Noble",
    "Opal",
    "Poplar",
    "Quartz",
    "Rowan",
    "Sable",
    "Thistle",
    "Umber",
    "Violet",
    "Willow",
    "Yarrow",
    "Zephyr",
];
const SECOND: [&str; 20] = [
    "Bay", "Bridge", "Brook", "Cliff", "Crest", "Dale", "Field", "Ford", "Gate", "Grove", "Haven", "Hill", "Lake",
    "March", "Mill", "Moor", "Point", "Ridge", "Vale", "Wharf",
];
const TRADE: [&str; 20] = [
    "Advisory", "Books", "Catering", "Dental", "Electric", "Farms", "Glass", "Holidays", "Imports", "Joinery",
    "Kitchens", "Labs", "Motors", "Nursery", "Optics", "Plumbing", "Roofing", "Schools", "Textiles", "Wines",
];

const TECHNICIANS: [&str; 6] = [
    "anna.keller",
    "brendan.osei",
    "chiara.rossi",
    "david.lindqvist",
    "emeka.obi",
    "adm-fiona.walsh",
];

const USERS: [&str; 40] = [
    "alice.moreau",
    "ben.carter",
    "carla.nunez",
    "dmitri.volkov",
    "ella.brandt",
    "farid.haddad",
    "gwen.morgan",
    "hiro.tanaka",
    "ines.ferreira",
    "jonas.weber",
    "katya.orlova",
    "liam.byrne",
    "mia.svensson",
    "noah.dekker",
    "olga.petrova",
    "pedro.alvarez",
    "quinn.hayes",
    "rosa.conti",
    "samir.patel",
    "tessa.vandijk",
    "umar.farouk",
    "vera.kovacs",
    "will.turner",
    "xenia.pappas",
    "yusuf.demir",
    "zoe.laurent",
    "adam.nowak",
    "bianca.ricci",
    "cormac.doyle",
    "dana.fischer",
    "emil.hansen",
    "fatima.zahra",
    "george.mensah",
    "hanna.virtanen",
    "ivan.horvat",
    "julia.schmid",
    "kofi.asante",
    "lena.wagner",
    "marco.bianchi",
    "reception",
];

const TEMPLATES: [Option<&str>; 6] = [
    Some("Baseline for every customer"),
    Some("Exchange hardening"),
    Some("Intune devices"),
    Some("Conditional Access starter set"),
    Some("Teams and SharePoint sharing"),
    None,
];

impl Cast {
    pub(super) fn gather(seed: u64, customers: usize) -> Cast {
        let customers = customers.max(NAMED_TENANTS);
        let mut ids = Chance::new(seed ^ 0xca57);
        let names: Vec<(String, String)> = (0..customers).map(name_of).collect();
        let tenants = names
            .iter()
            .enumerate()
            .map(|(place, (name, label))| tenant(name, label, ids.next(), place % 9 == 8))
            .collect();
        let partner = tenant(PARTNER.0, PARTNER.1, ids.next(), true);
        // A partner with more customers has more hands.
        let more_technicians = if customers > NAMED_TENANTS { USERS.len() } else { 0 };
        let technicians = TECHNICIANS
            .iter()
            .chain(&USERS[..more_technicians])
            .map(|name| format!("{name}@{}", partner.default_domain))
            .collect();
        let users = (0..2 * customers)
            .map(|n| {
                (
                    n % customers,
                    USERS[(n % customers + n / customers * NAMED_TENANTS) % USERS.len()],
                )
            })
            .map(|(home, name)| (format!("{name}@{}.example", names[home].1), home))
            .collect();
        let api_clients = ["Harbour Light reporting", "n8n automations", "CIPP-API"]
            .into_iter()
            .map(|name| ApiClient {
                app_id: guid(ids.next()).to_string(),
                name,
            })
            .collect();
        let templates = TEMPLATES
            .into_iter()
            .map(|name| Template {
                id: guid(ids.next()).to_string(),
                name,
            })
            .collect();
        let mut guids = |n: usize| (0..n).map(|_| guid(ids.next()).to_string()).collect::<Vec<_>>();
        Cast {
            tenants,
            partner,
            technicians,
            users,
            api_clients,
            templates,
            scheduled_tasks: guids(8),
            baseline_runs: guids(3),
        }
    }
}

/// Name and domain label of the customer at a place.
fn name_of(place: usize) -> (String, String) {
    if let Some((name, label)) = TENANTS.get(place) {
        return ((*name).to_owned(), (*label).to_owned());
    }
    let first = FIRST[place % FIRST.len()];
    let second = SECOND[place / FIRST.len() % SECOND.len()];
    let trade = TRADE[place / (FIRST.len() * SECOND.len()) % TRADE.len()];
    let label = format!("{first}{second}-{trade}").to_lowercase();
    match place / (FIRST.len() * SECOND.len() * TRADE.len()) {
        0 => (format!("{first} {second} {trade}"), label),
        again => (format!("{first} {second} {trade} {again}"), format!("{label}-{again}")),
    }
}

fn tenant(display_name: &str, label: &str, id: u64, direct: bool) -> Tenant {
    Tenant {
        id: guid(id).to_string(),
        display_name: display_name.to_owned(),
        default_domain: format!("{label}.example"),
        initial_domain: format!("{}.onmicrosoft.example", label.replace('-', "")),
        direct,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_here_can_exist() {
        let cast = Cast::gather(1, 0);
        assert_eq!((cast.tenants.len(), cast.users.len()), (20, 40));
        for tenant in cast.tenants.iter().chain([&cast.partner]) {
            assert!(tenant.default_domain.ends_with(".example") && tenant.initial_domain.ends_with(".example"));
        }
        assert!(
            cast.technicians
                .iter()
                .all(|name| name.ends_with("@harbourlight.example"))
        );
    }

    #[test]
    fn ten_thousand_customers_have_names_of_their_own() {
        let cast = Cast::gather(1, 10_000);
        let mut domains: Vec<&str> = cast
            .tenants
            .iter()
            .map(|tenant| tenant.default_domain.as_str())
            .collect();
        domains.sort_unstable();
        domains.dedup();
        assert_eq!((domains.len(), cast.users.len()), (10_000, 20_000));
        assert_ne!(cast.users[0].0, cast.users[10_000].0, "two people in each");
    }
}
