//! Settings of worlds: JSON, with the number of its form, which the first one
//! does not say, and the version of the state hash, which no world file has.
//!
//! A setting that this program does not know is refused, for it may be what keeps
//! a world as it is: only the version that wrote it, or a newer one, runs it
//! rightly. So a setting may be added to a form as long as it is left out where
//! it is at its default, which is what versions that do not know it do.

mod v1;

use serde::Deserialize;

use super::StoredError;
use sandtable_world::config::WorldConfig;

/// Settings as a save keeps them.
pub(crate) fn text(config: &WorldConfig) -> Result<String, StoredError> {
    Ok(serde_json::to_string(&v1::Settings::of(config))?)
}

/// Settings that a save kept.
pub(crate) fn parse(text: &str) -> Result<WorldConfig, StoredError> {
    #[derive(Deserialize)]
    struct Form {
        #[serde(default)]
        format: Option<u64>,
    }

    match serde_json::from_str::<Form>(text)?.format {
        None => serde_json::from_str::<v1::Settings>(text)?.upgrade(),
        Some(newer) => Err(StoredError::Newer(newer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first version wrote it, with one of everything.
    const FIRST: &str = r#"{"world":{"name":"w","seed":7,"dt_seconds":0.5,"shard_rows":64,"faults_to_suspend":2,"faults_to_set_aside":4,"log_ticks":9,"label":["a/B.c"],"strict_nan":true},"durability":{"mode":"commit-every-ticks","ticks":3},"on_save_failure":{"mode":"continue-in-memory","ticks_max":5,"max_bytes":6},"history":{"ticks":1,"max_mib":2,"every":3,"components":["a/*"]},"snapshots":{"every_ticks":4,"keep":5},"logs":{"lines":6,"level":"debug"},"limits":{"fuel":1,"memory_max_bytes":2,"outcome_max_bytes":3,"commands_max":4,"events_max":5,"log_lines_max":6,"statements_max":7,"rows_read_max":8,"rows_written_max":9,"sql_max_bytes":10,"tables_max_bytes":11,"sql_steps_max":12,"sql_memory_max_bytes":13,"wall_clock_max_millis":14},"mods":{"a":{"path":"a","assets":"b","limits":{"fuel":7},"settings":{"n":1.5,"s":["x"]},"grants":{"read":["b/C"],"write":["b__d"]}},"b":{"path":""}},"removed":{"c":"drop-tables"},"trust":{"keys":["RW"]},"summary":[{"title":"t","sql":"SELECT 1"}],"hash_version":2}"#;

    #[test]
    fn what_the_first_version_wrote_is_read_and_written_again_byte_by_byte() {
        let config = parse(FIRST).expect("read");
        assert_eq!(config.world.label, ["a/B.c"]);
        assert_eq!(text(&config).expect("written"), FIRST);
        // As the file of a world says it, but for the version of the hash.
        let file = FIRST.replacen(",\"hash_version\":2", "", 1);
        assert_eq!(serde_json::from_str::<WorldConfig>(&file).expect("settings"), config);
        // Settings that came later are left out where they are at their default, so that
        // versions without them open the save, and refused by those where they are not.
        let chart = FIRST.replacen(
            ",\"hash_version\":2",
            ",\"chart\":[{\"title\":\"c\",\"sql\":\"SELECT 2\"}],\"question\":[{\"name\":\"q\",\"about\":\"a\",\"parameters\":[{\"name\":\"n\",\"type\":\"number\",\"default\":3}],\"sql\":\"SELECT :n\"},{\"name\":\"r\",\"about\":\"a\",\"parameters\":[{\"name\":\"m\",\"type\":\"text\",\"subjects\":[\"s\"]},{\"name\":\"n\",\"type\":\"text\",\"clock\":\"c\"}],\"sql\":\"SELECT :m, :n\",\"show\":{\"as\":\"timeline\",\"time\":\"t\",\"until\":\"u\",\"clock\":\"c\",\"lane\":[\"l\"],\"path\":\"p\",\"text\":\"x\",\"subjects\":{\"l\":\"s\"},\"labels\":{\"l\":\"y\"}}},{\"name\":\"s\",\"about\":\"a\",\"sql\":\"SELECT 1\",\"show\":{\"as\":\"graph\",\"from\":\"f\",\"to\":\"t\",\"weight\":[\"w\"]}}],\"api\":{\"edit\":true,\"visibility\":{\"component\":\"p/Owner\",\"field\":\"user\"}},\"outbox\":{\"events\":[\"a/*\"],\"format\":\"msgpack\",\"keep_rows\":9,\"in_flight\":8},\"hash_version\":2",
            1,
        );
        let config = parse(&chart).expect("read");
        assert!(config.api.edit && config.outbox.chooses("a/B"));
        assert_eq!((config.chart.len(), text(&config).expect("written")), (1, chart));
        let plain = WorldConfig::of("w");
        assert_eq!(parse(&text(&plain).expect("written")).expect("read"), plain);
    }

    #[test]
    fn what_is_missing_is_as_it_was_before_there_was_a_setting_for_it() {
        let config = parse(r#"{"world":{"name":"w","label":"a/B.c"}}"#).expect("read");
        assert_eq!(config.world.faults_to_set_aside, None);
        assert_eq!(config.hash_version as u64, 1);
        assert_eq!(config.world.label, ["a/B.c"]);
        assert_eq!(config.limits, sandtable_world::config::Limits::default());
    }
}
