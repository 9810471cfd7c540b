//! A small world in which everything changes every tick, and the same each time.

use super::*;
use sandtable_world::record::Conversions;

/// Rows in a page: few, so that few entities fill several.
const PAGE: usize = 8;

/// A world, and what makes its next tick.
pub struct Sample {
    pub config: WorldConfig,
    pub world: World,
    pub kinds: Kinds,
    random: u64,
    chain: Digest,
}

#[derive(Clone, Copy)]
pub struct Kinds {
    pub body: KindId,
    pub frozen: KindId,
    pub note: KindId,
    pub near: KindId,
    pub owns: KindId,
    pub rang: KindId,
    pub decree: KindId,
    pub sun: KindId,
}

pub fn kinds(registry: &mut Registry) -> Kinds {
    let mut add = |name: &str, role, on_despawn, storage, fields: &[(&str, &str)]| {
        let mut size = 0;
        let fields = fields
            .iter()
            .map(|(name, ty)| {
                let ty = Type::parse(ty).expect("a type");
                let offset = size;
                if storage == Storage::Packed {
                    size += ty.packed_layout().expect("packed").0;
                }
                Field { name: (*name).to_owned(), ty, offset }
            })
            .collect();
        let name = format!("test/{name}");
        registry.add(Kind::new(name, role, storage, size, fields, on_despawn).expect("a kind"))
    };
    use OnDespawn::{Cascade, Detach};
    use Role::*;
    use Storage::{Dynamic, Packed};
    Kinds {
        body: add(
            "Body",
            Component,
            Detach,
            Packed,
            &[("at", "[f32; 2]"), ("mass", "f64"), ("who", "entity"), ("age", "u16")],
        ),
        frozen: add("Frozen", Component, Detach, Packed, &[]),
        note: add(
            "NoteOfThings",
            Component,
            Detach,
            Dynamic,
            &[
                ("text", "string"),
                ("mood", "option<Calm | Angry(u8)>"),
                ("friends", "list<entity>"),
                ("entity", "bool"),
            ],
        ),
        near: add("Near", Relation, Detach, Packed, &[("weight", "f32")]),
        owns: add("Owns", Relation, Cascade, Dynamic, &[("since", "string")]),
        rang: add("Rang", Event, Detach, Dynamic, &[("who", "entity")]),
        decree: add(
            "Decree",
            Input,
            Detach,
            Dynamic,
            &[("rate", "f64"), ("note", "option<string>")],
        ),
        sun: add("Sun", Component, Detach, Dynamic, &[("light", "u32")]),
    }
}

impl Sample {
    pub fn new() -> Self {
        let config = format!("[world]\nname = \"sample\"\nshard_rows = {PAGE}\nlog_ticks = 6\n");
        let mut world = World::new(PAGE);
        let kinds = kinds(Arc::make_mut(&mut world.registry));
        let config = toml::from_str(&config).expect("settings");
        let mut sample = Self { config, world, kinds, random: 7, chain: [0; 32] };
        sample.watch();
        sample
    }

    /// Gives a save other settings and mods.
    pub fn adopt(
        &self,
        save: &mut Save,
        config: &WorldConfig,
        mods: &[StoredMod],
        since: u64,
    ) -> Result<(), SaveError> {
        let set = &RecordedSet { since, cause: Cause::Swapped, mods: mods.to_vec() };
        let (schema_changes, applied_conversions) = (&BTreeMap::new(), &Conversions::new());
        save.adopt(&Adoption {
            config,
            set,
            world: &self.world,
            schema_changes,
            applied_conversions,
            tables_before: None,
        })
    }

    pub fn watch(&mut self) {
        let Kinds { body, note, .. } = self.kinds;
        let topics = [Topic::Despawned, Topic::Removed(body), Topic::Kind(self.kinds.rang)];
        let (changed, added) = (BTreeSet::from([body, note]), BTreeSet::from([body]));
        self.world.watch(&changed, &added, BTreeSet::from(topics));
    }

    fn random(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % below as u64) as usize
    }

    fn some_entity(&mut self) -> Option<Entity> {
        let alive: Vec<Entity> = self
            .world
            .archetypes()
            .iter()
            .flat_map(|archetype| {
                archetype.entities().pages().iter().flat_map(|page| page.to_vec())
            })
            .collect();
        if alive.is_empty() {
            return None;
        }
        let at = self.random(alive.len());
        Some(alive[at])
    }

    pub fn value(&mut self, kind: KindId) -> Vec<u8> {
        let who = self.some_entity().map_or(0, Entity::to_bits);
        let n = self.random(1000) as u32;
        let declared = self.world.registry.get(kind).clone();
        match declared.name.as_str() {
            "test/Body" => {
                let mut bytes = Vec::new();
                bytes.extend_from_slice(&(n as f32).to_le_bytes());
                bytes.extend_from_slice(&0.25_f32.to_le_bytes());
                bytes.extend_from_slice(&f64::NAN.abs().to_le_bytes());
                bytes.extend_from_slice(&who.to_le_bytes());
                bytes.extend_from_slice(&(n as u16).to_le_bytes());
                bytes
            }
            "test/Frozen" => Vec::new(),
            "test/Near" => (n as f32).to_le_bytes().to_vec(),
            "test/NoteOfThings" => {
                let mood = [json!(null), json!("Calm"), json!({"Angry": {"0": 3}})][n as usize % 3]
                    .clone();
                let text = "long ".repeat(n as usize % 20);
                let note = json!({"text": text, "mood": mood, "friends": [who, 1], "entity": n.is_multiple_of(2)});
                from_json(&declared, &note).expect("fits")
            }
            "test/Owns" => from_json(&declared, &json!({"since": n.to_string()})).expect("fits"),
            "test/Rang" => from_json(&declared, &json!({"who": who})).expect("fits"),
            "test/Decree" => {
                from_json(&declared, &json!({"rate": 0.5, "note": n.to_string()})).expect("fits")
            }
            _ => from_json(&declared, &json!({"light": n})).expect("fits"),
        }
    }

    fn column(&mut self, kind: KindId, rows: usize) -> Values {
        let mut values = Values::new(self.world.registry.get(kind), PAGE);
        for _ in 0..rows {
            let value = self.value(kind);
            match &mut values {
                Values::Packed(into) if into.width() == 0 => into.grow(1, &[]),
                Values::Packed(into) => into.extend(&value),
                Values::Dynamic(into) => into.extend(&[value.into()]),
            }
        }
        values
    }

    fn command(&mut self, edit: Edit, entities: Vec<Entity>, others: Vec<Entity>) -> Command {
        let columns = match &edit {
            Edit::Spawn(kinds) => {
                kinds.clone().into_iter().map(|kind| self.column(kind, entities.len())).collect()
            }
            Edit::Insert(kind) | Edit::Relate(kind) => vec![self.column(*kind, entities.len())],
            _ => Vec::new(),
        };
        Command { edit, at: vec![0; entities.len()], entities, others, columns }
    }

    /// Does a tick, and says what it did.
    pub fn step(&mut self) -> TickRecord {
        let Kinds { body, frozen, note, near, owns, rang, decree, sun } = self.kinds;
        let tick = self.world.tick() + 1;
        self.world.set_tick(tick);
        let mut record = TickRecord { tick, ..Default::default() };
        let before: BTreeMap<Topic, u64> =
            self.world.events.iter().map(|(topic, last, _)| (topic, last)).collect();

        if tick.is_multiple_of(3) {
            let payload: Bytes = self.value(decree).into();
            record.inputs.push(Input {
                kind: decree,
                sender: "me".to_owned(),
                payload: payload.clone(),
            });
            self.world.events.push(Topic::Kind(decree), tick, payload);
        }
        let mut commands = Vec::new();
        for (number, kinds) in
            [vec![body], vec![body, frozen], vec![note], vec![body, note]].into_iter().enumerate()
        {
            let spawned = self.random(4) as u32;
            let numbers =
                (0..spawned).filter_map(|n| Entity::placeholder(number as u32, n)).collect();
            commands.push(self.command(Edit::Spawn(kinds), numbers, Vec::new()));
        }
        for edit in [
            Edit::Insert(body),
            Edit::Insert(note),
            Edit::Insert(frozen),
            Edit::Remove(frozen),
            Edit::Remove(body),
            Edit::Despawn,
            Edit::Relate(near),
            Edit::Relate(owns),
            Edit::Unrelate(near),
        ] {
            let (Some(one), Some(two)) = (self.some_entity(), self.some_entity()) else { continue };
            let related = matches!(edit, Edit::Relate(_) | Edit::Unrelate(_));
            let others = if related { vec![two] } else { Vec::new() };
            commands.push(self.command(edit, vec![one], others));
        }
        let (applied, _) = self.world.apply(in_order(commands), Stamp::commands(tick));
        (record.spawned, record.despawned) = (applied.spawned, applied.despawned);

        let payload: Bytes = self.value(rang).into();
        self.world.events.push(Topic::Kind(rang), tick, payload);
        if tick.is_multiple_of(4) {
            let value: Bytes = self.value(sun).into();
            Arc::make_mut(&mut self.world.resources).insert(sun, value);
        }
        self.note_runs(tick, &mut record);
        // What the bell rang is read three events late; the rest at once.
        let heard = self.world.events.last(Topic::Kind(rang)).saturating_sub(3);
        let topics: Vec<Topic> = self.world.events.iter().map(|(topic, ..)| topic).collect();
        for topic in topics {
            let last = before.get(&topic).copied().unwrap_or(0);
            for event in self.world.events.after(topic, last) {
                let system = if topic == Topic::Kind(rang) { "test/ring" } else { "" };
                let (number, payload) = (event.number, event.payload.clone());
                record.events.push(Emitted { topic, number, system: system.to_owned(), payload });
            }
        }
        let is_rang = |topic| topic == Topic::Kind(rang);
        self.world.events.drop_read(|topic| is_rang(topic).then_some(heard));
        record.state = digest(&self.world);
        record.chain = sandtable_world::hash::chain(&self.chain, &record.state, &record);
        self.chain = record.chain;
        record
    }

    fn note_runs(&mut self, tick: u64, record: &mut TickRecord) {
        let rang = Topic::Kind(self.kinds.rang);
        let last = self.world.events.last(rang);
        let systems = Arc::make_mut(&mut self.world.systems);
        let state = systems.entry("test/ring".to_owned()).or_default();
        state.last_run = Some(Stamp::system(tick, 0));
        state.cursors.insert(rang, last.saturating_sub(3));
        systems.entry("test/rest".to_owned()).or_default();
        let fault = tick.is_multiple_of(5).then(|| "trapped".to_owned());
        if fault.is_some() {
            let mods = Arc::make_mut(&mut self.world.mods);
            mods.entry("test".to_owned()).or_default().faults_in_a_row = tick as u32;
            mods.insert("test/ring".to_owned(), ModState { faults_in_a_row: 2, suspended: true });
            record.exclusions.push(Exclusion {
                mod_id: "slow".to_owned(),
                system: "slow/down".to_owned(),
                cause: "slow".to_owned(),
            });
            let resume = Resume { mod_id: "slow".to_owned(), sender: "me".to_owned() };
            record.resumes.push(resume);
            let event = self.world.events.after(rang, 0).next().cloned();
            record.set_aside.extend(event.map(|event| SetAside {
                topic: rang,
                event,
                system: "test/ring".to_owned(),
            }));
        } else {
            Arc::make_mut(&mut self.world.mods).remove("test/ring");
        }
        record.runs = vec![
            SystemRun { system: "test/ring".to_owned(), calls: 1, rows: 2, ..Default::default() },
            SystemRun { system: "test/rest".to_owned(), guest_ns: 10, fault, ..Default::default() },
        ];
    }
}
