"use strict";
const assert = require("node:assert");
const test = require("node:test");
const zlib = require("node:zlib");
require("../../maps/static/read.js");
const { bytesOf, fill, jsonOf, numbers } = globalThis.lagesbild;

test("zigzag LEB128: 0, -1, 1, -64, 64, 300 by hand", () => {
  const bytes = Uint8Array.from([0, 1, 2, 127, 128, 1, 216, 4]);
  assert.deepEqual([...numbers(bytes, [0, 6, 0])], [0, -1, 1, -64, 64, 300]);
});

test("differences are summed, from the stream's own start", () => {
  const bytes = Uint8Array.from([99, 10, 1, 4]);
  assert.deepEqual([...numbers(bytes, [1, 3, 1])], [5, 4, 6]);
});

test("numbers beyond 32 bits keep every digit", () => {
  const bytes = Uint8Array.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x40]);
  assert.deepEqual([...numbers(bytes, [0, 1, 0])], [2 ** 40]);
});

/** Base 85 by its definition, a digit at a time. */
function letters(bytes) {
  const digits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~";
  let text = "";
  for (let i = 0; i < bytes.length; i += 4) {
    const four = [0, 1, 2, 3].map((k) => bytes[i + k] ?? 0);
    let group = four.reduce((a, byte) => a * 256 + byte, 0);
    let five = "";
    for (let k = 0; k < 5; k += 1) {
      five = digits[group % 85] + five;
      group = Math.floor(group / 85);
    }
    text += five.slice(0, Math.min(4, bytes.length - i) + 1);
  }
  return text;
}

test("the three encodings give the same bytes", async () => {
  const text = '{"a":"å"}';
  const raw = Buffer.from(text, "utf8");
  for (const [given, encoding] of [
    [text, "json"],
    [letters(raw), "bytes"],
    [letters(zlib.deflateSync(raw)), "deflate"],
  ]) {
    assert.deepEqual(Buffer.from(await bytesOf(given, encoding)), raw);
    assert.deepEqual(await jsonOf(given, encoding), { a: "å" });
  }
});

test("letters are bytes again, however many there are", async () => {
  for (let n = 0; n < 40; n += 1) {
    const bytes = Uint8Array.from({ length: n }, (_, i) => (255 - i * 37) & 255);
    assert.deepEqual(await bytesOf(letters(bytes), "bytes"), bytes);
  }
});

test("blanks are filled once; values are not read as blanks or patterns", () => {
  assert.equal(fill("{name}: {n}, {other}", { name: "{n} $&", n: 0 }), "{n} $&: 0, {other}");
});
