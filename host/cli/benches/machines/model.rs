//! A simulation of the calls of one tick on their way: the machine that runs the world,
//! the server, the workers and the wires between them, each with what a call was measured
//! to cost there.
//!
//! It is a discrete-event simulation: a call goes from stage to stage, and each stage has
//! so many places, which serve who comes first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Nanoseconds that a call takes somewhere: of its own, and for each byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub call: f64,
    pub byte: f64,
}

impl Cost {
    /// From two measurements of calls of different sizes.
    pub fn between(few: (f64, f64), many: (f64, f64)) -> Self {
        let byte = ((many.1 - few.1) / (many.0 - few.0)).max(0.0);
        Self { call: (few.1 - byte * few.0).max(0.0), byte }
    }

    pub fn of(self, bytes: f64) -> f64 {
        self.call + self.byte * bytes
    }
}

/// What a call costs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Costs {
    /// The threads that do the tick.
    pub tick: Cost,
    /// The thread for the network beside them.
    pub network: Cost,
    /// The server.
    pub server: Cost,
    /// A worker, without the guest.
    pub worker: Cost,
}

/// Calls of one system.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Calls of a tick.
    pub calls: usize,
    /// Bytes there and back of each.
    pub bytes: f64,
    /// Nanoseconds of the guest in each.
    pub guest: f64,
    /// Nanoseconds of a call besides the guest, where it is made by a thread of the tick.
    pub here: f64,
}

/// The machines.
#[derive(Clone, Copy, Debug)]
pub struct Machines {
    /// Workers of a thread each, over all machines.
    pub workers: usize,
    /// Threads that do the tick.
    pub threads: usize,
    /// Of these, such as make calls themselves while workers have no room.
    pub makers: usize,
    /// Nanoseconds that a byte takes on a wire in one direction.
    pub wire: f64,
    /// Nanoseconds from one machine to another, however few bytes.
    pub distance: f64,
    /// Cores that all of them share, where they are one machine.
    pub shared: Option<usize>,
}

/// Calls that a worker has at once.
const WINDOW: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Packing,
    Sending,
    WireOut,
    ServerIn,
    WireToWorker,
    Worker,
    WireFromWorker,
    ServerOut,
    WireBack,
    Receiving,
    Settling,
}

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    /// A worker, by its number.
    Worker(usize),
    /// A thread of the tick, which has nothing better to do.
    Here,
}

const STAGES: [Stage; 11] = [
    Stage::Packing,
    Stage::Sending,
    Stage::WireOut,
    Stage::ServerIn,
    Stage::WireToWorker,
    Stage::Worker,
    Stage::WireFromWorker,
    Stage::ServerOut,
    Stage::WireBack,
    Stage::Receiving,
    Stage::Settling,
];

/// Where stages happen: those of one place wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Tick,
    Network,
    WireOfWorld,
    WireToWorld,
    ServerIn,
    ServerOut,
    WireIntoServer,
    WireOutOfServer,
    Worker(usize),
    Shared,
    /// Nothing waits there.
    Free,
}

impl Place {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Place::Tick => "threads of the tick",
            Place::Network => "network thread",
            Place::WireOfWorld | Place::WireToWorld => "wire of the world",
            Place::ServerIn | Place::ServerOut => "server",
            Place::WireIntoServer | Place::WireOutOfServer => "wire of the server",
            Place::Worker(_) => "workers",
            Place::Shared => "cores",
            Place::Free => "nothing",
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Nanoseconds until the last call was settled.
    pub nanos: f64,
    /// What was busy most, and for which share of that time.
    pub busiest: (Place, f64),
}

struct Served {
    place: Place,
    /// When each of its servers is free.
    free: Vec<f64>,
    busy: f64,
}

struct Simulation<'a> {
    costs: &'a Costs,
    work: &'a Work,
    machines: &'a Machines,
    places: Vec<Served>,
}

impl Simulation<'_> {
    /// Where a stage happens, and how long it takes there.
    fn stage(&self, stage: Stage, maker: Maker) -> (Place, f64) {
        let here = self.work.guest + self.work.here;
        let worker = match maker {
            Maker::Worker(worker) => worker,
            Maker::Here if self.machines.shared.is_some() => return (Place::Shared, here),
            Maker::Here => return (Place::Tick, here),
        };
        let Costs { tick, network, server, worker: of_worker } = self.costs;
        let (bytes, half) = (self.work.bytes, self.work.bytes / 2.0);
        let wire = half * self.machines.wire;
        // What was measured is of both ways together.
        let (place, nanos) = match stage {
            Stage::Packing => (Place::Tick, tick.of(bytes) / 2.0),
            Stage::Sending => (Place::Network, network.of(bytes) / 2.0),
            Stage::WireOut => (Place::WireOfWorld, wire),
            Stage::ServerIn => (Place::ServerIn, server.of(bytes) / 2.0),
            Stage::WireToWorker => (Place::WireOutOfServer, wire),
            Stage::Worker => (Place::Worker(worker), of_worker.of(bytes) + self.work.guest),
            Stage::WireFromWorker => (Place::WireIntoServer, wire),
            Stage::ServerOut => (Place::ServerOut, server.of(bytes) / 2.0),
            Stage::WireBack => (Place::WireToWorld, wire),
            Stage::Receiving => (Place::Network, network.of(bytes) / 2.0),
            Stage::Settling => (Place::Tick, tick.of(bytes) / 2.0),
        };
        let is_wire = matches!(
            stage,
            Stage::WireOut | Stage::WireToWorker | Stage::WireFromWorker | Stage::WireBack
        );
        match self.machines.shared {
            Some(_) if is_wire => (Place::Free, 0.0),
            Some(_) => (Place::Shared, nanos),
            None => (place, nanos),
        }
    }

    /// Serves a call, and gives when that is done.
    fn serve(&mut self, stage: Stage, maker: Maker, now: f64) -> f64 {
        let (place, nanos) = self.stage(stage, maker);
        if place == Place::Free {
            return now;
        }
        let found = self.places.iter().position(|it| it.place == place);
        let at = found.unwrap_or_else(|| {
            let servers = match place {
                Place::Tick => self.machines.threads,
                Place::Shared => self.machines.shared.unwrap_or(1),
                _ => 1,
            };
            self.places.push(Served { place, free: vec![0.0; servers], busy: 0.0 });
            self.places.len() - 1
        });
        let served = &mut self.places[at];
        served.busy += nanos / served.free.len() as f64;
        let first =
            (0..served.free.len()).min_by(|a, b| served.free[*a].total_cmp(&served.free[*b]));
        let free = &mut served.free[first.unwrap_or(0)];
        *free = free.max(now) + nanos;
        let leaves = matches!(
            stage,
            Stage::WireOut | Stage::WireToWorker | Stage::WireFromWorker | Stage::WireBack
        );
        *free + if leaves { self.machines.distance } else { 0.0 }
    }
}

/// What happens when: a call comes to a stage.
#[derive(PartialEq)]
struct Event {
    at: f64,
    call: usize,
    stage: usize,
    maker: Maker,
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Later stages first, so that what is nearly done is done.
        let key = |it: &Self| (Reverse(it.stage), it.call);
        self.at.total_cmp(&other.at).then_with(|| key(self).cmp(&key(other)))
    }
}

/// Calls that are not made yet, and how many are being made by each.
struct Waiting {
    calls: usize,
    /// Calls that each worker has.
    out: Vec<usize>,
    /// Threads of the tick that make no call.
    here: usize,
}

impl Waiting {
    /// Gives calls to workers that have room, and then to threads of the tick.
    fn begin(&mut self, events: &mut BinaryHeap<Reverse<Event>>, at: f64) {
        while self.calls > 0 {
            let least = (0..self.out.len()).min_by_key(|worker| self.out[*worker]);
            let maker = match least.filter(|worker| self.out[*worker] < WINDOW) {
                Some(worker) => {
                    self.out[worker] += 1;
                    Maker::Worker(worker)
                }
                None if self.here > 0 => {
                    self.here -= 1;
                    Maker::Here
                }
                None => return,
            };
            self.calls -= 1;
            events.push(Reverse(Event { at, call: self.calls, stage: 0, maker }));
        }
    }

    fn end(&mut self, maker: Maker) {
        match maker {
            Maker::Worker(worker) => self.out[worker] -= 1,
            Maker::Here => self.here += 1,
        }
    }
}

/// Simulates a tick.
pub fn simulate(costs: &Costs, work: &Work, machines: &Machines) -> Outcome {
    let mut simulation = Simulation { costs, work, machines, places: Vec::new() };
    let mut events = BinaryHeap::new();
    let mut queue =
        Waiting { calls: work.calls, out: vec![0; machines.workers], here: machines.makers };
    let (mut done, mut last) = (0, 0.0_f64);
    queue.begin(&mut events, 0.0);
    while let Some(Reverse(Event { at, call, stage, maker })) = events.pop() {
        let is_over = match maker {
            Maker::Worker(_) => stage == STAGES.len(),
            Maker::Here => stage == 1,
        };
        if is_over {
            done += 1;
            last = last.max(at);
        } else {
            let ends = simulation.serve(STAGES[stage], maker, at);
            events.push(Reverse(Event { at: ends, call, stage: stage + 1, maker }));
        }
        let has_room = match maker {
            Maker::Worker(_) => !is_over && STAGES[stage] == Stage::Settling,
            Maker::Here => is_over,
        };
        if has_room {
            queue.end(maker);
            queue.begin(&mut events, at);
        }
    }
    assert_eq!(done, work.calls, "every call comes back");
    let busiest = simulation.places.iter().max_by(|a, b| a.busy.total_cmp(&b.busy));
    let busiest = busiest.map_or((Place::Free, 0.0), |it| (it.place, it.busy / last));
    Outcome { nanos: last, busiest }
}

/// How many workers are fed: as few as do nearly what any number would.
pub fn fed(costs: &Costs, work: &Work, machines: &Machines) -> (usize, Outcome) {
    const NEARLY: f64 = 1.05;
    let at = |workers| simulate(costs, work, &Machines { workers, ..*machines });
    let most = work.calls.div_ceil(WINDOW);
    let best = at(most).nanos;
    let (mut few, mut enough) = (0, most);
    while few + 1 < enough {
        let middle = few.midpoint(enough);
        match at(middle).nanos <= best * NEARLY {
            true => enough = middle,
            false => few = middle,
        }
    }
    (enough, at(enough))
}
