//! Edits to a configuration in TOML that leave every other byte as it is: comments, order, line ends. PURE;
//! must not know the keys, or what their values mean.

mod comments;
mod layout;
mod lists;
mod place;
mod quoting;
mod splice;
mod text;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use splice::{Splice, spliced};

pub use comments::comments;

/// Why a text cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not TOML.
    #[error("the file is not TOML: mend it in an editor (`offhook config check` says where it is wrong)")]
    NotToml,
    /// The key is written in a way that cannot be changed without changing more.
    #[error("{0} is written in a way that cannot be changed here: change it in an editor")]
    Unusual(String),
}

/// The text with these values: keys are "section.name". A value that the text has already is left as it is
/// written. A missing key comes after the last one of its section, a missing section at the end.
///
/// # Errors
/// If the text is not TOML, or has a key in a form that cannot be edited.
pub fn edited<'a>(
    text: &str,
    changes: impl IntoIterator<Item = (&'a str, Value)>,
) -> Result<String, EditError> {
    let mut new = text.to_owned();
    let mut table: Table = text.parse().map_err(|_| EditError::NotToml)?;
    for (key, value) in changes {
        let unusual = || EditError::Unusual(key.to_owned());
        let (section, name) = key.split_once('.').ok_or_else(unusual)?;
        let old = table.get(section).and_then(|keys| keys.get(name));
        if old == Some(&value) {
            continue;
        }
        let splices = splices(&new, section, name, old, &value).ok_or_else(unusual)?;
        new = spliced(&new, splices).ok_or_else(unusual)?;
        let keys = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        keys.as_table_mut().ok_or_else(unusual)?.insert(name.to_owned(), value);
        // Whatever the text looked like: it now says this, and nothing else has changed.
        if new.parse::<Table>().ok().as_ref() != Some(&table) {
            return Err(unusual());
        }
    }
    Ok(new)
}

/// What must change in the text for the key to have this value.
fn splices(text: &str, section: &str, name: &str, old: Option<&Value>, value: &Value) -> Option<Vec<Splice>> {
    let root = DeTable::parse(text).ok()?;
    let Some((_, there)) = place::key(root.get_ref(), section, name) else {
        return place::new_key(text, root.get_ref(), section, name, &text::written(value, None)?)
            .map(|splice| vec![splice]);
    };
    match (there.get_ref(), value) {
        (DeValue::Array(items), Value::Array(new)) => lists::splices(text, there.span(), items, old?, new),
        (DeValue::Table(entries), Value::Table(new)) if !text.get(there.span())?.starts_with('{') => {
            place::entries(text, entries, old?, new)
        }
        _ => Some(vec![(there.span(), text::written(value, text.get(there.span()))?)]),
    }
}
