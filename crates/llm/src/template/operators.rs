//! The operators, filters, tests, functions and methods that templates may use. Those whose
//! result or work may grow weigh their arguments first. Must not know what the template renders.

use std::sync::Arc;
use std::time::Duration;

use minijinja::functions::{dict, namespace, range};
use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters, tests};
use minijinja_contrib::pycompat::unknown_method_callback;

use super::budget::{Budget, is_list, refused};
use super::{dates, json};

/// Largest number that a filter or a function accepts: a width, a count of repetitions, a length.
const MAX_NUMBER: i64 = 10_000;

/// The time since 1970, for templates that tell the model the date.
pub(crate) type Dated = fn() -> Duration;

/// Filters whose result may be longer than their arguments.
const GROWING: [&str; 2] = ["replace", "join"];

/// Installs operators, filters, tests, functions and methods in an environment, and removes what templates
/// must not use.
pub(super) fn install(environment: &mut Environment<'_>, budget: &Arc<Budget>, dated: Dated) {
    for name in ["chain", "zip", "pprint", "urlencode"] {
        environment.remove_filter(name);
    }
    environment.remove_global("debug");
    for (name, function) in guarded_filters() {
        let budget = Arc::clone(budget);
        environment.add_filter(name, move |state: &mut State<'_, '_>, given: Rest<ValueOrKwargs>| {
            called(&budget, state, name, &function, &given.into_values())
        });
    }
    for (name, function) in guarded_tests() {
        let budget = Arc::clone(budget);
        environment.add_test(name, move |state: &mut State<'_, '_>, given: Rest<Value>| {
            called(&budget, state, name, &function, &given.0)
        });
    }
    let functions = [
        ("range", Value::from_function(range)),
        ("dict", Value::from_function(dict)),
        ("namespace", Value::from_function(namespace)),
    ];
    for (name, function) in functions {
        let budget = Arc::clone(budget);
        environment.add_function(name, move |state: &mut State<'_, '_>, given: Rest<ValueOrKwargs>| {
            called(&budget, state, name, &function, &given.into_values())
        });
    }
    for (name, operator) in OPERATORS {
        let budget = Arc::clone(budget);
        environment.add_function(name, move |given: Rest<Value>| operator(&budget, &given.0));
    }
    environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.add_function("strftime_now", move |format: &str| dates::strftime(dated(), format));
    let of_methods = Arc::clone(budget);
    environment.set_unknown_method_callback(move |state, value, method, given| {
        let mut all = vec![value.clone()];
        all.extend_from_slice(given);
        check(&of_methods, method, &all)?;
        let found = unknown_method_callback(state, value, method, given);
        let unknown = || Error::new(ErrorKind::UnknownMethod, format!("there is no method \"{method}\""));
        let found = found.map_err(|e| if e.kind() == ErrorKind::UnknownMethod { unknown() } else { e })?;
        settled(&of_methods, found)
    });
    let of_output = Arc::clone(budget);
    environment.set_formatter(move |output, state, value| {
        of_output.weigh(value)?;
        minijinja::escape_formatter(output, state, value)
    });
}

type Named = (&'static str, Value);

fn guarded_filters() -> Vec<Named> {
    macro_rules! named {
        ($($name:ident),*) => { vec![$((stringify!($name), Value::from_function(filters::$name))),*] };
    }
    let mut all = named!(
        lower, upper, title, capitalize, replace, dictsort, items, reverse, trim, join, split, lines, round,
        abs, int, float, attr, min, max, sort, list, string, bool, batch, slice, sum, indent, select, reject,
        selectattr, rejectattr, map, groupby, unique, format, safe, escape
    );
    all.push(("e", Value::from_function(filters::escape)));
    all.push(("tojson", Value::from_function(json::tojson)));
    all
}

/// The tests that look at a whole value. The others only ask for its kind.
fn guarded_tests() -> Vec<Named> {
    let tests: [(&[&'static str], Value); 12] = [
        (&["eq", "equalto", "=="], Value::from_function(tests::is_eq)),
        (&["ne", "!="], Value::from_function(tests::is_ne)),
        (&["lt", "lessthan", "<"], Value::from_function(tests::is_lt)),
        (&["le", "<="], Value::from_function(tests::is_le)),
        (&["gt", "greaterthan", ">"], Value::from_function(tests::is_gt)),
        (&["ge", ">="], Value::from_function(tests::is_ge)),
        (&["sameas"], Value::from_function(tests::is_sameas)),
        (&["startingwith"], Value::from_function(tests::is_startingwith)),
        (&["endingwith"], Value::from_function(tests::is_endingwith)),
        (&["lower"], Value::from_function(tests::is_lower)),
        (&["upper"], Value::from_function(tests::is_upper)),
        (&["in"], Value::from_function(tests::is_in)),
    ];
    let named =
        |(names, test): (&[&'static str], Value)| names.iter().map(|name| (*name, test.clone())).collect();
    tests.into_iter().flat_map::<Vec<Named>, _>(named).collect()
}

/// Calls a function of minijinja's, if its arguments are allowed.
fn called(
    budget: &Budget,
    state: &mut State<'_, '_>,
    name: &str,
    function: &Value,
    given: &[Value],
) -> Result<Value, Error> {
    check(budget, name, given)?;
    settled(budget, function.call(state, given)?)
}

/// Weighs the arguments, and the result where that may be larger.
fn check(budget: &Budget, name: &str, given: &[Value]) -> Result<(), Error> {
    given.iter().try_for_each(|value| budget.weigh(value))?;
    let numbers = given.iter().skip(usize::from(name != "range")).filter_map(Value::as_i64);
    if numbers.clone().any(|number| number.abs() > MAX_NUMBER) {
        return Err(refused(format!("it gives {name} a number above {MAX_NUMBER}")));
    }
    let text = |index: usize| given.get(index).and_then(Value::as_str).unwrap_or_default();
    let length = |index: usize| given.get(index).and_then(Value::len).unwrap_or_default();
    if GROWING.contains(&name) {
        // A replacement for the empty text goes between all characters.
        let places = if name == "replace" { text(0).len() + 1 } else { length(0).max(length(1)) };
        let each = if name == "replace" { text(2).len() } else { text(0).len().max(text(1).len()) };
        budget.spend(places.saturating_mul(each))?;
    }
    let digits = |text: &str| text.as_bytes().windows(4).any(|four| four.iter().all(u8::is_ascii_digit));
    if name == "format" && digits(text(0)) {
        return Err(refused("it formats with a width of more than three digits"));
    }
    if name == "indent" {
        let width = given.iter().filter_map(Value::as_usize).max().unwrap_or(4);
        budget.spend(text(0).lines().count().saturating_mul(width))?;
    }
    Ok(())
}

/// A result as a finished value: a lazy sequence is evaluated now.
fn settled(budget: &Budget, value: Value) -> Result<Value, Error> {
    let value = if value.kind() == ValueKind::Iterable {
        value.try_iter()?.checked().collect::<Result<Vec<Value>, Error>>().map(Value::from)?
    } else {
        value
    };
    budget.weigh(&value)?;
    Ok(value)
}

type Operator = fn(&Budget, &[Value]) -> Result<Value, Error>;

const OPERATORS: [(&str, Operator); 13] = [
    ("+", |budget, given| two(given, |a, b| added(budget, a, b))),
    ("*", |budget, given| two(given, |a, b| multiplied(budget, a, b))),
    ("~", |budget, given| {
        given.iter().try_for_each(|value| budget.weigh(value))?;
        Ok(Value::from(given.iter().map(ToString::to_string).collect::<String>()))
    }),
    ("==", |budget, given| compared(budget, given, |a, b| a == b)),
    ("!=", |budget, given| compared(budget, given, |a, b| a != b)),
    ("<", |budget, given| compared(budget, given, |a, b| a < b)),
    ("<=", |budget, given| compared(budget, given, |a, b| a <= b)),
    (">", |budget, given| compared(budget, given, |a, b| a > b)),
    (">=", |budget, given| compared(budget, given, |a, b| a >= b)),
    ("in", |budget, given| two(given, |part, whole| contained(budget, part, whole))),
    ("[:]", sliced),
    ("[]", |budget, given| {
        let list = Value::from(given.to_vec());
        budget.weigh(&list)?;
        Ok(list)
    }),
    ("{}", |budget, given| {
        if given.iter().step_by(2).any(|key| key.as_object().is_some()) {
            return Err(refused("it uses a list or a map as a key"));
        }
        let pairs =
            given.chunks_exact(2).filter_map(|pair| Some((pair.first()?.clone(), pair.get(1)?.clone())));
        let map = Value::from_pairs(pairs);
        budget.weigh(&map)?;
        Ok(map)
    }),
];

fn two(given: &[Value], of: impl Fn(&Value, &Value) -> Result<Value, Error>) -> Result<Value, Error> {
    match given {
        [a, b] => of(a, b),
        _ => Err(refused("an operator has two sides")),
    }
}

fn compared(budget: &Budget, given: &[Value], of: fn(&Value, &Value) -> bool) -> Result<Value, Error> {
    given.iter().try_for_each(|value| budget.weigh(value))?;
    two(given, |a, b| Ok(Value::from(of(a, b))))
}

fn contained(budget: &Budget, part: &Value, whole: &Value) -> Result<Value, Error> {
    budget.weigh(part)?;
    budget.weigh(whole)?;
    if let Some(whole) = whole.as_str() {
        let inside = match part.as_str() {
            Some(part) => whole.contains(part),
            None => whole.contains(&part.to_string()),
        };
        return Ok(Value::from(inside));
    }
    if whole.is_undefined() || whole.is_none() {
        return Ok(Value::from(false));
    }
    // The items of a list, or the keys of a map.
    let items = whole.try_iter()?.checked();
    let same = |item: Result<Value, Error>| item.map(|item| item == *part);
    Ok(Value::from(items.map(same).collect::<Result<Vec<bool>, Error>>()?.contains(&true)))
}

fn added(budget: &Budget, a: &Value, b: &Value) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
        budget.spend(1 + a.len() + b.len())?;
        return Ok(Value::from([a, b].concat()));
    }
    if is_list(a) && is_list(b) {
        budget.spend(1 + a.len().unwrap_or_default() + b.len().unwrap_or_default())?;
        let items = a.try_iter()?.checked().chain(b.try_iter()?.checked());
        return items.collect::<Result<Vec<Value>, Error>>().map(Value::from);
    }
    numbers("+", a, b, i64::checked_add, |a, b| a + b)
}

fn multiplied(budget: &Budget, a: &Value, b: &Value) -> Result<Value, Error> {
    for (text, times) in [(a, b), (b, a)] {
        let (Some(text), Some(times)) = (text.as_str(), times.as_i64()) else { continue };
        let times = usize::try_from(times).unwrap_or_default();
        budget.spend(text.len().saturating_mul(times))?;
        return Ok(Value::from(text.repeat(times)));
    }
    numbers("*", a, b, i64::checked_mul, |a, b| a * b)
}

fn numbers(
    sign: &str,
    a: &Value,
    b: &Value,
    whole: fn(i64, i64) -> Option<i64>,
    broken: fn(f64, f64) -> f64,
) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return whole(a, b).map(Value::from).ok_or_else(|| refused("a number in it grows too large"));
    }
    match (f64::try_from(a.clone()), f64::try_from(b.clone())) {
        (Ok(x), Ok(y)) if a.is_number() && b.is_number() => Ok(Value::from(broken(x, y))),
        _ => Err(refused(format!("tried to use {sign} on unsupported types {} and {}", a.kind(), b.kind()))),
    }
}

/// A part of a text or of a list, by Python's rules.
fn sliced(budget: &Budget, given: &[Value]) -> Result<Value, Error> {
    let [whole, start, stop, step] = given else { return Err(refused("a slice has three numbers")) };
    let number = |value: &Value| -> Result<Option<i64>, Error> {
        if value.is_none() || value.is_undefined() {
            Ok(None)
        } else {
            i64::try_from(value.clone()).map(Some)
        }
    };
    let (start, stop, step) = (number(start)?, number(stop)?, number(step)?.unwrap_or(1));
    let items: Vec<Value> = if let Some(text) = whole.as_str() {
        budget.spend(1 + text.len())?;
        text.chars().map(|c| Value::from(c.to_string())).collect()
    } else if is_list(whole) {
        budget.spend(1 + whole.len().unwrap_or_default())?;
        whole.try_iter()?.checked().collect::<Result<_, _>>()?
    } else if whole.is_none() || whole.is_undefined() {
        Vec::new()
    } else {
        return Err(refused(format!("value of type {} cannot be sliced", whole.kind())));
    };
    let length = items.len() as i64;
    let (first, last) = if step < 0 { (-1, length - 1) } else { (0, length) };
    let place = |at: i64| if at < 0 { at.saturating_add(length) } else { at }.clamp(first, last);
    let (from, to) = if step < 0 { (last, first) } else { (first, last) };
    let (mut at, to) = (start.map_or(from, place), stop.map_or(to, place));
    let mut chosen = Vec::new();
    if step == 0 {
        return Err(refused("cannot slice by step size of 0"));
    }
    while if step > 0 { at < to } else { at > to } {
        chosen.extend(usize::try_from(at).ok().and_then(|at| items.get(at)).cloned());
        at = at.saturating_add(step);
    }
    if whole.as_str().is_some() {
        return Ok(Value::from(chosen.iter().filter_map(Value::as_str).collect::<String>()));
    }
    Ok(Value::from(chosen))
}
