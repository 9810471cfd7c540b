//! What a mirror says where it cannot be written, in a sentence each; and that it touches
//! nothing that is not its own.

use super::*;

fn refused(place: &Place, url: &str, more: &[&str]) -> String {
    let mut command = sandtable();
    command.arg("mirror").arg(place.save()).args(["--once", "--postgres", url]).args(more);
    let (is_well, told) = said(&mut command);
    assert!(!is_well, "{told}");
    assert!(!told.contains("opensesame") && !told.contains("panicked"), "{told}");
    told
}

#[test]
fn a_server_that_does_not_let_us_write_is_told_of_in_a_sentence() {
    needs!(POSTGRES);
    let place = Place::new(&["drift"]);
    place.run(1);
    let (server, url) = (&place.server, place.server.url());
    for (wrong, expected) in [
        ("nonsense", "the address of PostgreSQL cannot be read"),
        ("http://localhost", "the address of PostgreSQL cannot be read"),
        ("postgres://", "it names no host"),
        (&url.replace("opensesame", "wrong"), "refuses the user or the password"),
    ] {
        let told = refused(&place, wrong, &[]);
        assert!(told.contains(expected), "{wrong}: {told}");
    }
    let gone = format!("{url}_gone");
    assert!(refused(&place, &gone, &[]).contains("database \"postgres_gone\" does not exist"));
    let option = format!("{url}?options=-c%20default_transaction_read_only=on");
    assert!(refused(&place, &option, &[]).contains("takes no writes"));
    server.sql("CREATE ROLE guest LOGIN PASSWORD 'guest'");
    let guest = server.url_of("guest", "guest");
    assert!(refused(&place, &guest, &[]).contains("permission denied for database postgres"));
    assert!(refused(&place, "postgres://me@127.0.0.1:1/db", &[]).contains("does not answer"));
    let missing = place.path("gone.pem").display().to_string();
    assert!(refused(&place, &url, &["--postgres-ca", &missing]).contains("holds no certificates"));
    let none = place.path("w/world.toml").display().to_string();
    assert!(refused(&place, &url, &["--postgres-ca", &none]).contains("none is in it"));
}

#[test]
fn what_is_not_the_mirrors_stays_as_it_is() {
    needs!(POSTGRES);
    let place = Place::new(&["menagerie"]);
    place.run(2);
    let (server, url) = (&place.server, place.server.url());
    server.sql("CREATE SCHEMA test; CREATE TABLE test.entities (mine text)");
    let (is_well, told) = place.once(&["--resync"]);
    assert!(!is_well && told.contains("the schema test is there and no mirror"), "{told}");
    assert!(refused(&place, &url, &["--schema", "public"]).contains("no mirror of Sandtable"));
    assert_eq!(server.sql("SELECT count(*) FROM test.entities"), "0", "with the column `mine`");
    server.sql("DROP SCHEMA test CASCADE");
    place.must_once();
    // A table and a column of a user, where the mirror needs the names later.
    server.sql("CREATE TABLE test.swarm__notes (mine text)");
    server.sql("ALTER TABLE test.menagerie_age ADD COLUMN mine text DEFAULT 'kept'");
    place.run(1);
    place.must_once();
    place.must_be_equal();
    assert_eq!(server.sql("SELECT DISTINCT mine FROM test.menagerie_age"), "kept");
    // Another world of the same name.
    let other = Place { folder: TempDir::new().unwrap(), server: Postgres::start() };
    drop(other.server);
    write_world(&other.folder.path().join("w"), WORLD, &["drift"]);
    let save = other.folder.path().join("w.db");
    ticks(Some(&other.folder.path().join("w")), &save, 1);
    let mirror = |more: &[&str]| {
        let mut command = sandtable();
        command.arg("mirror").arg(&save).args(["--once", "--postgres", &url]).args(more);
        said(&mut command)
    };
    let (is_well, told) = mirror(&[]);
    assert!(!is_well && told.contains("the schema test mirrors another world"), "{told}");
    let name = "Another \"world\" — of a name that is longer than PostgreSQL keeps, and odd";
    let (is_well, told) = mirror(&["--schema", name]);
    assert!(is_well, "{told}");
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'Another \"world\"%'";
    assert_eq!(server.sql(schemas), "1");
    // A mirror of another version of the program.
    server.sql("UPDATE test.mirror SET format = 99");
    for told in [place.once(&[]).1, place.check().1] {
        assert!(told.contains("is of version 99 of the mirror"), "{told}");
    }
    server.sql("UPDATE test.mirror SET format = 1; DROP TABLE test.menagerie_name");
    let (is_well, told) = place.once(&[]);
    assert!(!is_well && told.contains("the table menagerie_name of the mirror"), "{told}");
    let (is_well, told) = place.once(&["--resync"]);
    assert!(is_well, "{told}");
    place.must_be_equal();
}

#[test]
fn a_resync_that_fails_early_is_made_up_for() {
    needs!(POSTGRES);
    let place = Place::new(&["menagerie"]);
    place.run(2);
    place.must_once();
    // What is lost is forgotten, and then no row of another table may go.
    place.sql(
        "DROP TABLE menagerie_name;
         CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'never'; END $$;
         CREATE TRIGGER never BEFORE DELETE ON menagerie_age EXECUTE FUNCTION never()",
    );
    let (is_well, told) = place.once(&["--resync"]);
    assert!(!is_well && told.contains("never"), "{told}");
    place.sql("DROP TRIGGER never ON menagerie_age");
    place.must_once();
    place.must_be_equal();
}

#[test]
fn a_name_that_is_taken_later_is_said() {
    needs!(POSTGRES);
    let place = Place::new(&["drift"]);
    place.run(1);
    place.must_once();
    place.server.sql("CREATE TABLE test.menagerie_age (mine text)");
    write_world(&place.path("w"), WORLD, &["drift", "menagerie"]);
    place.run(1);
    let (is_well, told) = place.once(&[]);
    assert!(!is_well, "{told}");
    assert!(told.contains("the table menagerie_age in the schema test is not the mirror's"));
    place.server.sql("ALTER TABLE test.menagerie_age RENAME TO my_age");
    place.must_once();
    place.must_be_equal();
}

#[test]
fn the_server_must_be_who_it_says_where_the_way_is_encrypted() {
    needs!(POSTGRES, OPENSSL);
    let (server, port) = Postgres::start_on_a_port(&["fsync=off"]);
    let mut place = Place::of(WORLD, &["drift"], server);
    place.run(1);
    let (certificate, key) = (place.path("server.pem"), place.path("server.key"));
    let mut command = OPENSSL.command();
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    command.args(["-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    command.args(["-addext", "subjectAltName=DNS:localhost"]);
    command.args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"]).arg(&key);
    told(command.arg("-out").arg(&certificate));
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    place.server.encrypt(&read(&certificate), &read(&key));
    let url = format!("postgres://{USER}:opensesame@localhost:{port}/postgres?sslmode=require");
    let told = refused(&place, &url, &[]);
    assert!(told.contains("cannot be encrypted") && told.contains("certificate"), "{told}");
    let trusted = certificate.display().to_string();
    let mut command = sandtable();
    command.arg("mirror").arg(place.save()).args(["--once", "--postgres", &url]);
    let (is_well, told) = said(command.args(["--postgres-ca", &trusted]));
    assert!(is_well, "{told}");
    assert_eq!(place.server.sql("SELECT count(*) FROM test.mirror"), "1");
}
