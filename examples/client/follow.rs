//! Follows a world, and prints what changes in a field of an entity:
//!
//! ```sh
//! SANDTABLE_TOKEN=me sandtable serve earth.db --hz 5 &
//! SANDTABLE_TOKEN=me cargo run -p sandtable-client --example follow
//! ```
//!
//! It goes on where it was when the server is stopped and started again. Its arguments
//! are the server, the world, the entity, the field, and for how many changes.

use sandtable_client::{Client, number};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize, usual: &str| given.get(at).map_or(usual, |it| it).to_owned();
    let client = Client::new(
        &argument(0, "http://127.0.0.1:7878"),
        &std::env::var("SANDTABLE_TOKEN").unwrap_or_default(),
    )?;
    let world = client.world(&argument(1, "Earth"));
    let (name, field) = (argument(2, "Germany"), argument(3, "economy/Economy.gdp_usd"));
    let times: usize = argument(4, "1000000").parse()?;
    let (kind, field) = field.split_once('.').ok_or("give a field, as in mod/Kind.field")?;

    let mut stream = world.stream().entity(&name).changes(kind).open()?;
    let Some(first) = stream.next().transpose()? else { return Ok(()) };
    let then = world.entity(&name).at(&first.at).ask()?;
    let mut before = then.components.get(kind).and_then(|it| number(&it[field]));
    println!("{name} in tick {}: {field} is {}", first.at, shown(before));

    let mut seen = 0;
    while seen < times
        && let Some(told) = stream.next().transpose()?
    {
        if let Some(gap) = &told.gap {
            println!("ticks {} to {} cannot be told", gap.from, gap.to);
        }
        let changes = told.changes.iter().flat_map(|changes| &changes.set);
        for change in changes.filter(|change| change.kind == kind) {
            let now = number(&change.value[field]);
            if now != before {
                let by = now.zip(before).map(|(now, before)| now - before);
                println!("tick {}: {} by {}", told.tick.tick, shown(now), shown(by));
                (before, seen) = (now, seen + 1);
            }
        }
    }
    Ok(())
}

fn shown(number: Option<f64>) -> String {
    number.map_or_else(|| "nothing".to_owned(), |number| number.to_string())
}
