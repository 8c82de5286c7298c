// Unpacks what the page carries: JSON, and streams of whole numbers (see maps/packing.py).
"use strict";
globalThis.lagesbild ??= {};
{
  const binary = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));

  async function inflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /** Bytes of a data block; encoding is "json", "base64" or "deflate". */
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

  /** Says an entry of the words, {one, other} by the value n; numbers are written by the caller. */
  function say(entry, values = {}) {
    const sentence = typeof entry === "string" ? entry : entry[values.n === 1 ? "one" : "other"];
    return fill(sentence, values);
  }

  Object.assign(globalThis.lagesbild, { bytesOf, jsonOf, numbers, small, floats, mostly, fill, say });
}
