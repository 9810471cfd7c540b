//! Behind proxies with TLS, by the settings in `host/serve/ops`: by their name alone a
//! server is asked, and streams come through as they are.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use super::*;
use crate::outside::{CADDY, NGINX, OPENSSL, PYTHON, needs};

const OPS: &str = "host/serve/ops";

/// Asks for a world, with a wrong origin, and for one tick of the stream; prints what
/// came of it. After the first event of the stream it asks which tick it is.
const CLIENT: &str = "
import http.client, json, ssl, sys
port, ca, token = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile=ca)
def ask(path, **headers):
    client = http.client.HTTPSConnection('localhost', port, context=context, timeout=60)
    headers = {'Authorization': 'Bearer ' + token, **headers}
    client.request('GET', '/api/v1/worlds/test' + path, headers=headers)
    return client.getresponse()
found = ask('', Origin=f'https://localhost:{port}')
about = json.load(found)
other = ask('', Origin='https://evil.example').status
host = b'saved_tick' in ask('', Host='evil.example').read()
stream = ask('/stream')
while True:
    line = stream.readline().decode()
    if line.startswith('id: '):
        break
told = int(line[4:].split('~')[0])
now = json.load(ask(''))['tick']
print(json.dumps({'status': found.status, 'name': about['name'], 'other': other,
                  'host': host, 'behind': now - told}))
";

/// A proxy, which is stopped with the test.
struct Proxy(std::process::Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A world behind a proxy that is to be at this port.
fn behind(port: u16) -> OnAir {
    let proxy = format!("https://localhost:{port}");
    OnAir::with(&["idle"], &["--hz", "1", "--behind-proxy", &proxy, "--listen", "127.0.0.1:0"])
}

/// The sample of a proxy, with the names and ports of a test.
fn sample(file: &str, places: &[(&str, &str)]) -> String {
    let text = std::fs::read_to_string(root().join(OPS).join(file)).unwrap();
    places.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{file} has {from}");
        text.replace(from, to)
    })
}

fn check(port: u16, certificate: &Path, mut command: Command) {
    let _proxy = Proxy(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    wait_until("the proxy", || {
        certificate.exists() && TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let mut client = PYTHON.command();
    client.args(["-c", CLIENT, &port.to_string()]).arg(certificate).arg(TOKEN);
    let said: Json = serde_json::from_str(&told(&mut client)).unwrap();
    assert_eq!((said["status"].clone(), said["name"].clone()), (200.into(), "test".into()));
    assert_eq!((said["other"].clone(), said["host"].clone()), (403.into(), false.into()));
    // Where streams were held back, some 20 ticks would come at once.
    assert!(said["behind"].as_u64() < Some(8), "{said}");
}

#[test]
fn a_world_is_asked_through_caddy() {
    needs!(CADDY, PYTHON);
    let port = free_port();
    let on_air = behind(port);
    assert!(
        on_air.link.starts_with(&format!("https://localhost:{port}/#link=")),
        "{}",
        on_air.link
    );
    let folder = tempfile::tempdir().unwrap();
    let site = format!("https://localhost:{port} {{\n\ttls internal");
    let of = sample("Caddyfile", &[("worlds.example {", &site), ("127.0.0.1:7878", on_air.host())]);
    let options = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n";
    let file = folder.path().join("Caddyfile");
    std::fs::write(&file, format!("{options}{of}")).unwrap();
    let mut command = CADDY.command();
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file);
    for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "HOME"] {
        command.env(name, folder.path());
    }
    check(port, &folder.path().join("caddy/pki/authorities/local/root.crt"), command);
}

#[test]
fn a_world_is_asked_through_nginx() {
    needs!(NGINX, OPENSSL, PYTHON);
    let port = free_port();
    let on_air = behind(port);
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str| -> PathBuf { folder.path().join(name) };
    let (certificate, key) = (of("certificate.pem"), of("key.pem"));
    let mut command = OPENSSL.command();
    command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj"]);
    command.args(["/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout"]);
    told(command.arg(&key).arg("-out").arg(&certificate));
    let text = sample(
        "nginx.conf",
        &[
            ("listen 443", &format!("listen 127.0.0.1:{port}")),
            ("worlds.example;", "localhost;"),
            ("/etc/ssl/worlds.example.pem", certificate.to_str().unwrap()),
            ("/etc/ssl/private/worlds.example.key", key.to_str().unwrap()),
            ("127.0.0.1:7878", on_air.host()),
        ],
    );
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {name};\n"))
        .concat();
    let around = format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log error.log;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}{text}}}\n"
    );
    std::fs::write(of("nginx.conf"), around).unwrap();
    let mut command = NGINX.command();
    command.arg("-p").arg(folder.path()).arg("-c").arg(of("nginx.conf"));
    check(port, &certificate, command);
}

#[test]
fn off_the_loopback_a_proxy_is_named() {
    let on_air = OnAir::with(
        &["idle"],
        &["--listen", "0.0.0.0:0", "--behind-proxy", "https://worlds.example"],
    );
    assert!(on_air.link.starts_with("https://worlds.example/#link="), "{}", on_air.link);
    let folder = tempfile::tempdir().unwrap();
    write_world(folder.path(), WORLD, &["idle"]);
    let mut command = sandtable();
    command.arg("serve").arg(folder.path()).arg("--save").arg(folder.path().join("save.db"));
    let output = command.args(["--behind-proxy", "http://worlds.example"]).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("is no address by which a proxy is asked"), "{said}");
}
