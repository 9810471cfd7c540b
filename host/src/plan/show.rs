//! How a plan reads: a line for each mod, and indented below it what differs.

use std::fmt::{self, Display, Formatter};

use super::{Difference, Edit, Facet, FieldChange, ModChange, ModPlan, Plan};
use crate::catalog::text;

/// Digits of a digest that a person looks at.
const DIGITS: usize = 12;

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let shown: Vec<&ModPlan> = self
            .mods
            .iter()
            .filter(|it| it.change != ModChange::Same || !it.refusals.is_empty())
            .collect();
        if shown.is_empty() {
            return f.write_str("the mods are those of the save");
        }
        for (at, plan) in shown.into_iter().enumerate() {
            write!(f, "{}{plan}", if at > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl Display for ModPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "mod {} ", self.id)?;
        match (&self.change, &self.versions) {
            (ModChange::Added, (_, Some(version))) => write!(f, "{version} is added")?,
            (ModChange::Removed, (Some(version), _)) => {
                write!(f, "{version} is removed; what it left stays until it returns")?;
            }
            (ModChange::Updated, (Some(from), Some(to))) if from != to => {
                write!(f, "goes from {from} to {to}")?;
            }
            (ModChange::Same, _) => f.write_str("stays as it is")?,
            (_, (_, version)) => {
                write!(f, "{} changes", version.as_deref().unwrap_or_default())?;
            }
        }
        for difference in &self.differences {
            write!(f, "\n  {difference}")?;
        }
        for refusal in &self.refusals {
            write!(f, "\n  refused: {refusal}")?;
        }
        Ok(())
    }
}

impl Display for Edit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Edit::Added => "is added",
            Edit::Removed => "is removed",
            Edit::Changed => "changes",
        })
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Code { from, to } => {
                let short = |digest: &String| digest.chars().take(DIGITS).collect::<String>();
                write!(f, "component {} becomes {}", short(from), short(to))
            }
            Difference::Asset { name, edit } => match text::shown(name) {
                Some(file) => write!(f, "{file} {edit}"),
                None => write!(f, "asset `{name}` {edit}"),
            },
            Difference::Dependency { name, from, to } => match (from, to) {
                (Some(from), Some(to)) => write!(f, "needs `{name}` {to}, and needed {from}"),
                (None, Some(to)) => write!(f, "needs `{name}` {to}"),
                (_, None) => write!(f, "no longer needs `{name}`"),
            },
            Difference::Manifest => f.write_str("mod.toml changes"),
            Difference::System { name, edit, facets } => {
                write!(f, "system `{name}` {edit}")?;
                facets.iter().try_for_each(|facet| write!(f, "\n    {facet}"))
            }
            Difference::Kind { name, role, edit, values, converted, left_over, facets, fields } => {
                write!(f, "{role} `{name}` {edit}")?;
                match (edit, values, left_over) {
                    (Edit::Changed, 1, _) => f.write_str(" (1 value)")?,
                    (Edit::Changed, values, _) => write!(f, " ({values} values)")?,
                    (Edit::Removed, _, 0) | (Edit::Added, ..) => {}
                    (Edit::Removed, _, 1) => f.write_str("; its 1 value stays")?,
                    (Edit::Removed, _, left) => write!(f, "; its {left} values stay")?,
                }
                if !converted.is_empty() {
                    let names: Vec<String> =
                        converted.iter().map(|name| format!("`{name}`")).collect();
                    let (plural, verb) =
                        if names.len() > 1 { ("s", "take") } else { ("", "takes") };
                    let names = names.join(", ");
                    match left_over {
                        0 => write!(f, "\n    conversion{plural} {names} {verb} its values")?,
                        left => write!(
                            f,
                            "\n    conversion{plural} {names} {verb} {} of its {values} values",
                            values - left
                        )?,
                    }
                }
                facets.iter().try_for_each(|facet| write!(f, "\n    {facet}"))?;
                // A conversion reads what is gone, and writes what is new.
                let is_converted = !converted.is_empty() && *left_over == 0;
                for field in fields {
                    write!(f, "\n    {field}")?;
                    match (&field.to, &field.from, &field.default) {
                        (None, ..) if !is_converted => f.write_str("; its values are dropped")?,
                        (Some(_), None, None) if !is_converted => {
                            f.write_str(" without a default")?;
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            Difference::Migration { name } => write!(f, "migration `{name}` runs"),
            Difference::Conversion { name } => write!(f, "conversion `{name}` runs"),
            Difference::Table { name, rows, dropped: true } => {
                write!(f, "table `{name}` is dropped with its {rows} rows")
            }
            Difference::Table { name, rows, dropped: false } => {
                write!(f, "table `{name}` stays with its {rows} rows")
            }
        }
    }
}

impl Display for Facet {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, was {}", self.what, self.to, self.from)
    }
}

impl Display for FieldChange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, was, from, to, default } = self;
        match (from, to) {
            (None, Some(to)) => {
                write!(f, "+ {name}: {to}")?;
                default.iter().try_for_each(|default| write!(f, " = {default}"))
            }
            (Some(from), None) => write!(f, "- {name}: {from}"),
            (from, to) => {
                let to = to.as_deref().unwrap_or_default();
                write!(f, "~ {name}: {to}")?;
                if let Some(was) = was {
                    write!(f, ", was `{was}`")?;
                }
                match from {
                    Some(from) if from != to => write!(f, ", was {from}"),
                    _ => Ok(()),
                }
            }
        }
    }
}
