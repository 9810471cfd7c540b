//! Asks the linker that the library stays where it was loaded: SQLite unloads
//! an extension with its connection, while threads of the host's pool live on.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    // Apple's systems keep a library that has thread-locals.
    if is("CARGO_CFG_TARGET_FAMILY", "unix") && !is("CARGO_CFG_TARGET_VENDOR", "apple") {
        println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
    }
}
