//! What holds for edits of a configuration: the shipped one, and any.

use offhook_edits::{EditError, comments, edited};
use proptest::prelude::*;
use toml::{Table, Value};

const SHIPPED: &str = include_str!("../../../../config.toml");

fn one(text: &str, key: &str, value: impl Into<Value>) -> String {
    edited(text, [(key, value.into())]).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[test]
fn a_value_changes_and_its_comments_stay() {
    let text = "# top\r\n[a] # section\r\n  x = 1 # why\r\ny=\"b\"\r\n\r\n# next\r\n[b]\r\nz = [ 1,\r\n 2, # two\r\n]";
    assert_eq!(one(text, "a.x", 25), text.replace("x = 1", "x = 25"));
    assert_eq!(one(text, "a.y", "c\"d"), text.replace("\"b\"", "\"c\\\"d\""));
    assert_eq!(one(text, "a.new", true), text.replace("y=\"b\"", "y=\"b\"\r\nnew = true"));
    let list = |items: &[i64]| Value::Array(items.iter().map(|&item| item.into()).collect());
    assert_eq!(one(text, "b.z", list(&[1, 3])), text.replace(" 2,", " 3,"));
    assert_eq!(one(text, "b.z", list(&[1, 2, 3])), text.replace(" 2,", " 2,\r\n 3,"));
    assert_eq!(one(text, "b.z", list(&[2])), text.replace("1,\r\n 2", "2"));
    assert_eq!(one(text, "c.q", 0.5), format!("{text}\r\n\r\n[c]\r\nq = 0.5\r\n"));
    assert_eq!(one("", "c.q", 1), "[c]\nq = 1\n");
    assert_eq!(one("[c]# all\n[d]\n", "c.q", 1), "[c]# all\nq = 1\n[d]\n");
}

#[test]
fn sections_in_other_forms_are_edited_in_their_form() {
    assert_eq!(one("a.x = 1\n", "a.y", 2), "a.x = 1\na.y = 2\n");
    assert_eq!(one("a = { x = 1 } # b\n", "a.y", 2), "a = { x = 1, y = 2 } # b\n");
    assert_eq!(one("a = {}\n", "a.y", 2), "a = { y = 2 }\n");
    assert_eq!(one("[a.b]\nx = 1", "a.y", 2), "[a.b]\nx = 1\n\n[a]\ny = 2\n");
    let words = |pairs: &[(&str, &str)]| {
        Value::Table(pairs.iter().map(|(name, said)| ((*name).to_owned(), (*said).into())).collect())
    };
    let text = "[a]\nx = 1\n[a.p] # said\nb = \"c\" # of b\nd = \"e\"\n[z]\n";
    let new = one(text, "a.p", words(&[("b", "x"), ("St. Ives", "saint")]));
    assert_eq!(new, "[a]\nx = 1\n[a.p] # said\nb = \"x\" # of b\n\"St. Ives\" = \"saint\"\n[z]\n");
    assert_eq!(one("[a]\np = {}\n", "a.p", words(&[("b", "x")])), "[a]\np = { b = \"x\" }\n");
}

#[test]
fn a_text_that_cannot_be_edited_is_left_alone() {
    assert_eq!(edited("[a\n", [("a.x", 1.into())]), Err(EditError::NotToml));
    assert_eq!(edited("a = 1\n", [("a.x", 1.into())]), Err(EditError::Unusual("a.x".to_owned())));
    assert_eq!(edited("", [("x", 1.into())]), Err(EditError::Unusual("x".to_owned())));
}

#[test]
fn a_long_text_keeps_the_lines_that_did_not_change() {
    let table: Table = SHIPPED.parse().expect("TOML");
    let prompt = table["agent"]["system_prompt"].as_str().expect("a text").to_owned();
    let new = one(SHIPPED, "agent.system_prompt", prompt.replace("cleaning ninety", "cleaning eighty"));
    let changed: Vec<(&str, &str)> =
        lines(SHIPPED).into_iter().zip(lines(&new)).filter(|(old, new)| old != new).collect();
    assert_eq!(changed.len(), 1, "{changed:#?}");
    assert!(changed[0].1.starts_with("Prices: cleaning eighty dollars"), "{changed:#?}");
    // One more fact at the end, and one in the middle, in the line where it is.
    let new = one(SHIPPED, "agent.system_prompt", format!("{prompt} Dogs: no."));
    assert!(
        new.contains("\nInsurance: yes. Payment") && new.contains("right away. Dogs: no.\"\"\"\n"),
        "{new}"
    );
    let more = prompt.replace("Parking:", "Coffee: free. Parking:");
    let new = one(SHIPPED, "agent.system_prompt", more);
    assert_eq!(lines(&new).len(), lines(SHIPPED).len());
    assert!(new.contains("Street. Coffee: free. Parking: behind the building. \\\n"), "{new}");
    let new = one(SHIPPED, "agent.system_prompt", "You are a bakery.\nHours: nine to five.");
    assert!(new.contains("system_prompt = \"\"\"\nYou are a bakery.\nHours: nine to five.\"\"\"\n"), "{new}");
    assert_eq!(one("[a]\nx = \"b\"\n", "a.x", "c\nd"), "[a]\nx = \"\"\"\nc\nd\"\"\"\n");
}

#[test]
fn the_comment_above_a_key_is_its_help_and_is_shared_by_those_right_below() {
    let of = comments("[a]\n# One\n# two.\nx = 1\ny = 2\n\nz = 3\n# Own.\nw = 4\n");
    let told = ["x", "y", "z", "w"].map(|key| of[&format!("a.{key}")].as_str());
    assert_eq!(told, ["One two.", "One two.", "", "Own."]);
    assert!(comments(SHIPPED)["manners.idle_prompts"].starts_with("How long the caller may be silent"));
}

fn value() -> impl Strategy<Value = Value> {
    let text = "(?s).{0,60}|[a-z .\"\\\\\n]{0,80}";
    prop_oneof![
        text.prop_map(Value::String),
        any::<i64>().prop_map(Value::Integer),
        any::<bool>().prop_map(Value::Boolean),
        (-1e6..1e6).prop_map(Value::Float),
        proptest::collection::vec(text.prop_map(Value::String), 0..6).prop_map(Value::Array),
        proptest::collection::btree_map(".{0,8}", text, 0..4)
            .prop_map(|pairs| Value::Table(pairs.into_iter().map(|(k, v)| (k, v.into())).collect())),
    ]
}

/// Keys of the shipped configuration and new ones.
fn key() -> impl Strategy<Value = String> {
    let table: Table = SHIPPED.parse().expect("TOML");
    let keys = |(section, keys): (&String, &Value)| {
        let keys = keys.as_table().expect("a section").keys();
        keys.map(|name| format!("{section}.{name}")).collect::<Vec<_>>()
    };
    let mut all: Vec<String> = table.iter().flat_map(keys).collect();
    all.extend(["agent.new", "fresh.key"].map(str::to_owned));
    proptest::sample::select(all)
}

proptest! {
    #[test]
    fn the_edited_text_says_the_new_value_and_every_other_line_is_as_it_was(
        key in key(),
        value in value(),
        windows in any::<bool>(),
    ) {
        let text = if windows { SHIPPED.replace('\n', "\r\n") } else { SHIPPED.to_owned() };
        let new = one(&text, &key, value.clone());
        let (section, name) = key.split_once('.').unwrap();
        prop_assert_eq!(&new.parse::<Table>().unwrap()[section][name], &value);
        // Between the lines at the beginning and at the end that are the same, no other key is left.
        let (old, now) = (lines(&text), lines(&new));
        let head = old.iter().zip(&now).take_while(|(a, b)| a == b).count();
        let most = old.len().min(now.len()) - head;
        let tail = old.iter().rev().zip(now.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
        let gone = old[head..old.len() - tail].concat();
        let other_keys = text.parse::<Table>().unwrap().get(section).and_then(Value::as_table).map(|keys| {
            keys.keys().filter(|other| other.as_str() != name && gone.contains(&format!("\n{other} ="))).count()
        });
        prop_assert_eq!(other_keys.unwrap_or(0), 0, "{}", gone);
        // And back again is a configuration that says what it said.
        let before: Table = text.parse().unwrap();
        if let Some(was) = before.get(section).and_then(|keys| keys.get(name)) {
            let back: Table = one(&new, &key, was.clone()).parse().unwrap();
            prop_assert_eq!(back, before);
        }
    }

    #[test]
    fn any_text_edited_twice_in_three_quotes_says_what_it_should(
        a in "(?s)[a-d .\\\\\"\n\r\t]{0,120}",
        b in "(?s)[a-d .\\\\\"\n\t]{0,120}",
    ) {
        let long = one("[a]\nx = \"\"\"\n\"\"\" # end\n", "a.x", a.as_str());
        let new = one(&long, "a.x", b.as_str());
        let table: Table = new.parse().unwrap();
        prop_assert_eq!(table["a"]["x"].as_str(), Some(b.as_str()));
        prop_assert!(new.ends_with(" # end\n"));
    }

    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,200}", key in ".{0,12}") {
        let _ = edited(&text, [(key.as_str(), 1.into())]);
        let _ = edited(&text, [("a.x", "y".into())]);
        let _ = comments(&text);
    }
}
