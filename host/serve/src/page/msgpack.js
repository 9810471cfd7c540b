// Reads MessagePack. Runs of bytes are views of what is read, not copies.

const TEXT = new TextDecoder();

export function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (count) => {
    at += count;
    if (at > bytes.length) throw new Error('the answer ends too early: ask again');
    return at - count;
  };
  const unsigned = (count) => {
    const from = take(count);
    if (count === 1) return view.getUint8(from);
    if (count === 2) return view.getUint16(from);
    if (count === 4) return view.getUint32(from);
    return Number(view.getBigUint64(from));
  };
  const signed = (count) => {
    const from = take(count);
    if (count === 1) return view.getInt8(from);
    if (count === 2) return view.getInt16(from);
    if (count === 4) return view.getInt32(from);
    return Number(view.getBigInt64(from));
  };
  const run = (count) => {
    const from = take(count);
    return bytes.subarray(from, from + count);
  };
  const string = (count) => TEXT.decode(run(count));
  const list = (count) => Array.from({ length: count }, value);
  const map = (count) => {
    const made = {};
    for (let left = count; left > 0; left -= 1) {
      const name = value();
      made[name] = value();
    }
    return made;
  };
  function value() {
    const tag = unsigned(1);
    if (tag < 0x80) return tag;
    if (tag < 0x90) return map(tag & 0x0f);
    if (tag < 0xa0) return list(tag & 0x0f);
    if (tag < 0xc0) return string(tag & 0x1f);
    if (tag >= 0xe0) return tag - 0x100;
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return run(unsigned(1 << (tag - 0xc4)));
      case 0xca:
        return view.getFloat32(take(4));
      case 0xcb:
        return view.getFloat64(take(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return unsigned(1 << (tag - 0xcc));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return signed(1 << (tag - 0xd0));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return string(unsigned(1 << (tag - 0xd9)));
      case 0xdc:
      case 0xdd:
        return list(unsigned(2 << (tag - 0xdc)));
      case 0xde:
      case 0xdf:
        return map(unsigned(2 << (tag - 0xde)));
      default:
        throw new Error(`there is no value that begins with ${tag}: ask again`);
    }
  }
  return value();
}
