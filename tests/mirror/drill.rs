//! Mirror, PostgreSQL and the world, killed at random.

use std::thread::sleep;
use std::time::Duration;

use super::*;

/// What is killed.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Mirror,
    Postgres,
    World,
}

struct Drill {
    place: Place,
    world: Option<Child>,
    mirror: Option<Child>,
}

impl Drill {
    fn begin() -> Self {
        let place = Place::of(WORLD, &["menagerie", "diary", "ledger"], Postgres::start_with(&[]));
        place.run(1);
        let mut drill = Self { place, world: None, mirror: None };
        drill.start(Victim::World);
        drill.start(Victim::Mirror);
        drill
    }

    fn start(&mut self, victim: Victim) {
        match victim {
            Victim::Mirror => {
                let mut command = self.place.mirror();
                self.mirror = Some(command.stderr(Stdio::null()).spawn().unwrap());
            }
            Victim::Postgres => self.place.server.start_again(),
            Victim::World => {
                let mut command = sandtable();
                command.arg("run").arg("--save").arg(self.place.save());
                command.args(["--quiet", "--hz", "200"]);
                self.world = Some(command.stderr(Stdio::null()).spawn().unwrap());
            }
        }
    }

    fn kill(&mut self, victim: Victim) {
        match victim {
            Victim::Mirror => {
                if let Some(mut mirror) = self.mirror.take() {
                    let ended = mirror.try_wait().unwrap();
                    kill(mirror);
                    assert!(ended.is_none(), "it runs until it is killed");
                }
            }
            Victim::Postgres => self.place.server.kill(),
            Victim::World => self.world.take().into_iter().for_each(kill),
        }
    }
}

impl Drop for Drill {
    fn drop(&mut self) {
        self.world.take().into_iter().for_each(kill);
        self.mirror.take().into_iter().for_each(kill);
    }
}

/// Kills so many times, and compares both sides at every fifth and at the end.
fn drill(kills: u64) {
    let mut drill = Drill::begin();
    // Chosen at random, and the same each time.
    let mut random = 7_u64;
    let mut below = |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % bound
    };
    for number in 1..=kills {
        let victims = [Victim::Mirror, Victim::Postgres, Victim::World];
        let victim = victims[below(3) as usize];
        sleep(Duration::from_millis(20 + below(400)));
        drill.kill(victim);
        if number % 5 == 0 || number == kills {
            drill.kill(Victim::World);
            drill.kill(Victim::Mirror);
            if let Victim::Postgres = victim {
                drill.start(Victim::Postgres);
            }
            let place = &drill.place;
            wait_until("the mirror is brought up", || {
                let (is_well, told) = place.once(&[]);
                assert!(is_well || told.contains("another mirror writes"), "{victim:?}: {told}");
                assert!(!told.contains("anew"), "it goes on where it was: {told}");
                is_well
            });
            place.must_be_equal();
            drill.start(Victim::World);
            drill.start(Victim::Mirror);
        } else {
            drill.start(victim);
        }
    }
}

#[test]
fn kills_of_any_part_leave_no_difference() {
    needs!(POSTGRES);
    drill(10);
}

/// `cargo test --test all -- --ignored two_hundred_kills_around_a_mirror`
#[test]
#[ignore = "takes minutes; the README has the command"]
fn two_hundred_kills_around_a_mirror_leave_no_difference() {
    needs!(POSTGRES);
    drill(200);
}
