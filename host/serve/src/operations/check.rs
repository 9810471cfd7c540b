//! Whether what is asked can be answered: by whom it is asked, and what is given.

use super::super::principal::Principal;
use super::super::problem::Problem;
use super::super::rights::Scope;
use super::operation::{Operation, Parameter};

/// Parameters that may be given several times.
pub const REPEATED: [&str; 5] = ["about", "where", "with", "without", "select"];

impl Operation {
    /// What stands in its address in place of names in braces.
    pub fn places(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Checks that they who ask have a right to what is asked.
    ///
    /// # Errors
    ///
    /// They have none.
    pub fn allow(
        &self,
        principal: &Principal,
        world: Option<&str>,
        given: &[(String, String)],
    ) -> Result<(), Problem> {
        principal.check(self.scope, world)?;
        let is_past = given.iter().any(|(name, _)| name == "at");
        let needs: &[Scope] = match self.scope {
            Scope::Read if is_past => &[Scope::History],
            // They add to what may be read, and give nothing to read.
            Scope::Sql if is_past => &[Scope::Read, Scope::History],
            Scope::History | Scope::Sql | Scope::Edit | Scope::Time => &[Scope::Read],
            Scope::Fork => &[Scope::Read, Scope::History, Scope::Sql],
            _ => &[],
        };
        needs.iter().try_for_each(|scope| principal.check(*scope, world))
    }

    /// Checks that what is given is what it takes.
    ///
    /// # Errors
    ///
    /// Something is unknown, missing, or given twice.
    pub fn check(&self, given: &[(String, String)]) -> Result<(), Problem> {
        for (place, (name, _)) in given.iter().enumerate() {
            if !self.parameters.iter().any(|parameter| parameter.name == name) {
                let known = self.parameters.iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
                let known = if known.is_empty() { "none".to_owned() } else { known };
                let what = format!("is no parameter of this: it takes {known}");
                return Err(Problem::parameter(name, what));
            }
            let is_again = given[..place].iter().any(|(earlier, _)| earlier == name);
            if is_again && !REPEATED.contains(&name.as_str()) {
                return Err(Problem::parameter(name, "is given twice: give it once"));
            }
        }
        let is_given = |wanted: &Parameter| given.iter().any(|(name, _)| name == wanted.name);
        match self.parameters.iter().find(|it| it.is_required && !is_given(it)) {
            Some(missing) => {
                let what = format!("is missing: give {}", missing.summary);
                Err(Problem::parameter(missing.name, what))
            }
            None => Ok(()),
        }
    }
}
