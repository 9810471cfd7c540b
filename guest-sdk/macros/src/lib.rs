//! The derives and attributes of `sandtable-sdk`, which documents and
//! re-exports them.
//!
//! Each macro reads its whole item and reports every mistake in it at once.

mod condition;
mod conversion;
mod export;
mod fields;
mod history;
mod keys;
mod kind;
mod layout;
mod mistakes;
mod names;
mod packed;
mod params;
mod role;
mod stub;
mod system;
mod value;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// A component of entities, or a resource of the world.
#[proc_macro_derive(Component, attributes(component))]
pub fn component(input: TokenStream) -> TokenStream {
    kind(role::Role::Component, input)
}

/// A message that systems send and read.
#[proc_macro_derive(Event, attributes(event))]
pub fn event(input: TokenStream) -> TokenStream {
    kind(role::Role::Event, input)
}

/// A message from outside the simulation.
#[proc_macro_derive(Input, attributes(input))]
pub fn input(input: TokenStream) -> TokenStream {
    kind(role::Role::Input, input)
}

/// The data of an edge between two entities.
#[proc_macro_derive(Relation, attributes(relation))]
pub fn relation(input: TokenStream) -> TokenStream {
    kind(role::Role::Relation, input)
}

/// The settings of a mod: what a world file may say under `[mods.<id>.settings]`.
///
/// Every field has a default, which holds where the world file says nothing; the
/// derive makes `Default` of them. Systems read it as `Res<Settings>`, which is
/// always there, and no system writes it: the host sets it when the world starts and
/// whenever the world file changes, also while the world runs under `sandtable
/// dev`. A key that is no field, or a value of another type, is refused with its
/// name.
///
/// ```ignore
/// #[derive(Settings)]
/// struct Settings {
///     /// Metres a second.
///     #[settings(default = 1.4)]
///     speed: f64,
///     #[settings(default = "north")]
///     heads: String,
/// }
///
/// #[system]
/// fn walk(mut walkers: Query<&mut Position>, settings: Res<Settings>, tick: Tick) { .. }
/// ```
///
/// ```toml
/// [mods.walkers.settings]
/// speed = 2.0
/// ```
///
/// A mod has one such struct; its kind is `<mod>/Settings`, whatever the struct
/// is called. `#[settings(of = "walkers")]` names the settings of another mod, to
/// read them.
#[proc_macro_derive(Settings, attributes(settings))]
pub fn settings(input: TokenStream) -> TokenStream {
    kind(role::Role::Settings, input)
}

/// A value that fields may hold.
///
/// A struct of numbers, `bool`, `Entity`, other such structs, and arrays of those
/// can also be a field of packed components, if it says `#[value(packed)]`.
#[proc_macro_derive(Value, attributes(value))]
pub fn value(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    finish(value::derive(&input))
}

/// A function that runs over rows of the world, every tick.
///
/// | key | means |
/// |---|---|
/// | `every = 30` | runs only on ticks divisible by 30 |
/// | `every = 30, phase = 7` | runs only on ticks that leave 7 when divided by 30: 7, 37, 67 |
/// | `run_if = Rules.open` | runs only in ticks in which this holds: see below |
/// | `startup` | runs once in each save, in the first tick it is there: also in a world that has long run, when the mod or this system is added to it |
/// | `whole = "shard"`, `"archetype"`, `"world"` | how much of the world one call gets: see below |
/// | `after = "economy/grow"` | runs after that system; also a list of names |
/// | `before = "trade"` | runs before that system, here of the same mod |
///
/// # In which ticks it runs
///
/// Systems that do much, and need not do it in every tick, say `every`, and each
/// another `phase`, so that the ticks are alike. `run_if` looks at a field of a
/// resource or of [`Settings`], just before the system would run, and spares the
/// call where it does not hold:
///
/// ```ignore
/// /// Nine ticks out of ten nothing is called, and most of the tenth ones too.
/// #[system(every = 10, phase = 3, run_if = Weather.wind >= 30.0 && !Rules.peaceful)]
/// fn storm(mut roofs: Query<&mut Roof>, weather: Res<Weather>) { .. }
/// ```
///
/// A condition is `Type.field`, of a `bool`, `!Type.field`, or `Type.field`, one of
/// `==`, `!=`, `<`, `<=`, `>`, `>=` and a value; numbers can be put in order, and
/// `bool`, `Entity`, `String` and enums without fields compared. With `&&` all must
/// hold. Of a resource that is not set none holds, also where the type has a
/// default. What the system reads as events waits until it runs.
///
/// It returns nothing, or a `Result<(), E>` whose error can be displayed; then
/// an error discards all that the system did in this tick.
///
/// # How often it is called
///
/// | a system that | is called |
/// |---|---|
/// | takes one query | once for each shard, some rows of one archetype, on many threads; not at all when no row matches |
/// | takes none or several, or `EventReader`, `ResMut` or `Tables` | once, with all rows, also when there are none |
///
/// `whole = ".."` chooses otherwise: `"shard"`, `"archetype"` for calls with all
/// rows of one archetype, and `"world"` for one call, which a system with
/// several queries must say.
///
/// What a system does beside its rows happens in every call. Events are shown to
/// every call alike, so a system that reads them and says `"shard"` or
/// `"archetype"` may write its rows, and cannot also take `Commands` or an
/// `EventWriter`: what it sent for one event would be sent once a call.
///
/// ```ignore
/// /// Every gust pushes every walker: a hundred thousand of them on all threads.
/// #[system(whole = "shard")]
/// fn blow(mut walkers: Query<&mut Velocity>, gusts: EventReader<Gust>) { .. }
/// ```
#[proc_macro_attribute]
pub fn system(arguments: TokenStream, item: TokenStream) -> TokenStream {
    finish(system::expand(arguments.into(), item.into()))
}

/// A function that converts components of an older save, once for each save and
/// before anything of the mod runs.
///
/// It takes the components as they were, up to six, and gives what takes their
/// place: one component or a tuple of them. Entities that have all of the old
/// ones are converted. The older shape of a component is declared again under
/// its name:
///
/// ```ignore
/// #[derive(Component)]
/// #[component(name = "Name")]
/// struct OldName { text: String }
///
/// #[conversion(name = "0001_split_name")]
/// fn split_name(old: OldName) -> (First, Last) { .. }
/// ```
///
/// Its name is a number of four digits and words, which never change once it
/// was shipped. It may return a `Result`, whose error can be displayed; then an
/// error, as a panic, leaves the save as it was.
#[proc_macro_attribute]
pub fn conversion(arguments: TokenStream, item: TokenStream) -> TokenStream {
    finish(conversion::expand(arguments.into(), item.into()))
}

/// Says what the mod consists of. It stands once, at the end of the crate.
///
/// | key | means |
/// |---|---|
/// | `systems: [grow, tax]` | its systems; their order breaks ties in the schedule |
/// | `id: "economy"` | the mod's id, if it is not the package's name |
/// | `kinds: [Ruin]` | kinds that no system takes, but that commands insert |
/// | `migrations: ["migrations/0001_ledger.sql"]` | files that make its tables |
/// | `conversions: [split_name]` | what brings older saves up to date |
#[proc_macro]
pub fn export(input: TokenStream) -> TokenStream {
    finish(export::expand(input.into()))
}

fn kind(role: role::Role, input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    finish(kind::derive(role, &input))
}

fn finish(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(syn::Error::into_compile_error).into()
}
