//! What a failed call into a guest means, and in which words.

use std::io;

use wasmtime::{OutOfMemory, PoolConcurrencyLimitError, Trap};

use sandtable_world::config::Limits;
use sandtable_world::fault::{Fault, Halt, Verdict};

/// What a failed call into a guest means.
pub(super) fn verdict(error: wasmtime::Error, limits: &Limits) -> Verdict {
    if is_of_host(&error) {
        return host_failure(&error).into();
    }
    if let Some(verdict) = error.downcast_ref::<Verdict>() {
        return verdict.clone();
    }
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return fault.clone().into();
    }
    if let Some(halt) = error.downcast_ref::<Halt>() {
        return halt.clone().into();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Fault::OutOfFuel(limits.fuel).into(),
        Some(Trap::Interrupt) => Halt::Clock(limits.wall_clock_max_millis).into(),
        Some(trap) => Fault::Trap(trap.to_string()).into(),
        None => Fault::Trap(first_line(&error.root_cause().to_string())).into(),
    }
}

/// Whether something failed for want of what the machine has to give. No guest
/// causes that: its own use of memory is limited, and a file it has none.
pub(super) fn is_of_host(error: &wasmtime::Error) -> bool {
    error.is::<OutOfMemory>() || error.is::<PoolConcurrencyLimitError>() || error.is::<io::Error>()
}

/// The halt that says what the machine lacked.
pub(super) fn host_failure(error: &wasmtime::Error) -> Halt {
    Halt::Host(first_line(&format!("{error:#}")))
}

pub(super) fn first_line(text: &str) -> String {
    const TEXT_MAX_CHARS: usize = 500;
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(TEXT_MAX_CHARS).collect()
}

/// What a Rust guest printed when it panicked, on one line.
pub(super) fn panic_message(said: &str) -> Option<String> {
    let from = said.find("panicked at ")?;
    let told: Vec<&str> = said[from..].lines().take(2).map(str::trim).collect();
    Some(first_line(&told.join(" ")))
}

/// The last line of what a guest printed, where others say what went wrong.
pub(super) fn last_line(said: &str) -> Option<String> {
    said.lines().rfind(|line| !line.trim().is_empty()).map(first_line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_lacks_is_no_fault_of_a_mod() {
        let limits = Limits::default();
        let of = |error: wasmtime::Error| verdict(error.context("while it ran"), &limits);
        let lacks = || io::Error::from(io::ErrorKind::OutOfMemory);
        let halt = |why: &str| Verdict::Halt(Halt::Host(format!("while it ran: {why}")));
        assert_eq!(of(lacks().into()), halt(&lacks().to_string()));
        assert!(matches!(of(Trap::UnreachableCodeReached.into()), Verdict::Fault(Fault::Trap(_))));
        assert_eq!(of(Trap::OutOfFuel.into()), Fault::OutOfFuel(limits.fuel).into());
        let told = Fault::Trap("unknown handle".to_owned());
        assert_eq!(of(wasmtime::Error::msg("unknown handle")), Verdict::Fault(told));
        assert_eq!(of(Halt::Clock(5).into()), Verdict::Halt(Halt::Clock(5)));
    }
}
