//! What fails in a drill, and when.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::fleet::Fleet;

/// What is to fail.
pub struct Plan {
    /// Workers that are killed.
    pub kills: u32,
    /// Workers that are stopped for a while.
    pub stops: u32,
    /// How often the server is killed.
    pub server_kills: u32,
    /// From one to the next, on average.
    pub every: Duration,
    /// Decides the order, the moments, and whom it meets.
    pub seed: u64,
}

/// What failed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Workers that were killed.
    pub kills: u32,
    /// Workers that were stopped.
    pub stops: u32,
    /// How often the server was killed.
    pub server_kills: u32,
}

#[derive(Clone, Copy)]
enum Mishap {
    Kill,
    Stop,
    ServerKill,
}

impl Plan {
    /// Most that a worker is stopped, and that there is no server.
    const STOP_MAX: Duration = Duration::from_millis(1500);
    const AWAY_MAX: Duration = Duration::from_millis(300);

    /// Makes all of it happen.
    pub fn carry_out(&self, fleet: &Fleet) -> Result<Done> {
        let mut chance = Chance(self.seed);
        let mut done = Done::default();
        for mishap in self.order(&mut chance) {
            thread::sleep(chance.up_to(2 * self.every));
            let worker = chance.below(fleet.workers() as u64) as usize;
            match mishap {
                Mishap::Kill => {
                    fleet.kill(worker)?;
                    done.kills += 1;
                }
                Mishap::Stop => {
                    fleet.stop(worker, chance.up_to(Self::STOP_MAX))?;
                    done.stops += 1;
                }
                Mishap::ServerKill => {
                    fleet.kill_server(chance.up_to(Self::AWAY_MAX))?;
                    done.server_kills += 1;
                }
            }
        }
        Ok(done)
    }

    /// All mishaps, shuffled.
    fn order(&self, chance: &mut Chance) -> Vec<Mishap> {
        let Self { kills, stops, server_kills, .. } = *self;
        let all =
            [(Mishap::Kill, kills), (Mishap::Stop, stops), (Mishap::ServerKill, server_kills)];
        let all = all.into_iter().flat_map(|(mishap, count)| (0..count).map(move |_| mishap));
        let mut keyed: Vec<(u64, Mishap)> = all.map(|mishap| (chance.draw(), mishap)).collect();
        keyed.sort_by_key(|(key, _)| *key);
        keyed.into_iter().map(|(_, mishap)| mishap).collect()
    }
}

/// Numbers that follow from a seed.
struct Chance(u64);

impl Chance {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        let hash = blake3::hash(&self.0.to_le_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(first)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.draw() % most.max(1)
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.below(most.as_micros() as u64))
    }
}
