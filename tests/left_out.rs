//! Names what the tests left out for want of a program. No test itself: it runs
//! after them.

#[path = "outside.rs"]
mod outside;

fn main() {
    for missing in outside::ALL.iter().filter(|outside| outside.is_left_out()) {
        println!(
            "left out: tests {}: {} is missing; {}",
            missing.tests, missing.name, missing.remedy
        );
    }
}
