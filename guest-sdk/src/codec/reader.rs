//! Reads MessagePack out of a byte slice, front to back.

use super::Malformed;

/// A place in a slice of MessagePack values.
#[derive(Clone)]
pub struct Reader<'b> {
    bytes: &'b [u8],
    position: usize,
}

/// The payload length and the number of values inside, of one marker.
struct Extent {
    bytes: usize,
    values: usize,
}

/// A whole number, by its sign.
enum Integer {
    Natural(u64),
    Negative(i64),
}

impl<'b> Reader<'b> {
    /// At the start of `bytes`.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// How many bytes were read.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Whether the next value is nil; if so it is read.
    pub fn take_nil(&mut self) -> bool {
        let nil = self.bytes.get(self.position) == Some(&0xc0);
        self.position += usize::from(nil);
        nil
    }

    /// Whether the next value is a text. Nothing is read.
    pub fn at_str(&self) -> bool {
        matches!(self.bytes.get(self.position), Some(0xa0..=0xbf | 0xd9..=0xdb))
    }

    /// A truth value.
    ///
    /// # Errors
    ///
    /// The next value is none.
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        match self.marker()? {
            0xc2 => Ok(false),
            0xc3 => Ok(true),
            other => Err(self.unexpected("a bool", other)),
        }
    }

    /// A number that is not negative.
    ///
    /// # Errors
    ///
    /// The next value is no whole number, or is negative.
    pub fn uint(&mut self) -> Result<u64, Malformed> {
        match self.integer("a number that is not negative")? {
            Integer::Natural(value) => Ok(value),
            Integer::Negative(value) => Err(out_of_range(&value.to_string())),
        }
    }

    /// A number that is not negative and has 32 bits.
    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        let value = self.uint()?;
        u32::try_from(value)
            .map_err(|_| Malformed::new(format!("{value} is out of range for a u32")))
    }

    /// A number that may be negative.
    ///
    /// # Errors
    ///
    /// The next value is no whole number, or too large.
    pub fn int(&mut self) -> Result<i64, Malformed> {
        match self.integer("an integer")? {
            Integer::Natural(value) => {
                i64::try_from(value).map_err(|_| out_of_range(&value.to_string()))
            }
            Integer::Negative(value) => Ok(value),
        }
    }

    /// A single-precision number.
    ///
    /// # Errors
    ///
    /// The next value is no `f32`.
    pub fn f32(&mut self) -> Result<f32, Malformed> {
        match self.marker()? {
            0xca => Ok(f32::from_be_bytes(self.fixed()?)),
            other => Err(self.unexpected("an f32", other)),
        }
    }

    /// A double-precision number.
    ///
    /// # Errors
    ///
    /// The next value is no `f64`.
    pub fn f64(&mut self) -> Result<f64, Malformed> {
        match self.marker()? {
            0xcb => Ok(f64::from_be_bytes(self.fixed()?)),
            other => Err(self.unexpected("an f64", other)),
        }
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// The next value is no text, or is not UTF-8.
    pub fn str(&mut self) -> Result<&'b str, Malformed> {
        let length = match self.marker()? {
            marker @ 0xa0..=0xbf => usize::from(marker & 0x1f),
            0xd9 => self.length::<1>()?,
            0xda => self.length::<2>()?,
            0xdb => self.length::<4>()?,
            other => return Err(self.unexpected("a string", other)),
        };
        core::str::from_utf8(self.take(length)?)
            .map_err(|_| Malformed::new("expected a string, found bytes that are not UTF-8"))
    }

    /// Bytes.
    ///
    /// # Errors
    ///
    /// The next value is no bytes.
    pub fn bin(&mut self) -> Result<&'b [u8], Malformed> {
        let length = match self.marker()? {
            0xc4 => self.length::<1>()?,
            0xc5 => self.length::<2>()?,
            0xc6 => self.length::<4>()?,
            other => return Err(self.unexpected("bytes", other)),
        };
        self.take(length)
    }

    /// The start of an array: how many values follow.
    ///
    /// # Errors
    ///
    /// The next value is no array.
    pub fn array(&mut self) -> Result<usize, Malformed> {
        match self.marker()? {
            marker @ 0x90..=0x9f => Ok(usize::from(marker & 0x0f)),
            0xdc => self.length::<2>(),
            0xdd => self.length::<4>(),
            other => Err(self.unexpected("an array", other)),
        }
    }

    /// The start of an array that must hold `count` values.
    ///
    /// # Errors
    ///
    /// The next value is no array, or one of another length.
    pub fn array_of(&mut self, count: usize) -> Result<(), Malformed> {
        match self.array()? {
            found if found == count => Ok(()),
            found => {
                Err(Malformed::new(format!("expected an array of {count}, found one of {found}")))
            }
        }
    }

    /// Passes over one value, whatever it is, and gives its bytes.
    ///
    /// # Errors
    ///
    /// There is no whole value.
    pub fn skip(&mut self) -> Result<&'b [u8], Malformed> {
        let start = self.position;
        let mut pending = 1usize;
        while pending > 0 {
            let extent = self.extent()?;
            self.take(extent.bytes)?;
            pending = pending - 1 + extent.values;
        }
        Ok(&self.bytes[start..self.position])
    }

    /// How many values can at most follow, to bound what is allocated for a
    /// length that a broken host made up.
    pub fn at_most(&self, length: usize) -> usize {
        length.min(self.bytes.len() - self.position)
    }

    fn integer(&mut self, expected: &str) -> Result<Integer, Malformed> {
        let signed = match self.marker()? {
            marker @ 0x00..=0x7f => return Ok(Integer::Natural(u64::from(marker))),
            0xcc => return Ok(Integer::Natural(u8::from_be_bytes(self.fixed()?).into())),
            0xcd => return Ok(Integer::Natural(u16::from_be_bytes(self.fixed()?).into())),
            0xce => return Ok(Integer::Natural(u32::from_be_bytes(self.fixed()?).into())),
            0xcf => return Ok(Integer::Natural(u64::from_be_bytes(self.fixed()?))),
            marker @ 0xe0..=0xff => i64::from(marker as i8),
            0xd0 => i8::from_be_bytes(self.fixed()?).into(),
            0xd1 => i16::from_be_bytes(self.fixed()?).into(),
            0xd2 => i32::from_be_bytes(self.fixed()?).into(),
            0xd3 => i64::from_be_bytes(self.fixed()?),
            other => return Err(self.unexpected(expected, other)),
        };
        Ok(match u64::try_from(signed) {
            Ok(value) => Integer::Natural(value),
            Err(_) => Integer::Negative(signed),
        })
    }

    fn extent(&mut self) -> Result<Extent, Malformed> {
        let marker = self.marker()?;
        let bytes = match marker {
            0xa0..=0xbf => usize::from(marker & 0x1f),
            0xcc | 0xd0 => 1,
            0xcd | 0xd1 => 2,
            0xca | 0xce | 0xd2 => 4,
            0xcb | 0xcf | 0xd3 => 8,
            0xc4 | 0xd9 => self.length::<1>()?,
            0xc5 | 0xda => self.length::<2>()?,
            0xc6 | 0xdb => self.length::<4>()?,
            _ => 0,
        };
        let values = match marker {
            0x90..=0x9f => usize::from(marker & 0x0f),
            0xdc => self.length::<2>()?,
            0xdd => self.length::<4>()?,
            0x80..=0x8f | 0xc1 | 0xc7..=0xc9 | 0xd4..=0xd8 | 0xde | 0xdf => {
                return Err(self.unexpected("a value", marker));
            }
            _ => 0,
        };
        Ok(Extent { bytes, values })
    }

    fn length<const N: usize>(&mut self) -> Result<usize, Malformed> {
        let bytes = self.fixed::<N>()?;
        Ok(bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    }

    fn marker(&mut self) -> Result<u8, Malformed> {
        let [marker] = self.fixed()?;
        Ok(marker)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        match self.bytes[self.position..].first_chunk() {
            Some(chunk) => {
                self.position += N;
                Ok(*chunk)
            }
            None => Err(self.cut_off()),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Malformed> {
        match self.bytes[self.position..].get(..length) {
            Some(bytes) => {
                self.position += length;
                Ok(bytes)
            }
            None => Err(self.cut_off()),
        }
    }

    #[cold]
    fn cut_off(&self) -> Malformed {
        Malformed::new(format!("cut off after {} bytes", self.bytes.len()))
    }

    #[cold]
    fn unexpected(&self, expected: &str, marker: u8) -> Malformed {
        let found = match marker {
            0x00..=0x7f | 0xcc..=0xd3 | 0xe0..=0xff => "an integer",
            0x80..=0x8f | 0xde | 0xdf => "a map",
            0x90..=0x9f | 0xdc | 0xdd => "an array",
            0xa0..=0xbf | 0xd9..=0xdb => "a string",
            0xc0 => "nil",
            0xc2 | 0xc3 => "a bool",
            0xc4..=0xc6 => "bytes",
            0xca => "an f32",
            0xcb => "an f64",
            _ => "something else",
        };
        Malformed::new(format!("expected {expected}, found {found} at byte {}", self.position - 1))
    }
}

#[cold]
fn out_of_range(number: &str) -> Malformed {
    Malformed::new(format!("{number} is out of range"))
}

#[cfg(test)]
mod tests {
    use super::super::write;
    use super::*;

    #[test]
    fn reads_what_was_written() {
        let mut out = Vec::new();
        let numbers = [0, 1, 127, 128, 255, 256, 65_535, 65_536, u64::from(u32::MAX), u64::MAX];
        for number in numbers {
            write::uint(&mut out, number);
        }
        let signed = [0, -1, -32, -33, -128, -129, -40_000, i64::MIN, i64::MAX];
        for number in signed {
            write::int(&mut out, number);
        }
        let texts = ["", "a", &"b".repeat(40), &"c".repeat(300), &"d".repeat(70_000)];
        for text in texts {
            write::str(&mut out, text);
            write::bin(&mut out, text.as_bytes());
        }
        write::f32(&mut out, 1.5);
        write::f64(&mut out, -2.5);
        write::bool(&mut out, true);
        write::nil(&mut out);

        let mut reader = Reader::new(&out);
        for number in numbers {
            assert_eq!(reader.uint(), Ok(number));
        }
        for number in signed {
            assert_eq!(reader.int(), Ok(number));
        }
        for text in texts {
            assert_eq!(reader.str(), Ok(text));
            assert_eq!(reader.bin(), Ok(text.as_bytes()));
        }
        assert_eq!(reader.f32(), Ok(1.5));
        assert_eq!(reader.f64(), Ok(-2.5));
        assert_eq!(reader.bool(), Ok(true));
        assert!(reader.take_nil());
        assert_eq!(reader.position(), out.len());
    }

    #[test]
    fn is_what_others_call_messagepack() {
        let mut out = Vec::new();
        write::array(&mut out, 3);
        write::int(&mut out, -300);
        write::array(&mut out, 20);
        for _ in 0..20 {
            write::uint(&mut out, 70_000);
        }
        write::str(&mut out, "né");
        let value = rmpv::decode::read_value(&mut out.as_slice()).expect("valid MessagePack");
        let mut again = Vec::new();
        rmpv::encode::write_value(&mut again, &value).expect("writes to memory");
        assert_eq!(again, out);
    }

    #[test]
    fn skips_nested_values() {
        let mut out = Vec::new();
        write::array(&mut out, 2);
        write::array(&mut out, 20);
        for _ in 0..20 {
            write::str(&mut out, &"x".repeat(40));
        }
        write::bin(&mut out, &[1, 2, 3]);
        let length = out.len();
        write::uint(&mut out, 7);
        let mut reader = Reader::new(&out);
        assert_eq!(reader.skip().map(<[u8]>::len), Ok(length));
        assert_eq!(reader.uint(), Ok(7));
    }

    #[test]
    fn says_what_it_found_instead() {
        let error = Reader::new(&[0xc0]).str().expect_err("nil is no string");
        assert_eq!(error.to_string(), "expected a string, found nil at byte 0");
        let error = Reader::new(&[0xd9, 9, b'a']).str().expect_err("too short");
        assert_eq!(error.to_string(), "cut off after 3 bytes");
        assert!(Reader::new(&[0xdd, 255, 255, 255, 255]).skip().is_err());
    }
}
