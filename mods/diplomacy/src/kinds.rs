//! What diplomacy owns.

use sandtable_sdk::prelude::*;

/// What a nation weighs in the world.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Power {
    /// Of all nations' weight: 0 to 1.
    pub share: f64,
}

/// One of the most powerful nations.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct GreatPower;

/// A nation's character.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Outlook {
    /// From 0, which looks at all others with suspicion, to 1.
    pub openness: f64,
}

/// What a nation is engaged in.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Stance {
    pub wars: u32,
    pub treaties: u32,
}

/// What one nation thinks of another.
#[derive(Relation, Clone, Copy)]
#[repr(C)]
pub struct Opinion {
    /// From -100, which is hatred, to 100.
    pub value: f64,
}

/// Two nations are bound to each other. The edge runs from the smaller entity
/// to the larger one.
#[derive(Relation, Clone, Copy)]
#[repr(C)]
pub struct Treaty {
    pub since_tick: u64,
}

/// Two nations fight. The edge runs from the attacker.
#[derive(Relation, Clone, Copy)]
#[repr(C)]
pub struct War {
    pub since_tick: u64,
}

/// Two nations bind themselves to each other.
#[derive(Event, Clone)]
pub struct TreatySigned {
    pub a: Entity,
    pub b: Entity,
}

/// One of two nations left their treaty.
#[derive(Event, Clone)]
pub struct TreatyEnded {
    pub a: Entity,
    pub b: Entity,
}

/// A war begins.
#[derive(Event, Clone)]
pub struct WarDeclared {
    pub by: Entity,
    pub on: Entity,
}

/// A war is over.
#[derive(Event, Clone)]
pub struct PeaceSigned {
    pub winner: Entity,
    pub loser: Entity,
    /// How long it lasted.
    pub days: u64,
}

/// A province changes hands.
#[derive(Event, Clone)]
pub struct ProvinceCeded {
    pub province: Entity,
    pub from: Entity,
    pub to: Entity,
}
