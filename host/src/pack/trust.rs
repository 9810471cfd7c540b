//! Signatures beside packs, as minisign makes and checks them.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use ct_codecs::{Base64, Decoder};
use minisign::{PublicKey, SecretKey, SecretKeyBox, SignatureBox};

use super::Error;

/// A signature is a few lines.
const SIGNATURE_MAX_BYTES: u64 = 64 << 10;

/// Reads a public key as people pass it on.
///
/// # Errors
///
/// What the text is, and what a public key looks like.
pub fn public_key(text: &str) -> Result<PublicKey, String> {
    PublicKey::from_base64(text.trim()).map_err(|_| {
        format!(
            "is {text:?}, which is no public key of minisign: write the line that starts with \
             `RW` of a .pub file"
        )
    })
}

/// Reads a signature. That over its comment, in the fourth line, must have its
/// length, which the crate takes for granted.
pub(crate) fn signature(text: &str) -> Option<SignatureBox> {
    let of_comment = Base64::decode_to_vec(text.lines().nth(3)?.trim(), None).ok()?;
    (of_comment.len() == 64).then(|| SignatureBox::from_string(text).ok())?
}

/// Where the signature of a pack is: beside it.
pub fn signature_file(pack: &Path) -> PathBuf {
    let mut name = pack.as_os_str().to_owned();
    name.push(".minisig");
    name.into()
}

/// The keys that are trusted. Without any, every pack is.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<(String, PublicKey)>);

impl Keys {
    /// Reads keys.
    ///
    /// # Errors
    ///
    /// The first text that is no public key.
    pub fn new(keys: &[String]) -> Result<Self, Error> {
        let read = |text: &String| {
            let key = public_key(text).map_err(|what| Error::Key { what })?;
            Ok((text.clone(), key))
        };
        keys.iter().map(read).collect::<Result<_, Error>>().map(Self)
    }

    /// Whether no key in particular is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks that one of them signed these bytes of a pack.
    pub(super) fn verify(&self, pack: &Path, bytes: &[u8]) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        let untrusted = |what| Err(Error::Untrusted { path: pack.to_owned(), what });
        let file = signature_file(pack);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let trusted: Vec<&str> = self.0.iter().map(|(text, _)| text.as_str()).collect();
        let trusted = trusted.join(" or ");
        if !file.is_file() {
            return untrusted(format!(
                "there is no signature {name} beside it, and only packs signed with {trusted} \
                 are trusted; get it from the maker of the pack"
            ));
        }
        let read = fs::metadata(&file)
            .ok()
            .filter(|about| about.len() <= SIGNATURE_MAX_BYTES)
            .and_then(|_| fs::read_to_string(&file).ok())
            .and_then(|text| signature(&text));
        let Some(signature) = read else {
            return untrusted(format!(
                "{name} is no signature of minisign; get it again from the maker of the pack"
            ));
        };
        let Some((_, key)) = self.0.iter().find(|(_, key)| key.keynum() == signature.keynum())
        else {
            return untrusted(format!(
                "it is signed with another key than {trusted}; add its key with `--trust`, if \
                 you trust its maker"
            ));
        };
        match minisign::verify(key, &signature, Cursor::new(bytes), true, false, false) {
            Ok(()) => Ok(()),
            Err(_) => untrusted(
                "its signature does not fit it, so that one of the two was altered; get both \
                 again from the maker of the pack"
                    .to_owned(),
            ),
        }
    }
}

/// Signs the bytes of a pack of this name with the secret key in a file. A key
/// with a password asks for it.
///
/// # Errors
///
/// That the key cannot be read, is no secret key, or was not unlocked.
pub fn sign(
    name: &str,
    bytes: &[u8],
    key: &Path,
    password: impl FnOnce() -> Option<String>,
) -> Result<String, Error> {
    let failed = |cause| Error::Io { path: key.to_owned(), doing: "read", cause };
    let wrong = |what: String| Error::Key { what: format!("{} {what}", key.display()) };
    let text = fs::read_to_string(key).map_err(failed)?;
    let secret = unlock(&text, password).map_err(|error| {
        wrong(format!(
            "cannot be used ({error}): give a secret key that `minisign -G` made, and its password"
        ))
    })?;
    let comment = format!("file:{name}\thashed");
    let remark = "signature from a sandtable secret key";
    PublicKey::from_secret_key(&secret)
        .and_then(|public| {
            let bytes = Cursor::new(bytes);
            minisign::sign(Some(&public), &secret, bytes, Some(&comment), Some(remark))
        })
        .map(SignatureBox::into_string)
        .map_err(|error| wrong(format!("cannot sign ({error}): make another with `minisign -G`")))
}

fn unlock(text: &str, password: impl FnOnce() -> Option<String>) -> minisign::Result<SecretKey> {
    let encoded = text.lines().nth(1).unwrap_or_default();
    let bytes = Base64::decode_to_vec(encoded.trim(), None)?;
    let secret = SecretKey::from_bytes(&bytes)?;
    if secret.is_encrypted() {
        // Without a password here, minisign asks for it at the terminal.
        return SecretKeyBox::from_string(text)?.into_secret_key(password());
    }
    // Keys of `minisign -GW` have no checksum, which the crate would insist on;
    // that the key is whole shows when its signature is checked.
    Ok(secret)
}
