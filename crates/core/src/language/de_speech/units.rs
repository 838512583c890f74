//! Units of measurement in German. Must not know where they stand.

use crate::language::speech::{Unit, UnitWhen};

const fn unit(signs: &'static [&'static str], one: &'static str, more: &'static str) -> Unit {
    Unit { signs, names: (one, more), when: UnitWhen::Always }
}

pub(super) const UNITS: &[Unit] = &[
    unit(&["%"], "ein Prozent", "Prozent"),
    unit(&["°C"], "ein Grad Celsius", "Grad Celsius"),
    unit(&["°"], "ein Grad", "Grad"),
    unit(&["kg"], "ein Kilogramm", "Kilogramm"),
    unit(&["g"], "ein Gramm", "Gramm"),
    unit(&["mg"], "ein Milligramm", "Milligramm"),
    unit(&["l", "L"], "ein Liter", "Liter"),
    unit(&["ml"], "ein Milliliter", "Milliliter"),
    unit(&["mm"], "ein Millimeter", "Millimeter"),
    unit(&["cm"], "ein Zentimeter", "Zentimeter"),
    unit(&["m"], "ein Meter", "Meter"),
    unit(&["km"], "ein Kilometer", "Kilometer"),
    unit(&["m²", "qm"], "ein Quadratmeter", "Quadratmeter"),
    unit(&["km/h"], "ein Stundenkilometer", "Stundenkilometer"),
    unit(&["Sek", "sek"], "eine Sekunde", "Sekunden"),
    unit(&["Min", "min"], "eine Minute", "Minuten"),
    unit(&["Std", "h"], "eine Stunde", "Stunden"),
    unit(&["GB"], "ein Gigabyte", "Gigabyte"),
    unit(&["MB"], "ein Megabyte", "Megabyte"),
    unit(&["kWh"], "eine Kilowattstunde", "Kilowattstunden"),
    unit(&["kW"], "ein Kilowatt", "Kilowatt"),
    unit(&["W"], "ein Watt", "Watt"),
    unit(&["V"], "ein Volt", "Volt"),
    unit(&["Stk"], "ein Stück", "Stück"),
    unit(&["Mio"], "eine Million", "Millionen"),
    unit(&["Mrd"], "eine Milliarde", "Milliarden"),
];
