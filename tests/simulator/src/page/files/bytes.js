// Bytes in the fields of a message, as they are stored and transmitted: JSON has none.

const MARK = '$bytes';
const isBytes = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);
const base64 = (value) => btoa(Array.from(new Uint8Array(value.buffer ?? value), (byte) => String.fromCharCode(byte)).join(''));
const mapped = (fields, change) => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, change(value)]));

export const packed = (fields) => mapped(fields, (value) => (isBytes(value) ? { [MARK]: base64(value) } : value));

export const unpacked = (fields) =>
  mapped(fields, (value) => {
    const text = value?.[MARK];
    return text === undefined ? value : Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  });
