//! The OData parameters of a request: `$select`, `$filter`, `$top`, `$count`, `$skiptoken`.

use serde_json::{Map, Value};

use super::{GraphError, filter::Filter};

/// Parameters that are read elsewhere or change nothing here.
const IGNORED: [&str; 3] = ["$orderby", "$expand", "$format"];

/// What a request asks for.
#[derive(Debug, Default)]
pub(super) struct Query {
    select: Option<Vec<String>>,
    filter: Option<Filter>,
    pub(super) top: Option<usize>,
    /// How many entries the pages before this one had.
    pub(super) skip: usize,
    pub(super) count: bool,
    /// As written, without the place to go on from.
    written: Vec<(String, String)>,
}

impl Query {
    /// Reads a query string.
    ///
    /// # Errors
    /// Graph's refusal for a filter or a parameter that it does not understand.
    pub(super) fn read(query: &str) -> Result<Self, GraphError> {
        let mut read = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()).into_owned() {
            match name.to_ascii_lowercase().as_str() {
                "$select" => {
                    let names = value.split(',').map(|name| name.trim().to_owned());
                    read.select = Some(names.filter(|name| !name.is_empty()).collect());
                }
                "$filter" => read.filter = Some(Filter::parse(&value)?),
                "$top" => read.top = Some(number(&name, &value)?),
                "$count" => read.count = value.eq_ignore_ascii_case("true"),
                "$skiptoken" => {
                    read.skip = number(&name, value.trim_start_matches("p."))?;
                    continue;
                }
                other if IGNORED.contains(&other) || !other.starts_with('$') => {}
                other => {
                    return Err(GraphError::bad_request(
                        "BadRequest",
                        format!("The query parameter '{other}' is not recognized."),
                    ));
                }
            }
            read.written.push((name, value));
        }
        Ok(read)
    }

    pub(super) fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(object))
    }

    /// Whether properties were named at all.
    pub(super) fn selects(&self) -> bool {
        self.select.is_some()
    }

    /// The named properties, null where the object has none of that name; all of them where none was named. What begins
    /// with `@` always comes along, `members` never: it is how the directory's file writes a relation.
    pub(super) fn pick(&self, object: &Value) -> Value {
        let Some(all) = object.as_object() else {
            return object.clone();
        };
        let mut picked = Map::new();
        for (name, value) in all {
            if name != "members" && (self.select.is_none() || name.starts_with('@')) {
                picked.insert(name.clone(), value.clone());
            }
        }
        for name in self.select.iter().flatten() {
            let known = all.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let (name, value) = known.map_or((name.as_str(), &Value::Null), |(known, value)| (known.as_str(), value));
            if name != "members" {
                picked.insert(name.to_owned(), value.clone());
            }
        }
        Value::Object(picked)
    }

    /// The address of the page that begins after so many entries.
    pub(super) fn next_link(&self, address: &str, after: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.written);
        query.append_pair("$skiptoken", &format!("p.{after}"));
        format!("{address}?{}", query.finish())
    }
}

fn number(name: &str, value: &str) -> Result<usize, GraphError> {
    value.parse().map_err(|_| {
        GraphError::bad_request(
            "BadRequest",
            format!("Invalid value '{value}' for {name} query option."),
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn named_properties_come_even_where_there_are_none() {
        let object = json!({ "id": "1", "displayName": "A", "members": ["x"], "@odata.type": "#t" });
        let query = Query::read("$select=displayname,mail").unwrap();
        assert_eq!(
            query.pick(&object),
            json!({ "@odata.type": "#t", "displayName": "A", "mail": null })
        );
        let all = Query::read("").unwrap().pick(&object);
        assert_eq!(all, json!({ "id": "1", "displayName": "A", "@odata.type": "#t" }));
    }

    #[test]
    fn the_next_page_asks_for_the_same() {
        let query = Query::read("$filter=displayName%20eq%20'a%20b'&$count=true&$skiptoken=p.4").unwrap();
        assert_eq!(query.skip, 4);
        let link = query.next_link("http://x/groups", 8);
        assert_eq!(
            link,
            "http://x/groups?%24filter=displayName+eq+%27a+b%27&%24count=true&%24skiptoken=p.8"
        );
        let again = Query::read(link.split_once('?').unwrap().1).unwrap();
        assert_eq!((again.skip, again.count), (8, true));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(Query::read("$filtre=x").is_err());
        assert!(Query::read("$top=many").is_err());
        assert!(Query::read("$filter=displayName").is_err());
        assert!(Query::read("anything=goes").is_ok());
    }
}
