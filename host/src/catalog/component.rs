//! Whether bytes can be a component at all, before wasmtime is troubled.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Error, core_module};

/// The most bytes that a component may have.
pub const COMPONENT_MAX_BYTES: u64 = 64 << 20;

/// Reads a file that must be a component, or a core module to make one of.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |cause| Error::Read { path: path.to_path_buf(), cause };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(COMPONENT_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let refused = |what| Error::Component { path: path.to_path_buf(), what };
    if bytes.len() as u64 <= COMPONENT_MAX_BYTES && core_module::is_one(&bytes) {
        bytes = core_module::wrap(&bytes).map_err(refused)?;
    }
    match objection(&bytes) {
        None => Ok(bytes),
        Some(what) => Err(refused(what)),
    }
}

/// What speaks against these bytes being a component, in words that follow the
/// file's name.
pub(crate) fn objection(bytes: &[u8]) -> Option<String> {
    if bytes.len() as u64 > COMPONENT_MAX_BYTES {
        return Some(format!(
            "is larger than {} MiB: build it with `--release`, without debug information",
            COMPONENT_MAX_BYTES >> 20
        ));
    }
    match bytes {
        [] => Some("is empty: build the mod again".to_owned()),
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => None,
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Some(
            "is a core wasm module, not a component: build it for wasm32-wasip2, or wrap it with \
             `wasm-tools component new`"
                .to_owned(),
        ),
        [0, b'a', b's', b'm', ..] => Some(
            "is wasm of a version that this host does not know: build it again with a Rust that \
             this host was made for"
                .to_owned(),
        ),
        _ => Some(
            "is not wasm: give a component, or the folder of a cargo package to build one from"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::objection;

    #[test]
    fn what_is_no_component_is_told_apart() {
        for (bytes, expected) in [
            (&b""[..], "is empty"),
            (b"\0as", "is not wasm"),
            (b"(component)", "is not wasm"),
            (b"\0asm\x01\0\0\0", "is a core wasm module"),
            (b"\0asm\x0e\0\x01\0", "is wasm of a version"),
        ] {
            let told = objection(bytes).expect("an objection");
            assert!(told.starts_with(expected), "{told}");
        }
        assert_eq!(objection(b"\0asm\x0d\0\x01\0"), None);
    }
}
