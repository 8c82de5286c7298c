// Unpacks what the page carries: JSON, and streams of whole numbers (see maps/packing.py).
"use strict";
globalThis.lagesbild ??= {};
{
  const LETTERS =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~";
  const VALUES = new Uint8Array(128);
  [...LETTERS].forEach((letter, value) => (VALUES[letter.charCodeAt(0)] = value));

  /** Bytes of letters in base 85: five letters are four bytes, fewer one less (maps/packing.py). */
  function binary(text) {
    const left = text.length % 5;
    const out = new Uint8Array(Math.floor(text.length / 5) * 4 + Math.max(left - 1, 0));
    let at = 0;
    for (let i = 0; i < text.length; i += 5) {
      let group = 0;
      for (let k = 0; k < 5; k += 1) {
        group = group * 85 + (i + k < text.length ? VALUES[text.charCodeAt(i + k)] : 84);
      }
      for (let shift = 24; shift >= 0 && at < out.length; shift -= 8) out[at++] = group >>> shift;
    }
    return out;
  }

  async function inflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /** Bytes of a data block; encoding is "json", "bytes" or "deflate". */
  async function bytesOf(text, encoding) {
    if (encoding === "json") return new TextEncoder().encode(text);
    const bytes = binary(text.trim());
    return encoding === "deflate" ? inflate(bytes) : bytes;
  }

  async function jsonOf(text, encoding) {
    return JSON.parse(new TextDecoder().decode(await bytesOf(text, encoding)));
  }

  /** A stream [first byte, count, deltas?] of zigzag LEB128 numbers as a Float64Array. */
  function numbers(bytes, [start, count, deltas]) {
    const out = new Float64Array(count);
    let at = start;
    let sum = 0;
    for (let i = 0; i < count; i += 1) {
      let value = 0;
      let weight = 1;
      let byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * weight;
        weight *= 128;
      } while (byte > 127);
      value = value % 2 ? -(value + 1) / 2 : value / 2;
      sum = deltas ? sum + value : value;
      out[i] = sum;
    }
    return out;
  }

  /** Whole numbers from 0 up (see Streams.small) as the smallest typed array that holds them. */
  function small(bytes, { bytes: [start, count], more }) {
    const low = bytes.subarray(start, start + count);
    if (!more[1]) return low;
    const rest = numbers(bytes, more);
    const out = Uint32Array.from(low);
    let k = 0;
    for (let i = 0; i < count; i += 1) if (low[i] === 255) out[i] += rest[k++];
    return out;
  }

  /** Numbers with every bit (see Streams.floats): the bytes lie plane by plane. */
  function floats(bytes, [start, count]) {
    const whole = new Uint8Array(count * 8);
    for (let plane = 0; plane < 8; plane += 1) {
      for (let i = 0; i < count; i += 1) whole[8 * i + plane] = bytes[start + plane * count + i];
    }
    return new Float64Array(whole.buffer);
  }

  /** Numbers of which many are alike (see Streams.mostly). */
  function mostly(bytes, { count, usual, at, other }) {
    const out = new Float64Array(count).fill(usual);
    const values = floats(bytes, other);
    numbers(bytes, at).forEach((position, i) => {
      out[position] = values[i];
    });
    return out;
  }

  /** Fills the {blanks} of a sentence. */
  function fill(sentence, values) {
    return sentence.replace(/\{(\w+)\}/g, (blank, name) => String(values[name] ?? blank));
  }

  /** A number in two figures: 07. */
  const two = (n) => String(n).padStart(2, "0");

  /** Says an entry of the words, {one, other} by n; numbers, n too, are written by the caller. */
  function say(entry, values = {}) {
    const plural = Number(values.n) === 1 ? "one" : "other";
    const sentence = typeof entry === "string" ? entry : entry[plural];
    return fill(sentence, values);
  }

  Object.assign(globalThis.lagesbild, { bytesOf, jsonOf, numbers, small, floats, mostly, fill, say, two });
}
