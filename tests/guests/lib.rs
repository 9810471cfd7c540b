//! Tiny guests, one behaviour each; every guest is an example of this package.
