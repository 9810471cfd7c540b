//! Lines for the people who run the world.

use std::borrow::Cow;
use std::fmt::Arguments;

pub use crate::bindings::sandtable::guest::log::Level;
use crate::sys;

/// Writes one line; the macros [`error!`](crate::error), [`warn!`](crate::warn),
/// [`info!`](crate::info) and [`debug!`](crate::debug) call this.
pub fn write(level: Level, line: Arguments<'_>) {
    let line = match line.as_str() {
        Some(line) => Cow::Borrowed(line),
        None => Cow::Owned(line.to_string()),
    };
    sys::log(level, &line);
}

/// Writes a line to the mod's log: `log!(info, "{} ships", count)`.
///
/// The level is `error`, `warn`, `info` or `debug`. Long lines are cut, and a
/// call that writes too many loses the rest.
#[macro_export]
macro_rules! log {
    (error, $($line:tt)+) => { $crate::error!($($line)+) };
    (warn, $($line:tt)+) => { $crate::warn!($($line)+) };
    (info, $($line:tt)+) => { $crate::info!($($line)+) };
    (debug, $($line:tt)+) => { $crate::debug!($($line)+) };
}

/// Writes a line on which the operator must act.
#[macro_export]
macro_rules! error {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Error, ::core::format_args!($($line)+))
    };
}

/// Writes a line at which the operator should look.
#[macro_export]
macro_rules! warn {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Warn, ::core::format_args!($($line)+))
    };
}

/// Writes a line that is worth knowing.
#[macro_export]
macro_rules! info {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Info, ::core::format_args!($($line)+))
    };
}

/// Writes a line that is worth knowing while searching for a mistake.
#[macro_export]
macro_rules! debug {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Debug, ::core::format_args!($($line)+))
    };
}
