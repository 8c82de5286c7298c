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

  /** Fills the {blanks} of a sentence. */
  function fill(sentence, values) {
    return sentence.replace(/\{(\w+)\}/g, (blank, name) => String(values[name] ?? blank));
  }

  Object.assign(globalThis.lagesbild, { bytesOf, jsonOf, numbers, fill });
}
