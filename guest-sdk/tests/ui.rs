//! What the compiler says about mistakes in a mod.
//!
//! `TRYBUILD=overwrite cargo test --test ui` writes the goldens anew.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
